/* Reads a YAML file whole; the ceiling holds while it is read, whatever the file claims to be. */
#include <errno.h>
#include <fcntl.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "conf/yaml.h"

static int read_all(int fd, struct buf *out)
{
	ssize_t n;

	do {
		char *room = buf_room(out, 65536);

		if (!room)
			return -EFBIG;
		n = read(fd, room, 65536);
		if (n < 0)
			return -errno;
		out->len += (size_t)n;
	} while (n > 0);
	return 0;
}

int yml_load(struct yml **out, const char *file, struct err *err)
{
	AUTO(auto_close)
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK); /* a pipe: no waiting */
	struct buf text = BUF_INIT(YML_MAX_BYTES + 65536 * 2);
	int r;

	if (fd < 0)
		return err_errno(err, "%s", file);
	r = read_all(fd, &text);
	if (r == -EFBIG)
		err_set(err, r, "%s: larger than %d bytes; split it", file, YML_MAX_BYTES);
	else if (r)
		err_set(err, r, "%s: %s", file, strerror(-r));
	else
		r = yml_parse(out, buf_view(&text), file, err);
	buf_done(&text);
	return r;
}
