"""kill -9 at random moments, with messages in flight.

    /usr/bin/python3 tests/crash/rounds.py [--rounds 20] [--victim gate|recorder|tree|random] [--rate 400] [--seed N]

Each round: traffic runs, the victim is killed while unacknowledged messages are in flight (a round without any does not
count and is repeated), the server comes up again, everybody returns, everything is sent again that was not acknowledged.
Then, for every message ever sent: it is in the record exactly once and at its recipient; a second copy there has the same
stanza-id and a delay. The verifier passes. Prints a line a round and a verdict; exit 1 when something is wrong.
"""

import argparse
import os
import random
import re
import signal
import sys
import time

import traffic  # first: it finds lib

from lib import record
from lib.client import Client
from lib.server import Server
from lib.stanza import MARK, message

MARKS = re.compile(MARK.encode() + rb"[0-9a-f]{12}")
VICTIMS = ("gate", "recorder", "tree")
UP_SECONDS = 2.0


class Rounds:
    """kill: a function (victim) -> None that lets the server die and, where nobody else does, starts it again."""

    def __init__(self, server, rate, seed):
        self.server, self.random = server, random.Random(seed)
        self.traffic = traffic.Traffic(server, rate=rate).start()
        self.probes = server.people(2)
        self.count = record.Count(server.dir / "record", MARKS)
        self.problems = []
        self.slowest = 0.0

    def one(self, number, victim, kill):
        """One round that counts. Returns its line of report."""
        reconnects = self.reconnects()
        while True:
            time.sleep(self.random.uniform(0.2, 1.0))
            in_flight = self.wait_for_flight()
            if in_flight:
                break
        begin = time.monotonic()
        kill(victim)
        up = self.wait_up(begin)
        self.slowest = max(self.slowest, up)
        got, missing = self.traffic.settle()
        self.check(got, missing, number, victim)
        if victim == "recorder" and self.reconnects() != reconnects:
            self.problem(number, victim, "clients were disconnected though only the recorder died")
        self.traffic.resume()
        return "round %3d  %-8s in flight %3d, up again in %.2f s, %d messages so far" % (
            number, victim, in_flight, up, len(self.traffic.sent()))

    def wait_for_flight(self):
        """How many messages are in flight at a moment when some are; 0 when there were none for a second."""
        end = time.monotonic() + 1
        while time.monotonic() < end:
            count = len(self.traffic.in_flight())
            if count:
                return count
        return 0

    def reconnects(self):
        return sum(person.reconnects for person in self.traffic.readers + self.traffic.senders)

    def wait_up(self, begin):
        """Until two people who were not there log in and a message passes between them; seconds since begin."""
        while True:
            try:
                one, other = [Client(self.server, account) for account in self.probes]
                for client in (one, other):
                    client.timeout = 2
                    client.online()
                said = one.say(other.bare)
                other.expect(message(body=said.body))
                one.close()
                other.close()
                return time.monotonic() - begin
            except (AssertionError, OSError, EOFError, Exception) as error:
                if time.monotonic() - begin > traffic.PATIENCE:
                    raise AssertionError("the server does not come up again: %s\n%s" % (error, self.server.tail()))
                time.sleep(0.02)

    def problem(self, number, victim, text):
        self.problems.append("round %d (%s): %s" % (number, victim, text))

    def check(self, got, missing, number, victim):
        sent = self.traffic.sent()
        for id in missing or ():
            self.problem(number, victim, "acknowledged and never delivered: %s to %s" % (id, sent[id][0]))
        counts = self.count.update()
        for id, (target, body) in sent.items():
            lines = counts[MARKS.search(body.encode()).group()]
            if lines != 1:
                self.problem(number, victim, "in the record %d times: %s %s" % (lines, id, body))
        for target, messages in got.items():
            for id, copies in messages.items():
                if id in sent:
                    self.check_copies(number, victim, id, copies, sent[id][1])
        verified = record.verify(self.server, check=False)
        if verified.returncode != 0:
            self.problem(number, victim, "verify-record: %s%s" % (verified.stdout, verified.stderr))

    def check_copies(self, number, victim, id, copies, body):
        if {copy[2] for copy in copies} != {body}:
            self.problem(number, victim, "changed on the way: %s %r" % (id, copies))
        if any(len(copy[0]) != 1 for copy in copies) or len({copy[0][0] for copy in copies if copy[0]}) != 1:
            self.problem(number, victim, "stanza-ids differ: %s %r" % (id, [copy[0] for copy in copies]))
        if not all(delayed for _, delayed, _ in copies[1:]):
            self.problem(number, victim, "delivered again without a delay: %s" % id)


def killer(server):
    """The kill of this script: gate and recorder are started again by the supervisor, the tree by us."""
    pids = {}

    def learn():
        status = server.status()
        pids.update(gate=status["gate_pid"], recorder=status["recorder_pid"])

    def kill(victim):
        if victim == "tree":
            server.kill_tree()
            server.start()
        else:
            os.kill(pids[victim], signal.SIGKILL)
    return learn, kill


def report(rounds, rounds_run, what):
    """Prints the verdict; the exit code."""
    for problem in rounds.problems[:40]:
        print("FAIL  " + problem)
    print("%s: %d rounds, %d messages, slowest restart %.2f s%s, %d problems" % (
        what, rounds_run, len(rounds.traffic.sent()), rounds.slowest,
        "" if rounds.slowest <= UP_SECONDS else " (more than %.0f s)" % UP_SECONDS, len(rounds.problems)))
    return 1 if rounds.problems else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--victim", choices=VICTIMS + ("random",), default="random")
    parser.add_argument("--rate", type=int, default=400, help="messages a second")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print("crash rounds, seed %d" % options.seed)
    server = Server("crash", {"sm": {"resume_seconds": 120}, "offline": {"max": 100000}}).make().start()
    try:
        rounds = Rounds(server, options.rate, options.seed)
        learn, kill = killer(server)
        for number in range(1, options.rounds + 1):
            learn()
            victim = options.victim
            if victim == "random":
                victim = rounds.random.choice(VICTIMS)
            print(rounds.one(number, victim, kill), flush=True)
        rounds.traffic.finish()
        server.stop()
        code = report(rounds, options.rounds, "crash rounds")
    finally:
        server.remove()
    return code


if __name__ == "__main__":
    sys.exit(main())
