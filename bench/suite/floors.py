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


class Fan(Floor):
    """What one says is written to all of its group, by one SSL_write each: what rooms and presence cannot do without.
    Messages are padded to what the server delivers."""

    fan = 0
    pad = 0
    features = "bare TLS writes to each of a group, nothing parsed"

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.login = ["--floor", "--pad", str(self.pad)]

    def options(self):
        return ["--fan", str(self.fan)]


class Fan100(Fan):
    name = "floor-fan100"
    fan = 100
    pad = 200


class Fan20(Fan):
    name = "floor-fan20"
    fan = 20
    pad = 10


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
