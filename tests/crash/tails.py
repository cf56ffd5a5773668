"""Torn tails: the last lines of the record cut at every byte.

    /usr/bin/python3 tests/crash/tails.py [--lines 3] [--step 1]

Two pictures of one data directory are taken: A, and B after a few more messages to somebody who is away. The record of B is
that of A and some more bytes X. For every length k that ends within the last `lines` lines of X, a directory as after a torn
write is made: A with A's record plus the first k bytes of X. The server must start on it, keep every line that was whole and
sealed by a batch line, give the recipient exactly the messages that the record holds, and leave a record that verifies.
"""

import argparse
import os
import re
import shutil
import sys

import traffic  # first: it finds lib

from lib import record
from lib.client import Client
from lib.server import Server
from lib.stanza import body_of


def open_segment(directory):
    """The segment that is being written: the newest that is not packed."""
    found = [path for path in record.segments(directory) if path.suffix not in record.OPENERS]
    return found[-1]


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
    while client.sm_acked < count:
        client.sync()
    client.close()


def try_length(server, before, whole, extra, k, accounts):
    """One torn directory. Returns what is wrong, or None."""
    shutil.rmtree(server.dir)
    shutil.copytree(before, server.dir, symlinks=True)
    copy_owner(before, server.dir)
    segment = open_segment(server.dir / "record")
    size = segment.stat().st_size
    data = record.content(segment) + extra[:k]
    with open(segment, "wb") as file:  # space that was kept ready stays zeros
        file.write(data.ljust(size, b"\0"))
    server.start()
    try:
        target = Client(server, accounts[1]).online()
        sender = Client(server, accounts[0]).online()
        got = [body_of(each) for each in target.settle(sender) if body_of(each)]
        held = [line for line in record.lines(server.dir / "record")]
        kept = sum(1 for line in extra[:k].split(b"\n")[:-1] if line in held)
        if any(line not in held for line in whole.split(b"\n")[:-1]):
            return "a line from before is gone"
        if len(got) != len(set(got)):
            return "a message came twice"
        if any(not any(body.encode() in line for line in held) for body in got):
            return "a message was delivered that the record does not hold"
        torn = [body for body in bodies(extra[:k], kept) if body not in got]
        if torn:
            return "the record holds %r and the recipient did not get it" % torn
    except AssertionError as error:
        return str(error)
    finally:
        server.close_clients()
        server.stop()
    verified = record.verify(server, check=False)
    return None if verified.returncode == 0 else "verify-record: " + verified.stdout + verified.stderr


def bodies(extra, kept):
    """The test bodies in the first `kept` whole lines of `extra`."""
    found = []
    for line in extra.split(b"\n")[:kept]:
        found += re.findall(rb"torn \d+ privy-[0-9a-f]{12}", line)[:1]
    return [each.decode() for each in found]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", type=int, default=3)
    parser.add_argument("--step", type=int, default=1, help="try every N-th byte only")
    options = parser.parse_args()
    server = Server("tails").make().start()
    try:
        accounts = server.people(2)
        send(server, *accounts, count=2)
        before = picture(server, "before")
        send(server.start(), *accounts, count=3)
        after = picture(server, "after")
        whole, full = (record.content(open_segment(each / "record")) for each in (before, after))
        assert full.startswith(whole), "the record of A is not the beginning of the record of B"
        extra = full[len(whole):]
        ends = [i + 1 for i, byte in enumerate(extra) if byte == 10]
        first = ends[-options.lines - 1] if len(ends) > options.lines else 0
        lengths = range(first, len(extra) + 1, options.step)
        problems = []
        for k in lengths:
            problem = try_length(server, before, whole, extra, k, accounts)
            if problem:
                problems.append("cut at byte %d of %d: %s" % (k, len(extra), problem))
                print("FAIL  " + problems[-1], flush=True)
        print("torn tails: %d lengths over %d lines, %d problems" % (len(lengths), options.lines, len(problems)))
        return 1 if problems else 0
    finally:
        server.remove()


if __name__ == "__main__":
    sys.exit(main())
