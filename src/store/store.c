/* The threads. Requests wait in plain lists under one lock; the writer takes all that wait, runs them in
 * one transaction and posts the answers, so the more there is to do, the fewer flushes each one costs.
 *
 *   writes -> [ take all -> BEGIN -> run each -> COMMIT ] -> answers, in order; written += n
 *   reads  -> first whose `after` <= written -> run -> answer      (a lane for archives, one for all else)
 *
 * Notes (when somebody was there), for which nobody waits, wait for company: they go with the next write, before it, or
 * alone after LEISURE_US.
 *
 * When a group cannot be committed, each of its requests is tried again alone: one that is at fault, or too
 * big for the disk, does not take others with it. */
#include <errno.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/private.h"

enum {
	GROUP_MAX = 1024, /* requests in one transaction */
	LEISURE_US = 500000,
};

struct queue {
	struct store_req *first, **last;
};

/* A reading thread. */
struct lane {
	struct store *store;
	struct store_backend *backend;
	pthread_t thread;
	pthread_cond_t wake;
	struct queue reads;
	struct queue urgent; /* those that wait for no write */
	uint64_t waiting;    /* in both */
	struct durations took; /* the thread's own */
};

struct store {
	struct store_backend *writer;
	uint64_t applied_seq; /* at open */
	int lock_fd;
	pthread_t write_thread;
	pthread_mutex_t lock; /* guards everything below, and the queues of the lanes */
	pthread_cond_t to_write, answered;
	struct queue writes;
	struct queue notes; /* not counted as asked yet */
	size_t notes_len;
	uint64_t leisure_ends_us; /* clock_mono_us(), of the first of them */
	struct lane lane[STORE_READERS];
	uint64_t asked, written; /* writes, counted */
	struct durations wrote, transactions; /* the writing thread's own */
	_Atomic uint64_t accounts_version, invites_version, caps_clients_version, mails_version;
	bool stopping;
};

static void queue_init(struct queue *q)
{
	q->first = NULL;
	q->last = &q->first;
}

static void queue_push(struct queue *q, struct store_req *req)
{
	req->next = NULL;
	*q->last = req;
	q->last = &req->next;
}

static struct store_req *queue_pop(struct queue *q)
{
	struct store_req *req = q->first;

	if (req) {
		q->first = req->next;
		if (!q->first)
			q->last = &q->first;
	}
	return req;
}

static void request_run_answer(struct task *task)
{
	struct store_req *req = container_of(task, struct store_req, task);

	req->pending = false;
	req->done(req, req->answer);
}

/* A request that is nobody's. One block: many wait when many log in. */
struct note {
	struct store_req req;
	struct store_args args;
	_Alignas(8) char text[];
};

/* After this the request is the asker's, or gone. */
static void answer(struct store *s, struct store_req *req)
{
	if (req->answer < 0) {
		log_error("store: request %u failed: %s", req->op, strerror(-req->answer));
		req->answer = STORE_E_FAILED;
	}
	if (req->is_note) {
		free(container_of(req, struct note, req));
		return;
	}
	if (req->loop) {
		loop_post(req->loop, &req->task);
		return;
	}
	pthread_mutex_lock(&s->lock);
	req->answered = true;
	pthread_cond_broadcast(&s->answered);
	pthread_mutex_unlock(&s->lock);
}

/* 0: all are on the disk, with their results in req->answer. */
static int group_run(struct store_backend *b, struct store_req *first)
{
	int r = b->ops->begin(b);

	if (r)
		return r;
	for (struct store_req *req = first; req; req = req->next)
		req->answer = b->ops->run(b, req);
	return b->ops->commit(b);
}

static void single_run(struct store_backend *b, struct store_req *req)
{
	struct store_req *next = req->next;
	int r;

	req->next = NULL;
	r = group_run(b, req);
	if (r)
		req->answer = r;
	req->next = next;
}

/* With the lock held. The notes are to be written, in the order in which they came. */
static void leisure_end(struct store *s)
{
	struct store_req *req;

	while ((req = queue_pop(&s->notes))) {
		s->asked++;
		queue_push(&s->writes, req);
	}
	s->notes_len = 0;
}

/* With the lock held, which it gives away meanwhile: until something is asked, or the leisure is over. */
static void wait_for_writes(struct store *s)
{
	struct timespec until = {
		.tv_sec = (time_t)(s->leisure_ends_us / 1000000),
		.tv_nsec = (long)(s->leisure_ends_us % 1000000) * 1000,
	};

	if (!s->notes.first)
		pthread_cond_wait(&s->to_write, &s->lock);
	else if (s->stopping || pthread_cond_timedwait(&s->to_write, &s->lock, &until) == ETIMEDOUT)
		leisure_end(s);
}

