#include "town.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "conf/settings.h"
#include "parcel/class.h"
#include "parcel/parting.h"
#include "record_fake.h"
#include "stanza/tokenizer.h"

static const struct xml_limits limits = {.stanza_bytes = 1 << 20,
	.depth = 50,
	.attributes = 50,
	.attribute_bytes = 50000,
	.name_bytes = 1000,
	.children = 1000,
	.nodes = 1000};

/* ---- the server ---- */

static void on_loaded(struct store_req *req, int result)
{
	(void)req;
	(void)result;
}

static void town_load(struct town *t)
{
	struct store_req req;

	store_req_init(&req, on_loaded, NULL);
	assert_int_equal(store_account_all(t->store, &req), 0);
	assert_int_equal(store_wait(&req), 0);
	assert_int_equal(directory_load(t->directory, req.accounts), 0);
	store_req_release(&req);
}

static void on_replayed(void *owner, int result)
{
	assert_int_equal(result, 0);
	*(bool *)owner = true;
}

static void town_start(struct town *t)
{
	struct store_options options = {.create = true};
	struct err err;
	char path[96];

	snprintf(path, sizeof(path), "%s/store.db", t->dir);
	options.path = path;
	assert_int_equal(store_open(&t->store, &options, &err), 0);
	assert_int_equal(directory_new(&t->directory), 0);
	town_load(t);
	for (unsigned i = 0; i < TOWN_LOOPS; i++) {
		assert_int_equal(loop_new(&t->loop[i], i), 0);
		loop_stop(t->loop[i]); /* each loop_run is one pass */
		t->record[i] = &record_fake;
	}
	t->loops = (struct loops){.loop = t->loop, .count = TOWN_LOOPS};
	assert_int_equal(route_new(&t->route,
				 &(struct route_env){.loops = &t->loops,
					 .store = t->store,
					 .directory = t->directory,
					 .record = t->record},
				 t->settings),
		0);
}

static void town_stop(struct town *t)
{
	town_settle(t);
	t->store = store_close(t->store);
	for (unsigned i = 0; i < TOWN_LOOPS; i++)
		loop_run(t->loop[i]);
	t->route = route_free(t->route);
	for (unsigned i = 0; i < TOWN_LOOPS; i++)
		t->loop[i] = loop_free(t->loop[i]);
	t->directory = directory_free(t->directory);
}

struct errant {
	struct task task;
	struct town *town;
	void (*fn)(struct town *t, void *arg);
	void *arg;
};

static void run_errant(struct task *task)
{
	struct errant *e = container_of(task, struct errant, task);

	e->fn(e->town, e->arg);
}

void town_do(struct town *t, void (*fn)(struct town *t, void *arg), void *arg)
{
	struct errant e = {.task = {.run = run_errant}, .town = t, .fn = fn, .arg = arg};

	loop_post(t->loop[0], &e.task);
	town_settle(t);
}

static void end_replay(struct town *t, void *arg)
{
	route_replay_end(t->route, on_replayed, arg);
}

void town_replay_end(struct town *t)
{
	bool done = false;

	town_do(t, end_replay, &done);
	for (int i = 0; i < 1000 && !done; i++)
		town_wait(t, 1);
	assert_true(done);
}

struct town *town_new(void)
{
	struct town *t = calloc(1, sizeof(*t));
	struct err err;

	snprintf(t->dir, sizeof(t->dir), "/tmp/town-XXXXXX");
	assert_non_null(mkdtemp(t->dir));
	assert_int_equal(settings_parse(&t->settings, t->dir,
				 STR("domains: [example.org, second.example]\nsm:\n  resume_seconds: 2\n  "
				     "unacked_max: 20\n"
				     "offline:\n  max: 5\n"),
				 "test", &err),
		0);
	town_start(t);
	town_replay_end(t);
	return t;
}

void town_restart(struct town *t)
{
	town_stop(t);
	town_start(t);
}

void town_free(struct town *t)
{
	char command[128];

	town_stop(t);
	settings_free(t->settings);
	snprintf(command, sizeof(command), "rm -r %s", t->dir);
	assert_int_equal(system(command), 0);
	free(t);
}

void town_add(struct town *t, const char *jid)
{
	char id[32];
	struct store_account row = {.jid = str_from(jid), .name = STR("Somebody")};
	struct store_req req;

	snprintf(id, sizeof(id), "person-%.19s", jid);
	row.person_id = str_from(id);
	store_req_init(&req, on_loaded, NULL);
	assert_int_equal(store_account_add(t->store, &req, &row, 1), 0);
	assert_int_equal(store_wait(&req), 0);
	store_req_release(&req);
	assert_int_equal(directory_put(t->directory, &row), 0);
}

static void town_pass(struct town *t)
{
	for (unsigned i = 0; i < TOWN_LOOPS; i++)
		loop_run(t->loop[i]);
}

void town_wait(struct town *t, unsigned ms)
{
	for (unsigned i = 0; i < ms; i++) {
		town_pass(t);
		usleep(1000);
	}
}

