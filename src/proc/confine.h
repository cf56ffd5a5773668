/* A process shuts itself in: landlock for paths, TCP and signals as far as the running kernel has it, seccomp
 * for system calls, and no core dump or tracing by others. Called once, after everything that needs rights is
 * open and before the first hostile byte; threads started later inherit it, threads that exist already do not
 * (call it before any). It cannot be undone.
 *
 * Always refused (EPERM): exec (unless allowed), ptrace, process_vm_readv and _writev, pidfd_getfd, kcmp,
 * signals to other processes, mounts, namespaces, modules, bpf, perf, io_uring, userfaultfd, keyrings,
 * open_by_handle_at. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum confine_access {
	CONFINE_READ,  /* a file, or a folder with all below it */
	CONFINE_WRITE, /* the same, also create, rename and remove below */
	CONFINE_NEW,   /* a folder: make files in it and write to files; nothing of them can be read or removed */
};

struct confine_path {
	const char *path; /* one that does not exist is left out */
	enum confine_access access;
};

struct confine_rules {
	const struct confine_path *paths; /* everything else in the file system is out of reach */
	size_t paths_len;
	bool net;  /* may make internet and unix sockets; else socket, connect, bind, listen, accept are
		      refused */
	bool exec; /* may execute */
	bool kill; /* may signal other processes */
};

struct confine_state {
	int landlock_abi; /* 0: this kernel has none, only seccomp and file permissions hold */
	bool seccomp;
};

/* 0, or -errno with the reason: the caller must then end. A kernel without landlock is not an error, it shows
 * in *out (which may be NULL). */
[[nodiscard]] int confine(const struct confine_rules *rules, struct confine_state *out, struct err *e);

enum {
	CONFINE_TEXT_MAX = 80,
};

/* For `status`: "landlock (version 7) and seccomp", or what this kernel lacks. */
void confine_text(const struct confine_state *state, char out[CONFINE_TEXT_MAX]);

/* The same in the log; a warning where something is missing. */
void confine_log(const struct confine_state *state);