static struct store_req *take_group(struct store *s, size_t *out_len)
{
	struct queue group;

	queue_init(&group);
	pthread_mutex_lock(&s->lock);
	while (!s->writes.first && (!s->stopping || s->notes.first))
		wait_for_writes(s);
	for (*out_len = 0; *out_len < GROUP_MAX && s->writes.first; ++*out_len)
		queue_push(&group, queue_pop(&s->writes));
	pthread_mutex_unlock(&s->lock);
	return group.first;
}

static void lanes_wake(struct store *s)
{
	for (size_t i = 0; i < STORE_READERS; i++)
		pthread_cond_signal(&s->lane[i].wake);
}

static bool changes_accounts(const struct store_req *req)
{
	return req->op == OP_ACCOUNT_ADD || req->op == OP_ACCOUNT_UPDATE || req->op == OP_ACCOUNT_REMOVE ||
	       req->op == OP_INVITE_REDEEM;
}

static bool changes_invites(const struct store_req *req)
{
	return req->op == OP_INVITE_ADD || req->op == OP_INVITE_REVOKE || req->op == OP_INVITE_REDEEM;
}

static bool changes_caps_clients(const struct store_req *req)
{
	return req->op == OP_CAPS_CLIENT_NOTE || req->op == OP_CAPS_CLIENT_PUT || req->op == OP_CAPS_CLIENT_DELETE;
}

static bool changes_mails(const struct store_req *req)
{
	return req->op == OP_MAIL_ADD || req->op == OP_MAIL_MARK || req->op == OP_MAIL_OPEN || req->op == OP_MAIL_DROP;
}

static void group_done(struct store *s, struct store_req *first, size_t len)
{
	uint64_t now = clock_mono_us();

	for (struct store_req *req = first, *next; req; req = next) {
		next = req->next;
		durations_add(&s->wrote, now - req->asked_us);
		if (changes_accounts(req))
			s->accounts_version++;
		if (changes_invites(req))
			s->invites_version++;
		if (changes_caps_clients(req))
			s->caps_clients_version++;
		if (changes_mails(req))
			s->mails_version++;
		answer(s, req);
	}
	pthread_mutex_lock(&s->lock);
	s->written += len;
	pthread_mutex_unlock(&s->lock);
	lanes_wake(s);
}

static void *write_thread(void *arg)
{
	struct store *s = arg;
	struct store_req *group;
	size_t len;

	pthread_setname_np(pthread_self(), "store-write");
	while ((group = take_group(s, &len))) {
		uint64_t begun_us = clock_mono_us();

		if (group_run(s->writer, group))
			for (struct store_req *req = group; req; req = req->next)
				single_run(s->writer, req);
		durations_add(&s->transactions, clock_mono_us() - begun_us);
		group_done(s, group, len);
	}
	arena_pool_drain();
	return NULL;
}

static struct store_req *take_read(struct lane *l)
{
	struct store *s = l->store;
	struct store_req *req = NULL;

	pthread_mutex_lock(&s->lock);
	for (;;) {
		req = queue_pop(&l->urgent);
		if (!req && l->reads.first && l->reads.first->after <= s->written)
			req = queue_pop(&l->reads);
		if (req || (s->stopping && !l->reads.first))
			break;
		pthread_cond_wait(&l->wake, &s->lock);
	}
	l->waiting -= req != NULL;
	pthread_mutex_unlock(&s->lock);
	return req;
}

static void *read_thread(void *arg)
{
	struct lane *l = arg;
	struct store_req *req;

	pthread_setname_np(pthread_self(), l == &l->store->lane[0] ? "store-read" : "store-archive");
	while ((req = take_read(l))) {
		req->answer = l->backend->ops->run(l->backend, req);
		durations_add(&l->took, clock_mono_us() - req->asked_us);
		answer(l->store, req);
	}
	arena_pool_drain();
	return NULL;
}

/* Readers first: the last one to close a database may checkpoint, and only the writer may do that. */
static void backends_free(struct store_backend *writer, struct store_backend *const reader[STORE_READERS])
{
	for (size_t i = 0; i < STORE_READERS; i++)
		if (reader[i])
			reader[i]->ops->free(reader[i]);
	if (writer)
		writer->ops->free(writer);
}

static struct store *store_destroy(struct store *s)
{
	struct store_backend *reader[STORE_READERS];

	for (size_t i = 0; i < STORE_READERS; i++) {
		reader[i] = s->lane[i].backend;
		pthread_cond_destroy(&s->lane[i].wake);
	}
	backends_free(s->writer, reader);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	pthread_cond_destroy(&s->to_write);
	pthread_cond_destroy(&s->answered);
	pthread_mutex_destroy(&s->lock);
	free(s);
	return NULL;
}

