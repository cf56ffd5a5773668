"""An IRC network of one server for tests (ngircd), a gateway to it (biboumi), and a person on it: ordinary processes that
listen on free loopback ports, write into one folder, and end with the test."""

import contextlib
import pathlib
import re
import select
import shutil
import signal
import socket
import subprocess
import time

from .component import SECRET
from .server import free_port

SECONDS = 20
NETWORK = "irc.localhost"


def program(name):
    """Where it is: daemons stand in /usr/sbin, which is not in everybody's PATH."""
    return shutil.which(name) or "/usr/sbin/" + name


class Daemon:
    """A process of one folder, with what it says in a file there."""

    def __init__(self, folder, name, *arguments):
        self.log = pathlib.Path(folder) / (name + ".log")
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([program(name), *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, cwd=folder)
        self.name = name

    def wait_port(self, port):
        end = time.monotonic() + SECONDS
        while True:
            assert self.process.poll() is None, "%s ended: %s" % (self.name, self.log.read_text(errors="replace")[-3000:])
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return self
            assert time.monotonic() < end, "%s does not listen" % self.name
            time.sleep(0.05)

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def network(folder):
    """An ngircd; returns it and its port."""
    port = free_port()
    config = pathlib.Path(folder) / "ngircd.conf"
    config.write_text("""[Global]
Name = %s
Info = a test
Listen = 127.0.0.1
Ports = %d
MotdPhrase = hello
[Limits]
MaxConnectionsIP = 0
[Options]
DNS = no
Ident = no
PAM = no
""" % (NETWORK, port))
    config.chmod(0o644)
    return Daemon(folder, "ngircd", "-n", "-f", config).wait_port(port), port


def gateway(folder, domain, port, admin):
    """A biboumi that is the component `domain`. It need not find the server there at once: it tries again."""
    config = pathlib.Path(folder) / "biboumi.cfg"
    config.write_text("\n".join(("hostname=" + domain, "password=" + SECRET, "xmpp_server_ip=127.0.0.1", "port=%d" % port,
                                 "admin=" + admin, "db_name=%s/biboumi.sqlite" % folder, "identd_port=0", "log_level=0",
                                 "log_file=", "")))
    config.chmod(0o600)
    return Daemon(folder, "biboumi", config)


class Person:
    """Somebody on IRC, line by line."""

    def __init__(self, port, nick):
        self.nick = nick
        self.socket = socket.create_connection(("127.0.0.1", port), SECONDS)
        self.lines, self._rest = [], b""
        self.send("NICK " + nick, "USER %s 0 * :%s" % (nick, nick))
        self.expect(r" 001 ")

    def send(self, *lines):
        self.socket.sendall("".join(line + "\r\n" for line in lines).encode())

    def join(self, channel):
        self.send("JOIN " + channel)
        self.expect(r" 366 ")
        return self

    def say(self, to, text):
        self.send("PRIVMSG %s :%s" % (to, text))

    def _read(self, seconds):
        if not select.select([self.socket], [], [], max(seconds, 0))[0]:
            return False
        data = self.socket.recv(65536)
        assert data, "the IRC server closed the connection: %r" % self.lines
        *lines, self._rest = (self._rest + data).split(b"\r\n")
        for line in lines:
            if line.startswith(b"PING"):
                self.send("PONG" + line[4:].decode())
            else:
                self.lines.append(line.decode(errors="replace"))
        return True

    def expect(self, pattern):
        """The first line that fits, taken out."""
        end = time.monotonic() + SECONDS
        while True:
            for line in self.lines:
                if re.search(pattern, line):
                    self.lines.remove(line)
                    return line
            assert self._read(end - time.monotonic()), "%s did not get %r: %r" % (self.nick, pattern, self.lines)

    def close(self):
        self.socket.close()
