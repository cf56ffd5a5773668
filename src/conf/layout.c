#include "conf/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/str.h"

int layout_check(const char *dir, struct err *err)
{
	char path[PATH_MAX], text[64];
	unsigned long long version;
	struct str found;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/VERSION", dir);
	AUTO(auto_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0 && errno == ENOENT)
		return 0;
	n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	if (n < 0)
		return err_errno(err, "%s", path);
	found = str_trim(str_of(text, (size_t)n));
	if (str_to_u64(found, LAYOUT_VERSION, &version) && version > 0)
		return 0;
	return err_set(err, -EPROTO,
		"%s says '%s': this version of Gatehouse knows data directories up to version %d; install "
		"the one that "
		"wrote it",
		path, LOG_STR(found), LAYOUT_VERSION);
}
