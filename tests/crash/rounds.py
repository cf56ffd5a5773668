"""kill -9 at random moments, with messages in flight.

    /usr/bin/python3 tests/crash/rounds.py [--rounds 20] [--victim VICTIM|random] [--rate 400] [--seed N]

Each round: traffic runs, the victim is killed while unacknowledged messages are in flight (a round without any does not
count and is repeated), the server comes up again, everybody returns, everything is sent again that was not acknowledged.
Then, for every message ever sent: it is in the record exactly once and its recipient has it for good; a second copy there
has the same stanza-id and a delay. The verifier passes. Victims: gate, recorder, tree; both (gate and recorder at once, the
supervisor stays), again (the gate, and the next gate while it starts), parted (the gate while the recorder stands still),
supervisor (the others notice and end), stop (nobody is killed: a clean stop).
"""

import argparse
import collections
import os
import pathlib
import random
import re
import signal
import statistics
import sys
import time

import traffic  # first: it finds lib
from verdict import Verdict

from lib import record
from lib.client import Client
from lib.server import Server
from lib.stanza import MARK, message

MARKS = re.compile(MARK.encode() + rb"[0-9a-f]{12}")
VICTIMS = ("gate", "recorder", "tree", "both", "again", "parted", "supervisor", "stop")
UP_SECONDS = 2.0
SETTINGS = {"sm": {"resume_seconds": 120}, "offline": {"max": 100000}, "record": {"segment_bytes": 2 << 20}}


class Rounds:
    """The rounds on one server. kill: a function (victim) that lets the server die and, where nobody else does, starts it
    again; it returns when its dying began."""

    def __init__(self, server, verdict, options):
        self.server, self.verdict, self.random = server, verdict, random.Random(options.seed)
        self.traffic = traffic.Traffic(server, rate=options.rate).start()
        self.probes = server.people(2)
        self.count = record.Count(server.dir / "record", MARKS)
        self.verify_every = options.verify_every
        self.up, self.per_victim = [], collections.defaultdict(list)
        self.marks = {}

    def one(self, number, victim, kill):
        """One round that counts."""
        self.where = "round %d (%s)" % (number, victim)
        lost = len(self.traffic.lost())
        in_flight = 0
        while not in_flight:
            time.sleep(self.random.choice((0.1, 0.5, 1.5, 3.5)) * (0.2 + self.random.random()))
            in_flight = self.wait_for_flight()
        begin = kill(victim)
        self.up.append(self.wait_up(begin))
        self.per_victim[victim].append(self.up[-1])
        missing = self.traffic.settle()
        self.check(missing, number)
        for each in self.traffic.lost()[lost:] if victim == "recorder" else ():
            self.problem("disconnected", "though only the recorder died: " + each)
        if self.up[-1] > UP_SECONDS:
            self.problem("slow", "up again after %.2f s" % self.up[-1])
        self.traffic.resume()
        print("round %3d  %-8s in flight %3d, up again in %.2f s, %d messages so far, %d delivered again" % (
            number, victim, in_flight, self.up[-1], len(self.traffic.sent()), self.again()), flush=True)
        self.verdict.case()

    def wait_for_flight(self):
        """How many messages are in flight at a moment when some are; 0 when there were none for a second."""
        end = time.monotonic() + 1
        while time.monotonic() < end:
            count = self.traffic.in_flight()
            if count:
                return count
        return 0

    def wait_up(self, begin):
        """Until two people who were not there log in and a message passes between them; seconds since begin."""
        while True:
            pair = [Client(self.server, account) for account in self.probes]
            try:
                one, other = pair
                for client in pair:
                    client.timeout = 2
                    client.online()
                said = one.say(other.bare)
                other.expect(message(body=said.body))
                return time.monotonic() - begin
            except Exception as error:
                if time.monotonic() - begin > traffic.PATIENCE:
                    raise AssertionError("the server does not come up again: %s\n%s" % (error, self.server.tail()))
                time.sleep(0.02)
            finally:
                for client in pair:
                    client.close()
                    self.server.clients.remove(client)

    def problem(self, kind, text):
        self.verdict.problem(kind, "%s: %s" % (self.where, text))

    def check(self, missing, number):
        sent, counts = self.traffic.sent(), self.count.update()
        for id in missing:
            self.problem("lost", "acknowledged and never delivered: %s to %s" % (id, sent[id][0]))
        for id, (target, body) in sent.items():
            mark = self.marks.get(id) or self.marks.setdefault(id, MARKS.search(body.encode()).group())
            if counts[mark] != 1:
                self.problem("duplicate" if counts[mark] else "not recorded", "in the record %d times: %s" % (
                    counts[mark], id))
        for messages in self.traffic.got().values():
            for id, copies in list(messages.items()):
                if id in sent:
                    self.check_copies(id, copies, sent[id][1])
        if number % self.verify_every == 0:
            verified = record.verify(self.server, check=False)
            if verified.returncode != 0:
                self.problem("verifier", verified.stdout + verified.stderr)

    def check_copies(self, id, copies, body):
        if any(copy.body != body for copy in copies):
            self.problem("changed", "changed on the way: %s %r" % (id, copies))
        if any(len(copy.stanza_ids) != 1 for copy in copies) or len({copy.stanza_ids[0] for copy in copies}) != 1:
            self.problem("stanza-id", "stanza-ids differ: %s %r" % (id, copies))
        if not all(copy.delayed or copy.resumed for copy in copies[1:]):
            self.problem("no delay", "delivered again without a delay: %s %r" % (id, copies))

    def again(self):
        return sum(len(copies) - 1 for messages in self.traffic.got().values() for copies in list(messages.values()))

    def end(self):
        """Stops the server; the exit code."""
        self.traffic.finish()
        self.server.stop()
        if record.verify(self.server, check=False).returncode:
            self.problem("verifier", "does not pass after the stop")
            self.verdict.case()
        return self.verdict.end("%d messages, %d delivered again, restarts p50 %.2f s, max %.2f s" % (
            len(self.traffic.sent()), self.again(), statistics.median(self.up), max(self.up)))


