#include "proc/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"

/* Leak checking at exit traces the process from a thread of its own: builds that check leave that open. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CHECKED_BUILD 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define CHECKED_BUILD 1
#endif
#endif
#ifndef CHECKED_BUILD
#define CHECKED_BUILD 0
#endif

/* ---- landlock: the kernel's interface, of which the headers here know only the older part ---- */

enum {
	ABI_REFER = 2,
	ABI_TRUNCATE = 3,
	ABI_NET = 4,
	ABI_IOCTL = 5,
	ABI_SCOPE = 6,
};

struct ruleset {
	uint64_t fs, net, scoped;
};

#define FS_EXECUTE (1ull << 0)
#define FS_WRITE_FILE (1ull << 1)
#define FS_READ_FILE (1ull << 2)
#define FS_READ_DIR (1ull << 3)
#define FS_MAKE_CHAR (1ull << 6)
#define FS_MAKE_REG (1ull << 8)
#define FS_MAKE_BLOCK (1ull << 11)
#define FS_REFER (1ull << 13)
#define FS_TRUNCATE (1ull << 14)
#define FS_IOCTL_DEV (1ull << 15)
#define FS_ABI_1 ((1ull << 13) - 1)
#define NET_TCP 3ull   /* bind, connect */
#define SCOPE_ALL 3ull /* abstract unix sockets, signals */

static uint64_t fs_rights(int abi)
{
	uint64_t all = FS_ABI_1;

	if (abi >= ABI_REFER)
		all |= FS_REFER;
	if (abi >= ABI_TRUNCATE)
		all |= FS_TRUNCATE;
	if (abi >= ABI_IOCTL)
		all |= FS_IOCTL_DEV;
	return all;
}

static uint64_t path_rights(
	const struct confine_rules *rules, enum confine_access access, int abi, bool is_dir)
{
	uint64_t r = FS_READ_FILE | FS_READ_DIR | (rules->exec ? FS_EXECUTE : 0);

	if (access == CONFINE_WRITE)
		r = fs_rights(abi) &
		    ~(FS_MAKE_CHAR | FS_MAKE_BLOCK | FS_IOCTL_DEV | (rules->exec ? 0 : FS_EXECUTE));
	if (access == CONFINE_NEW)
		r = FS_WRITE_FILE | FS_MAKE_REG;
	if (!is_dir)
		r &= FS_READ_FILE | FS_WRITE_FILE | FS_TRUNCATE | FS_EXECUTE;
	return r & fs_rights(abi);
}

static int allow_path(int ruleset, const struct confine_rules *rules, const struct confine_path *p, int abi)
{
	AUTO(auto_close) int fd = open(p->path, O_PATH | O_CLOEXEC);
	struct landlock_path_beneath_attr attr = {};
	struct stat st;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	attr.parent_fd = fd;
	attr.allowed_access = path_rights(rules, p->access, abi, S_ISDIR(st.st_mode));
	return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &attr, 0) < 0 ? -errno : 0;
}

static int landlock(const struct confine_rules *rules, int abi, struct err *e)
{
	struct ruleset r = {.fs = fs_rights(abi)};
	AUTO(auto_close) int fd = -1;
	size_t size = abi >= ABI_SCOPE ? sizeof(r) : abi >= ABI_NET ? 16 : 8;

	if (abi >= ABI_NET && !rules->net)
		r.net = NET_TCP;
	if (abi >= ABI_SCOPE && !rules->kill)
		r.scoped = SCOPE_ALL;
	fd = (int)syscall(SYS_landlock_create_ruleset, &r, size, 0);
	if (fd < 0)
		return err_errno(e, "landlock");
	for (size_t i = 0; i < rules->paths_len; i++) {
		int code = allow_path(fd, rules, &rules->paths[i], abi);

		if (code)
			return err_set(e, code, "landlock: %s: %s", rules->paths[i].path, strerror(-code));
	}
	if (CHECKED_BUILD) {
		static const struct confine_path proc = {"/proc", CONFINE_READ};
		int code = allow_path(fd, rules, &proc, abi);

		if (code)
			return err_set(e, code, "landlock: /proc: %s", strerror(-code));
	}
	if (syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		return err_errno(e, "landlock");
	return 0;
}

static int landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return abi < 0 ? 0 : (int)abi;
}

