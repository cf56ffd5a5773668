#include "porch.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

enum { PASSES = 6 };

/* ---- what stands around the streams ---- */

static void note(struct porch *p, struct parcel *parcel)
{
	buf_clear(&p->stanza);
	xml_put(&p->stanza, parcel->stanza, NS_CLIENT);
	snprintf(p->to, sizeof(p->to), "%.*s", STR_FMT(parcel->to.full));
	p->has_to = parcel->has_to;
	p->class = parcel->class;
	p->refusal = parcel->refusal;
}

static void finish(struct parcel *parcel)
{
	parcel->handled(parcel);
	parcel_unref(parcel);
}

static void on_submit(void *owner, struct parcel *parcel)
{
	struct porch *p = owner;

	p->result = xmpp_charge(parcel, p->xmpp);
	if (p->result == STAGE_NEXT)
		p->result = xmpp_check(parcel, p->xmpp);
	note(p, parcel);
	if (p->result == STAGE_NEXT)
		p->accepted++;
	else
		p->refused++;
	finish(parcel);
}

static void on_answer(struct origin *o, struct port *port, struct blob *stanza)
{
	(void)o;
	port_write(port, stanza);
}

/* The session as the home loop would make it: the resource that was asked for, or "desk". */
static struct origin *origin_for(struct porch *p, const struct errand *e)
{
	char full[128];
	struct origin *o;
	struct jid jid;

	snprintf(full, sizeof(full), "%.*s/%.*s", STR_FMT(e->bare.bare), STR_FMT(e->resource.len ? e->resource : STR("desk")));
	jid = jid_split(str_from(full));
	o = origin_new(&(struct origin_parts){.jid = &jid,
			.person = e->person,
			.session = STR("0123456789012345678901"),
			.address = e->address,
			.mechanism = e->mechanism,
			.home = p->loop});
	if (o)
		o->answer = on_answer;
	return o;
}

static void on_errand(void *owner, struct errand *e)
{
	struct porch *p = owner;

	if (e->kind == ERRAND_GONE) {
		p->gone++;
		p->reason = e->reason;
		p->handled = e->handled;
	}
	if (!e->answer) {
		errand_free(e);
		return;
	}
	if (e->kind == ERRAND_BIND)
		e->origin = origin_for(p, e);
	else
		e->error = ERRAND_E_ITEM_NOT_FOUND;
	if (p->holds)
		p->held = e;
	else
		e->answer(e);
}

/* ---- the porch ---- */

static void person_put(struct porch *p, const char *jid, const char *id)
{
	struct store_account row = {.jid = str_from(jid), .person_id = str_from(id), .name = STR("Somebody")};

	assert_int_equal(directory_put(p->directory, &row), 0);
}

static void porch_xmpp(struct porch *p)
{
	struct budget_limits limits = {.connections = 100, .per_address = 100, .unauthenticated_address = 100};
	struct xmpp_env env = {.loops = &p->loops,
			.directory = p->directory,
			.record = &p->record,
			.owner = p,
			.submit = on_submit,
			.errand = on_errand};

	p->budget = env.budget = budget_new(&limits);
	assert_non_null(p->budget);
	assert_int_equal(xmpp_new(&p->xmpp, &env, p->settings), 0);
}

struct porch *porch_new(const char *limits)
{
	struct porch *p = calloc(1, sizeof(*p));
	struct record_config config = {.boot = "0000000a"};
	struct err err = {};
	char text[512];

	snprintf(text, sizeof(text), "domains: [example.org, second.example]\nlimits:\n  waiting: 100\n%s", limits);
	if (settings_parse(&p->settings, "/tmp", str_from(text), "test", &err))
		fail_msg("%s", err.text);
	assert_int_equal(loop_new(&p->loop, 0), 0);
	loop_stop(p->loop); /* each loop_run is one pass */
	p->loops = (struct loops){.loop = &p->loop, .count = 1};
	assert_int_equal(directory_new(&p->directory), 0);
	person_put(p, "alice@example.org", "aaaaaaaaaaaaaaaaaaaaaaaaaa");
	person_put(p, "bob@example.org", "bbbbbbbbbbbbbbbbbbbbbbbbbb");
	assert_int_equal(record_open(&p->record, p->loop, -1, &config), 0);
	porch_xmpp(p);
	return p;
}

