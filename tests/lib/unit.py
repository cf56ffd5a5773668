"""Runs a command as the systemd unit in packaging/ would: its list of system calls, address families, namespaces,
capabilities, no memory that is both writable and executable, and as root a file system that is read-only but for the
server's own folder. Where systemd itself is at hand nobody needs this; in a test there is none.

    /usr/bin/python3 unit.py FOLDER -- COMMAND...
"""

import ctypes
import os
import pathlib
import subprocess
import sys

UNIT = pathlib.Path(__file__).resolve().parents[2] / "packaging/systemd/gatehouse.service"
ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
EQ, MASKED_EQ = 4, 7
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_SET_MDWE = 24, 38, 65
NAMESPACES = (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10}
CAPABILITIES = ("CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE "
                "NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT "
                "SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL "
                "SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF "
                "CHECKPOINT_RESTORE").split()

libc = ctypes.CDLL(None, use_errno=True)
seccomp = ctypes.CDLL("libseccomp.so.2")
seccomp.seccomp_init.restype = ctypes.c_void_p


class Compare(ctypes.Structure):
    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


def settings():
    """Of the unit: name -> list of values."""
    found = {}
    for line in UNIT.read_text().splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def calls_of(word):
    """A system call, or a group of them by systemd's name."""
    if not word.startswith("@"):
        return {word}
    lines = subprocess.run(["systemd-analyze", "syscall-filter", word], check=True, capture_output=True, text=True).stdout
    words = [line.strip() for line in lines.splitlines()[1:]]
    return set().union(*(calls_of(each) for each in words if each and not each.startswith("#")))


def allowed(unit):
    found = set()
    for line in unit["SystemCallFilter"]:
        calls = set().union(*(calls_of(word) for word in line.lstrip("~").split()))
        found = found - calls if line.startswith("~") else found | calls
    return found


class Filter:
    def __init__(self, default):
        self.rules = ctypes.c_void_p(seccomp.seccomp_init(ctypes.c_uint32(default)))

    def add(self, action, call, *compare):
        number = seccomp.seccomp_syscall_resolve_name(call.encode())
        array = (Compare * len(compare))(*compare)
        if number >= 0:
            assert seccomp.seccomp_rule_add_array(self.rules, ctypes.c_uint32(action), number, len(compare), array) == 0

    def load(self):
        assert seccomp.seccomp_load(self.rules) == 0


def confine(unit):
    kept = {word.removeprefix("CAP_") for word in unit["CapabilityBoundingSet"][0].split()}
    for number, name in enumerate(CAPABILITIES):
        if os.getuid() == 0 and name not in kept:
            libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0)
    os.umask(int(unit["UMask"][0], 8))
    libc.prctl(PR_SET_MDWE, 1, 0, 0, 0)  # a kernel before 6.3 has none
    assert libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    some = Filter(ALLOW)
    families = {FAMILIES[word] for word in unit["RestrictAddressFamilies"][0].split()}
    for family in set(range(46)) - families:
        some.add(ERRNO | 97, "socket", Compare(0, EQ, family, 0))
    for flag in NAMESPACES:
        some.add(ERRNO | 1, "clone", Compare(0, MASKED_EQ, flag, flag))
    only = Filter(KILL)
    for call in allowed(unit):
        only.add(ALLOW, call)
    some.load()
    only.load()


def read_only_but(folder):
    """What ProtectSystem=strict and ReadWritePaths= do; needs a mount namespace of one's own."""
    for words in (["--make-rprivate", "/"], ["--bind", folder, folder], ["-o", "remount,bind,ro", "/"],
                  ["-o", "remount,bind,rw", folder]):
        subprocess.run(["mount", *words], check=True)


if __name__ == "__main__":
    if os.getuid() == 0:
        read_only_but(sys.argv[1])
    confine(settings())
    os.execvp(sys.argv[3], sys.argv[3:])