/* The store answers from threads of its own, within a few milliseconds. */
void town_settle(struct town *t)
{
	struct store_req req;

	for (int i = 0; i < 3; i++) {
		for (int j = 0; j < 6; j++)
			town_pass(t);
		store_req_init(&req, on_loaded, NULL);
		assert_int_equal(store_message_owners(t->store, &req, STORE_OFFLINE), 0);
		(void)store_wait(&req);
		store_req_release(&req);
		usleep(500);
	}
	for (int j = 0; j < 6; j++)
		town_pass(t);
}

/* ---- connections ---- */

static void on_write(struct port *port, struct str bytes)
{
	struct client *c = (struct client *)port;

	buf_str(&c->got, bytes);
}

static void on_close(struct port *port, const char *condition, struct str text, struct str lang, struct parting *parting)
{
	struct client *c = (struct client *)port;

	(void)text;
	(void)lang;
	if (parting)
		parting_answer(parting, false);
	c->closed = condition ? condition : "";
	if (c->origin) /* else it does not know yet that it was bound */
		client_gone(c, GONE_ERROR);
}

static void on_free(struct port *port)
{
	(void)port;
}

static const struct port_ops ops = {.write = on_write, .close = on_close, .free = on_free};

struct client *client_new(struct town *t, unsigned loop)
{
	struct client *c = calloc(1, sizeof(*c));

	c->port = (struct port){.refs = 1, .loop = t->loop[loop], .ops = &ops};
	c->town = t;
	return c;
}

void client_free(struct client *c)
{
	origin_unref(c->origin);
	buf_done(&c->got);
	free(c);
}

/* ---- errands ---- */

static void on_answer(struct errand *e)
{
	struct client *c = (struct client *)e->port;

	c->answered = true;
	c->error = e->error;
	if (e->kind != ERRAND_SM_ENABLE && e->origin && !e->error) {
		origin_unref(c->origin);
		c->origin = origin_ref(e->origin);
	}
	if (e->kind == ERRAND_SM_ENABLE)
		snprintf(c->sm_id, sizeof(c->sm_id), "%.*s", STR_FMT(e->sm_id));
	c->handled = e->handled;
	c->has_handled = e->has_handled;
	errand_free(e);
}

static struct errand *errand_for(struct client *c, enum errand_kind kind, const char *bare)
{
	struct errand *e = errand_new(kind, &c->port);

	e->answer = on_answer;
	c->answered = false;
	if (bare) {
		e->person = directory_get(c->town->directory, str_from(bare));
		assert_int_equal(jid_parse(&e->bare, str_from(bare), e->arena), 0);
		e->address = STR("127.0.0.1:1");
		e->tls = STR("TLSv1.3");
		e->mechanism = STR("SCRAM-SHA-256");
	} else {
		e->origin = origin_ref(c->origin);
	}
	return e;
}

bool client_bind(struct client *c, const char *bare, const char *resource)
{
	struct errand *e = errand_for(c, ERRAND_BIND, bare);

	e->resource = str_from(resource);
	route_errand(c->town->route, e);
	town_settle(c->town);
	assert_true(c->answered);
	return c->error == ERRAND_OK;
}

bool client_log_in(struct client *c, const char *bare, const char *device, bool outdated)
{
	struct errand *e = errand_for(c, ERRAND_OPEN, bare);
	struct opening *o = arena_zalloc(e->arena, sizeof(*o));
	struct store_account row = {.jid = e->person->jid, .name = e->person->name, .person_id = e->person->id};

	assert_non_null(o);
	*o = (struct opening){.head = STR("<success>"), .tail = STR("</success>"), .features_bound = STR("<bound-features/>"),
		.features_unbound = STR("<unbound-features/>"), .bind = true};
	e->opening = o;
	e->agent_id = str_from(device);
	e->resource = STR_NONE;
	if (outdated)
		assert_int_equal(directory_put_keys(c->town->directory, &row), 0);
	route_errand(c->town->route, e);
	town_settle(c->town);
	assert_true(c->answered);
	return c->error == ERRAND_OK && client_count(c, "<bound ") == 1;
}

struct client *client_online(struct town *t, unsigned loop, const char *bare, const char *resource)
{
	struct client *c = client_new(t, loop);

	assert_true(client_bind(c, bare, resource));
	client_send(c, "<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>");
	client_send(c, "<presence/>");
	return c;
}

void client_sm_enable(struct client *c)
{
	struct errand *e = errand_for(c, ERRAND_SM_ENABLE, NULL);

	e->wants_resume = true;
	route_errand(c->town->route, e);
	town_settle(c->town);
	assert_true(c->answered && !c->error);
}

void client_ack(struct client *c, uint32_t h)
{
	struct errand *e = errand_for(c, ERRAND_SM_ACK, NULL);

	e->h = h;
	route_errand(c->town->route, e);
	town_settle(c->town);
}

