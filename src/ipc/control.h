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
 * An argument with ? may be missing. To all it forwards the supervisor adds "by":{"uid":N,"name":"..."}
 * beside "args", the system user who asks; it belongs into the entry that records the act.
 *
 * Answered by the supervisor:
 *
 *   ping            -> {"ok":true,"version":"..."}
 *   stop            -> {"ok":true}, then a clean stop. Recorded first, as is reload
 *   reload          -> {"ok":true,"restart_needed":"names of settings"}
 *                      error `refused` when the old set stays in force
 *   status          -> {"ok":true,"state":"running"|"starting"|"stopping","version","started","domains":[..],
 *                       "supervisor_pid","gate_pid","recorder_pid","gate_restarts","recorder_restarts",
 *                       "exporter_pid" and "courier_pid" (0: switched off),"processes":{"resident_bytes":{..},"cpu_milliseconds":{..},
 *                       "restarts":{..}} by process}
 *                      and all members of the gate's answer and of the recorder's
 *   backup
 *   {"target"}      -> {"ok":true,"seq":N}; recorded: a copy of all there is is about to be made
 *   record.tail, record.show, record.verify, record.copy
 *   {"argv":[..]}      with two descriptors beside the request: standard output and standard error of the
 *                      command. The supervisor has the access recorded, runs the reader with them, and
 *                   -> {"ok":true,"exit":N} when it has ended. Closing the connection ends the reader.
 *
 * Forwarded to the gate:
 *
 *   status          -> {"sessions","connections","accounts","applied_seq","uptime_seconds","loops":N,"policy",
 *                       "logins":{"succeeded","failed"},"tls_failures":{"loopback","local","elsewhere"},
 *                       "accounts_without":{"SCRAM-SHA-1","SCRAM-SHA-256","SCRAM-SHA-512"},"stanzas":{"received","content","events","signals",
 *                       "blocked","refused","waiting"},"record_link":{"up","full"},"mail":{"courier":"off"|"up"|"down",
 *                       "confinement","mails":{state: how many},"tries":{"sent","failed","later"}},"figures":{..}}
 *                      figures: what is counted for monitoring; docs/metrics.md
 *   export
 *   {"target","text"}
 *                   -> {"ok":true,"seq":N}; recorded: people are about to be written out, or have been. When applied_seq of
 *                      `status` has reached N the store has all that was accepted before
 *   user.add
 *   {"jid","name"?,"mail"?,"language"?,"department"?,"groups"?:[..],"verifiers":[V,..],"confusable"?:bool}
 *                   -> {"ok":true,"user":U}; exists (taken, or given away once), bad_jid, bad_domain, confusable (the
 *                      address looks like another one of its domain; not with "confusable":true)
 *   user.import
 *   {"users":[as in user.add,..]}    at most CONTROL_IMPORT_MAX
 *                   -> {"ok":true,"added":N,"failed":[{"index":N,"code","text"},..],
 *                       "confusable":[{"index":N,"like":JID},..]}: added, though they look like another one
 *   user.list
 *   {"domain"?,"prefix"?,"after"?,"limit"?}
 *                   -> {"ok":true,"users":[U,..],"more":bool}, ordered by address; `after` is the last one
 *                      of the page before, `limit` at most CONTROL_LIST_MAX
 *   user.show
 *   {"jid"}         -> {"ok":true,"user":U,"sessions":[S,..]}; not_found
 *   user.password
 *   {"jid","verifiers":[V,..]}
 *                   -> {"ok":true,"closed":N}; not_found. Closes the account's sessions
 *   user.change
 *   {"jid","name"?,"mail"?,"language"?,"department"?,"groups"?:[..]}
 *                   -> {"ok":true}; not_found. What is not there stays as it is
 *   user.disable
 *   {"jid","reason"?}
 *                   -> {"ok":true,"closed":N}; not_found
 *   user.enable
 *   {"jid"}         -> {"ok":true}; not_found
 *   user.remove
 *   {"jid"}         -> {"ok":true,"closed":N}; not_found. The address is never given again
 *   invite.create
 *   {"jid"?,"domain"?,"groups"?:[..],"expires_seconds":N}
 *                   -> {"ok":true,"invite":I with "uri"}; exists, limit, bad_jid. The only time the token is shown
 *   invite.list     -> {"ok":true,"invites":[I,..]}
 *   invite.revoke
 *   {"id"}          -> {"ok":true}; not_found
 *   clients.rule
 *   {"act","target","text","protects"?}
 *                   -> {"ok":true,"seq":N}; recorded: the rule `target` about clients is about to be changed in its file, which
 *                      the command does itself and then reloads. protects: it is answered, too, while the record takes nothing
 *   clients.dry_run
 *   {"file"?,"text"?,"gone"?,"rule"?,"at"?}
 *                   -> {"ok":true,"version","at","connected":N,"sessions":N,"away":N,"people":N,"groups":{"name":N,..},
 *                       "rows":[{"person","resource","product","version","os","class","now","then","rule","online",
 *                       "last_seen"},..]}: sessions, and clients seen lately (mail.client_days) that are not there now; whom the policy in the
 *                      folder, with `text` as its file clients/NAME.yaml (gone: without it), would treat otherwise at that
 *                      date; `rule`: whom that one reaches. Nothing is changed; refused: it is not in order
 *   mail.list
 *   {"state"?,"before"?,"limit"?}
 *                   -> {"ok":true,"mails":[M,..],"more":bool}, the newest first; `before` is the id of the last one of the page
 *                      before, `limit` at most CONTROL_LIST_MAX
 *   mail.show
 *   {"id"}          -> {"ok":true,"mail":M with "subject" and "body"}; not_found
 *   mail.retry, mail.drop
 *   {"id"} or {"all":true}
 *                   -> {"ok":true}; not_found: nothing such waits or has failed. Recorded first
 *   mail.test
 *   {"address"}     -> {"ok":true}; bad_request, refused (there is no mail.server), limit. Recorded first
 *   lockdown.on
 *   {"what":"everything"|"messages"|"files"|"links"|"calls"|"rooms"|"outside",
 *    "scope":"all"|"group"|"product"|"account"|"device","name"?,"versions"?,"reason","seconds"?|"until"?,"except"?}
 *                   -> {"ok":true,"switch":W,"reached":N,"ended":N,"milliseconds":N} when the last session has been reached:
 *                      N were told, N of them lose their session. exists: the same is off already
 *   lockdown.extend
 *   {"id","seconds"|"until"|"open":true}
 *                   -> as lockdown.on; from now on it ends then, or not by itself. not_found
 *   lockdown.off
 *   {"id"}          -> {"ok":true,"switches":[W,..]}, those that were on; "all": every one. not_found
 *   lockdown.status -> {"ok":true,"switches":[W,..],"break_glass_group"}
 *   lockdown.rehearse
 *   {as lockdown.on}
 *                   -> {"ok":true,"switch":W,"sessions":N,"resumable":N,"people":[..],"groups":[..],"rooms":[..]}; nothing is
 *                      changed
 *   session.list
 *   {"jid"?}        -> {"ok":true,"sessions":[S,..]}
 *   session.close
 *   {"jid","reason"?}                bare: all of them, full: one
 *                   -> {"ok":true,"closed":N}
 *   clients.list
 *   {"jid"?,"product"?,"versions"? (a range),"class"?,"group"?,"department"?,"since"? (seen at that time or later),
 *    "online"?,"below"? (the baseline),"laggards"? (the rules have something against it),"at"? (asked at that time),
 *    "after"?:{"jid","installation"},"limit"?}
 *                   -> {"ok":true,"clients":[C,..],"next":{"jid","installation"} when there may be more}, at most
 *                      CONTROL_LIST_MAX
 *   clients.show
 *   {"jid"}         -> {"ok":true,"clients":[C with "live":[..],..]}
 *   clients.posture
 *   {filters of clients.list,"days"? (of history; 30)}
 *                   -> {"ok":true,"policy","seen":N,"above":N,"excepted":N,"online":N,"products":[{"product","seen","above"},..],
 *                      "departments":[{"department","people","products":{..},"seen","above"},..],"groups":[..],
 *                      "history":[{"taken","policy","seen","above","products":[..]},..]}
 *   clients.hashes  -> {"ok":true,"hashes":[{"hash","product","version","os","node","state","varies","contradicted","accounts",
 *                      "first_seen","last_seen","believed","in_force"},..]}
 *   clients.hash
 *   {"hash","state":"confirmed"|"rejected"|"forgotten","product"?,"version"?,"os"?}
 *                   -> {"ok":true}; not_found. Recorded before it is done
 *   clients.refused
 *   {"since"?,"limit"?}
 *                   -> {"ok":true,"refused":[{"kind","jid","address","product","version","rule","reason","count",
 *                      "first","last"},..]}, the latest first
 *
 *   devices.list
 *   {"jid"}         -> {"ok":true,"devices":[D,..]}, those seen last first
 *   devices.logout, devices.revoke
 *   {"jid","id","reason"?}
 *                   -> {"ok":true,"closed":N,"device":D as it was}; not_found. Its sessions end; revoke: its tokens go first.
 *                      Recorded; protect, as below
 *   devices.waiting
 *   {"jid"?}        -> {"ok":true,"waiting":[{"jid","id","kind":"device"|"network","product","device","address","since"},..]}: what
 *                      is limited until it is confirmed (route/confirmation.h), what has waited longest first
 *   devices.confirm
 *   {"jid","id","reason"?}
 *                   -> {"ok":true,"sessions":how many have lost their limits}; not_found. Recorded
 *   flood.list      -> {"ok":true,"victims":[{"jid","cause":"senders"|"stanzas"|"asked","since","until","refused":N},..]}
 *   flood.silence
 *   {"jid","seconds"?}
 *                   -> {"ok":true}; not_found, limit. Recorded; protects, as below
 *   flood.release
 *   {"jid"}         -> {"ok":true}; not_found. Recorded
 *
 *   record.admin
 *   {"command":"stop"}
 *                   -> {"ok":true}. The supervisor's own, of what it does while the recorder does not answer:
 *                      recorded as soon as it does
 *
 * user.*, devices.logout, devices.revoke, devices.confirm, invite.create, invite.revoke, flood.*, lockdown.* and session.close are recorded before they are done; without that nothing is done (`full`,
 * `unavailable`). user.disable, devices.logout, devices.revoke, invite.revoke, flood.silence, lockdown.on, lockdown.extend (to a later end) and session.close protect: they are done in any case, and recorded when it can be.
 *
 * Forwarded to the recorder:
 *
 *   status          -> {"record":{"size","entries","segments","origin","root","checkpoint","free_bytes","flush",
 *                       "state":"ok"|"full"}, "recorder_confinement":"landlock (version 7) and seccomp"}
 *   record.access
 *   {"command":"show","argv":[..],"refused"?,"count"?}
 *                   -> {"ok":true,"seq":N,"extent":{"serial","bytes","size"}} once the entry is durable: how far
 *                      the record is durable then. refused: somebody may not read, and
 *                      asked `count` times since the line before
 *   record.admin
 *   {"command":"user.add","target":"alice@example.org"?,"text":"..."?,"undone"?,"of_seq"?}
 *                   -> the same; an administrator's act that no gate records: on the data directory while none
 *                      runs, and stop and reload. undone: why the act of line of_seq was not done after all
 *
 * V: {"mechanism":"SCRAM-SHA-256","salt":base64,"iterations":N,"stored_key":base64,"server_key":base64}
 *    (also SCRAM-SHA-1, SCRAM-SHA-512)
 * U: {"jid","person","name","mail","language","department","groups":[..],"state":"active"|"disabled",
 *     "created"}    person is the immutable id
 * C: {"jid","person","name","department","groups":[..],"installation","product","version","version_before","version_since",
 *     "os","device","class","basis","confidence","contradictions":[..],"caps","node","agent","ja4","resource",
 *     "addresses":[..],"networks","first_seen","last_seen","sessions","uses":{"messages","rooms","files","calls"},"online":N,
 *     "effect","rule","up_to_date","minimum" (version wanted),"posture":"none"|"unknown"|"below"|"above","deny_from",
 *     "overdue_days" (below 0: until then)}
 * D: {"id","installation","product","version","os","device","agent","address","first_seen","last_seen",
 *     "auth":["password"|"certificate" (how it logged in last),"token" (it has one)],"token_until" or null,
 *     "sessions":[full JIDs],"type":"session"|"access" (it was never there)}
 * S: {"jid" (full),"address","tls","mechanism","ja4","connected","loop","state":"online"|"resumable","product","version","os",
 *     "installation","effect","rule","parallel" (the account, or the installation, is in use from two networks now),..}
 * I: {"id","domain","jid" ("": who uses it chooses),"groups":[..],"by","created","expires",
 *     "state":"open"|"used"|"revoked"|"expired","used_by"?,"used"?}
 * M: {"id","purpose","about","stage","jid","address","language","state":"queued"|"sent"|"failed"|"dropped","tries","error",
 *     "created","due" (queued),"ended" (the others)}
 * W: {"id","what","scope","name","versions","reason","by","except","start","end" (null: by hand)}
 * Times are RFC 3339, UTC.
 *
 * Error codes: bad_request, unknown_command, not_permitted, not_found, exists, bad_jid, bad_domain, refused,
 * unavailable (a process is starting; try again), full (the record has no space: nothing was done), limit,
 * internal. */
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
	CONTROL_FDS = 2,               /* descriptors beside one request */
};

