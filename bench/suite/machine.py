"""What the figures were measured on: facts without which they mean nothing."""

import os
import platform
import subprocess


def output(*command, cwd=None):
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)
        return done.stdout.strip()
    except OSError:
        return ""


def package(name):
    return output("dpkg-query", "-W", "-f", "${Version}", name)


def processor():
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def memory_gib():
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30), 1)


def facts(place):
    commit = output("git", "rev-parse", "--short=12", "HEAD", cwd=place.source)
    dirty = output("git", "status", "--porcelain", "--untracked-files=no", cwd=place.source)
    return {
        "commit": commit + (" with uncommitted changes" if dirty else ""),
        "processor": f"{processor()}, {os.cpu_count()} cores",
        "memory_gib": memory_gib(),
        "kernel": platform.release(),
        "file_system": output("findmnt", "-n", "-o", "FSTYPE,SOURCE", "--target", place.work),
        "openssl": package("libssl3"),
        "ejabberd": package("ejabberd"),
        "prosody": package("prosody"),
        "load_at_start": round(os.getloadavg()[0], 2),
    }
