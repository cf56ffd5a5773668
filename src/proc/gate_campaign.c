#include "proc/gate_campaign.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/phrase.h"
#include "base/text.h"
#include "conf/service.h"
#include "mail/address.h"
#include "proc/gate.h"
#include "route/post.h"
#include "rule/client_rule.h"
#include "rule/client_set.h"

enum {
	PAGE = 200,          /* rows of one question */
	PASS_SECONDS = 300,  /* between two looks at everybody */
	BEGIN_SECONDS = 5,   /* behind the start */
	AFFECTED_MAX = 16,   /* clients of one person that are looked at */
	WORD_MAX = 100,      /* bytes of what a client says of itself */
};

#define PER_SECOND 1000000ull
#define PER_DAY (86400 * PER_SECOND)

/* One client of a person that a rule speaks of. */
struct affected {
	const struct store_client *row;
	struct judgement client;
	struct client_decision decision;
};

struct counts {
	uint64_t people, no_address;
};

struct gate_campaign {
	struct store_req req;
	struct buf owner, key; /* the last row that was looked at */
	bool walking;
	uint64_t begin_us;     /* of the next walk */
	char policy[64];       /* that the last one was begun with */
	char last_policy[64];  /* and the last that has ended */
	struct counts now, last;
	uint64_t last_us;
};

/* ---- one person ---- */

static struct judgement judgement_of(const struct store_client *row)
{
	return (struct judgement){
		.class = (enum client_class)row->class,
		.basis = (enum client_basis)row->basis,
		.confidence = row->confidence,
		.contradictions = row->contradictions,
		.product = row->product,
		.version = row->version,
		.os = row->os,
		.device = row->device,
		.caps = row->caps,
		.node = row->node,
		.agent = row->agent,
		.ja4 = row->ja4,
	};
}

static struct subject subject_for(const struct gate *g, const struct person *p)
{
	struct subject s = subject_of(p->jid, settings_is_inside(g->settings, jid_split(p->jid).domain));

	s.groups = p->groups;
	s.group_count = p->groups_len;
	return s;
}

static struct str first_address(struct str addresses)
{
	addresses = str_trim(addresses);
	return str_cut(addresses, 0, str_find(addresses, ' ', 0));
}

static bool is_written_about(const struct client_decision *d)
{
	return d->rule.len && (d->effect == CLIENT_ADVISE || d->effect == CLIENT_WARN);
}

static void decide(const struct gate *g, const struct subject *person, const struct store_client *row, struct affected *out)
{
	const struct settings_strings *support = &g->settings->contact_support;
	struct client_case c = {
		.client = &out->client,
		.person = person,
		.address = first_address(row->address),
		.mechanism = row->mechanism,
		.tls = row->tls,
		.now_us = clock_utc_us(),
		.help = support->len ? support->items[0] : STR_NONE,
	};

	out->row = row;
	out->client = judgement_of(row);
	client_decide(g->policy, &c, &out->decision);
}

/* Something that nothing is held against was first seen behind its last use. */
static bool is_replaced(const struct store_client *row, uint64_t good_since_us)
{
	return good_since_us > row->last_us;
}

/* Those clients that somebody is to be written to about, at most AFFECTED_MAX; what they point into is the rows and `out`. */
static size_t affected_of(const struct gate *g, const struct person *person, const struct store_client *rows, size_t len,
	struct affected out[AFFECTED_MAX])
{
	struct subject subject = subject_for(g, person);
	uint64_t good_since_us = 0;
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < len && n < AFFECTED_MAX; i++) {
		decide(g, &subject, &rows[i], &out[n]);
		if (is_written_about(&out[n].decision)) {
			n++;
		} else if (out[n].decision.effect == CLIENT_ALLOW && rows[i].class == CLIENT_NAMED &&
			   rows[i].first_us > good_since_us) {
			good_since_us = rows[i].first_us;
		}
	}
	for (size_t i = 0; i < n; i++)
		if (!is_replaced(out[i].row, good_since_us)) {
			out[kept] = out[i];
			out[kept].decision.client = &out[kept].client;
			kept++;
		}
	return kept;
}

bool gate_campaign_holds(
	const struct gate *g, const struct person *person, const struct store_clients *clients, const struct store_mail *mail)
{
	struct affected all[AFFECTED_MAX];
	size_t n = affected_of(g, person, clients->rows, clients->len, all);

	for (size_t i = 0; i < n; i++)
		if (str_eq(all[i].decision.rule, mail->about) &&
			str_eq(str_from(client_effect_names[all[i].decision.effect]), mail->stage))
			return true;
	return false;
}

/* ---- the mail ---- */

static enum language language(const struct person *person)
{
	return language_of(person->language);
}

