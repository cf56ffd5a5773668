"""A full disk: senders are told to wait, reading goes on, and service resumes by itself.

    /usr/bin/python3 tests/crash/diskfull.py [--times 3]                                   (as root)

The record lies on a small disk of its own. A balloon file takes the rest of the space; from then on a message must come
back with <resource-constraint/> of type wait, while pings, rosters and logins work and nobody is disconnected. When the
balloon goes, messages pass again. At the end: what was refused is neither in the record nor at the recipient, what was
accepted is in both, and the record verifies.
"""

import argparse
import os
import re
import shutil
import sys
import time

import traffic  # first: it finds lib
from disk import Disk, need_root

from lib import names, record
from lib.client import Client
from lib.server import Server, service_users
from lib.stanza import MARK, Error, body_of, message

MARKS = re.compile(MARK.encode() + rb"[0-9a-f]{12}")


def inflate(path):
    """Fills the disk to the last block."""
    with open(path, "wb") as balloon:
        try:
            while True:
                balloon.write(b"\0" * 65536)
                balloon.flush()
        except OSError:
            pass
    descriptor = os.open(path, os.O_WRONLY)
    try:
        while os.write(descriptor, b"\0" * 512):
            os.lseek(descriptor, 0, os.SEEK_END)
    except OSError:
        pass
    os.close(descriptor)


class Story:
    """What happened to each message of one sender to one recipient."""

    def __init__(self, alice, bob):
        self.alice, self.bob = alice, bob
        self.accepted, self.refused, self.problems = [], [], []

    def say(self):
        """Sends one message and waits for its fate; returns (accepted?, seconds)."""
        begin = time.monotonic()
        said = self.alice.say(self.bob.bare, "x" * 300)
        while True:
            for client in (self.alice, self.bob):
                try:
                    client.pump(0.005)
                except TimeoutError:
                    pass
            seconds = time.monotonic() - begin
            if [each for each in self.bob.take(message(body=said.body))]:
                self.accepted.append(said.body)
                return True, seconds
            errors = self.alice.take(message(id=said.id, type="error"))
            if errors:
                if tuple(Error(errors[0])) != ("wait", "resource-constraint"):
                    self.problems.append("refused with %r" % Error(errors[0]))
                self.refused.append(said.body)
                return False, seconds
            if seconds > 10:
                self.problems.append("a message is neither delivered nor refused in 10 s")
                return False, seconds


def full(server, story, alice):
    """The disk is full: everything but content works. Returns the slowest refusal."""
    end = time.monotonic() + 20
    while story.say()[0]:
        if time.monotonic() > end:
            story.problems.append("the disk is full and messages are still accepted")
            return 0
    slowest = max(story.say()[1] for _ in range(10))
    if alice.ask(names.PING, to="example.org", name="ping").get("type") != "result":
        story.problems.append("no ping while the disk is full")
    alice.roster()
    Client(server, server.people(1)[0]).online().close()
    return slowest


def main():
    need_root("diskfull")
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=3)
    options = parser.parse_args()
    disk = Disk(96)
    place = disk.path / "record"
    place.mkdir(mode=0o700)
    shutil.chown(place, service_users()["recorder"])
    server = Server("diskfull", {"record": {"dir": str(place)}})
    try:
        server.make().start()
        server.people(1)
        alice, bob = server.online(2)
        story = Story(alice, bob)
        for number in range(options.times):
            for _ in range(20):
                if not story.say()[0]:
                    story.problems.append("refused though there is space")
            inflate(disk.path / "balloon")
            slowest = full(server, story, alice)
            (disk.path / "balloon").unlink()
            begin = time.monotonic()
            while not story.say()[0] and time.monotonic() - begin < 15:
                time.sleep(0.05)
            resumed = time.monotonic() - begin
            print("time %d: slowest refusal %.0f ms, service again after %.2f s" % (number + 1, slowest * 1000, resumed))
            if resumed > 10:
                story.problems.append("service does not resume")
        late = [body_of(each) for each in bob.settle(alice) if body_of(each) in story.refused]
        server.stop()
        counts = record.Count(place, MARKS).update()
        mark = lambda body: MARKS.search(body.encode()).group()
        story.problems += ["delivered though refused: %s" % body for body in late]
        story.problems += ["accepted and %d times in the record: %s" % (counts[mark(body)], body)
                           for body in story.accepted if counts[mark(body)] != 1]
        story.problems += ["refused and in the record: %s" % body for body in story.refused if counts[mark(body)]]
        verified = record.verify(server, directory=place, check=False)
        if verified.returncode:
            story.problems.append("verify-record: " + verified.stdout + verified.stderr)
        for problem in story.problems:
            print("FAIL  " + problem)
        print("disk full: %d accepted, %d refused, %d problems" % (
            len(story.accepted), len(story.refused), len(story.problems)))
        return 1 if story.problems else 0
    finally:
        server.remove()
        disk.remove()


if __name__ == "__main__":
    sys.exit(main())
