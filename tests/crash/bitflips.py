"""Flipped bits: damage is named by segment and line, and never mistaken for a torn tail.

    /usr/bin/python3 tests/crash/bitflips.py [--flips 150] [--starts 6] [--seed N]

Makes a record of several segments, flips one bit at a random place of a random segment, sealed or open, and runs the
verifier: it must answer 1 and name that segment and that line. With some of them (--starts) the server is started too:
it must refuse, or go on without having changed or dropped the damaged line.
"""

import argparse
import random
import shutil
import sys
import time

import traffic  # first: it finds lib

from lib import record
from lib.client import Client
from lib.server import Server


def fill(server):
    """Some hundred messages, so that there are sealed segments."""
    one, other = server.online(2)
    for number in range(300):
        said = one.say(other.bare, "number %d %s" % (number, "x" * 400))
        if number % 50 == 49:
            other.settle(one)
    return said


def flip(path, dice):
    """Flips one bit in the lines of a segment; returns the number of the damaged line."""
    data = bytearray(record.content(path))
    at = dice.randrange(len(data))
    data[at] ^= 1 << dice.randrange(8)
    record.replace(path, bytes(data))
    return data[:at].count(b"\n") + 1


def judge(server, path, line):
    """What is wrong with the verifier's answer, or None. A line break that was flipped joins or cuts lines."""
    found = record.damage(server, server.dir / "record")
    if not found:
        return "not noticed"
    if not [each for each in found if each["segment"] == path.name and each["line"] and abs(each["line"] - line) <= 1]:
        return "named otherwise: %s" % found
    return None


def starts(server, path, before):
    """Starts the server on the damaged record; what is wrong with that, or None."""
    try:
        server.start()
        Client(server, server.people(1)[0]).online()
    except AssertionError:
        pass  # it refused, which is right
    finally:
        server.kill_tree()
    for each in record.segments(server.dir / "record"):  # it may have been packed meanwhile
        if each.name.split(".")[0] == path.name.split(".")[0] and record.content(each).startswith(before):
            return None
    return "the damaged segment was changed by starting the server"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--flips", type=int, default=150)
    parser.add_argument("--starts", type=int, default=6)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print("bit flips, seed %d" % options.seed)
    dice = random.Random(options.seed)
    server = Server("bitflips", {"record": {"segment_bytes": 65536}}).make().start()
    problems = []
    try:
        fill(server)
        server.stop()
        good = server.parent / "good"
        shutil.copytree(server.dir / "record", good)
        record.verify(server)
        assert len(record.segments(server.dir / "record")) > 1, "there is one segment only"
        for number in range(options.flips):
            shutil.rmtree(server.dir / "record")
            shutil.copytree(good, server.dir / "record")
            path = dice.choice(record.segments(server.dir / "record"))
            line = flip(path, dice)
            problem = judge(server, path, line)
            if not problem and number < options.starts:
                problem = starts(server, path, record.content(path))
            if problem:
                problems.append("%s line %d: %s" % (path.name, line, problem))
                print("FAIL  " + problems[-1], flush=True)
        print("bit flips: %d flips, %d problems" % (options.flips, len(problems)))
        return 1 if problems else 0
    finally:
        server.remove()


if __name__ == "__main__":
    sys.exit(main())
