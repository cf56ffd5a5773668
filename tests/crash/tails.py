"""Torn tails: the last lines of the record cut at every byte.

    /usr/bin/python3 tests/crash/tails.py [--lines 3] [--step 37] [--every 60]

Two pictures of one data directory are taken: A, and B after a few more messages to somebody who is away. The record of B is
that of A and some more bytes X. For lengths k that end within the last `lines` lines of X, and at the ends of all lines, a
record is made as after a torn write: that of A plus the first k bytes of X, once as a file that ends there and once with the
space behind it that was kept ready.

The recorder must start on it, keep every line of a flush that was whole, move the rest aside and say so, replay exactly what
it kept, and leave a record that verifies. Only where a cut within a sector looks like an edited line (no device leaves such)
may it refuse, and then it names the segment and the line or byte. With every `every`-th cut the whole server is started: the
recipient gets exactly the messages that the record holds, each once. --step 1 tries every byte.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import sys

import traffic  # first: it finds lib
from verdict import Verdict

from lib import record
from lib.client import Client
from lib.server import Server
from lib.stanza import body_of

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tamper"))
import recorder  # noqa: E402

SECTOR, BLOCK, READY = 512, 4096, 65536
BODIES = re.compile(rb"torn \d+ privy-[0-9a-f]{12}")
REFUSED = 70
assert traffic


def open_segment(directory):
    """The segment that is being written: the newest that is not packed."""
    return [path for path in record.segments(directory) if path.suffix not in record.OPENERS][-1]


def picture(server, name):
    """A copy of the data directory of a server that was killed."""
    server.close_clients()
    server.kill_tree()
    copy = server.parent / name
    shutil.copytree(server.dir, copy, symlinks=True, ignore=shutil.ignore_patterns("*.sock"))
    copy_owner(server.dir, copy)
    return copy


def copy_owner(source, target):
    """copytree keeps modes, not owners; as root the server's users own parts of it."""
    for path in [target, *target.rglob("*")]:
        stat = (source / path.relative_to(target)).lstat()
        os.chown(path, stat.st_uid, stat.st_gid, follow_symlinks=False)


def send(server, sender, target, count):
    client = Client(server, sender).online()
    client.sm_enable()
    for number in range(count):
        client.say(target.jid, "torn %d" % number)
        while client.sm_acked <= number:
            client.sync()
    client.close()


def is_batch(line):
    try:
        return json.loads(line)["type"] == "batch"
    except ValueError:
        return False


class Cut:
    """The record up to a cut. whole: lines of flushes that are complete; torn: the bytes behind them."""

    def __init__(self, data, at, ready):
        self.at, self.ready = at, ready
        self.data = data[:at] + (b"\n" * (-at % BLOCK + READY) if ready else b"")
        lines, end = [], 0
        for line in re.finditer(rb"([^\n]+)\n", self.data):
            lines.append(line[1])
            if is_batch(line[1]):
                end, whole = line.end(), len(lines)
        self.whole = lines[:whole]
        self.torn = self.data[end:].strip(b"\n")
        self.may_refuse = ready and at % SECTOR

    def __str__(self):
        return "cut at byte %d%s" % (self.at, ", space behind it" if self.ready else "")


