"""A server process and those below it: started on its core, watched, and stopped by number."""

import os
import signal
import socket
import subprocess
import time

from .place import SERVER_CORE, Trouble, settle_on


class Child:
    """A process of ours. Its output goes to a log file; stop() ends it and what it started, nothing else."""

    def __init__(self, command, log, env=None, cwd=None):
        self.log = log
        with open(log, "ab") as out:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=cwd, start_new_session=True,
                env={**os.environ, **(env or {})}, preexec_fn=lambda: settle_on(SERVER_CORE))

    @property
    def pid(self):
        return self.process.pid

    def ended(self):
        return self.process.poll() is not None

    def tail(self):
        with open(self.log, "rb") as log:
            return log.read()[-1500:].decode(errors="replace")

    def await_port(self, port, seconds=60):
        """Waits until somebody listens."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.ended():
                raise Trouble(f"the server ended with {self.process.returncode}:\n{self.tail()}")
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.1)
        raise Trouble(f"nobody listens on port {port} after {seconds} s:\n{self.tail()}")

    def stop(self, seconds=20):
        below = [pid for pid, _ in tree(self.pid)]
        if not self.ended():
            self.process.terminate()
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for pid in below:
            if pid != self.pid and session_of(pid) == self.pid:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass


def stat_of(pid):
    """(name, parent, session) from proc(5), or None."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            text = file.read()
    except OSError:
        return None
    name = text[text.index("(") + 1:text.rindex(")")]
    fields = text[text.rindex(")") + 2:].split()
    return name, int(fields[1]), int(fields[3])


def session_of(pid):
    stat = stat_of(pid)
    return stat[2] if stat else None


def tree(root):
    """[(pid, name)] of a process and all below it."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            stat = stat_of(int(entry))
            if stat:
                parents[int(entry)] = stat
    found = [root] if root in parents else []
    for pid in found:
        found += [child for child, stat in parents.items() if stat[1] == pid]
    return [(pid, parents[pid][0]) for pid in found]
