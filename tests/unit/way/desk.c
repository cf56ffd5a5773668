#include "desk.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "inspect/inspect.h"
#include "ipc/frame.h"
#include "parcel/class.h"
#include "parcel/parting.h"
#include "record/link.h"
#include "route/route.h"
#include "stanza/ns.h"
#include "stanza/tokenizer.h"
#include "xmpp/xmpp.h"

enum { PASSES = 4 };

static void note(char names[DESK_NAMES], struct str name)
{
	size_t len = strlen(names);

	snprintf(names + len, DESK_NAMES - len, " %.*s", STR_FMT(name));
}

/* ---- the stages that are not under test ---- */

/* Ids decide: "bad..." is refused, "silent..." in silence. */
enum stage_result xmpp_check(struct parcel *p, void *xmpp)
{
	struct str to = node_attr(p->stanza, STR("to"));

	(void)xmpp;
	p->type = node_attr(p->stanza, STR("type"));
	p->has_to = to.data != NULL;
	p->to = jid_split(p->origin->jid.bare);
	if (p->has_to)
		assert_int_equal(jid_parse(&p->to, to, p->arena), 0);
	node_set_attr(p->arena, p->stanza, STR("from"), p->origin->jid.full);
	p->class = parcel_classify(
			p->kind, p->stanza, !jid_is_domain(&p->to) && !str_eq(p->to.bare, p->origin->jid.bare));
	p->refusal = (struct refusal){.condition = STANZA_BAD_REQUEST, .text = STR("Not so.")};
	p->refusal.silent = str_starts(p->id, STR("silent"));
	return str_starts(p->id, STR("bad")) || p->refusal.silent ? STAGE_REFUSE : STAGE_NEXT;
}

enum stage_result xmpp_admit(struct parcel *p, void *xmpp)
{
	(void)p;
	(void)xmpp;
	return STAGE_NEXT;
}

enum stage_result xmpp_charge(struct parcel *p, void *xmpp)
{
	(void)p;
	(void)xmpp;
	return STAGE_NEXT;
}

/* Nothing arrives here without a receipt, and no content with that of a signal. */
enum stage_result route_parcel(struct parcel *p, void *route)
{
	struct desk *d = route;

	assert_non_null(p->receipt);
	assert_int_equal(receipt_is_signal(p->receipt), p->class != CLASS_CONTENT);
	if (p->class == CLASS_CONTENT)
		assert_true(str_eq(receipt_id(p->receipt), str_of(p->record_id, RECORD_ID)));
	note(d->routed, p->id);
	if (p->verdict.action == ACTION_BLOCK)
		note(d->blocked, p->id);
	return STAGE_DONE;
}

void route_errand(struct route *r, struct errand *e)
{
	struct desk *d = (struct desk *)(void *)r;

	snprintf(d->resource, sizeof(d->resource), "%.*s", STR_FMT(e->resource));
	errand_free(e);
}

/* There are no rooms here. */
bool route_room_members(struct route *r, const struct jid *to, struct buf *out)
{
	(void)r;
	(void)to;
	(void)out;
	return false;
}

bool route_room_nick(struct route *r, const struct jid *room, struct str full, struct buf *out)
{
	(void)r;
	(void)room;
	(void)full;
	(void)out;
	return false;
}

const struct person *route_room_person(struct route *r, const struct jid *to)
{
	(void)r;
	(void)to;
	return NULL;
}

/* ---- the recorder ---- */

static void recorder_say(struct desk *d, struct buf *frames)
{
	assert_int_equal(send(d->recorder, frames->data, frames->len, MSG_NOSIGNAL), (ssize_t)frames->len);
	buf_done(frames);
}

static void recorder_welcome(struct desk *d)
{
	struct buf b = BUF_INIT(0);

	link_put_number(&b, LINK_WELCOME, 1);
	recorder_say(d, &b);
}

static void copy(char *out, size_t size, struct str from)
{
	snprintf(out, size, "%.*s", STR_FMT(from));
}

/* The id attribute, without a parser: tests write id='x', the server id='x' too. */
static struct str id_in(struct str stanza)
{
	static const char mark[] = " id='";

	for (size_t i = 0; i + sizeof(mark) <= stanza.len; i++)
		if (memcmp(stanza.data + i, mark, sizeof(mark) - 1) == 0) {
			size_t from = i + sizeof(mark) - 1;

			return str_cut(stanza, from, str_find(stanza, '\'', from));
		}
	return STR("");
}

