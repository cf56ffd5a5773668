"""Runs a command as if the kernel lacked some system calls: they answer ENOSYS.

    /usr/bin/python3 without.py CALL... -- COMMAND...
"""

import ctypes
import errno
import os
import sys

ALLOW, ERRNO = 0x7FFF0000, 0x00050000


def lose(calls):
    """For this process and all it will start."""
    lib = ctypes.CDLL("libseccomp.so.2")
    lib.seccomp_init.restype = ctypes.c_void_p
    rules = ctypes.c_void_p(lib.seccomp_init(ctypes.c_uint32(ALLOW)))
    for call in calls:
        number = lib.seccomp_syscall_resolve_name(call.encode())
        assert number >= 0, "no system call %s" % call
        assert lib.seccomp_rule_add(rules, ctypes.c_uint32(ERRNO | errno.ENOSYS), number, 0) == 0
    assert lib.seccomp_load(rules) == 0


if __name__ == "__main__":
    cut = sys.argv.index("--")
    lose(sys.argv[1:cut])
    os.execvp(sys.argv[cut + 1], sys.argv[cut + 1:])
