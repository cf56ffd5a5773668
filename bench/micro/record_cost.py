#!/usr/bin/python3
"""What an entry costs the recorder, and how long a start on a full open segment takes.

    GATEHOUSE_LIBEXEC=build/src/proc bench/micro/record_cost.py

Drives the recorder over its link (tests/tamper/recorder.py) with content entries of a usual size, in groups that each wait for
their receipts, as a busy and an idle gate would. CPU is that of all its threads, steps of 10 ms; segments are of the usual size,
so that space ahead is prepared as it would be. Sealing, which gives way meanwhile, is measured by itself afterwards.
"""
import os
import pathlib
import shutil
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests/tamper"))
import recorder  # noqa: E402

BODY = ("<message xmlns='jabber:client' type='chat' to='bob@example.org' from='alice@example.org/x' id='abcdef'>"
        "<body>hello there, this is the text of a chat message of usual length</body></message>")


def cpu(pid):
    fields = pathlib.Path("/proc/%d/stat" % pid).read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def frames(link, count):
    return [link.content("x", conv="c%d" % (i % 1000), stanza=BODY, sm="stream-%d" % (i % 400), sm_h=i,
                         address="10.0.0.1:5555", session="s" * 16) for i in range(count)]


def sealing(each):
    """Until every segment but the open one is sealed."""
    raw = sorted(each.record.glob("*.jsonl"))[:-1]
    used, size = cpu(each.process.pid), sum(path.stat().st_size for path in raw)
    while any(path.exists() for path in raw):
        time.sleep(0.05)
    if raw:
        print("sealing of %d MiB: %.0f MB/s of CPU" % (size >> 20, size / 1e6 / (cpu(each.process.pid) - used)))


def groups(directory, size, count):
    each = recorder.Recorder(directory).start()
    link = each.link()
    data, waits = frames(link, count), []
    used, begin = cpu(each.process.pid), time.monotonic()
    for at in range(0, count, size):
        part = time.monotonic()
        link.send(b"".join(data[at:at + size]))
        link.wait(lambda: min(at + size, count) in link.receipts)
        waits.append(time.monotonic() - part)
    took, used = time.monotonic() - begin, cpu(each.process.pid) - used
    sealing(each)
    each.stop()
    waits.sort()
    print("groups of %4d: %7.0f entries/s, %6.2f us CPU an entry, %6.1f us a flush, receipt after p50 %5.0f us p99 %5.0f us" % (
        size, count / took, used / count * 1e6, used / (count / size) * 1e6, waits[len(waits) // 2] * 1e6,
        waits[len(waits) * 99 // 100] * 1e6))


def start(directory, count):
    """Killed with an open segment that large, started again, and everything read back."""
    each = recorder.Recorder(directory, segment_bytes=1 << 30).start()
    link = each.link()
    data = frames(link, count)
    for at in range(0, count, 500):
        link.send(b"".join(data[at:at + 500]))
        link.wait(lambda: min(at + 500, count) in link.receipts)
    each.kill()
    size = len((each.record / "00000001.jsonl").read_bytes().rstrip(b"\n"))
    begin = time.monotonic()
    each.start()
    ready = time.monotonic()
    gate = each.link(boot="00000001", replay=True)
    gate.wait(lambda: gate.ended is not None)
    print("start on an open segment of %d MiB: %.2f s; replay of its %d entries (this driver included): %.2f s" % (
        size >> 20, ready - begin, len(gate.replayed), time.monotonic() - ready))
    each.stop()


def main():
    work = tempfile.mkdtemp(prefix="gatehouse-bench-")
    try:
        for i, (size, count) in enumerate(((256, 200000), (64, 100000), (8, 40000), (1, 4000))):
            groups(os.path.join(work, str(i)), size, count)
            shutil.rmtree(os.path.join(work, str(i)))
        start(os.path.join(work, "start"), 92000)
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