static void line_field(struct line *l, uint16_t key, struct str value)
{
	if (key == KEY_ACTION)
		copy(l->action, sizeof(l->action), value);
	else if (key == KEY_KIND)
		copy(l->kind, sizeof(l->kind), value);
	else if (key == KEY_REASON)
		copy(l->reason, sizeof(l->reason), value);
	else if (key == KEY_STANZA)
		copy(l->stanza_id, sizeof(l->stanza_id), id_in(value));
	else if (key == KEY_COUNT)
		assert_int_equal(field_u64(value, &l->count), 0);
}

static void recorder_append(struct desk *d, struct str payload)
{
	struct line *l = &d->lines[d->len++];
	struct str fields = str_cut(payload, LINK_APPEND_HEAD, payload.len), value;
	size_t at = 0;
	uint16_t key;

	assert_true(d->len <= DESK_LINES && payload.len >= LINK_APPEND_HEAD);
	*l = (struct line){.n = link_u64(payload.data), .type = (enum event)(unsigned char)payload.data[8]};
	assert_int_equal(l->n, d->len); /* without a gap */
	while (field_next(fields, &at, &key, &value) > 0)
		line_field(l, key, value);
}

static void recorder_listen(struct desk *d)
{
	char *to = buf_room(&d->heard, 65536);
	ssize_t n = recv(d->recorder, to, 65536, MSG_DONTWAIT);
	struct frame f;
	size_t at = 0;

	d->heard.len += n > 0 ? (size_t)n : 0;
	while (frame_next(buf_view(&d->heard), &at, &f) > 0)
		if (f.type == LINK_APPEND)
			recorder_append(d, f.payload);
	buf_shift(&d->heard, at);
}

void desk_grant(struct desk *d, unsigned count)
{
	struct link_receipt run = {
			.first_n = d->granted + 1, .count = count, .first_seq = 100 + d->granted, .time_us = 1700000000000000};
	struct buf b = BUF_INIT(0);

	assert_true(d->granted + count <= d->len);
	d->granted += count;
	link_put_receipt(&b, &run);
	recorder_say(d, &b);
	desk_settle(d);
}

void desk_tell(struct desk *d, unsigned frame)
{
	struct buf b = BUF_INIT(0);

	frame_end(&b, frame_begin(&b, (uint16_t)frame));
	recorder_say(d, &b);
	desk_settle(d);
}

unsigned desk_lines(const struct desk *d, enum event type)
{
	unsigned n = 0;

	for (size_t i = 0; i < d->len; i++)
		n += d->lines[i].type == type;
	return n;
}

const struct line *desk_line(const struct desk *d, const char *id)
{
	const struct line *found = NULL;

	for (size_t i = 0; i < d->len; i++)
		if (strcmp(d->lines[i].stanza_id, id) == 0) {
			assert_null(found);
			found = &d->lines[i];
		}
	assert_non_null(found);
	return found;
}

/* ---- the desk ---- */

static void person_put(struct desk *d, const char *jid, const char *id)
{
	struct store_account row = {.jid = str_from(jid), .person_id = str_from(id), .name = STR("Somebody")};

	assert_int_equal(directory_put(d->directory, &row), 0);
}

static void desk_policy(struct desk *d, const char *rules)
{
	struct err err = {};

	d->dir = policy_dir_make(rules);
	if (policy_set_load(&d->policy, d->dir.path, &inspect_engine, &err))
		fail_msg("%s", err.text);
}

static void desk_record(struct desk *d)
{
	struct record_config c = {.boot = "0000000a"};
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	d->recorder = pair[1];
	assert_int_equal(record_open(&d->record, d->loop, pair[0], &c), 0);
	recorder_welcome(d);
}

struct desk *desk_new(const char *rules)
{
	struct desk *d = calloc(1, sizeof(*d));
	struct err err = {};

	if (settings_parse(&d->settings, "/tmp", STR("domains: [example.org]\nlimits:\n  record_seconds: 1\n"), "test", &err))
		fail_msg("%s", err.text);
	assert_int_equal(loop_new(&d->loop, 0), 0);
	loop_stop(d->loop); /* each loop_run is one pass */
	d->loops = (struct loops){.loop = &d->loop, .count = 1};
	assert_int_equal(directory_new(&d->directory), 0);
	person_put(d, "alice@example.org", "aaaaaaaaaaaaaaaaaaaaaaaaaa");
	person_put(d, "bob@example.org", "bbbbbbbbbbbbbbbbbbbbbbbbbb");
	if (rules)
		desk_policy(d, rules);
	desk_record(d);
	assert_int_equal(way_new(&d->way,
					 &(struct way_env){.loops = &d->loops,
							 .directory = d->directory,
							 .record = &d->record,
							 .route = (struct route *)(void *)d},
					 d->settings, d->policy),
			0);
	desk_settle(d);
	return d;
}