static void store_stop(struct store *s)
{
	pthread_mutex_lock(&s->lock);
	s->stopping = true;
	pthread_cond_signal(&s->to_write);
	lanes_wake(s);
	pthread_mutex_unlock(&s->lock);
}

static void store_join(struct store *s, size_t lanes)
{
	store_stop(s);
	pthread_join(s->write_thread, NULL);
	store_stop(s); /* the last write is answered: wake a reader that waited for it */
	for (size_t i = 0; i < lanes; i++)
		pthread_join(s->lane[i].thread, NULL);
}

static int store_start_threads(struct store *s)
{
	int r = pthread_create(&s->write_thread, NULL, write_thread, s);

	if (r)
		return -r;
	for (size_t i = 0; i < STORE_READERS; i++) {
		r = pthread_create(&s->lane[i].thread, NULL, read_thread, &s->lane[i]);
		if (r) {
			store_join(s, i);
			return -r;
		}
	}
	return 0;
}

static void store_init(struct store *s, struct store_backend *const reader[STORE_READERS])
{
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->to_write, &monotonic);
	pthread_cond_init(&s->answered, NULL);
	pthread_condattr_destroy(&monotonic);
	queue_init(&s->writes);
	queue_init(&s->notes);
	for (size_t i = 0; i < STORE_READERS; i++) {
		struct lane *l = &s->lane[i];

		l->store = s;
		l->backend = reader[i];
		pthread_cond_init(&l->wake, NULL);
		queue_init(&l->reads);
		queue_init(&l->urgent);
	}
}

int store_start(struct store **out, struct store_backend *writer,
	struct store_backend *const reader[STORE_READERS], uint64_t applied_seq, int lock_fd)
{
	struct store *s = calloc(1, sizeof(*s));
	int r;

	if (!s) {
		backends_free(writer, reader);
		if (lock_fd >= 0)
			close(lock_fd);
		return -ENOMEM;
	}
	*s = (struct store){.writer = writer, .applied_seq = applied_seq, .lock_fd = lock_fd};
	store_init(s, reader);
	r = store_start_threads(s);
	if (r) {
		store_destroy(s);
		return r;
	}
	*out = s;
	return 0;
}

static int store_open_locked(
	struct store **out, const struct store_options *options, int lock_fd, struct err *err)
{
	struct store_backend *writer = NULL, *reader[STORE_READERS] = {};
	uint64_t applied_seq = 0;
	int r = store_sqlite_open(&writer, options, NULL, err);

	if (r == 0)
		r = store_sqlite_applied(writer, &applied_seq);
	for (size_t i = 0; r == 0 && i < STORE_READERS; i++)
		r = store_sqlite_open(&reader[i], options, writer, err);
	if (r == 0) {
		r = store_start(out, writer, reader, applied_seq, lock_fd);
		return r ? err_set(err, r, "store '%s': %s", options->path, strerror(-r)) : 0;
	}
	backends_free(writer, reader);
	close(lock_fd);
	return r;
}

int store_open(struct store **out, const struct store_options *options, struct err *err)
{
	int lock_fd;
	int r = store_lock(&lock_fd, options->path, err);

	return r ? r : store_open_locked(out, options, lock_fd, err);
}

struct store *store_close(struct store *s)
{
	if (!s)
		return NULL;
	store_join(s, STORE_READERS);
	return store_destroy(s);
}

uint64_t store_accounts_version(const struct store *s)
{
	return s->accounts_version;
}

uint64_t store_invites_version(const struct store *s)
{
	return s->invites_version;
}

uint64_t store_caps_clients_version(const struct store *s)
{
	return s->caps_clients_version;
}

uint64_t store_mails_version(const struct store *s)
{
	return s->mails_version;
}

uint64_t store_applied_seq(const struct store *s)
{
	return s->applied_seq;
}

void store_stats(struct store *s, struct store_stats *out)
{
	*out = (struct store_stats){};
	pthread_mutex_lock(&s->lock);
	out->writes = s->asked - s->written;
	out->reads = s->lane[0].waiting;
	out->searches = s->lane[1].waiting;
	pthread_mutex_unlock(&s->lock);
	durations_gather(&out->wrote, &s->wrote);
	durations_gather(&out->read, &s->lane[0].took);
	durations_gather(&out->searched, &s->lane[1].took);
	durations_gather(&out->transactions, &s->transactions);
}