void porch_free(struct porch *p)
{
	porch_settle(p);
	record_free(p->record);
	loop_run(p->loop);
	xmpp_free(p->xmpp);
	p->loop = loop_free(p->loop);
	budget_free(p->budget);
	directory_free(p->directory);
	settings_free(p->settings);
	buf_done(&p->stanza);
	free(p);
}

void porch_settle(struct porch *p)
{
	for (int i = 0; i < PASSES; i++)
		loop_run(p->loop);
}

static void run_answer(struct task *task)
{
	struct errand *e = container_of(task, struct errand, task);

	e->answer(e);
}

void porch_answer(struct porch *p)
{
	assert_non_null(p->held);
	p->held->task.run = run_answer;
	loop_post(p->loop, &p->held->task);
	p->held = NULL;
	porch_settle(p);
}

/* ---- guests ---- */

/* What runs on the loop. */
struct act {
	struct task task;
	void (*run)(struct guest *g, void *arg);
	struct guest *guest;
	void *arg;
};

static void run_act(struct task *task)
{
	struct act *a = container_of(task, struct act, task);

	a->run(a->guest, a->arg);
}

static void guest_do(struct guest *g, void (*run)(struct guest *g, void *arg), void *arg)
{
	struct act a = {.task.run = run_act, .run = run, .guest = g, .arg = arg};

	loop_post(g->porch->loop, &a.task);
	porch_settle(g->porch);
}

static void accept_guest(struct guest *g, void *arg)
{
	struct porch *p = g->porch;
	struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct budget_entry *place;
	int pair[2];

	assert_int_equal(budget_enter(p->budget, (struct sockaddr *)&from, &place), BUDGET_OK);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	g->fd = pair[1];
	xmpp_accept(p->xmpp, 0, pair[0], *(enum conn_kind *)arg, place);
	g->stream = container_of(p->xmpp->loops[0].streams.prev, struct stream, link);
}

struct guest *guest_new(struct porch *p, enum conn_kind kind)
{
	struct guest *g = calloc(1, sizeof(*g));

	g->porch = p;
	guest_do(g, accept_guest, &kind);
	return g;
}

void guest_free(struct guest *g)
{
	close(g->fd);
	porch_settle(g->porch);
	buf_done(&g->got);
	free(g);
}

void guest_hear(struct guest *g)
{
	ssize_t n;

	do {
		porch_settle(g->porch);
		n = recv(g->fd, buf_room(&g->got, 65536), 65536, MSG_DONTWAIT);
		g->got.len += n > 0 ? (size_t)n : 0;
		g->closed |= n == 0;
	} while (n > 0);
}

void guest_say(struct guest *g, const char *text)
{
	size_t len = strlen(text);

	buf_clear(&g->got);
	assert_int_equal(send(g->fd, text, len, MSG_NOSIGNAL), (ssize_t)len);
	guest_hear(g);
}

static void shut(struct guest *g, void *arg)
{
	(void)arg;
	stream_close(g->stream, GONE_ERROR);
	conn_abort(&g->stream->conn, CONN_END_OURS);
}

void guest_shut(struct guest *g)
{
	guest_do(g, shut, NULL);
	g->stream = NULL;
}

bool guest_got(struct guest *g, const char *text)
{
	return strstr(buf_cstr(&g->got), text) != NULL;
}

static void finish_login(struct guest *g, void *arg)
{
	struct stream *s = g->stream;

	s->person = directory_get(g->porch->directory, str_from(arg));
	s->mechanism = "SCRAM-SHA-256";
	s->authenticated = true;
	stat_add(&s->xl->stats.logged_in, 1);
	conn_set_logged_in(&s->conn);
	tokenizer_set_limits(s->tokenizer, &s->xl->after);
	stream_restart(s);
}

void guest_login(struct guest *g, const char *bare)
{
	char name[64];

	snprintf(name, sizeof(name), "%s", bare);
	guest_do(g, finish_login, name);
}

struct guest *guest_bound(struct porch *p, const char *bare)
{
	struct guest *g = guest_new(p, CONN_PLAINTEXT);

	guest_say(g, HEADER);
	guest_login(g, bare);
	guest_say(g, HEADER);
	guest_say(g, "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
	assert_got(g, "/desk</jid>");
	buf_clear(&g->got);
	return g;
}