void desk_stop(struct desk *d)
{
	d->record = record_free(d->record);
}

void desk_free(struct desk *d)
{
	desk_stop(d);
	loop_run(d->loop);
	way_free(d->way);
	d->loop = loop_free(d->loop);
	close(d->recorder);
	if (d->policy)
		policy_dir_remove(&d->dir);
	policy_set_unref(d->policy);
	directory_free(d->directory);
	settings_free(d->settings);
	buf_done(&d->heard);
	free(d);
}

void desk_settle(struct desk *d)
{
	for (int i = 0; i < PASSES; i++) {
		loop_run(d->loop);
		recorder_listen(d);
	}
}

/* What runs on the loop. */
struct act {
	struct task task;
	struct way *way;
	struct parcel *parcel;
	struct errand *errand;
};

static void run_act(struct task *task)
{
	struct act *a = container_of(task, struct act, task);

	if (a->parcel)
		way_submit(a->way, a->parcel);
	else
		way_errand(a->way, a->errand);
}

static void desk_do(struct desk *d, struct parcel *p, struct errand *e)
{
	struct act a = {.task.run = run_act, .way = d->way, .parcel = p, .errand = e};

	loop_post(d->loop, &a.task);
	desk_settle(d);
}

/* ---- streams ---- */

static void on_write(struct port *port, struct str bytes)
{
	buf_str(&((struct speaker *)port)->got, bytes);
}

static void on_close(struct port *port, const char *condition, struct str text, struct str lang, struct parting *parting)
{
	(void)port;
	(void)condition;
	(void)text;
	(void)lang;
	if (parting)
		parting_answer(parting, false);
}

static void on_free(struct port *port)
{
	(void)port;
}

static const struct port_ops port_ops = {.write = on_write, .close = on_close, .free = on_free};

static void on_answer(struct origin *o, struct port *port, struct blob *stanza)
{
	(void)o;
	buf_str(&((struct speaker *)port)->got, blob_view(stanza));
}

void desk_errand(struct desk *d, const char *bare, const char *resource)
{
	struct speaker s = {.port = {.refs = 1, .loop = d->loop, .ops = &port_ops}};
	struct errand *e = errand_new(ERRAND_BIND, &s.port);

	e->person = directory_get(d->directory, str_from(bare));
	assert_int_equal(jid_parse(&e->bare, str_from(bare), e->arena), 0);
	e->resource = arena_dup(e->arena, str_from(resource));
	desk_do(d, NULL, e);
}

struct speaker *speaker_new(struct desk *d, const char *bare)
{
	struct speaker *s = calloc(1, sizeof(*s));
	const struct person *person = directory_get(d->directory, str_from(bare));
	char full[64];
	struct jid jid;

	snprintf(full, sizeof(full), "%s/desk", bare);
	jid = jid_split(str_from(full));
	s->port = (struct port){.refs = 1, .loop = d->loop, .ops = &port_ops};
	s->desk = d;
	list_init(&s->pending);
	s->origin = origin_new(&(struct origin_parts){.jid = &jid,
			.person = person,
			.session = STR("0123456789012345678901"),
			.address = STR("127.0.0.1:1"),
			.home = d->loop});
	s->origin->answer = on_answer;
	person_unref(person);
	return s;
}

void speaker_free(struct speaker *s)
{
	list_each_safe(it, &s->pending)
		parcel_unref(container_of(it, struct parcel, pending));
	origin_unref(s->origin);
	buf_done(&s->got);
	free(s);
}

static void on_handled(struct parcel *p)
{
	note(((struct speaker *)p->port)->desk->handled, p->id);
	list_remove(&p->pending);
}

static struct node *read_stanza(const char *xml, struct arena **arena)
{
	static const char head[] = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";
	struct xml_limits limits = {.stanza_bytes = 1 << 20,
			.depth = 50,
			.attributes = 50,
			.attribute_bytes = 50000,
			.name_bytes = 1000,
			.children = 1000,
			.nodes = 1000};
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

struct parcel *speaker_say(struct speaker *s, const char *xml)
{
	struct arena *arena;
	struct node *n = read_stanza(xml, &arena);
	enum parcel_kind kind = str_is(n->name, "message")    ? PARCEL_MESSAGE
				: str_is(n->name, "presence") ? PARCEL_PRESENCE
							      : PARCEL_IQ;
	struct parcel *p = parcel_new(arena, n, kind);

	assert_non_null(p);
	p->origin = origin_ref(s->origin);
	p->port = port_ref(&s->port);
	p->number = ++s->number;
	p->handled = on_handled;
	p->queue = &s->pending;
	list_append(&s->pending, &p->pending);
	desk_do(s->desk, p, NULL);
	return p;
}
