/* Connections and the frame around every operation. WAL with synchronous=FULL: a commit is on the disk when
 * it returns, and the reading connection sees the last commit without waiting. Exactly one connection writes
 * and checkpoints; the other is opened read-only and never does. */
#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/sqlite_ahead.h"
#include "store/sqlite_archive.h"

enum {
	PROGRESS_STEPS = 20000, /* of SQLite's machine between two looks at the clock: a few milliseconds */
};

typedef int sq_op(struct sq *q, struct store_req *req);

static int sq_commit_applied(struct sq *q, struct store_req *req)
{
	return sq_applied_raise(q, req->args->applied_seq);
}

static sq_op *const operations[OP_COUNT] = {
	[OP_APPLIED] = sq_commit_applied,
	[OP_ACCOUNT_ADD] = sq_account_add,
	[OP_ACCOUNT_UPDATE] = sq_account_update,
	[OP_ACCOUNT_REMOVE] = sq_account_remove,
	[OP_ROSTER_PUT] = sq_roster_put,
	[OP_ROSTER_DELETE] = sq_roster_delete,
	[OP_BLOCK_PUT] = sq_block_put,
	[OP_BLOCK_DELETE] = sq_block_delete,
	[OP_MESSAGE_PUT] = sq_message_put,
	[OP_MESSAGE_DELETE] = sq_message_delete,
	[OP_MESSAGE_UNSPOOL] = sq_message_unspool,
	[OP_MESSAGE_RELEASE] = sq_message_release,
	[OP_ARCHIVE_PUT] = sq_archive_put,
	[OP_ARCHIVE_RETRACT] = sq_archive_retract,
	[OP_ARCHIVE_LEAVE] = sq_archive_leave,
	[OP_ARCHIVE_SWEEP] = sq_archive_sweep,
	[OP_PREFS_PUT] = sq_prefs_put,
	[OP_ROOM_PUT] = sq_room_put,
	[OP_ROOM_DELETE] = sq_room_delete,
	[OP_SEEN_PUT] = sq_seen_put,
	[OP_PRIVATE_PUT] = sq_private_put,
	[OP_VCARD_PUT] = sq_vcard_put,
	[OP_PEP_NODE_PUT] = sq_pep_node_put,
	[OP_PEP_NODE_DELETE] = sq_pep_node_delete,
	[OP_PEP_ITEM_PUT] = sq_pep_item_put,
	[OP_PEP_ITEM_DELETE] = sq_pep_item_delete,
	[OP_PERSONAL_PUT] = sq_personal_put,
	[OP_CAPS_PUT] = sq_caps_put,
	[OP_VISIT_PUT] = sq_visit_put,
	[OP_VISIT_GREET] = sq_visit_greet,
	[OP_NOTICE_PUT] = sq_notice_put,
	[OP_NOTICE_DELETE] = sq_notice_delete,
	[OP_SWITCH_PUT] = sq_switch_put,
	[OP_SWITCH_DELETE] = sq_switch_delete,
	[OP_SILENCE_PUT] = sq_silence_put,
	[OP_SILENCE_DELETE] = sq_silence_delete,
	[OP_PRIVACY_PUT] = sq_privacy_put,
	[OP_INVITE_ADD] = sq_invite_add,
	[OP_INVITE_REVOKE] = sq_invite_revoke,
	[OP_INVITE_REDEEM] = sq_invite_redeem,
	[OP_CLIENT_NOTE] = sq_client_note,
	[OP_CLIENT_SWEEP] = sq_client_sweep,
	[OP_CAPS_CLIENT_NOTE] = sq_caps_client_note,
	[OP_CAPS_CLIENT_PUT] = sq_caps_client_put,
	[OP_CAPS_CLIENT_DELETE] = sq_caps_client_delete,
	[OP_POSTURE_PUT] = sq_posture_put,
	[OP_REFUSAL_NOTE] = sq_refusal_note,
	[OP_TOKEN_CHANGE] = sq_token_change,
	[OP_TOKEN_CLEAR] = sq_token_clear,
	[OP_DEVICE_MEET] = sq_device_meet,
	[OP_DEVICE_TOLD] = sq_device_told,
	[OP_DEVICE_REVOKE] = sq_device_revoke,
	[OP_DEVICE_CONFIRM] = sq_device_confirm,
	[OP_DEVICE_REFUSE] = sq_device_refuse,
	[OP_INVITE_ALL] = sq_invite_all,
	[OP_INVITE_FIND] = sq_invite_find,
	[OP_MAIL_ADD] = sq_mail_add,
	[OP_MAIL_MARK] = sq_mail_mark,
	[OP_MAIL_OPEN] = sq_mail_open,
	[OP_MAIL_DROP] = sq_mail_drop,
	[OP_MAIL_DUE] = sq_mail_due,
	[OP_MAIL_LIST] = sq_mail_list,
	[OP_MAIL_GET] = sq_mail_get,
	[OP_MAIL_COUNT] = sq_mail_count,
	[OP_ACCOUNT_ALL] = sq_account_all,
	[OP_ACCOUNT_GET] = sq_account_get,
	[OP_VERIFIER_GET] = sq_verifier_get,
	[OP_VERIFIER_LACKING] = sq_verifier_lacking,
	[OP_ROSTER_LOAD] = sq_roster_load,
	[OP_ROSTER_CHANGES] = sq_roster_changes,
	[OP_BLOCK_LOAD] = sq_block_load,
	[OP_MESSAGE_LOAD] = sq_message_load,
	[OP_MESSAGE_COUNT] = sq_message_count,
	[OP_MESSAGE_OWNERS] = sq_message_owners,
	[OP_PREFS_LOAD] = sq_prefs_load,
	[OP_ARCHIVE_LOAD] = sq_archive_load,
	[OP_ROOM_ALL] = sq_room_all,
	[OP_SEEN_GET] = sq_seen_get,
	[OP_PRIVATE_GET] = sq_private_get,
	[OP_PRIVATE_ALL] = sq_private_all,
	[OP_VCARD_GET] = sq_vcard_get,
	[OP_PEP_NODES] = sq_pep_nodes,
	[OP_PEP_ITEMS] = sq_pep_items,
	[OP_PEP_ITEMS_BY_ID] = sq_pep_items_by_id,
	[OP_PEP_LAST] = sq_pep_last,
	[OP_PEP_WHO] = sq_pep_who,
	[OP_CAPS_GET] = sq_caps_get,
	[OP_VISIT_GET] = sq_visit_get,
	[OP_NOTICE_ALL] = sq_notice_all,
	[OP_SWITCH_ALL] = sq_switch_all,
	[OP_SILENCE_ALL] = sq_silence_all,
	[OP_USER_LOAD] = sq_user_load,
	[OP_CLIENT_LIST] = sq_client_list,
	[OP_CAPS_CLIENT_ALL] = sq_caps_client_all,
	[OP_POSTURE_ALL] = sq_posture_all,
	[OP_REFUSAL_ALL] = sq_refusal_all,
	[OP_TOKEN_FIND] = sq_token_find,
	[OP_DEVICE_LIST] = sq_device_list,
	[OP_DEVICE_UNTOLD] = sq_device_untold,
	[OP_DEVICE_WAITING] = sq_device_waiting,
};

