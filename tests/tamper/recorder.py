"""The recorder driven directly: what supervisor and gate say to it, with struct and sockets only.

The frames are those of src/record/link.h, the packets those of src/ipc/supervise.h.
"""

import array
import os
import pathlib
import re
import secrets
import select
import socket
import struct
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]


def executable():
    """The recorder to test: GATEHOUSE_LIBEXEC, or a build directory in the tree."""
    places = [os.environ.get("GATEHOUSE_LIBEXEC"), os.environ.get("GATEHOUSE_BUILD", str(ROOT / "build")) + "/src/proc"]
    for place in places:
        if place and (pathlib.Path(place) / "recorder").exists():
            return pathlib.Path(place) / "recorder"
    raise FileNotFoundError("recorder: build first, or set GATEHOUSE_LIBEXEC (looked in %s)" % places)


def read_verify(directory, checkpoint=None):
    """`gatehouse record verify` without the command around it: (exit code, output) of the server's own verifier."""
    outside = []
    if checkpoint:
        try:
            outside = ["--checkpoint-text=" + pathlib.Path(checkpoint).read_text()[-32768:]]
        except OSError:
            return 2, "no checkpoint there"  # as the command says before it starts the reader
    words = [str(executable().with_name("reader")), "--dir", str(directory), "verify", "--json", *outside]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


def table(name):
    """{JSON name: (code, kind of value)} of one table of src/record/event.h."""
    text = (ROOT / "src/record/event.h").read_text()
    text = text[text.index("#define " + name):]
    text = text[:text.index("\n\n")]
    rows = re.findall(r'X\((\d+), \w+, "([^"]+)", (\w+)', text)
    return {row[1]: (int(row[0]), row[2]) for row in rows}


TYPES, KEYS = table("EVENT_TABLE"), table("EVENT_KEY_TABLE")
HELLO, APPEND, MORE, WELCOME, RECEIPT, FULL, READY, REPLAY, SM_COUNT, REPLAY_END = 1, 2, 3, 16, 17, 18, 19, 20, 21, 22
WINDOW = 256


def frame(kind, payload):
    return struct.pack("<IHH", len(payload), kind, 0) + payload


def encode(name, value):
    code, kind = KEYS[name]
    if kind == "STRING":
        data = value if isinstance(value, bytes) else value.encode()
    elif kind == "NUMBER":
        data = struct.pack("<Q", value)
    elif kind == "BOOL":
        data = bytes([value])
    elif kind == "LIST":
        data = b"".join(struct.pack("<H", len(v.encode())) + v.encode() for v in value)
    else:
        data = b"".join(struct.pack("<QH", n, len(v.encode())) + v.encode() for n, v in value)
    return struct.pack("<HI", code, len(data)) + data


def decode(payload):
    names = {code: (name, kind) for name, (code, kind) in KEYS.items()}
    found, at = {}, 0
    while at < len(payload):
        code, size = struct.unpack_from("<HI", payload, at)
        name, kind = names[code]
        data = payload[at + 6:at + 6 + size]
        found[name] = struct.unpack("<Q", data)[0] if kind == "NUMBER" else data if kind in ("LIST", "PAIRS") else data.decode()
        at += 6 + size
    return found


