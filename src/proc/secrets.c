/* The files in which components' secrets stand: looked at before anybody hears of them, sent to the gate as
 * descriptors. What is in them goes nowhere else. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account/component_secrets.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "conf/service.h"
#include "proc/supervisor.h"

enum { FILE_MAX = COMPONENT_SECRET_MAX + 64 };

static bool holds_a_secret(int fd)
{
	char text[FILE_MAX];
	ssize_t n = pread(fd, text, sizeof(text), 0);
	bool ok = n > 0 && component_secret_of(str_of(text, (size_t)n)).len;

	OPENSSL_cleanse(text, sizeof(text));
	return ok;
}

/* The file of the i-th component, open; or -errno with *err. */
static int secret_open(const struct settings *s, size_t i, struct err *err)
{
	struct str domain = settings_component(s, i);
	char path[4096];
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "%s/%.*s", s->components_secrets.data, STR_FMT(domain));
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return err_set(err, -errno,
			"%s: %s; write the secret that the component '%.*s' shares with the server into it (chmod 600)",
			path, strerror(errno), STR_FMT(domain));
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || (st.st_mode & 077)) {
		close(fd);
		return err_set(err, -EPERM, "'%s' must be a file that only its owner can read (chmod 600)", path);
	}
	if (!holds_a_secret(fd)) {
		close(fd);
		return err_set(err, -EBADMSG, "'%s' must hold a secret of %d to %d characters in one line", path,
			COMPONENT_SECRET_MIN, COMPONENT_SECRET_MAX);
	}
	return fd;
}

int secrets_check(const struct settings *settings, struct err *err)
{
	for (size_t i = 0; i < settings_components_len(settings); i++) {
		int fd = secret_open(settings, i, err);

		if (fd < 0)
			return fd;
		close(fd);
	}
	return 0;
}

int secrets_send(struct supervisor *s, const struct settings *settings, struct err *err)
{
	for (size_t i = 0; i < settings_components_len(settings); i++) {
		AUTO(auto_close) int fd = secret_open(settings, i, err);
		struct str domain = settings_component(settings, i);
		char what[1200];

		if (fd < 0)
			return fd;
		snprintf(what, sizeof(what), "component %.*s", STR_FMT(domain));
		child_send(&s->children[ROLE_GATE], SUPERVISE_KEY, 0, str_from(what), fd);
	}
	return 0;
}
