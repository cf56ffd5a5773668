"""The share of inspection in the CPU of gate and recorder, by sampling while the generator runs: samples inside
functions of src/inspect (and of the Hyperscan library), out of all samples of both processes. What inspection calls in
libc is not seen, so the figure is a little low; `gatehouse` against `gatehouse-no-rules` is the cross-check."""

import os
import re
import shutil
import subprocess
import time

HYPERSCAN = re.compile(r"libhs\.so")


def inspect_symbols(place):
    """Names of the functions in the build's libinspect.a."""
    library = os.path.join(place.build, "src/inspect/libinspect.a")
    if not os.path.exists(library):
        return set()
    listing = subprocess.run(["nm", "--defined-only", library], capture_output=True, text=True, check=False).stdout
    return {line.split()[2] for line in listing.splitlines() if re.match(r"\S+ [tT] ", line)}


def sample(place, server, seconds):
    """Waits for the load to be at full speed, samples for most of the measured time, and reads the shares."""
    if not shutil.which("perf") or not server.name.startswith("gatehouse"):
        return {}
    data = os.path.join(server.home, "perf.data")
    pids = ",".join(str(pid) for name, pid in server.processes().items() if name in ("gate", "recorder"))
    time.sleep(2.5)  # logins and warm-up
    subprocess.run(["perf", "record", "-q", "-e", "cpu-clock", "-F", "997", "-p", pids, "-o", data, "--",
                    "sleep", str(max(1, seconds - 2))], capture_output=True, check=False)
    listing = subprocess.run(["perf", "report", "-i", data, "--stdio", "-q", "--sort", "dso,symbol", "-F",
                              "sample,dso,symbol", "--field-separator", "\t"],
                             capture_output=True, text=True, check=False).stdout
    return shares(listing, inspect_symbols(place))


def shares(listing, symbols):
    total = inspected = 0
    for line in listing.splitlines():
        fields = [part.strip() for part in line.split("\t")]
        if len(fields) < 3 or not fields[0].isdigit():
            continue
        count = int(fields[0])
        name = re.sub(r"^\[[.k]\] ", "", fields[2])
        total += count
        if HYPERSCAN.search(fields[1]) or re.sub(r"\..*", "", name) in symbols:
            inspected += count
    return {"samples": total, "inspect_percent": 100 * inspected / total} if total else {}
