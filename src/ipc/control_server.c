/* The control protocol's listening side: the socket, who is at the other end, requests with descriptors. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "ipc/control.h"

enum {
	GROUPS_MAX = 4096,
	NAMES_BYTES = 65536, /* one entry of the user database */
};

int control_peer_get(int fd, struct control_peer *out)
{
	struct ucred who;
	socklen_t len = sizeof(who);
	AUTO(auto_free) char *names = malloc(NAMES_BYTES);
	struct passwd entry, *found = NULL;

	if (!names)
		return -ENOMEM;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len))
		return -errno;
	*out = (struct control_peer){.uid = who.uid, .gid = who.gid, .pid = who.pid};
	if (getpwuid_r(who.uid, &entry, names, NAMES_BYTES, &found) == 0 && found)
		snprintf(out->name, sizeof(out->name), "%s", found->pw_name);
	else
		snprintf(out->name, sizeof(out->name), "uid %lu", (unsigned long)who.uid);
	return 0;
}

bool control_peer_in_group(const struct control_peer *peer, const char *group)
{
	AUTO(auto_free) char *names = malloc(NAMES_BYTES);
	AUTO(auto_free) gid_t *gids = calloc(GROUPS_MAX, sizeof(gid_t));
	struct group entry, *found = NULL;
	struct passwd user, *is_user = NULL;
	int n = GROUPS_MAX;
	gid_t wanted, primary = peer->gid;

	if (!names || !gids || !group[0] || getgrnam_r(group, &entry, names, NAMES_BYTES, &found) || !found)
		return false;
	wanted = found->gr_gid;
	if (getpwuid_r(peer->uid, &user, names, NAMES_BYTES, &is_user) || !is_user)
		return primary == wanted; /* nobody the system knows by name: only the group it runs with */
	if (getgrouplist(user.pw_name, user.pw_gid, gids, &n) < 0)
		return false;
	for (int i = 0; i < n; i++)
		if (gids[i] == wanted)
			return true;
	return false;
}

/* Is somebody listening behind this socket file? */
static bool socket_is_alive(const struct sockaddr_un *address)
{
	AUTO(auto_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return false;
	return connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EAGAIN;
}

int control_listen(const char *path, bool open_to_all, int *out_fd, struct err *err)
{
	AUTO(auto_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address;
	struct stat st;
	mode_t old;
	int r = control_address(path, &address, err);

	if (r)
		return r;
	if (fd < 0)
		return err_errno(err, "control socket");
	if (lstat(path, &st) == 0) {
		if (!S_ISSOCK(st.st_mode))
			return err_set(err, -EEXIST, "%s is in the way and no socket; remove it", path);
		if (socket_is_alive(&address))
			return err_set(err, -EADDRINUSE,
				"a server is running on this directory already (%s answers)", path);
		unlink(path);
	}
	old = umask(open_to_all ? 0111 : 0177);
	r = bind(fd, (const struct sockaddr *)&address, sizeof(address));
	umask(old);
	if (r || listen(fd, 64))
		return err_errno(err, "control socket %s", path);
	*out_fd = fd;
	fd = -1;
	return 0;
}

static void take_fds(struct msghdr *msg, int fds[CONTROL_FDS], size_t *n)
{
	for (struct cmsghdr *head = CMSG_FIRSTHDR(msg); head; head = CMSG_NXTHDR(msg, head)) {
		size_t count;

		if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
			continue;
		count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(head) + i * sizeof(int), sizeof(int));
			if (*n < CONTROL_FDS)
				fds[(*n)++] = fd;
			else
				close(fd);
		}
	}
}

ssize_t control_recv(int fd, struct buf *in, int fds[CONTROL_FDS], size_t *n)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int) * CONTROL_FDS)];
		struct cmsghdr align;
	} box;
	char *room = buf_room(in, 16384);
	struct iovec iov = {.iov_base = room, .iov_len = 16384};
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = box.bytes,
		.msg_controllen = sizeof(box.bytes)};
	ssize_t got;

	if (!room)
		return -EMSGSIZE;
	do {
		got = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	take_fds(&msg, fds, n);
	in->len += (size_t)got;
	return got;
}
