/* Inside of the control desk: one connection asks one thing at a time. */
#pragma once

#include "base/list.h"
#include "proc/supervisor.h"

enum {
	DESK_CONNECTIONS = 128,
	DESK_PER_USER =
		16, /* of one user who is neither root nor the server's own: nobody locks the others out */
	DESK_READY_MS = 15000, /* how long a request waits for a child that is starting */
	DESK_STATUS_MS = 3000, /* how long status, stop and reload wait for a child that does not answer */
	DESK_REFUSED_MS = 60000, /* between two lines of the record about one who may not read it */
	DESK_REFUSED_USERS = 16, /* whose attempts are told apart */
	DESK_PAUSE_MS = 200,   /* without descriptors or memory for another connection */
};

struct desk {
	struct supervisor *supervisor;
	int fd;
	uv_poll_t poll;
	uv_timer_t pause;
	unsigned handles;  /* libuv handles that are not closed yet */
	bool complained;   /* that nobody can be let in just now */
	struct list connections;
	size_t connections_len;
	uint32_t last_id; /* of a request that was forwarded */
	struct refused {
		uid_t uid;
		uint64_t told_ms; /* when the record was told; 0: never */
		unsigned count;   /* since then */
	} refused[DESK_REFUSED_USERS];
};

/* A connection and what it asks just now. */
struct caller {
	struct list link;
	struct desk *desk;
	uv_poll_t poll;
	uv_timer_t timer;
	unsigned handles; /* libuv handles that are not closed yet; the memory goes with the last */
	int fd;
	bool closing;
	bool in_lines;
	bool looks_only; /* may ask for the status, nothing else */
	struct control_peer peer;
	struct buf in, out;
	int fds[CONTROL_FDS]; /* came beside the request */
	size_t fds_len;

	/* the request under way */
	bool busy;
	json_t *request; /* owned; cmd and args borrow from it */
	const char *cmd;
	json_t *args;
	bool parked; /* waits for parked_for to be ready */
	enum role parked_for;
	uint32_t ids[ROLES];           /* forwarded to each child; 0: not */
	json_t *status;                /* being put together */
	void (*act)(struct caller *c); /* an act of an administrator, while the recorder writes it down */
	pid_t reader;                  /* 0: none */
};

/* Ends the request: the answer is stolen and sent, the next line is read. */
void caller_answer(struct caller *c, json_t *answer);
void caller_refuse(struct caller *c, const char *code, const char *text, const char *remedy);

/* Sends the request under way to a child, with who asks. While the child is starting the request waits for
 * it; then command_run() begins anew. */
void caller_forward(struct caller *c, enum role to, const char *cmd, json_t *args);

/* The same without waiting for an answer; nothing when the child is not ready. */
void caller_tell(struct caller *c, enum role to, const char *cmd, json_t *args);

/* desk_commands.c: begins the request. */
void command_run(struct caller *c);
void command_child_answer(struct caller *c, enum role from, json_t *answer);
void command_child_gone(struct caller *c, enum role from);
void command_cancel(struct caller *c); /* the asker went away */

/* desk_reader.c */
void reader_begin(struct caller *c);
void reader_refused(struct caller *c); /* the asker may not read: the record says so, at most once a minute and user */
void reader_recorded(struct caller *c, json_t *answer);
void reader_ended(struct caller *c, int status);
