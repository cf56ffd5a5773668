"""Where a run happens: the tools, a scratch directory, the certificate, the two cores."""

import os
import shutil
import socket
import subprocess
import tempfile

DOMAIN = "example.org"
PASSWORD = "bench-password-4711"
SERVER_CORE = 0
LOAD_CORE = 1
NICE = -15


class Trouble(Exception):
    """Something that a person has to mend; the text says what."""


class Place:
    """Scratch directory and tools of one run. Everything it makes lies in `work`."""

    def __init__(self, build, work=None):
        self.source = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        self.build = os.path.abspath(build)
        self.load = self.tool("bench/load")
        self.floor = self.tool("bench/floor")
        self.made = work is None
        self.work = os.path.abspath(work) if work else tempfile.mkdtemp(prefix="gatehouse-bench-")
        os.makedirs(self.work, exist_ok=True)
        os.chmod(self.work, 0o711)  # a server started as root goes on as another user
        self.certificate = os.path.join(self.work, "server.crt")
        self.key = os.path.join(self.work, "server.key")
        self.make_certificate()

    def tool(self, name):
        path = os.path.join(self.build, name)
        if not os.access(path, os.X_OK):
            raise Trouble(f"{path} is missing: build first (meson setup BUILD --buildtype=release; ninja -C BUILD)")
        return path

    def make_certificate(self):
        if os.path.exists(self.key):
            return
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "30", "-subj", f"/CN={DOMAIN}", "-addext", f"subjectAltName=DNS:{DOMAIN}",
                        "-keyout", self.key, "-out", self.certificate],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def directory(self, name):
        path = os.path.join(self.work, name)
        os.makedirs(path, exist_ok=True)
        return path

    def close(self, keep=False):
        if self.made and not keep:
            shutil.rmtree(self.work, ignore_errors=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def settle_on(core):
    """For preexec_fn: one core, a high priority where that is permitted, all the descriptors there are."""
    import resource
    os.sched_setaffinity(0, {core})
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
    except PermissionError:
        pass
