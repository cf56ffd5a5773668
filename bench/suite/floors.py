"""The floors of bench/floor.c."""

import os
import time

from .child import Child
from .place import Trouble
from .server import Server


class Floor(Server):
    name = "floor"
    features = "bare TLS relay, nothing parsed"
    durability = "none"
    floor = True
    login = ["--floor"]

    def options(self):
        return []

    def run(self):
        child = Child([self.place.floor, str(self.port), self.place.certificate, self.place.key, *self.options()],
                      self.log)
        child.await_port(self.port)
        return child

    def processes(self):
        names = list(super().processes().values())
        return dict(zip(["relay", "recorder"], names))


class DurableFloor(Floor):
    name = "durable-floor"
    features = "the relay, each record through a second process"
    durability = "appended and fdatasync'ed before it is relayed"

    def options(self):
        return ["--durable", os.path.join(self.live, "messages")]


def flush_us(directory, count=300, size=300):
    """What one flush costs here: append and fdatasync, the median in microseconds."""
    times = []
    path = os.path.join(directory, "flush-probe")
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        for _ in range(count):
            start = time.perf_counter_ns()
            if os.write(file, b"x" * size) != size:
                raise Trouble(f"cannot write {path}")
            os.fdatasync(file)
            times.append((time.perf_counter_ns() - start) / 1000)
    finally:
        os.close(file)
        os.unlink(path)
    return sorted(times)[count // 2]