static struct sq *sq_of(struct store_backend *b)
{
	return container_of(b, struct sq, base);
}

static int sq_begin(struct store_backend *b)
{
	sq_of(b)->lost = false;
	return sq_do(sq_of(b), SQ_BEGIN);
}

/* After some errors (disk full, input/output) SQLite has rolled the whole transaction back. */
static int sq_undo(struct sq *q, int r, enum store_op op)
{
	if (op == OP_ARCHIVE_PUT)
		sq_peers_forget(q); /* others add no names */
	sq_tail_undo(q);
	if (sqlite3_get_autocommit(q->db)) {
		q->lost = true;
		return r;
	}
	if (sq_do(q, SQ_UNDO) || sq_do(q, SQ_RELEASE))
		q->lost = true;
	return r;
}

static int sq_run_write(struct sq *q, struct store_req *req)
{
	int r = q->lost ? -EIO : sq_do(q, SQ_SAVEPOINT);

	if (r)
		return r;
	sq_tail_save(q);
	r = operations[req->op](q, req);
	if (r && r != STORE_E_EXISTS)
		return sq_undo(q, r, req->op);
	if (!req->is_note && arena_is_full(req->arena)) /* a note has none */
		return sq_undo(q, -ENOMEM, req->op);
	return sq_do(q, SQ_RELEASE) ? -EIO : r;
}

static int sq_run(struct store_backend *b, struct store_req *req)
{
	struct sq *q = sq_of(b);
	int r;

	if (req->op < OP_READS)
		return sq_run_write(q, req);
	r = operations[req->op](q, req);
	return r == 0 && arena_is_full(req->arena) ? -ENOMEM : r;
}

static void sq_rollback(struct store_backend *b)
{
	struct sq *q = sq_of(b);

	sq_peers_forget(q);
	sq_tail_rollback(q);
	if (!sqlite3_get_autocommit(q->db) && sq_do(q, SQ_ROLLBACK))
		log_error("store: cannot roll back");
}

