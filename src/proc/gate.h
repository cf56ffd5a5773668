/* The gate's parts, for the files of this process only. Everything here is touched on loop 0 (the main thread), except
 * what the parts themselves share. */
#pragma once

#include <jansson.h>
#include <pthread.h>

#include "account/component_secrets.h"
#include "account/crowd.h"
#include "account/outbreak.h"
#include "account/directory.h"
#include "account/meter.h"
#include "account/secret.h"
#include "account/throttle.h"
#include "account/denials.h"
#include "account/turnstile.h"
#include "base/list.h"
#include "base/map.h"
#include "conf/settings.h"
#include "ipc/supervise.h"
#include "net/listener.h"
#include "parcel/loops.h"
#include "proc/confine.h"
#include "proc/gate_campaign.h"
#include "proc/gate_post.h"
#include "record/record.h"
#include "route/route.h"
#include "rule/policy_set.h"
#include "store/store.h"
#include "way/way.h"
#include "xmpp/xmpp.h"

enum { GATE_LOOPS_MAX = 64, GATE_LISTENERS_MAX = 80, GATE_PAYERS = 65536 };

/* What the supervisor says before the gate can begin. */
struct gate_start {
	unsigned loops;
	struct {
		enum conn_kind kind;
		int fd;
		char address[80];
	} listeners[GATE_LISTENERS_MAX];
	unsigned listeners_len;
	int links[GATE_LOOPS_MAX];
	struct buf certificate, key; /* PEM; the key is wiped after use */
	struct buf client_ca, client_crl; /* PEM; of settings that may have been changed since */
	struct buf settings;         /* before a reload: the file's text */
	struct component_secrets *secrets; /* counted; on their way to the streams */
};

/* Posted behind what a change has changed on each loop (gate_reload.c). */
struct gate_taken {
	struct gate_taken_mark {
		struct task task;
		struct gate_taken *taken;
	} mark[GATE_LOOPS_MAX];
	struct task by_all;
	struct loop *loop;     /* of `then` */
	_Atomic unsigned left; /* loops that have not taken it yet, and `then`; 0: it is over */
	void (*then)(void *owner);
	void *owner;
};

/* When the posture is written down next (gate_clients_posture.c). */
struct gate_posture {
	struct store_req req;
	bool known, busy;
	uint64_t taken_us, swept_us; /* the last one; the last time old rows were cleared away */
	char policy[POLICY_VERSION_LEN + 1]; /* with which it was measured */
};

/* What clients are judged with (gate_clients_table.c). */
struct gate_table {
	struct store_req req;
	bool busy;
	uint64_t version, looked_ms;         /* of the hashes, as they were read last */
	unsigned vouchers;
	char policy[POLICY_VERSION_LEN + 1]; /* whose catalogue is in it */
	uint64_t digest;                     /* of the rows that are in force */
	struct map believed;                 /* hashes of the store that are in it */
	struct arena *arena;                 /* theirs */
};

struct gate {
	const char *dir;
	struct settings *settings;       /* in force */
	struct retired *retired;         /* earlier ones, see gate_reload.c */
	struct supervise supervise;
	uv_poll_t supervise_poll;
	struct gate_start start;
	struct loops loops;
	struct loop *loop[GATE_LOOPS_MAX];
	pthread_t thread[GATE_LOOPS_MAX];
	struct record *record[GATE_LOOPS_MAX];
	struct store *store;
	struct directory *directory;
	struct throttle *throttle;
	struct turnstile *turnstile;
	struct denials *denials;
	struct gate_post *post; /* gate_post.c */
	struct gate_campaign *campaign;
	struct account_secret secret;
	struct budget *budget;
	struct crowd *crowd;
	struct outbreak *outbreak;
	struct meter *paid;
	struct policy_set *policy;
	struct barrier *barrier; /* the lists of the policy; counted */
	struct lockdown *lockdown_over; /* counted; came to their end while no gate ran */
	struct lockdown *lockdown; /* what is switched off; counted; of the policy, too */
	struct xmpp *xmpp;
	struct route *route;
	struct way *way;
	struct listener *listener[GATE_LISTENERS_MAX];
	unsigned listeners_len;
	struct listener_target target;
	struct timer end;     /* of what an administrator asked for: restart, shutdown */
	bool end_restarts;
	uv_timer_t tick; /* each second; a struct timer's would be up to two */
	struct confine_state confinement;
	uint64_t lacking[STORE_VERIFIER_KINDS]; /* accounts without this verifier (gate_mechanisms.c) */
	unsigned lacking_kinds;
	uint64_t lacking_version;
	struct store_req lacking_req;
	uint64_t invites_version, invites_until_us; /* gate_invites.c */
	struct store_req invites_req;
	struct gate_posture posture;
	struct gate_table table;
	char boot[RECORD_BOOT + 1];
	uint64_t started_us;
	bool ready, stopping;
	unsigned settle_left; /* looks, while stopping */
	struct gate_taken reload; /* of the last one */
};

