"""A program with windows on a desktop of its own: an X server without a screen, a session bus and accessibility, in a world where
one domain leads to the server under test and only the server's authority is trusted. It is typed at with xdotool and read as a
screen reader reads it (screen_reader.py). Nothing of the machine it runs on is touched or seen."""

import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent

# Runs in namespaces of its own, so that all of it ends with its first process.
WORLD = r"""
set -e
mount --bind hosts /etc/hosts
[ ! -e /etc/resolv.conf ] || mount --bind resolv.conf /etc/resolv.conf
mount -t tmpfs none /etc/ssl/certs
cp ca.crt /etc/ssl/certs/ca-certificates.crt
cp ca.crt /etc/ssl/certs/ca.pem
dbus-daemon --session --nofork --nosyslog --address="$DBUS_SESSION_BUS_ADDRESS" >bus.log 2>&1 &
until [ -S bus ]; do sleep 0.02; done
%s >program.log 2>&1
"""


def loopback():
    """A loopback address whose port 5222 is free: where clients look for a domain that says nothing else of itself."""
    for number in range(1, 255):
        address = "127.52.%d.%d" % (os.getpid() % 250 + 1, number)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((address, 5222))
            return address
    raise AssertionError("no loopback address has port 5222 free")


class Desktop:
    """name: of the folder below the server's, and of what is kept. prepare(home) fills the home before the program starts.
    address: where the server listens on 5222 (loopback())."""

    def __init__(self, server, name, command, address, prepare=lambda home: None, env=None):
        self.name = name
        self.command_line = command
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="home-%s-" % name, dir=server.parent))
        self.processes = []
        self.env = {
            "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(self.home), "GDK_BACKEND": "x11",
            "GSK_RENDERER": "cairo", "LIBGL_ALWAYS_SOFTWARE": "1", "NO_AT_BRIDGE": "0", "GTK_IM_MODULE": "gtk-im-context-simple",
            "GSETTINGS_BACKEND": "memory", "DBUS_SESSION_BUS_ADDRESS": "unix:path=%s/bus" % self.home,
            **{"XDG_%s" % which: str(self._folder(which)) for which in
               ("CONFIG_HOME", "DATA_HOME", "CACHE_HOME", "RUNTIME_DIR")}, **(env or {})}
        (self.home / "hosts").write_text("127.0.0.1 localhost\n%s %s rooms.%s\n" % (
            address, server.domain, server.domain))
        (self.home / "resolv.conf").write_text("nameserver %s\noptions attempts:1 timeout:1\n" % address)
        (self.home / "ca.crt").write_text(pathlib.Path(server.ca).read_text())
        prepare(self.home)
        self.program = None
        self.start()

    def _folder(self, which):
        folder = self.home / which.lower()
        folder.mkdir(mode=0o700)
        return folder

    def start(self):
        """Also again, after close(): the home is as it was left."""
        try:
            self._start()
            self.ready()
        except BaseException:
            self.close()
            raise

    def ready(self):
        """For programs that say when they are."""

    def _start(self):
        read, write = os.pipe()
        # without -noreset it begins anew when its last client goes, and who comes in that moment finds no display
        self.x = self._run(["Xvfb", "-displayfd", str(write), "-screen", "0", "1000x700x24", "-nolisten", "tcp", "-noreset"],
                           pass_fds=[write], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(write)
        with os.fdopen(read) as pipe:
            self.env["DISPLAY"] = ":" + pipe.readline().strip()
        rights = [] if os.getuid() == 0 else ["--user", "--map-root-user"]
        self.program = self._run(
            ["unshare", *rights, "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
             "sh", "-c", WORLD % self.command_line], stdout=subprocess.DEVNULL, stderr=open(self.home / "world.log", "w"))
        eventually_there(self.home / "bus", self)
        self.reader = self._run(["/usr/bin/python3", "-B", str(HERE / "screen_reader.py")], text=True, stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=open(self.home / "reader.log", "w"))

    def _run(self, words, **how):
        process = subprocess.Popen(words, cwd=self.home, env=self.env, start_new_session=True, **how)
        self.processes.append(process)
        return process

    def command(self, *words):
        """A program on this desktop that ends by itself; what it printed."""
        done = subprocess.run(words, cwd=self.home, env=self.env, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, "%r: %s%s\n%s" % (words, done.stdout, done.stderr, self.said())
        return done.stdout

    # --- seen

    def texts(self):
        """Every text that the program shows, in its order."""
        self.reader.stdin.write("texts\n")
        self.reader.stdin.flush()
        return json.loads(self.reader.stdout.readline())

    def wait_for(self, *texts, seconds=40):
        """Until each of `texts` is part of something that is shown; everything that is shown then."""
        def shown():
            seen = self.texts()
            flat = [" ".join(each.split()) for each in seen]
            return seen if all(any(text in each for each in flat) for text in texts) else None
        return self.until(shown, "%r" % (texts,), seconds)

    def until(self, true, what, seconds=40):
        """Until true() is, which is returned."""
        end = time.monotonic() + seconds
        while True:
            found = true()
            if found:
                return found
            assert self.program.poll() is None, "%s ended:\n%s" % (self.name, self.said())
            assert time.monotonic() < end, "%s: in vain for %s; it shows:\n  %s\nand says:\n%s" % (
                self.name, what, "\n  ".join(self.texts()), self.said())
            time.sleep(0.1)

    def said(self, most=4000):
        """What the program wrote about itself, the end of it."""
        logs = [self.home / each for each in ("world.log", "program.log")]
        return "\n".join(log.read_text(errors="replace")[-most if most else 0:] for log in logs if log.exists())

    # --- done

    def window(self, title):
        """The window of that title (a regular expression), once it is there; it gets the keyboard."""
        window = self.until(lambda: self.find_window(title), "a window " + title)
        self.command("xdotool", "windowfocus", "--sync", window)
        return window

    def find_window(self, title):
        found = subprocess.run(["xdotool", "search", "--onlyvisible", "--name", title], env=self.env, capture_output=True,
                               text=True).stdout.split()
        return found[0] if found else None

    def type(self, text):
        """Text and Enter, to where the keyboard is."""
        self.command("xdotool", "type", "--delay", "4", "--", text)
        self.press("Return")

    def press(self, key):
        """A key by X's name for it."""
        self.command("xdotool", "key", "--", key)

    def end(self, output):
        """Keeps what was shown last, and what was said, in that directory, and closes."""
        try:
            if self.processes:
                seen = self.texts() if self.program.poll() is None else []
                (output / (self.name + ".txt")).write_text("\n".join(seen) + "\n\n" + self.said(None))
        finally:
            self.close()

    def close(self):
        """Ends all of it, each by its process."""
        for process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM if process is self.x else signal.SIGKILL)
                process.wait(20)
            for stream in (process.stdin, process.stdout):
                if stream:
                    stream.close()
        self.processes = []
        (self.home / "bus").unlink(missing_ok=True)


def eventually_there(path, desktop, seconds=40):
    end = time.monotonic() + seconds
    while not path.exists():
        assert desktop.program.poll() is None, "no world: " + desktop.said()
        assert time.monotonic() < end, "no %s: %s" % (path, desktop.said())
        time.sleep(0.02)