class Tails:
    def __init__(self, server, verdict):
        self.server, self.verdict = server, verdict
        self.accounts = server.people(2)
        send(server, *self.accounts, count=2)
        self.before = picture(server, "before")
        send(server.start(), *self.accounts, count=3)
        self.after = picture(server, "after")
        self.base, self.full = (record.content(open_segment(each / "record")) for each in (self.before, self.after))
        assert self.full.startswith(self.base), "the record of A is not the beginning of the record of B"

    def cuts(self, lines, step):
        """Where to cut: within the last lines, and at every line's end and beginning in X."""
        marks = [found.start() for found in re.finditer(rb"[^\n]+\n", self.full)]
        places = set(range(marks[-lines], len(self.full) + 1, step))
        for found in re.finditer(rb"[^\n]+\n", self.full):
            places |= {found.start(), found.start() + 1, found.end() - 1, found.end()}
        places |= set(range(marks[-lines] // SECTOR * SECTOR, len(self.full), SECTOR))
        return sorted(place for place in places if len(self.base) <= place <= len(self.full))

    # --- the recorder alone

    def try_recorder(self, cut):
        place = self.server.parent / "recorder"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        shutil.copytree(self.before / "keys", place / "keys")
        shutil.copytree(self.before / "record", place / "record")
        open_segment(place / "record").write_bytes(cut.data)
        each = recorder.Recorder(place)
        each.start(ready=False)
        if each.socket.recv(1) != b"R":
            return self.judge_refusal(each, cut)
        link = each.link(boot="00000001", applied=0, replay=True)
        link.wait(lambda: link.ended is not None)
        each.stop()
        return self.judge(each.record, cut, [entry["stanza"] for _, entry in link.replayed])

    def judge_refusal(self, each, cut):
        code, log = each.wait(), each.log.read_text()
        if not cut.may_refuse:
            return "the recorder refuses: %s" % log[-300:]
        if code != REFUSED or not re.search(r"\d{8}\.jsonl, line \d+", log):
            return "the recorder ends with code %d and does not name the place: %s" % (code, log[-300:])
        if open_segment(each.record).read_bytes() != cut.data:
            return "the recorder refuses and has changed the segment"
        return None

    def judge(self, directory, cut, replayed):
        held = list(record.lines(directory))
        if held[:len(cut.whole)] != cut.whole:
            return "a line of a whole flush is gone"
        if [BODIES.search(stanza.encode()).group() for stanza in replayed] != BODIES.findall(b"\n".join(held)):
            return "what is replayed is not what the record holds"
        recovered = [line for line in record.entries(directory)[len(cut.whole):] if line["type"] == "recovered"]
        if len(recovered) != bool(cut.torn):
            return "%d bytes were torn and %d lines say so" % (len(cut.torn), len(recovered))
        if recovered and (directory / recovered[0]["file"]).read_bytes().strip(b"\n") != cut.torn:
            return "the torn bytes are not kept as they were"
        if self.verdict.passed % 4:  # it takes most of the time
            return None
        verified = record.verify(self.server, directory=directory, check=False)
        return None if verified.returncode == 0 else "verify-record: " + verified.stdout + verified.stderr

    # --- the whole server

    def try_server(self, cut):
        """What is wrong, or None."""
        server = self.server
        shutil.rmtree(server.dir)
        shutil.copytree(self.before, server.dir, symlinks=True)
        copy_owner(self.before, server.dir)
        with open(open_segment(server.dir / "record"), "r+b") as file:
            file.truncate(0)
            file.write(cut.data)
        server.start()
        try:
            target = Client(server, self.accounts[1]).online()
            sender = Client(server, self.accounts[0]).online()
            got = [body_of(each).encode() for each in target.settle(sender) if body_of(each)]
        finally:
            server.close_clients()
            server.stop()
        if sorted(got) != sorted(BODIES.findall(b"\n".join(cut.whole))):
            return "the record holds %r and the recipient got %r" % (BODIES.findall(b"\n".join(cut.whole)), got)
        verified = record.verify(server, check=False)
        return None if verified.returncode == 0 else "verify-record: " + verified.stdout + verified.stderr

    def attempt(self, what, cut):
        try:
            problem = what(cut)
        except AssertionError as error:
            problem = str(error)
        if problem:
            self.verdict.problem(what.__name__[4:], "%s: %s" % (cut, problem))
        self.verdict.case()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=3)
    parser.add_argument("--step", type=int, default=37, help="try every N-th byte only")
    parser.add_argument("--every", type=int, default=60, help="start the whole server with every N-th cut")
    options = parser.parse_args()
    server = Server("tails").make().start()
    try:
        tails = Tails(server, Verdict("torn tails"))
        cuts = tails.cuts(options.lines, options.step)
        for number, at in enumerate(cuts):
            tails.attempt(tails.try_recorder, Cut(tails.full, at, ready=False))
            tails.attempt(tails.try_recorder, Cut(tails.full, at, ready=True))
            if number % options.every == 0:
                tails.attempt(tails.try_server, Cut(tails.full, at, ready=False))
        return tails.verdict.end("%d cuts over %d lines" % (len(cuts), options.lines))
    finally:
        server.remove()


if __name__ == "__main__":
    sys.exit(main())