class Link:
    """One loop's end of a link."""

    def __init__(self, sock, boot, index):
        self.sock, self.boot, self.index = sock, boot, index
        self.n = 0              # last number sent
        self.receipts = {}      # n -> (seq, time in microseconds)
        self.replayed, self.counts, self.ended = [], {}, None
        self.welcome, self.full, self.closed = None, False, False
        self._in = b""

    def hello(self, n=0, seq=0, applied=0, replay=False):
        self.sock.sendall(frame(HELLO, self.boot.encode() + struct.pack("<HHIQQQ", self.index, replay, 0, n, seq, applied)))

    def entry(self, kind, fields, n=None):
        """The frame of the next entry."""
        self.n = self.n + 1 if n is None else n
        head = struct.pack("<QHH", self.n, TYPES[kind][0], 0)
        return frame(APPEND, head + b"".join(encode(*pair) for pair in fields.items()))

    def content(self, text, conv="a|b", **more):
        fields = {"id": secrets.token_urlsafe(16), "conv": conv, "from": "a@example.org/x", "from_id": "p1",
                  "to": "b@example.org", "to_id": "p2", "kind": "message", "stanza": "<message><body>%s</body></message>" % text,
                  "action": "allow", "policy": "v1", "retention": "default"}
        fields.update(more)
        return self.entry("content", fields)

    def send(self, data):
        self.sock.sendall(data)
        return self.n

    def pump(self, seconds=0.0):
        """Reads what is there; waits up to `seconds` for something."""
        if not self.closed and select.select([self.sock], [], [], seconds)[0]:
            try:
                data = self.sock.recv(1 << 20)
            except ConnectionResetError:
                data = b""
            self.closed = not data
            self._in += data
        while len(self._in) >= 8:
            size, kind, _ = struct.unpack_from("<IHH", self._in)
            if len(self._in) < 8 + size:
                break
            self._take(kind, self._in[8:8 + size])
            self._in = self._in[8 + size:]

    def _take(self, kind, payload):
        if kind == RECEIPT:
            first_n, count, first_seq, when = struct.unpack("<QQQQ", payload)
            for i in range(count):
                assert first_n + i not in self.receipts, "two receipts for one entry"
                self.receipts[first_n + i] = (first_seq + i, when)
        elif kind == WELCOME:
            self.welcome = struct.unpack("<Q", payload)[0]
            self.n = self.welcome - 1
        elif kind == FULL or kind == READY:
            self.full = kind == FULL
        elif kind == REPLAY:
            self.replayed.append((struct.unpack_from("<Q", payload)[0], decode(payload[16:])))
            if len(self.replayed) % (WINDOW // 2) == 0:
                self.sock.sendall(frame(MORE, struct.pack("<Q", WINDOW // 2)))
        elif kind == SM_COUNT:
            fields = decode(payload)
            self.counts[fields["sm"]] = fields["sm_h"]
        elif kind == REPLAY_END:
            self.ended = struct.unpack("<Q", payload)[0]
        else:
            raise AssertionError("frame of type %d" % kind)

    def wait(self, what, seconds=20):
        """Pumps until what() holds."""
        end = time.monotonic() + seconds
        while not what():
            assert not self.closed, "the recorder closed the link"
            assert time.monotonic() < end, "nothing came in %d s" % seconds
            self.pump(0.1)

    def open(self, **hello):
        self.hello(**hello)
        self.wait(lambda: self.welcome is not None)
        return self

    def settle(self):
        """Waits until everything sent has its receipt."""
        self.wait(lambda: all(n in self.receipts for n in range(max(self.receipts, default=self.n) + 1, self.n + 1))
                  and (self.n == 0 or self.n in self.receipts))
        return self.receipts.get(self.n)


class Recorder:
    """A recorder process on a data directory of its own. settings: of the section `record`."""

    def __init__(self, directory, **settings):
        self.dir = pathlib.Path(directory)
        self.record = self.dir / "record"
        (self.dir / "keys").mkdir(parents=True, exist_ok=True)
        settings.setdefault("min_free_bytes", 0)
        text = "domains: [example.org]\nrecord:\n" + "".join("  %s: %s\n" % pair for pair in settings.items())
        (self.dir / "gatehouse.yaml").write_text(text)
        self.process, self.socket, self.boot = None, None, secrets.token_hex(4)
        self.log = self.dir / "recorder.log"

    def start(self, ready=True, wrap=()):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket = ours

        def place():
            os.dup2(theirs.fileno(), 3)
            os.set_inheritable(3, True)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*wrap, str(executable()), "--dir", str(self.dir)], stdin=subprocess.DEVNULL,
                                            stderr=log, preexec_fn=place, close_fds=False, pass_fds=())
        theirs.close()
        if ready:
            assert self.packet(30)[:1] == b"R", self.tail()
        return self

    def tail(self):
        return self.log.read_text()[-2000:]

    def packet(self, seconds=10):
        if not select.select([self.socket], [], [], seconds)[0]:
            raise AssertionError("the recorder says nothing\n" + self.tail())
        return self.socket.recv(65536)

    def link(self, index=0, boot=None, **hello):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.sendmsg([b"L" + struct.pack("<I", index)],
                            [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [theirs.fileno()]))])
        theirs.close()
        return Link(ours, boot or self.boot, index).open(**hello)

    def ask(self, text):
        self.socket.send(b"C" + struct.pack("<IB", 7, 0) + text.encode())
        answer = self.packet()
        assert answer[:1] == b"C"
        return answer[6:].decode()

    def stop(self):
        """A clean end."""
        self.socket.send(b"Q")
        code = self.process.wait(30)
        self.socket.close()
        assert code == 0, "exit code %d\n%s" % (code, self.tail())

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.socket.close()

    def wait(self):
        """Exit code of a recorder that ends by itself."""
        code = self.process.wait(30)
        self.socket.close()
        return code


def write(recorder, texts, **more):
    """Starts, records one message for each text with one flush each, and returns the link. The recorder stays up."""
    recorder.start()
    link = recorder.link()
    for text in texts:
        link.send(link.content(text, **more))
        link.settle()
    return link
