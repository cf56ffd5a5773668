/* The listening sockets, and an answer to "who has my port?". */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "conf/service.h"
#include "proc/supervisor.h"

enum {
	STATE_LISTEN = 10, /* in /proc/net/tcp */
	PATIENCE_MS = 5000,
	PAUSE_MS = 20,
};

static unsigned port_of(const struct settings_address *a)
{
	return a->addr.ss_family == AF_INET ? ntohs(((const struct sockaddr_in *)&a->addr)->sin_port)
					    : ntohs(((const struct sockaddr_in6 *)&a->addr)->sin6_port);
}

/* Inode of the socket that listens on the port, from one of the kernel's tables; 0: none. */
static unsigned long listening_inode(const char *table, unsigned port)
{
	FILE *f = fopen(table, "re");
	unsigned long inode = 0, found = 0;
	unsigned local = 0, state = 0;
	char line[512];

	while (f && !found && fgets(line, sizeof(line), f))
		if (sscanf(line, " %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s %*d %*d %lu",
			    &local, &state, &inode) == 3 &&
			state == STATE_LISTEN && local == port)
			found = inode;
	if (f)
		fclose(f);
	return found;
}

static bool process_holds(const char *pid, unsigned long inode)
{
	char path[300], link[64], wanted[64];
	const struct dirent *entry;
	bool found = false;
	DIR *fds;

	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	snprintf(wanted, sizeof(wanted), "socket:[%lu]", inode);
	fds = opendir(path);
	while (fds && !found && (entry = readdir(fds))) {
		ssize_t n = readlinkat(dirfd(fds), entry->d_name, link, sizeof(link) - 1);

		link[n > 0 ? n : 0] = '\0';
		found = strcmp(link, wanted) == 0;
	}
	if (fds)
		closedir(fds);
	return found;
}

static void process_name(const char *pid, char out[128])
{
	char path[300], name[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	f = fopen(path, "re");
	if (f && fgets(name, sizeof(name), f))
		name[strcspn(name, "\n")] = '\0';
	if (f)
		fclose(f);
	snprintf(out, 128, "%s (pid %.16s)", LOG_STR(str_from(name)), pid);
}

/* "prosody (pid 812)", or "another process". */
static void port_holder(unsigned port, char out[128])
{
	unsigned long inode = listening_inode("/proc/net/tcp", port);
	const struct dirent *entry;
	DIR *proc;

	snprintf(out, 128, "another process");
	if (!inode)
		inode = listening_inode("/proc/net/tcp6", port);
	proc = inode ? opendir("/proc") : NULL;
	while (proc && (entry = readdir(proc)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
			process_holds(entry->d_name, inode)) {
			process_name(entry->d_name, out);
			break;
		}
	if (proc)
		closedir(proc);
}

static int port_failed(
	const struct supervisor *s, const struct settings_address *a, const char *setting, struct err *err)
{
	int code = errno;
	char holder[128];

	if (code == EADDRINUSE) {
		port_holder(port_of(a), holder);
		return err_set(err, -code, "port %u is taken by %s; stop it, or set %s in %s to another port",
			port_of(a), holder, setting, s->settings->file.data);
	}
	if (code == EACCES)
		return err_set(err, -code,
			"port %u needs root; start as root, or set %s in %s to a port above 1023", port_of(a),
			setting, s->settings->file.data);
	if (code == EADDRNOTAVAIL)
		return err_set(err, -code, "%s is no address of this machine; correct %s in %s", a->text.data,
			setting, s->settings->file.data);
	return err_set(err, -code, "cannot listen on %s (%s): %s", a->text.data, setting, strerror(code));
}

static int listen_on(const struct settings_address *a, unsigned backlog)
{
	int fd = socket(a->addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1, code;

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
		(a->addr.ss_family == AF_INET ||
			setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) == 0) &&
		bind(fd, (const struct sockaddr *)&a->addr, a->addr_len) == 0 &&
		listen(fd, (int)backlog) == 0)
		return fd;
	code = errno;
	close(fd);
	errno = code;
	return -1;
}

/* It may be held by the gate of a supervisor that was killed a moment ago, which is ending by itself. */
static int listen_when_free(const struct settings_address *a, unsigned backlog)
{
	int fd = listen_on(a, backlog);

	for (int waited = 0; fd < 0 && errno == EADDRINUSE && waited < PATIENCE_MS; waited += PAUSE_MS) {
		if (waited == 0)
			log_info("port %u is taken; waiting up to %d s for it", port_of(a), PATIENCE_MS / 1000);
		nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000L}, NULL);
		fd = listen_on(a, backlog);
	}
	return fd;
}

/* [::] on a machine without IPv6: the presets name it, so this is no error. */
static bool is_missing_v6(const struct settings_address *a)
{
	return a->addr.ss_family == AF_INET6 &&
	       IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)&a->addr)->sin6_addr) &&
	       (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL);
}

static int open_list(struct supervisor *s, const struct settings_addresses *list, const char *kind,
	const char *setting, struct err *err)
{
	for (size_t i = 0; i < list->len; i++) {
		const struct settings_address *a = &list->items[i];
		int fd = listen_when_free(a, s->settings->listen_backlog);

		if (fd < 0 && is_missing_v6(a)) {
			log_warn("this machine has no IPv6; not listening on %s", a->text.data);
			continue;
		}
		if (fd < 0)
			return port_failed(s, a, setting, err);
		s->ports[s->ports_len++] = (struct port){.fd = fd, .kind = kind, .address = a};
		log_info("listening on %s (%s)", a->text.data, kind);
	}
	return 0;
}

static void warn_of_clear(const struct settings_addresses *list)
{
	for (size_t i = 0; i < list->len; i++)
		if (!settings_address_is_loopback(&list->items[i]))
			log_warn("components connect to %s without TLS: what they carry crosses the network in the clear",
				list->items[i].text.data);
}

int port_open(struct supervisor *s, const struct settings_address *a, const char *setting, struct err *err)
{
	int fd = listen_when_free(a, 16);

	return fd < 0 ? port_failed(s, a, setting, err) : fd;
}

int ports_open(struct supervisor *s, struct err *err)
{
	const struct settings *set = s->settings;
	int r = open_list(s, &set->listen_starttls, "starttls", "listen.starttls", err);

	if (!r)
		r = open_list(s, &set->listen_direct_tls, "direct", "listen.direct_tls", err);
	if (!r)
		r = open_list(s, &set->listen_plaintext, "plaintext", "listen.plaintext", err);
	if (!r && settings_components_len(set)) {
		r = open_list(s, &set->components_listen, "component", "components.listen", err);
		warn_of_clear(&set->components_listen);
	}
	if (!r && s->ports_len == 0)
		r = err_set(err, -EADDRNOTAVAIL, "none of the addresses in %s exists here; correct listen.*",
			set->file.data);
	if (r)
		ports_close(s);
	return r;
}

void ports_close(struct supervisor *s)
{
	while (s->ports_len)
		close(s->ports[--s->ports_len].fd);
}
