"""What the benchmarks that are commands of their own share: progress, a limit of time, and the server of the tests."""

import contextlib
import os
import pathlib
import signal
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]


def say(*words):
    print(time.strftime("%H:%M:%S"), *words, file=sys.stderr, flush=True)


class Over(Exception):
    """The time is."""


@contextlib.contextmanager
def within(seconds):
    """Over is raised inside after so many seconds; SIGTERM ends the program so that servers are stopped."""
    def expire(*_):
        raise Over("not over after %d s" % seconds)
    signal.signal(signal.SIGALRM, expire)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)


def put_build(build):
    """tests/lib runs the server of that build directory from now on; before anything of it is imported."""
    build = pathlib.Path(build).resolve()
    os.environ["GATEHOUSE_BIN"] = str(build / "src/cli/gatehouse")
    os.environ["GATEHOUSE_LIBEXEC"] = str(build / "src/proc")
    sys.path.insert(0, str(ROOT / "tests"))
