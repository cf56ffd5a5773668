"""A cut of power, simulated: only what had reached the disk survives.

    /usr/bin/python3 tests/crash/powercut.py [--rounds 5] [--rate 400] [--seed N]              (as root)

The server lives on an ext4 image. In each round all its processes are frozen while messages are in flight, the image is
copied, they are killed, and the copy is mounted in place of the image: everything that no flush had brought to the disk is
gone. Then the server starts and the checks of rounds.py follow. Kinder than reality in one way: block writes that no barrier
has followed count as safe.
"""

import os
import signal
import sys
import time

import rounds as crash
from disk import Disk, need_root
from verdict import Verdict

from lib.server import Server


class Power:
    """Cuts the power of everything that runs on a disk."""

    def __init__(self, server, disk):
        self.server, self.disk = server, disk

    def __call__(self, victim):
        for pid in self.server._family():
            os.kill(pid, signal.SIGSTOP)
        copy = self.disk.copy_as_it_is()
        self.server.kill_tree()
        self.disk.replace(copy)
        begin = time.monotonic()
        self.server.start()
        return begin


def main():
    need_root("powercut")
    options = crash.options(5, __doc__)
    print("power cut, seed %d" % options.seed)
    disk = Disk(400)
    server = Server("powercut", crash.SETTINGS, directory=disk.path)
    try:
        server.make().start()
        rounds = crash.Rounds(server, Verdict("power cut"), options)
        for number in range(1, options.rounds + 1):
            rounds.one(number, "power", Power(server, disk))
        return rounds.end()
    finally:
        server.remove()
        disk.remove()


if __name__ == "__main__":
    sys.exit(main())