/* gate_start.c: waits for the supervisor's first messages. 0 or -errno. */
[[nodiscard]] int gate_start_read(struct gate *g, struct err *err);
void gate_start_key(struct gate *g, const struct supervise_message *m);

/* gate_mechanisms.c. 0 or negative; before the loops run. */
[[nodiscard]] int gate_mechanisms_open(struct gate *g);
void gate_mechanisms_tick(struct gate *g); /* each second */

/* gate_reload.c */
void gate_reload(struct gate *g);
[[nodiscard]] int gate_load_tls(struct gate *g, struct tls **out, struct err *err);
void gate_settings_to_limits(const struct settings *s, struct budget_limits *budget, struct throttle_settings *throttle);
void gate_record_policy(struct gate *g);
void gate_put_policy(struct gate *g, struct policy_set *policy); /* in force; takes the reference */
/* Calls then() on loop 0 when every loop has taken what was changed until now. `t`: not under way; stays until then. */
void gate_when_taken(struct gate *g, struct gate_taken *t, void (*then)(void *owner), void *owner);
void gate_take_secrets(struct gate *g); /* what the supervisor sent becomes what streams ask */

/* gate_control.c: one request of the control socket (ipc/control.h); the answer goes by gate_answer(). */
void gate_control(struct gate *g, uint32_t id, struct str request);
void gate_answer(struct gate *g, uint32_t id, json_t *answer); /* takes the answer */
void gate_answer_error(struct gate *g, uint32_t id, const char *code, const char *text, const char *remedy);

/* A request while it is being worked on. */
struct gate_request {
	struct gate *gate;
	uint32_t id;
	json_t *root; /* owned */
	json_t *args; /* borrowed from root */
	const char *command;
	struct store_req req;
	json_t *answer;      /* being put together; owned */
	struct arena *arena;
	const struct store_verifier *verifiers; /* made here already; NULL: `args` has them */
	void (*reply)(struct gate_request *r, json_t *answer); /* takes the answer; NULL: to the control socket */
	void *replied; /* of `reply` */
	const char *ends_asker; /* the session that asks is closed with it behind the answer; NULL: it stays */
	void (*then)(struct gate_request *r); /* the next step */
	const char *action;  /* for the record */
	size_t count;
	const int *outcomes; /* see gate_users.c */
	void *rows;
	size_t rows_len;
	size_t *index;       /* of each row in the request */

	/* gate_act.c */
	struct list acts;          /* of struct gate_act; in the arena */
	unsigned acts_waiting;     /* of them, for their receipts: until then the request stays */
	struct timer act_timer;
	void (*act)(struct gate_request *r);
	bool protects, acting, refused, answered;
};

/* A line of the record about what the request does. */
struct gate_act {
	struct list link;
	struct gate_request *request;
	struct waiter waiter;
	struct str target, text;
	uint64_t seq; /* 0: without a receipt */
	bool queued;
};

struct gate_request *gate_request_new(struct gate *g, uint32_t id, json_t *root, json_t *args, const char *command);
void gate_request_done(struct gate_request *r, json_t *answer); /* answers and frees */
void gate_request_fail(struct gate_request *r, const char *code, const char *text, const char *remedy);
void gate_request_free(struct gate_request *r); /* of one that is answered */

/* gate_act.c */

/* Adds one line that the act needs: r->command on `target`; `text` as in docs/record-format.md. Both live as long as the
 * request. False: memory is out. */
[[nodiscard]] bool gate_act_add(struct gate_request *r, struct str target, struct str text);
/* Calls act(r) when all lines are durable, or answers that nothing was done. What protects is done also while the record
 * takes nothing; its lines are queued then. */
void gate_act_begin(struct gate_request *r, bool protects, void (*act)(struct gate_request *r));
/* A line of what the gate does by itself, the actor `gatehouse`: queued, nobody waits for it. */
void gate_act_note(struct gate *g, const char *command, struct str target, struct str text);
/* A further line: this was not done after all. gate_request_fail() does it for all that were recorded. */
void gate_act_undone(struct gate_act *a, const char *why);
void gate_act_failed(struct gate_request *r, const char *why);
/* The request record.admin: an act that the supervisor does by itself while the recorder takes nothing. */
void gate_act_tell(struct gate_request *r);
void gate_act_export(struct gate_request *r); /* {"seq":N}: the line, durable */

/* gate_lists.c. Before the loops run: the administrators' lists as the store has them, into the policy. 0 or negative. */
[[nodiscard]] int gate_lists_open(struct gate *g, struct err *err);

