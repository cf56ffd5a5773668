"""A flush that fails: the recorder does not go on as if the disk held what it may not hold. It ends, looks at what is there
when it is started again, and nobody is told or given anything meanwhile."""

import subprocess

import pytest

from lib.record import entries, eventually, holding, verify
from lib.stanza import message

ENDED = "recorder ended by itself with exit code 70"

SOURCE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of the open segment, not of what is prepared beside it. */
static int is_segment(int fd)
{
	char link[64], name[4096];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, name, sizeof(name));
	return n > 6 && memcmp(name + n - 6, ".jsonl", 6) == 0;
}

static int fails(int fd)
{
	struct stat st;

	static int times;

	if (stat(FOLDER, &st) || !(st.st_mode & S_ISVTX))
		return 0;
	return !(st.st_mode & S_ISGID) || (is_segment(fd) && times++ == 0); /* also once only, as a kernel that has dropped the pages */
}

int fdatasync(int fd)
{
	int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");

	if (fails(fd)) {
		errno = EIO;
		return -1;
	}
	return real(fd);
}
"""


@pytest.fixture
def server(launch, place):
    """One whose fdatasync fails while the folder of its record has the sticky bit;
    with the set-group bit beside it only the first time."""
    def prepare(server):
        source = place / "failing.c"
        source.write_text(SOURCE.replace("FOLDER", '"%s"' % (server.dir / "record")))
        subprocess.run(["cc", "-shared", "-fPIC", "-o", place / "failing.so", source, "-ldl"], check=True)
        server.env["LD_PRELOAD"] = str(place / "failing.so")
        server.env["ASAN_OPTIONS"] = "verify_asan_link_order=0:detect_leaks=0"
    return launch("failing-disk", {"record": {"flush": "buffered"}}, prepare)


def test_a_flush_that_fails_ends_the_recorder_and_nothing_is_lost_or_said(server):
    alice, bob = server.online(2)
    alice.sm_enable()
    before = alice.say(bob.bare)
    bob.expect(message(body=before.body))
    folder = server.dir / "record"
    folder.chmod(0o1700)
    said = alice.say(bob.bare)
    eventually(lambda: ENDED in server.log.read_text(), 20)
    assert not [each for each in bob.listen(1) if said.body in "".join(each.itertext())]
    folder.chmod(0o700)
    bob.expect(message(body=said.body), timeout=30)
    alice.sync()
    eventually(lambda: len(holding(folder, said.body)) == 1)
    verify(server)


@pytest.mark.parametrize("command", [("record", "show"), ("record", "seal"), ("reload",)])
def test_a_flush_of_the_recorders_own_line_that_fails_ends_it_as_well(server, command):
    """The next flush would succeed, and would have nothing of what the first one lost."""
    ends = server.log.read_text().count(ENDED)
    folder = server.dir / "record"
    eventually(lambda: any(each["type"] == "policy" for each in entries(folder)), 20)  # the last of a gate's start
    folder.chmod(0o3700)
    done = server.run(*command)
    assert done.returncode == (0 if command == ("reload",) else 3), done.stdout + done.stderr
    eventually(lambda: server.log.read_text().count(ENDED) > ends, 20)
    folder.chmod(0o700)
    eventually(lambda: server.status()["state"] == "running", 30)
    alice, bob = server.online(2)
    said = alice.say(bob.bare)
    bob.expect(message(body=said.body), timeout=30)
    verify(server)