/* What clients say of themselves, as part of a line. */
static void put_word(struct buf *out, const char *before, struct str word)
{
	if (!word.len || !utf8_is_valid(word))
		return;
	buf_printf(out, "%s", before);
	for (size_t at = 0; at < word.len && at < WORD_MAX;) {
		uint32_t c = utf8_next(word, &at);

		utf8_put(out, c < ' ' || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 ? ' ' : c);
	}
}

/* `way`: by which it logs in, where the rule is about that. */
static void put_client(struct buf *out, const struct store_client *row, struct str way, enum language say)
{
	struct buf day = BUF_INIT(0);

	buf_lit(out, "-");
	put_word(out, " ", row->product.len ? row->product : row->resource);
	put_word(out, " ", row->version);
	put_word(out, ", ", row->os);
	put_word(out, ", ", row->device);
	put_word(out, ", ", way);
	clock_put(&day, row->last_us);
	buf_lit(out, ", ");
	phrase_put(out, PHRASE_CAMPAIGN_SEEN, say,
		(struct phrase_word[]){{"date", str_cut(buf_view(&day), 0, strlen("2026-11-23"))}, {}});
	buf_putc(out, '\n');
	buf_done(&day);
}

/* One mail for all of his clients that the same rule is about. */
static void put_body(struct buf *out, const struct affected *all, size_t n, const struct client_decision *d,
	const struct person *person, struct arena *arena)
{
	enum language say = language(person);

	buf_str(out, client_decision_text(d, person->language, arena));
	buf_printf(out, "\n\n%.*s\n", STR_FMT(phrase(PHRASE_CAMPAIGN_CLIENTS, say)));
	for (size_t i = 0; i < n; i++)
		if (str_eq(all[i].decision.rule, d->rule) && all[i].decision.effect == d->effect)
			put_client(out, all[i].row, all[i].decision.way, say);
	buf_putc(out, '\n');
	phrase_put(out, PHRASE_CAMPAIGN_WHOSE, say, (struct phrase_word[]){{"address", person->jid}, {}});
	buf_putc(out, '\n');
}

static void put_subject(struct buf *out, const struct client_decision *d, const struct person *person)
{
	buf_str(out, phrase(PHRASE_CAMPAIGN_SUBJECT, language(person)));
	put_word(out, ": ", d->client->product);
	put_word(out, " ", d->client->product.len ? d->client->version : STR_NONE);
	put_word(out, d->client->product.len ? ", " : ": ", d->way);
}

/* How long ago he may have been told to be told again. */
static uint64_t told_since(const struct gate *g, struct str rule)
{
	const struct client_set *set = client_set_of(g->policy);
	const struct client_rule *r = set ? client_set_rule(set, rule) : NULL;
	uint64_t now = clock_utc_us(), span = r && r->dated ? r->campaign.remind_days * PER_DAY : 0;

	return span && span < now ? now - span : 0;
}

static void write_to(struct gate *g, const struct person *person, const struct affected *all, size_t n, size_t which)
{
	const struct client_decision *d = &all[which].decision;
	struct buf subject = BUF_INIT(1000), body = BUF_INIT(1 << 16);
	struct arena *arena = arena_new(1 << 18);
	int r = -ENOMEM;

	if (arena) {
		put_body(&body, all, n, d, person, arena);
		put_subject(&subject, d, person);
	}
	if (arena && !buf_failed(&body) && !buf_failed(&subject) && !arena_is_full(arena))
		r = post_mail(g->store, g->settings, person,
			&(struct post){
				.purpose = CAMPAIGN_PURPOSE,
				.about = d->rule,
				.stage = str_from(client_effect_names[d->effect]),
				.subject = buf_view(&subject),
				.body = buf_view(&body),
				.language = language_tags[language(person)],
				.since_us = told_since(g, d->rule),
			},
			NULL, NULL);
	if (r < 0)
		log_error("out of memory: a mail about a program is not written; the next look writes it");
	buf_done(&subject);
	buf_done(&body);
	arena_free(arena);
}

static bool has_address(const struct person *person)
{
	struct buf plain = BUF_INIT(0);
	bool ok = !mail_address_put(&plain, person->mail, NULL);

	buf_done(&plain);
	return ok;
}

static void consider(struct gate *g, struct str owner, const struct store_client *rows, size_t len)
{
	AUTO(person_unrefp) const struct person *person = directory_get(g->directory, owner);
	struct affected all[AFFECTED_MAX];
	size_t n = person && !person->disabled ? affected_of(g, person, rows, len, all) : 0;

	if (!n)
		return;
	g->campaign->now.people++;
	if (!has_address(person)) {
		g->campaign->now.no_address++;
		return;
	}
	for (size_t i = 0; i < n; i++) {
		bool first = true;

		for (size_t k = 0; k < i; k++)
			first = first && !(str_eq(all[k].decision.rule, all[i].decision.rule) &&
						 all[k].decision.effect == all[i].decision.effect);
		if (first)
			write_to(g, person, all, n, i);
	}
}

