"""A small disk of one's own for a test: an image file with ext4, mounted by a loop device. Needs root."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time


def need_root(what):
    if os.getuid() != 0:
        sys.exit("%s: needs root, for it mounts an image" % what)


def call(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        raise AssertionError("%s: %s%s" % (" ".join(map(str, command)), done.stdout, done.stderr))
    return done.stdout


class Disk:
    """megabytes: its size. `path` is where it is mounted."""

    def __init__(self, megabytes):
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="gatehouse-disk-"))
        self.work.chmod(0o755)
        self.image = self.work / "image"
        self.path = self.work / "mount"
        self.path.mkdir()
        with open(self.image, "wb") as image:
            image.truncate(megabytes * 1024 * 1024)
        call("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", self.image)
        self.mount()
        self.path.chmod(0o755)

    def mount(self):
        call("mount", "-o", "loop", self.image, self.path)

    def unmount(self):
        """Processes that were killed hold it for a moment longer."""
        end = time.monotonic() + 10
        while True:
            try:
                return call("umount", self.path)
            except AssertionError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.01)

    def copy_as_it_is(self):
        """What a power cut would leave now: the image holds what reached the block device and nothing that is
        still in the file system's memory. Returns the path of the copy."""
        copy = self.work / "image.cut"
        call("cp", "--sparse=always", "--reflink=never", self.image, copy)
        return copy

    def replace(self, copy):
        """Unmounts, and mounts `copy` in its place: the file system recovers as after a cut."""
        self.unmount()
        os.replace(copy, self.image)
        self.mount()

    def remove(self):
        subprocess.run(["umount", "-l", str(self.path)], capture_output=True)
        shutil.rmtree(self.work, ignore_errors=True)