/* ---- seccomp: what none of our processes needs, and a way out that landlock does not close ---- */

static const int never[] = {
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev),
	SCMP_SYS(pidfd_getfd),
	SCMP_SYS(kcmp),
	SCMP_SYS(process_madvise),
	SCMP_SYS(mount),
	SCMP_SYS(umount2),
	SCMP_SYS(pivot_root),
	SCMP_SYS(chroot),
	SCMP_SYS(open_tree),
	SCMP_SYS(move_mount),
	SCMP_SYS(fsopen),
	SCMP_SYS(fsconfig),
	SCMP_SYS(fsmount),
	SCMP_SYS(fspick),
	SCMP_SYS(mount_setattr),
	SCMP_SYS(setns),
	SCMP_SYS(unshare),
	SCMP_SYS(bpf),
	SCMP_SYS(perf_event_open),
	SCMP_SYS(userfaultfd),
	SCMP_SYS(io_uring_setup),
	SCMP_SYS(io_uring_enter),
	SCMP_SYS(io_uring_register),
	SCMP_SYS(keyctl),
	SCMP_SYS(add_key),
	SCMP_SYS(request_key),
	SCMP_SYS(init_module),
	SCMP_SYS(finit_module),
	SCMP_SYS(delete_module),
	SCMP_SYS(kexec_load),
	SCMP_SYS(kexec_file_load),
	SCMP_SYS(open_by_handle_at),
	SCMP_SYS(name_to_handle_at),
	SCMP_SYS(acct),
	SCMP_SYS(swapon),
	SCMP_SYS(swapoff),
	SCMP_SYS(reboot),
	SCMP_SYS(quotactl),
	SCMP_SYS(sethostname),
	SCMP_SYS(setdomainname),
	SCMP_SYS(settimeofday),
	SCMP_SYS(clock_settime),
	SCMP_SYS(clock_adjtime),
	SCMP_SYS(adjtimex),
	SCMP_SYS(ioperm),
	SCMP_SYS(iopl),
	SCMP_SYS(mknod),
	SCMP_SYS(mknodat),
	SCMP_SYS(fanotify_init),
	SCMP_SYS(lookup_dcookie),
	SCMP_SYS(vhangup),
	SCMP_SYS(memfd_secret),
	SCMP_SYS(migrate_pages),
	SCMP_SYS(move_pages),
	SCMP_SYS(pidfd_send_signal),
	SCMP_SYS(fork),
	SCMP_SYS(vfork),
	SCMP_SYS(setuid),
	SCMP_SYS(setgid),
	SCMP_SYS(setreuid),
	SCMP_SYS(setregid),
	SCMP_SYS(setresuid),
	SCMP_SYS(setresgid),
	SCMP_SYS(setgroups),
	SCMP_SYS(setfsuid),
	SCMP_SYS(setfsgid),
};

static const int running[] = {SCMP_SYS(execve), SCMP_SYS(execveat)};
static const int sockets[] = {SCMP_SYS(socket), SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(listen),
	SCMP_SYS(accept), SCMP_SYS(accept4)};

/* Refuses the call when its first argument compares so. */
static int deny_if(scmp_filter_ctx f, int call, enum scmp_compare op, uint64_t a, uint64_t b)
{
	struct scmp_arg_cmp first = {.arg = 0, .op = op, .datum_a = a, .datum_b = b};

	return seccomp_rule_add_array(f, SCMP_ACT_ERRNO(EPERM), call, 1, &first);
}

static int deny(scmp_filter_ctx f, const int *calls, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int r = seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), calls[i], 0);

		if (r < 0 && r != -EDOM) /* EDOM: this architecture has no such call */
			return r;
	}
	return 0;
}

/* Signals to itself stay possible: abort() and threads need them. */
static int deny_signals(scmp_filter_ctx f)
{
	static const int by_pid[] = {
		SCMP_SYS(kill), SCMP_SYS(tgkill), SCMP_SYS(rt_sigqueueinfo), SCMP_SYS(rt_tgsigqueueinfo)};
	uint64_t own = (uint64_t)getpid();
	int r = seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(tkill), 0);

	for (size_t i = 0; r == 0 && i < sizeof(by_pid) / sizeof(by_pid[0]); i++)
		r = deny_if(f, by_pid[i], SCMP_CMP_NE, own, 0);
	return r;
}

