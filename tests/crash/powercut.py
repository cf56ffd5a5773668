"""A cut of power, simulated: only what had reached the disk survives.

    /usr/bin/python3 tests/crash/powercut.py [--rounds 5] [--rate 400] [--seed N]          (as root)

The server lives on an ext4 image. In each round all its processes are frozen while messages are in flight, the image is
copied, they are killed, and the copy is mounted in place of the image: everything that no flush had brought to the disk is
gone. Then the server starts and the checks of rounds.py follow. Kinder than reality in one way: block writes that no barrier
has followed count as safe.
"""

import argparse
import os
import signal
import sys
import time

import rounds as crash
from disk import Disk, need_root

from lib.server import Server


def main():
    need_root("powercut")
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rate", type=int, default=400)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print("power cut, seed %d" % options.seed)
    disk = Disk(400)
    server = Server("powercut", {"sm": {"resume_seconds": 120}, "offline": {"max": 100000}}, directory=disk.path)

    def cut(victim):
        family = server._family()
        for pid in family:
            os.kill(pid, signal.SIGSTOP)
        copy = disk.copy_as_it_is()
        server.kill_tree()
        disk.replace(copy)
        server.start()

    try:
        server.make().start()
        rounds = crash.Rounds(server, options.rate, options.seed)
        for number in range(1, options.rounds + 1):
            print(rounds.one(number, "power", cut), flush=True)
        rounds.traffic.finish()
        server.stop()
        code = crash.report(rounds, options.rounds, "power cut")
    finally:
        server.remove()
        disk.remove()
    return code


if __name__ == "__main__":
    sys.exit(main())