/* ---- everybody, page by page ---- */

uint64_t gate_campaign_since_us(const struct gate *g)
{
	uint64_t now = clock_utc_us(), span = g->settings->mail_client_days * PER_DAY;

	return now > span ? now - span : 0;
}

static void walk_end(struct gate *g)
{
	struct gate_campaign *c = g->campaign;

	c->walking = false;
	c->last = c->now;
	c->last_us = clock_utc_us();
	memcpy(c->last_policy, c->policy, sizeof(c->last_policy));
	store_req_release(&c->req);
	if (c->last.no_address)
		log_warn("%llu of %llu people who use a program that is advised against have no mail address ('gatehouse clients "
			 "laggards')",
			(unsigned long long)c->last.no_address, (unsigned long long)c->last.people);
}

static void walk_page(struct gate *g);

/* The rows of a page, person by person. Who is the last one of a page that is not the last may go on in the next, which begins
 * with him then, unless the page is his alone. */
static void on_page(struct store_req *req, int result)
{
	struct gate *g = req->owner;
	struct gate_campaign *c = g->campaign;
	const struct store_client *rows;
	size_t len, from = 0, to;

	if (result || g->stopping) {
		walk_end(g);
		return;
	}
	rows = req->clients->rows;
	len = req->clients->len;
	for (; from < len; from = to) {
		for (to = from + 1; to < len && str_eq(rows[to].owner, rows[from].owner);)
			to++;
		if (to == len && !req->clients->complete && from > 0)
			break;
		consider(g, rows[from].owner, rows + from, to - from);
	}
	if (req->clients->complete || !len) {
		walk_end(g);
		return;
	}
	buf_clear(&c->owner);
	buf_clear(&c->key);
	buf_str(&c->owner, rows[from - 1].owner);
	buf_str(&c->key, rows[from - 1].key);
	walk_page(g);
}

static void walk_page(struct gate *g)
{
	struct gate_campaign *c = g->campaign;
	struct store_client_query query = {
		.after_owner = buf_view(&c->owner),
		.after_key = buf_view(&c->key),
		.since_us = gate_campaign_since_us(g),
		.limit = PAGE,
	};

	store_req_release(&c->req);
	store_req_init(&c->req, on_page, g);
	if (buf_failed(&c->owner) || buf_failed(&c->key) || store_client_list(g->store, &c->req, &query))
		walk_end(g);
}

static void walk_begin(struct gate *g)
{
	struct gate_campaign *c = g->campaign;
	uint64_t now = clock_utc_us(), next = client_next_change_us(g->policy, now);

	c->begin_us = now + PASS_SECONDS * PER_SECOND;
	if (next && next < c->begin_us)
		c->begin_us = next;
	snprintf(c->policy, sizeof(c->policy), "%s", policy_set_version(g->policy));
	c->now = (struct counts){};
	c->walking = true;
	buf_clear(&c->owner);
	buf_clear(&c->key);
	walk_page(g);
}

/* Without a rule nobody is looked at; without a mail server there is nothing to write with. */
void gate_campaign_tick(struct gate *g)
{
	struct gate_campaign *c = g->campaign;
	const struct client_set *set = client_set_of(g->policy);
	const struct client_rule *rules;

	if (!g->ready || g->stopping || c->walking || !g->settings->mail_server.len || !set || !client_set_rules(set, &rules))
		return;
	if (clock_utc_us() >= c->begin_us || strcmp(c->policy, policy_set_version(g->policy)) != 0)
		walk_begin(g);
}

json_t *gate_campaign_status(const struct gate *g)
{
	const struct counts *last = &g->campaign->last;
	json_t *v = json_pack("{s:I, s:I}", "people", (json_int_t)last->people, "without_address", (json_int_t)last->no_address);
	struct buf when = BUF_INIT(0);

	if (g->campaign->last_us) {
		clock_put(&when, g->campaign->last_us);
		json_object_set_new(v, "looked", json_stringn(when.data, when.len));
		json_object_set_new(v, "policy", json_string(g->campaign->last_policy));
	}
	buf_done(&when);
	return v;
}

int gate_campaign_open(struct gate *g)
{
	struct gate_campaign *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->owner = c->key = BUF_INIT(8192);
	c->begin_us = clock_utc_us() + BEGIN_SECONDS * PER_SECOND;
	store_req_init(&c->req, on_page, g);
	g->campaign = c;
	return 0;
}