class Killer:
    """Lets parts of a server die; the supervisor starts gate and recorder again, the tree is started by us."""

    def __init__(self, server, dice):
        self.server, self.random = server, dice

    def pids(self, *names):
        """Of this server's processes with those names."""
        found = []
        for pid in self.server._family():
            try:
                if pathlib.Path("/proc/%d/comm" % pid).read_text().strip() in names:
                    found.append(pid)
            except OSError:
                pass
        return found

    def strike(self, *names, number=signal.SIGKILL):
        for pid in self.pids(*names):
            os.kill(pid, number)
        return time.monotonic()

    def tree(self):
        begin = time.monotonic()
        self.server.kill_tree()
        self.server.start()
        return begin

    def supervisor(self):
        begin = self.strike("supervisor")
        self.server.process.wait()
        self.server.start()
        return begin

    def stop(self):
        """Without the checks of Server.stop, and with the clients still there."""
        self.server.process.send_signal(signal.SIGTERM)
        code = self.server.process.wait(20)
        assert code == 0, "exit code %d after SIGTERM" % code
        self.server.start()
        return time.monotonic()

    def again(self):
        first = self.pids("gate")
        self.strike("gate")
        end = time.monotonic() + 5
        while not set(self.pids("gate")) - set(first):
            assert time.monotonic() < end, "no new gate"
            time.sleep(0.01)
        time.sleep(self.random.uniform(0, 0.3))
        return self.strike("gate")

    def parted(self):
        """Messages are on the links when the gate dies; the recorder finds them later."""
        self.strike("recorder", number=signal.SIGSTOP)
        time.sleep(self.random.uniform(0.05, 0.3))
        self.strike("gate")
        time.sleep(self.random.uniform(0, 0.6))
        return self.strike("recorder", number=signal.SIGCONT)

    def __call__(self, victim):
        if victim in ("gate", "recorder"):
            return self.strike(victim)
        if victim == "both":
            return self.strike("gate", "recorder")
        return getattr(self, victim)()


def options(rounds, description):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--victim", choices=VICTIMS + ("random",), default="random")
    parser.add_argument("--rate", type=int, default=400, help="messages a second")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--verify-every", type=int, default=1, help="run the verifier in every N-th round only")
    return parser.parse_args()


def run(options, server, verdict):
    """All rounds; the Rounds, not ended."""
    rounds = Rounds(server, verdict, options)
    kill = Killer(server, rounds.random)
    victims = list(VICTIMS) if options.victim == "random" else [options.victim]
    for number in range(1, options.rounds + 1):
        if (number - 1) % len(victims) == 0:
            rounds.random.shuffle(victims)
        rounds.one(number, victims[(number - 1) % len(victims)], kill)
    return rounds


def main():
    chosen = options(20, __doc__)
    print("crash rounds, seed %d" % chosen.seed)
    server = Server("crash", SETTINGS).make().start()
    try:
        return run(chosen, server, Verdict("crash rounds")).end()
    finally:
        server.remove()


if __name__ == "__main__":
    sys.exit(main())