static bool asks_for_notes(const struct store_req *req)
{
	switch (req->op) {
	case OP_SEEN_GET:
	case OP_VISIT_GET:
	case OP_CLIENT_LIST:
	case OP_DEVICE_LIST:
	case OP_DEVICE_UNTOLD:
	case OP_CAPS_CLIENT_ALL:
	case OP_REFUSAL_ALL:
		return true;
	default:
		return false;
	}
}

/* The three of them with the lock held; true: the writer is to be woken. */
static bool ask_to_note(struct store *s, struct store_req *req)
{
	queue_push(&s->notes, req);
	if (s->notes_len++ == 0)
		s->leisure_ends_us = req->asked_us + LEISURE_US;
	if (s->notes_len == GROUP_MAX)
		leisure_end(s);
	return s->notes_len <= 1;
}

static bool ask_to_write(struct store *s, struct store_req *req)
{
	leisure_end(s);
	s->asked++;
	queue_push(&s->writes, req);
	return true;
}

static bool ask_to_read(struct store *s, struct lane *l, struct store_req *req)
{
	bool ended = asks_for_notes(req) && s->notes.first;

	if (ended)
		leisure_end(s);
	req->after = s->asked;
	l->waiting++;
	queue_push(req->op == OP_VERIFIER_GET ? &l->urgent : &l->reads, req);
	return ended;
}

/* The lock is given back before the threads are woken: they need it first of all. */
void store_ask(struct store *s, struct store_req *req)
{
	bool reads = req->op >= OP_READS, write;
	struct lane *l = &s->lane[req->op == OP_ARCHIVE_LOAD];

	req->store = s;
	req->loop = loop_current();
	req->task.run = request_run_answer;
	req->pending = true;
	req->answered = false;
	req->asked_us = clock_mono_us();
	pthread_mutex_lock(&s->lock);
	write = reads ? ask_to_read(s, l, req) : req->is_note ? ask_to_note(s, req) : ask_to_write(s, req);
	pthread_mutex_unlock(&s->lock);
	if (write)
		pthread_cond_signal(&s->to_write);
	if (reads)
		pthread_cond_signal(&l->wake);
}

static struct str note_text(char *to, struct str s)
{
	if (s.len)
		memcpy(to, s.data, s.len);
	return str_of(to, s.len);
}

void store_note(struct store *s, uint8_t op, struct str owner, struct str text, uint64_t utc_us)
{
	struct note *n = malloc(sizeof(*n) + owner.len + text.len);

	if (!n) {
		log_error("store: memory is out: when %.*s was there is not kept", STR_FMT(owner));
		return;
	}
	n->req = (struct store_req){.op = op, .is_note = true, .args = &n->args};
	n->args = (struct store_args){.number = utc_us,
		.owner = note_text(n->text, owner),
		.other = note_text(n->text + owner.len, text)};
	store_ask(s, &n->req);
}

static size_t texts_bytes(const struct store_note_row *row)
{
	size_t bytes = 0;

	for (size_t i = 0; i < row->offsets_len; i++)
		bytes += ((const struct str *)(const void *)((const char *)row->row + row->offsets[i]))->len;
	return bytes;
}

void store_note_with(struct store *s, uint8_t op, const struct store_note_row *row, struct str text, size_t limit)
{
	size_t room = (row->size + 7) & ~(size_t)7;
	struct note *n = malloc(sizeof(*n) + room + texts_bytes(row) + text.len);
	char *at;

	if (!n) {
		log_error("store: memory is out: what was seen of a client is not kept");
		return;
	}
	memcpy(n->text, row->row, row->size);
	at = n->text + room;
	for (size_t i = 0; i < row->offsets_len; i++) {
		struct str *copy = (struct str *)(void *)(n->text + row->offsets[i]);

		*copy = note_text(at, *copy);
		at += copy->len;
	}
	n->req = (struct store_req){.op = op, .is_note = true, .args = &n->args};
	n->args = (struct store_args){.text = note_text(at, text), .limit = limit};
	n->args.client = (const struct store_client *)(const void *)n->text;
	store_ask(s, &n->req);
}

int store_wait(struct store_req *req)
{
	struct store *s = req->store;

	pthread_mutex_lock(&s->lock);
	while (!req->answered)
		pthread_cond_wait(&s->answered, &s->lock);
	pthread_mutex_unlock(&s->lock);
	req->pending = false;
	return req->answer;
}

void store_req_init(struct store_req *req, store_done_fn *done, void *owner)
{
	*req = (struct store_req){.done = done, .owner = owner};
}

void store_req_release(struct store_req *req)
{
	if (req->secret)
		OPENSSL_cleanse(req->secret, req->secret_len);
	req->secret = NULL;
	req->secret_len = 0;
	req->arena = arena_free(req->arena);
	req->args = NULL;
	req->number = 0;
}