void client_ask_resume(struct client *c, const struct client *old, const char *bare, uint32_t h)
{
	struct errand *e = errand_for(c, ERRAND_SM_RESUME, bare);

	e->sm_id = str_from(old->sm_id);
	e->h = h;
	route_errand(c->town->route, e);
	town_settle(c->town);
}

bool client_resume(struct client *c, const struct client *old, const char *bare, uint32_t h)
{
	client_ask_resume(c, old, bare, h);
	assert_true(c->answered);
	return c->error == ERRAND_OK;
}

void client_gone(struct client *c, enum gone_reason reason)
{
	struct errand *e = errand_for(c, ERRAND_GONE, NULL);

	e->reason = reason;
	e->handled = c->number;
	route_errand(c->town->route, e);
}

/* ---- stanzas ---- */

static struct node *read_stanza(const char *xml, struct arena **arena)
{
	static const char head[] =
		"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";
	struct tokenizer *t = tokenizer_new(&limits);
	struct node *node = NULL;
	const char *data = head;
	size_t len = sizeof(head) - 1;

	assert_int_equal(tokenizer_feed(t, &data, &len, &node, arena), XML_STREAM_OPEN);
	arena_free(*arena);
	data = xml;
	len = strlen(xml);
	if (tokenizer_feed(t, &data, &len, &node, arena) != XML_STANZA)
		fail_msg("not a stanza: %s", xml);
	tokenizer_free(t);
	return node;
}

struct sending {
	struct task task;
	struct client *client;
	struct parcel *parcel;
};

/* As the stages before do it, on the connection's loop. */
static void run_sending(struct task *task)
{
	struct sending *s = container_of(task, struct sending, task);

	assert_int_equal(route_parcel(s->parcel, s->client->town->route), STAGE_DONE);
	parcel_unref(s->parcel);
	free(s);
}

static struct parcel *parcel_from(struct client *c, const char *xml)
{
	struct arena *arena;
	struct node *n = read_stanza(xml, &arena);
	enum parcel_kind kind = str_is(n->name, "message")    ? PARCEL_MESSAGE
				: str_is(n->name, "presence") ? PARCEL_PRESENCE
							      : PARCEL_IQ;
	struct parcel *p = parcel_new(arena, n, kind);
	struct str to = node_attr(n, STR("to"));

	node_set_attr(arena, n, STR("from"), c->origin->jid.full);
	p->origin = origin_ref(c->origin);
	p->port = port_ref(&c->port);
	p->has_to = to.data != NULL;
	p->to = jid_split(c->origin->jid.bare);
	if (p->has_to)
		assert_int_equal(jid_parse(&p->to, to, arena), 0);
	p->class =
		parcel_classify(kind, n, !jid_is_domain(&p->to) && !str_eq(p->to.bare, c->origin->jid.bare));
	if (p->class == CLASS_CONTENT)
		p->receipt = record_fake_receipt(arena, p->record_id);
	p->number = ++c->number;
	return p;
}

static void post_parcel(struct client *c, struct parcel *p)
{
	struct sending *s = calloc(1, sizeof(*s));

	*s = (struct sending){.task = {.run = run_sending}, .client = c, .parcel = p};
	loop_post(c->port.loop, &s->task);
}

void client_post(struct client *c, const char *xml)
{
	post_parcel(c, parcel_from(c, xml));
}

static void send_parcel(struct client *c, struct parcel *p)
{
	post_parcel(c, p);
	town_settle(c->town);
}

void client_send_while_gone(struct client *c, struct client *gone, unsigned turns)
{
	char xml[200];

	snprintf(xml, sizeof(xml), "<message to='%.*s' type='chat'><body>late</body></message>", STR_FMT(gone->origin->jid.full));
	post_parcel(c, parcel_from(c, xml));
	for (unsigned i = 0; i < turns; i++)
		loop_run(c->town->loop[i % TOWN_LOOPS]);
	client_gone(gone, GONE_LOST);
	town_settle(c->town);
}

void client_send(struct client *c, const char *fmt, ...)
{
	char xml[8000];
	va_list args;

	va_start(args, fmt);
	vsnprintf(xml, sizeof(xml), fmt, args);
	va_end(args);
	send_parcel(c, parcel_from(c, xml));
}

void client_block(struct client *c, const char *xml)
{
	struct parcel *p = parcel_from(c, xml);
	struct notice notice = {.lang = STR("en"), .text = STR("Not this word.")};

	p->verdict.action = ACTION_BLOCK;
	p->verdict.notice = &notice;
	send_parcel(c, p);
}

unsigned client_count(const struct client *c, const char *text)
{
	struct str got = buf_view(&c->got), wanted = str_from(text);
	unsigned n = 0;

	for (size_t i = 0; i + wanted.len <= got.len; i++)
		n += memcmp(got.data + i, wanted.data, wanted.len) == 0;
	return n;
}

void client_forget(struct client *c)
{
	buf_clear(&c->got);
}
