"""The record of a server as files, read without the product: its lines, and what the verifier says.

The format is docs/record-format.md. Counting is by the mark that every test body carries, so it holds for any
format of lines.
"""

import collections
import gzip
import json
import re
import shutil
import subprocess
import time

from .server import ROOT, environment

VERIFIER = ROOT / "tools/verify-record"
OPENERS = {".gz": gzip.open}
SEGMENT = re.compile(r"(\d{8,})\.jsonl(\.gz)?")


def segments(directory):
    """The segments in `directory`, in their order; one that is being sealed has two files, of which the sealed one
    counts."""
    found = {}
    for path in sorted(directory.iterdir()):  # NAME.jsonl comes before NAME.jsonl.gz
        match = SEGMENT.fullmatch(path.name)
        if match:
            found[int(match[1])] = path
    return [found[serial] for serial in sorted(found)]


def sealed(directory):
    """The segments of which nothing but the sealed file is left: one that is just being sealed still counts as raw."""
    return [path for path in sorted(directory.glob("*.jsonl.gz")) if not path.with_suffix("").exists()]


def content(path):
    """The bytes of a segment, unpacked, without the space kept ready behind its last line."""
    with OPENERS.get(path.suffix, open)(path, "rb") as file:
        return without_ready_space(file.read())


def without_ready_space(data):
    lines = data.rstrip(b"\n\0")
    return data[:len(lines) + 1]


def lines_of(path):
    """The lines of a segment, each with its newline; the padding between them is left out."""
    try:
        data = content(path)
    except FileNotFoundError:  # it was sealed meanwhile
        data = content(path.with_name(path.name + ".gz"))
    return [line for line in data[:data.rfind(b"\n") + 1].splitlines(keepends=True) if line.strip(b"\n\0")]


def copy(server, to):
    """A copy of the record of a running server, taken when no segment is being sealed; returns `to`."""
    while True:
        try:
            return shutil.copytree(server.dir / "record", to)
        except shutil.Error:  # a file went away while it was read
            shutil.rmtree(to)


def replace(path, data):
    """Writes `data` in the place of a segment's lines, packed as it was."""
    path.chmod(0o600)
    with OPENERS.get(path.suffix, open)(path, "wb") as file:
        file.write(data)


def lines(directory):
    """Every whole line of the record, as bytes without its newline, oldest first; the empty ones that fill a batch
    up to the end of a block are left out."""
    for path in segments(directory):
        for line in lines_of(path):
            yield line.rstrip(b"\n")


def entries(directory):
    """Every line as a dict."""
    return [json.loads(line) for line in lines(directory)]


def holding(directory, text):
    """The lines that hold `text`, as dicts."""
    return [json.loads(line) for line in lines(directory) if text.encode() in line]


class Count:
    """How many lines hold each mark; remembers how far it has read, so that it can be asked again and again.
    mark: a compiled pattern for bytes."""

    def __init__(self, directory, mark):
        self.directory, self.mark = directory, mark
        self.counts = collections.Counter()
        self._parts = {}  # serial: (path, bytes read, Counter)

    def update(self):
        for path in segments(self.directory):
            serial = SEGMENT.fullmatch(path.name)[1]
            was, at, part = self._parts.get(serial, (path, 0, collections.Counter()))
            if was != path:  # sealed meanwhile, and its padding is gone: from the beginning
                self.counts -= part
                at, part = 0, collections.Counter()
            elif at and path.suffix in OPENERS:
                continue
            self._read_on(serial, path, at, part)
        return self.counts

    def _read_on(self, serial, path, at, part):
        """Counts the whole lines behind the place where the last call ended."""
        with OPENERS.get(path.suffix, open)(path, "rb") as file:
            file.seek(at)
            data = without_ready_space(file.read())
        data = data[:data.rfind(b"\n") + 1]
        more = collections.Counter()
        for line in data.split(b"\n"):
            more.update(set(self.mark.findall(line)))
        part += more
        self.counts += more
        self._parts[serial] = (path, at + len(data), part)


def eventually(true, seconds=5):
    """Events are recorded and not waited for, so they may be a moment late."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "in vain"
        time.sleep(0.05)


def content_with(server, text):
    """The entries whose stanza holds `text`, as soon as there is one."""
    found = []

    def look():
        found[:] = [each for each in entries(server.dir / "record") if each["type"] == "content" and text in each["stanza"]]
        return found
    eventually(look)
    return found


def handed_to(server, entry):
    """Who has got an entry by what the record says of it a moment later: full addresses."""
    return {who for each in entries(server.dir / "record") if each["type"] in ("delivered", "fetched")
            for seq, who in each["of"] if seq == entry["seq"]}


def damage(server, directory, *arguments):
    """What the verifier finds: a list of {"kind", "segment", "line", "text"}; its exit code has to agree."""
    done = verify(server, "--json", *arguments, directory=directory, check=False)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found = json.loads(done.stdout)["damage"]
    assert bool(found) == (done.returncode == 1)
    return found


def verify(server, *arguments, directory=None, check=True):
    """tools/verify-record over the record of `server`; a CompletedProcess."""
    done = subprocess.run(["/usr/bin/python3", str(VERIFIER), str(directory or server.dir / "record"),
                           "--key", str(server.dir / "keys/record.pub"), *map(str, arguments)],
                          capture_output=True, text=True, env=environment(), timeout=300)
    if check:
        assert done.returncode == 0, "verify-record: exit %d\n%s%s" % (done.returncode, done.stdout, done.stderr)
    return done