/* New namespaces and copies of the process; for clone3, whose flags a filter cannot see, the answer that
 * makes libc fall back to clone. */
static int deny_clone(scmp_filter_ctx f)
{
	static const uint64_t flags[] = {CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWIPC,
		CLONE_NEWUTS, CLONE_NEWCGROUP};
	int r = seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);

	for (size_t i = 0; r == 0 && i < sizeof(flags) / sizeof(flags[0]); i++)
		r = deny_if(f, SCMP_SYS(clone), SCMP_CMP_MASKED_EQ, flags[i], flags[i]);
	if (r == 0 && !CHECKED_BUILD)
		r = deny_if(f, SCMP_SYS(clone), SCMP_CMP_MASKED_EQ, CLONE_VM, 0);
	return r;
}

/* Only what the network needs: no raw packets, no netlink, no virtual sockets. */
static int deny_families(scmp_filter_ctx f)
{
	int r = deny_if(f, SCMP_SYS(socket), SCMP_CMP_GT, AF_INET6, 0);

	for (uint64_t family = AF_INET + 1; r == 0 && family < AF_INET6; family++)
		r = deny_if(f, SCMP_SYS(socket), SCMP_CMP_EQ, family, 0);
	return r;
}

static int deny_ptrace(scmp_filter_ctx f)
{
	if (CHECKED_BUILD)
		return deny_if(f, SCMP_SYS(ptrace), SCMP_CMP_EQ, PTRACE_SEIZE, 0);
	return seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ptrace), 0);
}

static int fill(scmp_filter_ctx f, const struct confine_rules *rules)
{
	int r = deny(f, never, sizeof(never) / sizeof(never[0]));

	if (r == 0)
		r = deny_ptrace(f);
	if (r == 0 && !rules->exec)
		r = deny(f, running, sizeof(running) / sizeof(running[0]));
	if (r == 0)
		r = rules->net ? deny_families(f) : deny(f, sockets, sizeof(sockets) / sizeof(sockets[0]));
	if (r == 0 && !rules->kill)
		r = deny_signals(f);
	if (r == 0) /* limits of other processes */
		r = deny_if(f, SCMP_SYS(prlimit64), SCMP_CMP_NE, 0, 0);
	return r ? r : deny_clone(f);
}

static int filter(const struct confine_rules *rules, struct err *e)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
	int r = f ? fill(f, rules) : -ENOMEM;

	if (r == 0)
		r = seccomp_load(f);
	if (f)
		seccomp_release(f);
	return r ? err_set(e, r, "seccomp: %s", strerror(-r)) : 0;
}

int confine(const struct confine_rules *rules, struct confine_state *out, struct err *e)
{
	struct confine_state state = {.landlock_abi = landlock_abi()};
	int r = 0;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_errno(e, "no_new_privs");
	if (!CHECKED_BUILD && prctl(PR_SET_DUMPABLE, 0) < 0)
		return err_errno(e, "dumpable");
	if (state.landlock_abi)
		r = landlock(rules, state.landlock_abi, e);
	if (r == 0)
		r = filter(rules, e);
	if (r)
		return r;
	state.seccomp = true;
	if (out)
		*out = state;
	return 0;
}

void confine_text(const struct confine_state *state, char out[CONFINE_TEXT_MAX])
{
	if (state->landlock_abi)
		snprintf(out, CONFINE_TEXT_MAX, "landlock (version %d) and seccomp", state->landlock_abi);
	else
		snprintf(out, CONFINE_TEXT_MAX, "seccomp and file permissions; this kernel has no landlock");
}

void confine_log(const struct confine_state *state)
{
	char text[CONFINE_TEXT_MAX];

	confine_text(state, text);
	if (state->landlock_abi)
		log_info("confined by %s", text);
	else
		log_warn("confined by %s: start as root, so that the processes run as different users", text);
}
