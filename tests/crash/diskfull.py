"""A full disk: senders are told to wait, reading goes on, and service resumes by itself.

    /usr/bin/python3 tests/crash/diskfull.py [--times 4]                                   (as root)

A small disk holds the record, in a second story the whole data directory. A balloon file takes the rest of its space; from
then on a message must come back with <resource-constraint/> of type wait, while pings, rosters and logins work and nobody is
disconnected. By turns recorder, gate or both are killed while the disk is full: the server comes up again and goes on telling
senders to wait; only a gate whose store has no space either comes back when there is some. When the balloon goes, messages
pass again. At the end: what was refused is neither in the record nor at the recipient, what was accepted is in both, and the
record verifies.
"""

import argparse
import os
import pathlib
import re
import shutil
import sys
import time

import traffic  # first: it finds lib
from disk import Disk, need_root
from rounds import Killer
from verdict import Verdict

from lib import names, record
from lib.client import Client
from lib.server import Server, service_users
from lib.stanza import MARK, Error, body_of, message

MARKS = re.compile(MARK.encode() + rb"[0-9a-f]{12}")
VICTIMS = ((), ("recorder",), ("gate",), ("gate", "recorder"))
REFUSED_SECONDS = 0.5
RESUME_SECONDS = 5
assert traffic


def inflate(path):
    """Fills the disk to the last block."""
    with open(path, "wb", buffering=0) as balloon:
        for size in (1 << 20, 65536, 4096, 512):
            try:
                while True:
                    balloon.write(b"\0" * size)
            except OSError:
                pass
        try:
            os.fsync(balloon.fileno())
        except OSError:
            pass


class Story:
    """What happened to each message of one sender to one recipient, who come back when they are disconnected."""

    def __init__(self, server, verdict):
        self.server, self.verdict = server, verdict
        *self.accounts, self.guest = server.people(3)
        self.accepted, self.refused = [], []
        self.received = set()
        self.enter()

    def enter(self):
        """Both log in, as often as it takes."""
        self.alice, self.bob = (self.patiently(lambda: self.login(account)) for account in self.accounts)

    def login(self, account):
        client = Client(self.server, account)
        client.timeout = 2
        client.online()
        client.timeout = 10
        return client

    def patiently(self, act, seconds=15):
        end = time.monotonic() + seconds
        while True:
            try:
                return act()
            except Exception as error:
                assert time.monotonic() < end, "%r\n%s" % (error, self.server.tail())
                time.sleep(0.05)

    def problem(self, text):
        self.verdict.problem("disk full", text)

    def say(self):
        """Sends one message and waits for its fate; returns (accepted?, seconds)."""
        begin = time.monotonic()
        said = self.alice.say(self.bob.bare, "x" * 300)
        while time.monotonic() - begin < 10:
            for client in (self.alice, self.bob):
                try:
                    client.pump(0.002)
                except TimeoutError:
                    pass
            seconds = time.monotonic() - begin
            if self.bob.take(message(body=said.body)):
                self.accepted.append(said.body)
                return True, seconds
            errors = self.alice.take(message(id=said.id, type="error"))
            if errors:
                if tuple(Error(errors[0])) != ("wait", "resource-constraint"):
                    self.problem("refused with %r" % Error(errors[0]))
                self.refused.append(said.body)
                return False, seconds
        self.problem("a message is neither delivered nor refused in 10 s")
        return False, 10.0

    def until_refused(self):
        end = time.monotonic() + 30
        while self.say()[0]:
            if time.monotonic() > end:
                return self.problem("the disk is full and messages are still accepted")

    def while_full(self):
        """Everything but content works. Returns the slowest refusal."""
        self.until_refused()
        slowest = max(self.say()[1] for _ in range(10))
        if slowest > REFUSED_SECONDS:
            self.problem("a refusal takes %.2f s" % slowest)
        if self.alice.ask(names.PING, to="example.org", name="ping").get("type") != "result":
            self.problem("no ping while the disk is full")
        self.alice.roster()
        Client(self.server, self.guest).online().close()
        return slowest

    def resumed(self):
        """Seconds until a message passes again."""
        begin = time.monotonic()
        while not self.say()[0] and time.monotonic() - begin < RESUME_SECONDS:
            time.sleep(0.02)
        seconds = time.monotonic() - begin
        if seconds >= RESUME_SECONDS:
            self.problem("service does not resume")
        return seconds

    def kill(self, victims):
        """They die."""
        Killer(self.server, None).strike(*victims)
        if "gate" in victims:
            for client in (self.alice, self.bob):
                client.close()

    def back(self, victims):
        """Seconds until people are back who lost their connection."""
        begin = time.monotonic()
        if "gate" in victims:
            self.enter()
        return time.monotonic() - begin


def one(story, disk, victims, store_has_space):
    """The disk fills up, `victims` die, there is space again."""
    balloon = disk.path / "balloon"
    for _ in range(20):
        if not story.say()[0]:
            story.problem("refused though there is space")
    inflate(balloon)
    slowest = story.while_full()
    again = 0
    story.kill(victims)
    if victims and (store_has_space or "gate" not in victims):
        again = story.back(victims)
        story.while_full()
    balloon.unlink()
    if victims and not again:
        again = story.back(victims)
    print("%-17s slowest refusal %.0f ms%s, service again after %.2f s" % (
        " and ".join(victims) or "nobody", slowest * 1000, ", back after %.2f s" % again if victims else "",
        story.resumed()), flush=True)
    story.verdict.case()


def record_dir(server):
    return pathlib.Path(server.settings.get("record", {}).get("dir", server.dir / "record"))


def account_for(story, server):
    """The record and the recipient against what the sender was told."""
    late = [body_of(each) for each in story.bob.settle(story.alice) if body_of(each) in story.refused]
    server.stop()
    counts = record.Count(record_dir(server), MARKS).update()
    for body in late:
        story.problem("delivered though refused: %s" % body)
    for bodies, wanted, what in ((story.accepted, 1, "accepted"), (story.refused, 0, "refused")):
        for body in bodies:
            times = counts[MARKS.search(body.encode()).group()]
            if times != wanted:
                story.problem("%s and %d times in the record: %s" % (what, times, body[-20:]))
    verified = record.verify(server, directory=record_dir(server), check=False)
    if verified.returncode:
        story.problem("verify-record: " + verified.stdout + verified.stderr)
    story.verdict.case()


def tell(server, disk, verdict, times, store_has_space):
    """One story from beginning to end."""
    try:
        story = Story(server.make().start(), verdict)
        for number in range(times):
            one(story, disk, VICTIMS[number % len(VICTIMS)], store_has_space)
        account_for(story, server)
        return "%d accepted, %d refused" % (len(story.accepted), len(story.refused))
    finally:
        server.remove()
        disk.remove()


def main():
    need_root("diskfull")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=4)
    options = parser.parse_args()
    verdict, disk = Verdict("disk full"), Disk(128)
    place = disk.path / "record"
    place.mkdir(mode=0o700)
    shutil.chown(place, service_users()["recorder"])
    print("the record on a small disk")
    first = tell(Server("diskfull", {"record": {"dir": str(place)}}), disk, verdict, options.times, True)
    disk = Disk(128)
    print("record and store on a small disk")
    second = tell(Server("diskfull-all", directory=disk.path), disk, verdict, options.times - 1, False)
    return verdict.end(first + "; " + second)


if __name__ == "__main__":
    sys.exit(main())