static int sq_commit(struct store_backend *b)
{
	int r = sq_of(b)->lost ? -EIO : sq_do(sq_of(b), SQ_COMMIT);

	if (r)
		sq_rollback(b);
	else
		sq_tail_commit(sq_of(b));
	return r;
}

static struct store_backend *sq_free(struct store_backend *b)
{
	struct sq *q = sq_of(b);

	if (q->writes && q->tail)
		sq_tail_close(q);
	sq_peers_forget(q);
	for (size_t i = 0; i < SQ_COUNT; i++)
		sqlite3_finalize(q->statements[i]);
	sqlite3_close(q->db);
	if (q->writes) { /* the last connection */
		sq_tail_free(q->tail);
		sq_ahead_free(q->ahead);
	}
	free(q);
	return NULL;
}

static const struct store_backend_ops sq_ops = {
	.begin = sq_begin,
	.run = sq_run,
	.commit = sq_commit,
	.rollback = sq_rollback,
	.free = sq_free,
};

static const char writer_settings[] = "PRAGMA journal_mode = WAL;"
				      "PRAGMA synchronous = FULL;"
				      "PRAGMA temp_store = MEMORY;"
				      "PRAGMA trusted_schema = OFF;"
				      "PRAGMA cache_size = -32768;"
				      "PRAGMA wal_autocheckpoint = 4000;";
static const char reader_settings[] = "PRAGMA query_only = ON;"
				      "PRAGMA temp_store = MEMORY;"
				      "PRAGMA trusted_schema = OFF;"
				      "PRAGMA cache_size = -4096;"
				      "PRAGMA wal_autocheckpoint = 0;";

/* The file is made here and not by SQLite, so that nobody else can read it (the -wal file takes its mode). */
static int make_file(const struct store_options *options, struct err *err)
{
	int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | (options->create ? O_CREAT : 0);
	AUTO(auto_close) int fd = open(options->path, flags, 0600);

	return fd < 0 ? err_errno(err, "store '%s'", options->path) : 0;
}

static int on_progress(void *owner)
{
	const struct sq *q = owner;

	return q->deadline_ms && clock_mono_ms() > q->deadline_ms;
}

static int sq_configure(struct sq *q, bool write)
{
	int r;

	sqlite3_extended_result_codes(q->db, 1);
	sqlite3_busy_timeout(q->db, 5000);
	sqlite3_db_config(q->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	/* Plans do not depend on values: else a statement is prepared again for every other LIMIT. */
	sqlite3_db_config(q->db, SQLITE_DBCONFIG_ENABLE_QPSG, 1, NULL);
	sqlite3_progress_handler(q->db, PROGRESS_STEPS, on_progress, q);
	if (!write)
		sqlite3_db_config(q->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	r = sqlite3_exec(q->db, write ? writer_settings : reader_settings, NULL, NULL, NULL);
	return r == SQLITE_OK ? 0 : -EIO;
}

static int sq_connect(struct sq *q, const struct store_options *options, bool write, struct err *err)
{
	int flags = SQLITE_OPEN_NOMUTEX | (write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);
	int r = write ? make_file(options, err) : 0;

	if (r)
		return r;
	if (sqlite3_open_v2(options->path, &q->db, flags, NULL) != SQLITE_OK || sq_configure(q, write))
		return err_set(err, -EIO, "store '%s': %s", options->path,
			q->db ? sqlite3_errmsg(q->db) : "no memory");
	if (!write)
		return 0;
	r = sq_migrate(q, options->path, err);
	if (r == 0)
		q->ahead = sq_ahead_new(options->path);
	if (r == 0 && sq_tail_fill(q))
		r = err_set(err, -EIO, "store '%s': %s", options->path, sqlite3_errmsg(q->db));
	return r;
}

/* Each connection has one thread; counting all memory under one lock would bring them together again. */
static void sq_setup(void)
{
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

int store_sqlite_open(struct store_backend **out, const struct store_options *options,
	struct store_backend *writer, struct err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct sq *q = calloc(1, sizeof(*q));
	int r;

	pthread_once(&once, sq_setup);
	if (!q)
		return err_set(err, -ENOMEM, "store '%s': no memory", options->path);
	q->base.ops = &sq_ops;
	q->writes = writer == NULL;
	map_init(&q->peers[0]);
	map_init(&q->peers[1]);
	q->tail = writer ? sq_of(writer)->tail : sq_tail_new();
	q->ahead = writer ? sq_of(writer)->ahead : NULL;
	r = q->tail ? sq_connect(q, options, q->writes, err)
		    : err_set(err, -ENOMEM, "store '%s': no memory", options->path);
	if (r) {
		sq_free(&q->base);
		return r;
	}
	*out = &q->base;
	return 0;
}
