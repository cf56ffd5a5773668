"""Servers whose clock is somewhere else (libfaketime): they begin at a moment that a test chooses, and go on from there."""

import datetime
import pathlib
import re

PRELOAD = next(iter(sorted(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))), None)
TODAY = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
SHARED = pathlib.Path("/dev/shm")
LEFT = re.compile(r"(?:sem\.faketime_sem|faketime_shm)_(\d+)$")


def day(offset):
    return (TODAY + datetime.timedelta(days=offset)).date()


def midnight(offset):
    """The first moment of that day, which is when a date of a campaign comes."""
    return datetime.datetime.combine(day(offset), datetime.time(0), datetime.timezone.utc)


def noon(offset):
    return midnight(offset) + datetime.timedelta(hours=12)


def at(when):
    """The environment of a server that begins at that moment; its timers run as always."""
    sweep()
    return {"LD_PRELOAD": str(PRELOAD), "FAKETIME": when.strftime("@%Y-%m-%d %H:%M:%S"), "TZ": "UTC",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=0"}


def sweep():
    """A process under the library leaves a semaphore behind that bears its number; the next one of that number, if it is
    somebody else's, cannot open it and ends."""
    for path in SHARED.glob("*faketime_*"):
        found = LEFT.search(path.name)
        if found and not pathlib.Path("/proc", found[1]).exists():
            path.unlink(missing_ok=True)
