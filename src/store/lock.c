/* One process has the store open. The lock is the kernel's and ends with the process; the text in the file is
 * for the message that the second one gets. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "store/private.h"

static int lock_refused(int fd, const char *path, struct err *err)
{
	char who[64] = "";
	ssize_t n = pread(fd, who, sizeof(who) - 1, 0);

	who[n > 0 ? strcspn(who, "\n") : 0] = '\0';
	return err_set(
		err, STORE_E_BUSY, "store '%s' is in use by process %s", path, who[0] ? who : "(unknown)");
}

int store_lock(int *out_fd, const char *path, struct err *err)
{
	AUTO(auto_close) int fd = -1;
	AUTO(auto_free) char *name = NULL;
	char who[64];
	int len;

	if (asprintf(&name, "%s.lock", path) < 0) {
		name = NULL;
		return err_set(err, -ENOMEM, "no memory");
	}
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_errno(err, "'%s'", name);
	if (flock(fd, LOCK_EX | LOCK_NB))
		return errno == EWOULDBLOCK ? lock_refused(fd, path, err) : err_errno(err, "'%s'", name);
	len = snprintf(who, sizeof(who), "%d (%.32s)\n", (int)getpid(), program_invocation_short_name);
	if (ftruncate(fd, 0) || pwrite(fd, who, (size_t)len, 0) != len)
		log_warn("'%s' cannot name this process: %s", name, strerror(errno)); /* the lock holds */
	*out_fd = fd;
	fd = -1;
	return 0;
}