/* gate_lockdown*.c: what is switched off (rule/lockdown.h). Before the loops run: as the store has it, into the policy. 0 or
 * negative. */
[[nodiscard]] int gate_lockdown_open(struct gate *g, struct err *err);
void gate_lockdown_tick(struct gate *g); /* each second: what has come to its end */
/* The switches in force under other settings; counted; NULL: memory is out. */
[[nodiscard]] struct lockdown *gate_lockdown_under(const struct gate *g, const struct settings *settings);
void gate_lockdown_on(struct gate_request *r);
void gate_lockdown_extend(struct gate_request *r);
void gate_lockdown_off(struct gate_request *r);
void gate_lockdown_status(struct gate_request *r);
void gate_lockdown_rehearse(struct gate_request *r);

/* gate_office.c: what administrators ask for with their clients. */
struct office;
struct office_ask;
void gate_office_run(void *gate, struct office_ask *ask);

/* gate.c: stops this process; the supervisor starts another. */
void gate_stop(struct gate *g);

/* gate_users.c */
void gate_user_add(struct gate_request *r);
void gate_user_import(struct gate_request *r);
void gate_user_list(struct gate_request *r);
void gate_user_show(struct gate_request *r);
void gate_user_password(struct gate_request *r);
/* The same, asked for by the person: the session that `by` names stays. */
void gate_user_password_own(struct gate_request *r);
void gate_user_change(struct gate_request *r);
void gate_user_disable(struct gate_request *r);
void gate_user_enable(struct gate_request *r);
void gate_user_remove(struct gate_request *r);

/* gate_devices.c */
void gate_devices_list(struct gate_request *r);
void gate_devices_logout(struct gate_request *r);
void gate_devices_revoke(struct gate_request *r);
void gate_devices_waiting(struct gate_request *r);
void gate_devices_confirm(struct gate_request *r);

/* gate_flood.c. Before the loops run: as the store has it. 0 or negative. */
[[nodiscard]] int gate_flood_open(struct gate *g, struct err *err);
void gate_flood_tick(struct gate *g); /* each second: what is new is kept, what has ended recorded */
void gate_flood_close(struct gate *g); /* a last time, with how much has been refused until now */
void gate_flood_list(struct gate_request *r);
void gate_flood_silence(struct gate_request *r);
void gate_flood_release(struct gate_request *r);

/* gate_outbreak.c */
void gate_outbreak_tick(struct gate *g); /* each second: what has begun is told, and held */
void gate_outbreak_excuse(struct gate *g, struct str payload); /* it does no harm: for a day it is none */

/* gate_invites.c */
void gate_invite_create(struct gate_request *r);
void gate_invite_list(struct gate_request *r);
void gate_invite_revoke(struct gate_request *r);
void gate_invites_tick(struct gate *g); /* each second */

/* gate_clients_rules.c */
void gate_clients_rule(struct gate_request *r);
void gate_clients_dry_run(struct gate_request *r);
/* gate_clients.c, gate_clients_posture.c, gate_clients_hashes.c: which programs people use. */
void gate_clients_list(struct gate_request *r);
void gate_clients_show(struct gate_request *r);
void gate_clients_posture(struct gate_request *r);
void gate_clients_hashes(struct gate_request *r);
void gate_clients_hash(struct gate_request *r);
void gate_clients_refused(struct gate_request *r);
void gate_clients_refused_write(struct gate *g); /* who was refused before there was a session, since the last time */
void gate_clients_tick(struct gate *g); /* each second */
bool gate_clients_is_busy(const struct gate *g); /* it walks over the inventory, or asks the store */

/* gate_clients_table.c. 0 or negative; once route is there and before the loops run. */
[[nodiscard]] int gate_clients_table_open(struct gate *g);
void gate_clients_table_tick(struct gate *g); /* each second */

/* gate_mail.c */
void gate_mail_list(struct gate_request *r);
void gate_mail_show(struct gate_request *r);
void gate_mail_retry(struct gate_request *r);
void gate_mail_drop(struct gate_request *r);
void gate_mail_test(struct gate_request *r);

/* gate_sessions.c */
void gate_session_list(struct gate_request *r);
void gate_session_close(struct gate_request *r);
void gate_status(struct gate_request *r);
/* Closes the sessions of an account, or one session. The one that asks is counted, but left to whoever answers it
 * (r->ends_asker): its answer comes first. */
void gate_sessions_end(
		struct gate_request *r, struct str jid, const char *text, void (*done)(void *owner, unsigned count));
/* Lists sessions into r->answer under "sessions", of `jid` when not empty; then calls r->then. */
void gate_sessions_collect(struct gate_request *r, struct str jid);