/* ---- both sides: texts. A json_t that is returned is the caller's to json_decref(). ---- */

/* {"ok":true}, to which the caller adds members. NULL when memory is out. */
json_t *control_ok(void);
/* A JSON string; what is not there is the empty one. */
json_t *control_text(struct str s);
/* A time (XEP-0082). */
json_t *control_time(uint64_t utc_us);
/* The text of a member; empty when it is not there, or no string. Borrowed. */
struct str control_member(const json_t *object, const char *name);
json_t *control_error(const char *code, const char *text, const char *remedy);

/* Splits a request. 0: *out_cmd and *out_args (an empty object where there were none) borrow from *out_root,
 * which the caller decrefs; -EINVAL: *out_root is the error answer to give. */
[[nodiscard]] int control_request_parse(
	struct str line, json_t **out_root, const char **out_cmd, json_t **out_args);

/* Writes one line: the JSON without line breaks inside, then \n. 0 or -ENOMEM. */
[[nodiscard]] int control_line(const json_t *message, struct buf *out);

/* What user.change changes, as its line of the record says it: "name: "Bob", groups: ["sales"]". False: nothing. */
bool control_changes_put(struct buf *out, const json_t *args);
/* Such a text, read again: an object with those members, or NULL. */
json_t *control_changes_parse(struct str text);

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

/* Reads what is there from a connection: bytes behind `in`, descriptors behind fds[*n] (further ones than
 * CONTROL_FDS are closed). Number of bytes, 0 at the end, -EAGAIN, -EMSGSIZE (beyond the ceiling of `in`) or
 * -errno. */
[[nodiscard]] ssize_t control_recv(int fd, struct buf *in, int fds[CONTROL_FDS], size_t *n);

/* ---- the command's side: blocking ---- */

struct control;
struct sockaddr_un;

/* Fills a unix socket's address. 0 or -ENAMETOOLONG. */
[[nodiscard]] int control_address(const char *path, struct sockaddr_un *out, struct err *err);

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
