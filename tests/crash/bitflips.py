"""Flipped bits: damage is named by segment and line, and never mistaken for a torn tail.

    /usr/bin/python3 tests/crash/bitflips.py [--flips 150] [--starts 10] [--seed N]

Makes a record of several segments, flips one bit at a random place of a random segment, sealed or open, and runs the
verifier: it must answer 1 and name that segment and that line. With some of them (--starts) the server is started too:
it must refuse, or go on without having changed or dropped the damaged line.
"""

import argparse
import random
import shutil
import sys
import time

from tails import copy_owner  # first: it finds lib
from verdict import Verdict

from lib import record
from lib.server import Server


def fill(server):
    """Some hundred messages, so that there are sealed segments."""
    one, other = server.online(2)
    for number in range(300):
        one.say(other.bare, "number %d %s" % (number, "x" * 400))
        if number % 50 == 49:
            other.settle(one)


def stop_packed(server):
    """Stops the server when all segments but the open one are packed and their raw files are gone."""
    raw = lambda: len(list((server.dir / "record").glob("*.jsonl")))
    end = time.monotonic() + 60
    server.stop()
    while raw() > 1:
        assert time.monotonic() < end, "segments are not packed"
        server.start()
        while raw() > 1 and time.monotonic() < end:
            time.sleep(0.1)
        server.stop()


def flip(path, dice):
    """Flips one bit in the lines of a segment; returns the number of the damaged line."""
    data = bytearray(record.content(path))
    while True:
        at = dice.randrange(len(data))
        if data[max(at - 1, 0):at + 1] != b"\n\n":  # padding means nothing
            break
    data[at] ^= 1 << dice.randrange(8)
    ready = b"" if path.suffix in record.OPENERS else b"\n" * (path.stat().st_size - len(data))
    record.replace(path, bytes(data) + ready)
    return len([line for line in bytes(data[:at]).split(b"\n")[:-1] if line]) + 1


def is_leaf_against_line(found, path, line):
    """The last line of the open segment is vouched for by its leaf hash alone: which of the two was changed, nobody can tell."""
    last = path.suffix not in record.OPENERS and line == len([each for each in record.content(path).split(b"\n") if each])
    return last and [each for each in found if each["segment"] == path.with_suffix(".leaves").name]


def judge(found, path, line):
    """What is wrong with the verifier's answer, or None. A line break that was flipped joins or cuts lines."""
    if not found:
        return "not noticed"
    if is_leaf_against_line(found, path, line):
        return None
    if not [each for each in found if each["segment"] == path.name and each["line"] and abs(each["line"] - line) <= 1]:
        return "named otherwise: %s" % found
    return None


def start(server, path, is_open):
    """Starts the server on the damaged record; what is wrong with that, or None. Damage in the open segment is found at
    once and named. A sealed one is in the way only when the store does not have what it holds; nobody changes it."""
    before = path.read_bytes()
    mark = server.log.stat().st_size
    try:
        server.start()
        came_up = True
    except AssertionError:
        came_up = False
    finally:
        server.kill_tree()
    log = server.log.read_bytes()[mark:].decode()
    if is_open and not came_up:
        if "record damaged: %s, line " % path.name not in log:
            return "refused without naming the place: %s" % log[-600:]
        return None if path.read_bytes() == before else "refused, and changed the segment"
    if is_open and "was moved to torn-" not in log:
        return "started in spite of the damage, and says nothing"
    if not is_open and path.read_bytes() != before:
        return "a sealed segment was changed by starting the server"
    if not is_open and not came_up and "record damaged: segment %s" % path.name.split(".")[0] not in log:
        return "the server does not start and does not say that it is because of this segment"
    return None


class Flips:
    def __init__(self, server, seed):
        self.server, self.dice, self.verdict = server, random.Random(seed), Verdict("bit flips")
        fill(server)
        stop_packed(server)
        record.verify(server)
        self.good = server.parent / "good"
        copy(server.dir / "record", self.good)
        assert len(record.segments(self.good)) > 1, "there is one segment only"

    def one(self, with_start):
        directory = self.server.dir / "record"
        shutil.rmtree(directory)
        copy(self.good, directory)
        found = record.segments(directory)
        path = found[-1] if with_start and self.dice.random() < 0.5 else self.dice.choice(found)
        line = flip(path, self.dice)
        problem = judge(record.damage(self.server, directory), path, line)
        if not problem and with_start:
            problem = start(self.server, path, path == found[-1])
        if problem:
            self.verdict.problem("flip", "%s line %d: %s" % (path.name, line, problem))
        self.verdict.case()


def copy(source, target):
    shutil.copytree(source, target)
    copy_owner(source, target)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--flips", type=int, default=150)
    parser.add_argument("--starts", type=int, default=10)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print("bit flips, seed %d" % options.seed)
    server = Server("bitflips", {"record": {"segment_bytes": 131072}}).make().start()
    try:
        flips = Flips(server, options.seed)
        for number in range(options.flips):
            flips.one(number < options.starts)
        return flips.verdict.end("%d segments" % len(record.segments(flips.good)))
    finally:
        server.remove()


if __name__ == "__main__":
    sys.exit(main())
