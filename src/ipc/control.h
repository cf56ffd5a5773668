/* The control socket: a unix stream socket on which the command `gatehouse` asks the running server. One line
 * of JSON each way:
 *
 *   {"cmd":"user.add","args":{...}}
 *   {"ok":true,...}   or   {"error":{"code":"exists","text":"...","remedy":"..."}}
 *
 * Several requests may follow each other on one connection; each is answered before the next is read. Who
 * asks is taken from the kernel (SO_PEERCRED), never from the request. root, the server's own user and
 * members of control.admin_group may use all commands but record.*; the record commands need membership of
 * control.record_group, also for root.
 *
 * Commands. An argument with ? may be missing. "by" is added by the supervisor to everything it forwards to
 * the gate or the recorder: {"uid":N,"name":"system user"}; it belongs into the entry that records the act.
 *
 *   answered by the supervisor
 *     ping              -> {"ok":true,"version":"..."}
 *     reload            -> {"ok":true,"restart_needed":"names of settings"}; error refused when the old set
 * stays stop              -> {"ok":true}, then a clean stop status            ->
 * {"ok":true,"state":"running"|"starting"|"stopping","supervisor_pid","gate_pid", "recorder_pid","started"
 * (RFC 3339),"gate_restarts","recorder_restarts", "domains":[...], and all members of the gate's answer and
 * the recorder's} record.tail, record.show, record.verify {"argv":["--json",...]} with two descriptors beside
 * the request (standard output and error of the command): the supervisor records the access, runs the reader
 * with them and answers
 *                       {"ok":true,"exit":N} when it has ended. Closing the connection ends the reader.
 *
 *   forwarded to the gate
 *     status            -> {"sessions","connections","accounts","applied_seq","uptime_seconds",
 *                           "messages":{"accepted","delivered","blocked","offline"},"loops":[{...}]}
 *     user.add          {"jid","name"?,"mail"?,"language"?,"department"?,"groups"?:[..],"verifiers":[V,..]}
 *                       -> {"ok":true,"user":U}; exists, retired (the address was used before), bad_jid,
 * bad_domain user.import       {"users":[as user.add,..]} (at most 500)
 *                       -> {"ok":true,"added":N,"failed":[{"index","code","text"},..]}
 *     user.list         {"domain"?,"prefix"?,"after"?,"limit"?} -> {"ok":true,"users":[U,..],"more":bool}
 *                       ordered by jid; `after` is the last jid of the page before; limit at most 1000
 *     user.show         {"jid"} -> {"ok":true,"user":U,"sessions":[S,..]}; not_found
 *     user.password     {"jid","verifiers":[V,..]} -> {"ok":true,"closed":N}; not_found. Closes the account's
 * sessions user.disable      {"jid","reason"?} -> {"ok":true,"closed":N}; not_found user.enable       {"jid"}
 * -> {"ok":true}; not_found user.remove       {"jid"} -> {"ok":true,"closed":N}; not_found. The address is
 * never given again session.list      {"jid"?} -> {"ok":true,"sessions":[S,..]} session.close     {"jid"
 * (bare: all of them, full: one),"reason"?} -> {"ok":true,"closed":N}
 *
 *   forwarded to the recorder
 *     status            ->
 * {"record":{"size","entries","segments","origin","root","checkpoint","free_bytes","state"}} record.access
 * {"command":"show","argv":[..]} -> {"ok":true,"seq":N} once the entry is durable
 *
 *   V:
 * {"mechanism":"SCRAM-SHA-256"|"SCRAM-SHA-1","salt":base64,"iterations":N,"stored_key":base64,"server_key":base64}
 *   U: {"jid","person" (immutable
 * id),"name","mail","language","department","groups":[..],"state":"active"|"disabled", "created" (RFC
 * 3339),"mechanisms":[..]} S: {"jid" (full),"address","tls","mechanism","connected" (RFC
 * 3339),"loop","state":"online"|"resumable",...}
 *
 * Error codes: bad_request, unknown_command, not_permitted, not_found, exists, retired, bad_jid, bad_domain,
 * refused, unavailable (a process is starting; try again), limit, internal. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum {
	CONTROL_REQUEST_MAX = 4 << 20, /* bytes of one request line */
	CONTROL_ANSWER_MAX = 64 << 20, /* bytes of one answer line */
	CONTROL_IMPORT_MAX = 500,      /* users of one user.import */
	CONTROL_LIST_MAX = 1000,       /* users of one user.list */
};

/* ---- both sides: texts. A json_t that is returned is the caller's to json_decref(). ---- */

/* {"ok":true}, to which the caller adds members. NULL when memory is out. */
json_t *control_ok(void);
json_t *control_error(const char *code, const char *text, const char *remedy);

/* Splits a request. 0: *out_cmd and *out_args (an empty object where there were none) borrow from *out_root,
 * which the caller decrefs; -EINVAL: *out_root is the error answer to give. */
[[nodiscard]] int control_request_parse(
	struct str line, json_t **out_root, const char **out_cmd, json_t **out_args);

/* Writes one line: the JSON without line breaks inside, then \n. 0 or -ENOMEM. */
[[nodiscard]] int control_line(const json_t *message, struct buf *out);

/* ---- the server's side ---- */

struct control_peer {
	uid_t uid;
	gid_t gid;
	pid_t pid;
	char name[64]; /* of the user, or "uid N" */
};

/* Who is at the other end of a connected unix socket. 0 or -errno. */
[[nodiscard]] int control_peer_get(int fd, struct control_peer *out);

/* Is the user a member of the group, by the system's user database, now? Also by the primary group. False for
 * an unknown group or an empty name. */
bool control_peer_in_group(const struct control_peer *peer, const char *group);

/* Makes the listening socket (mode 0666 when `open_to_all`, else 0600; peers are judged by credentials).
 * Removes a socket file nobody listens on. -EADDRINUSE: a server is running on this directory. 0 or -errno.
 */
[[nodiscard]] int control_listen(const char *path, bool open_to_all, int *out_fd, struct err *err);

/* ---- the command's side: blocking ---- */

struct control;

/* 0, or -ENOENT / -ECONNREFUSED when no server runs there, or -errno. */
[[nodiscard]] int control_open(struct control **out, const char *path, struct err *err);
struct control *control_free(struct control *c); /* accepts NULL, returns NULL */

/* Asks and waits for the answer. `args` is stolen. `fds` travel with the request (n 0: none). *out is the
 * whole answer, also an error answer; look with control_failed(). 0 or -errno with *err set. */
[[nodiscard]] int control_call(struct control *c, const char *cmd, json_t *args, const int *fds, size_t n,
	json_t **out, struct err *err);

/* Is it an error answer? Then its parts; missing ones are "". */
bool control_failed(
	const json_t *answer, const char **out_code, const char **out_text, const char **out_remedy);
