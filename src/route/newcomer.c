#include "route/newcomer.h"

#include <stdlib.h>

#include "account/directory.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/network.h"
#include "base/phrase.h"
#include "base/text.h"
#include "client/installation.h"
#include "route/channel.h"
#include "route/confirmation.h"
#include "route/headline.h"
#include "route/note.h"
#include "route/post.h"
#include "route/session.h"

enum {
	KEYS_MAX = 200,   /* that are kept of an account */
	LATELY_MAX = 10,  /* new devices of an account that are told of within an hour */
	NAME_MAX_BYTES = 40, /* of a name that the client has chosen, where it is told */
};

/* ---- asking ---- */

struct asking {
	struct store_req req;
	struct user *user;     /* busy */
	struct origin *origin; /* counted; its session may have gone */
	struct arena *arena;   /* of the strings */
	struct newcome what;
	struct waiter noted;   /* the line that says what others are told: they are when it is durable */
	struct list in_announced; /* of the home, until then */
	struct str text;
	struct str waits_key; /* by which it waits to be confirmed; empty: it does not */
	struct str key, network; /* what is asked */
	bool tells; /* not too many lately */
	bool beside; /* it is a network that is asked about, beside another in use */
	bool was_there; /* and it was in use first */
};

static struct str text_of(const struct asking *a, struct str s)
{
	return arena_dup(a->arena, s);
}

static void asking_end(struct asking *a)
{
	list_remove(&a->in_announced);
	store_req_release(&a->req);
	origin_unref(a->origin);
	arena_free(a->arena);
	user_busy(a->user, -1);
	free(a);
}

static struct asking *asking_new(struct session *s, store_done_fn *done)
{
	struct asking *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->arena = arena_new(0);
	if (!a->arena) {
		free(a);
		return NULL;
	}
	a->user = s->user;
	a->origin = origin_ref(s->origin);
	list_init(&a->in_announced);
	store_req_init(&a->req, done, a);
	user_busy(s->user, 1);
	return a;
}

static struct store *store_of(const struct user *u)
{
	return u->home->route->env.store;
}

/* ---- what is said ---- */

/* Letters and digits, and what stands between words: no address, nothing to follow. */
static bool is_plain(uint32_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c >= 0xA0 || c == ' ' || c == '-' ||
	       c == '_' || c == '+' || c == '\'' || c == '(' || c == ')';
}

/* A dot only where a number goes on: "1.7", not "example.org". */
static bool is_in_number(struct str s, size_t at)
{
	return s.data[at] == '.' && at > 0 && at + 1 < s.len && s.data[at - 1] >= '0' && s.data[at - 1] <= '9' &&
	       s.data[at + 1] >= '0' && s.data[at + 1] <= '9';
}

/* A name that the client has chosen must not make the server say something else. */
static void put_name(struct buf *out, struct str s)
{
	size_t start = out->len;

	for (size_t at = 0; at < s.len && out->len - start + 4 <= NAME_MAX_BYTES;) {
		size_t from = at;
		uint32_t c = utf8_next(s, &at);

		if (is_plain(c) || is_in_number(s, from))
			utf8_put(out, c);
		else
			buf_putc(out, ' ');
	}
}

static void put_device(struct buf *out, const struct newcome *n, enum language language)
{
	struct buf name = BUF_INIT(0);

	if (n->product.len) {
		buf_putc(out, '"');
		put_name(out, n->product);
		buf_putc(out, '"');
	} else {
		phrase_put(out, PHRASE_DEVICE_NAMELESS, language, NULL);
	}
	if (n->device.len) {
		put_name(&name, n->device);
		phrase_put(out, PHRASE_DEVICE_ON, language, (struct phrase_word[]){{"name", buf_view(&name)}, {}});
	}
	buf_done(&name);
}

static void put_text(struct buf *out, const struct asking *a, enum language language)
{
	enum phrase p = !a->waits_key.len ? PHRASE_DEVICE_NEW : a->beside ? PHRASE_NETWORK_WAITS : PHRASE_DEVICE_WAITS;
	struct buf device = BUF_INIT(0), minute = BUF_INIT(0), help = BUF_INIT(0), id = BUF_INIT(0);

	put_device(&device, &a->what, language);
	clock_put_minute(&minute, a->what.utc_us);
	headline_put_help(&help, a->user->home->settings, language);
	if (a->waits_key.len)
		confirmation_id_put(&id, a->user->bare, a->waits_key);
	phrase_put(out, p, language,
		(struct phrase_word[]){{"device", buf_view(&device)}, {"time", buf_view(&minute)}, {"address", a->what.address},
			{"id", buf_view(&id)}, {"help", buf_view(&help)}, {}});
	out->failed |= buf_failed(&device) || buf_failed(&minute) || buf_failed(&help) || buf_failed(&id);
	buf_done(&device);
	buf_done(&minute);
	buf_done(&help);
	buf_done(&id);
}

static enum language language(const struct origin *o)
{
	return language_of(o->person ? o->person->language : STR_NONE);
}

/* ---- mails ---- */

static void mail_person(const struct asking *a, struct str text)
{
	const struct user *u = a->user;
	AUTO(person_unrefp) const struct person *person = directory_get(u->home->route->env.directory, u->bare);
	struct buf body = BUF_INIT(0);
	struct post post = {.purpose = STR("device"),
		.about = a->what.id,
		.stage = STR("new"),
		.subject = phrase(PHRASE_DEVICE_SUBJECT, language(a->origin)),
		.language = language_tags[language(a->origin)],
		.since_us = POST_ALWAYS};

	buf_printf(&body, "%.*s\n\n%.*s\n", STR_FMT(u->bare), STR_FMT(text));
	post.body = buf_view(&body);
	if (person && !buf_failed(&body) && post_mail(store_of(u), u->home->settings, person, &post, NULL, NULL) < 0)
		log_warn("out of memory: a mail about a new device is not sent");
	buf_done(&body);
}

static void mail_admins(const struct asking *a)
{
	const struct user *u = a->user;
	struct buf body = BUF_INIT(0);
	struct post post = {.purpose = STR("device"),
		.about = a->what.id,
		.stage = STR("admins"),
		.subject = STR("A new device of an account"),
		.language = STR("en"),
		.since_us = POST_ALWAYS};

	buf_printf(&body, "Account: %.*s\nDevice: ", STR_FMT(u->bare));
	put_device(&body, &a->what, LANGUAGE_EN);
	buf_lit(&body, "\nTime: ");
	clock_put_minute(&body, a->what.utc_us);
	buf_printf(&body, "\nFrom: %.*s\n\nWhat it says of itself is a claim. 'gatehouse devices list %.*s' shows what has access.\n",
		STR_FMT(a->what.address), STR_FMT(u->bare));
	if (a->waits_key.len) {
		buf_printf(&body, "It is limited until it is confirmed, by the person or by\n  gatehouse devices confirm %.*s ", STR_FMT(u->bare));
		confirmation_id_put(&body, u->bare, a->waits_key);
		buf_putc(&body, '\n');
	}
	post.body = buf_view(&body);
	if (!buf_failed(&body) && post_admins(store_of(u), u->home->settings, &post) < 0)
		log_warn("out of memory: a mail about a new device is not sent");
	buf_done(&body);
}

/* ---- telling ---- */

/* The device of this session, or one that is the same to us, is the new one. */
static bool is_same_device(const struct session *s, const struct asking *a)
{
	if (s->origin == a->origin)
		return true;
	return !a->beside && s->origin->agent_id.len && str_eq(s->origin->agent_id, a->origin->agent_id);
}

/* Somebody who was there before it, as far as is known, and whom people know: whoever has logged in later may belong to it. */
static bool was_before(const struct session *s, const struct asking *a)
{
	if (s->newcomer.untold_itself)
		return false;
	return s->newcomer.since_us ? s->newcomer.since_us < a->what.utc_us : s->connected_us < a->what.utc_us;
}

/* Of those who are there and not limited themselves; `count` tells nobody. How many who count. */
static unsigned tell(const struct asking *a, bool count)
{
	unsigned told = 0;

	session_each(s, a->user)
	{
		if (!session_is_available(s) || is_same_device(s, a) || confirmation_limits(s))
			continue;
		if (!count)
			headline_give(s, a->text, language_tags[language(a->origin)]);
		told += was_before(s, a);
	}
	return told;
}

/* Where it waits to be confirmed somebody has to know. */
static bool is_to_be_told(const struct asking *a)
{
	return a->tells && (a->user->home->settings->devices_tell || a->waits_key.len);
}

/* They have not been there when it came, and are told when they are. */
static void leave_for_later(const struct asking *a)
{
	session_each(s, a->user) if (!session_is_available(s) && !is_same_device(s, a) && was_before(s, a)) s->newcomer.untold = true;
}

static void on_new_noted(struct waiter *w, const struct receipt *receipt)
{
	struct asking *a = container_of(w, struct asking, noted);
	const struct settings *settings = a->user->home->settings;
	unsigned told = 0;

	list_remove(&a->in_announced);
	if (receipt) {
		if (is_to_be_told(a))
			told = tell(a, false);
		if (a->tells && settings->devices_mail)
			mail_person(a, a->text);
		if (a->tells && settings->devices_mail_admins)
			mail_admins(a);
		if (told || !is_to_be_told(a))
			store_device_told(store_of(a->user), a->user->bare, a->what.untold_key);
		else
			leave_for_later(a);
	}
	asking_end(a);
}

/* False: nobody is told now; who comes later is. */
static bool announce(struct asking *a, const struct store_meeting *m)
{
	struct buf text = BUF_INIT(0);
	unsigned there;
	bool ok;

	put_text(&text, a, language(a->origin));
	a->text = text_of(a, buf_view(&text));
	ok = !buf_failed(&text) && !arena_is_full(a->arena);
	buf_done(&text);
	if (!ok)
		return false;
	a->tells = m->lately <= LATELY_MAX;
	a->noted.done = on_new_noted;
	there = is_to_be_told(a) ? tell(a, true) : 0;
	list_append(&a->user->home->announced, &a->in_announced);
	return note_device(a->user, a->origin, a->beside ? "network" : "new", &a->what, there, there ? a->text : STR_NONE, &a->noted);
}

/* Then whoever is there is told by the announcement. */
static bool is_being_announced(const struct user *u, struct str key)
{
	struct list *all = &u->home->announced;

	for (struct list *l = all->next; l != all; l = l->next) {
		const struct asking *a = container_of(l, struct asking, in_announced);

		if (a->user == u && str_eq(a->what.untold_key, key))
			return true;
	}
	return false;
}

static bool is_for_later(const struct user *u, const struct store_untold *row)
{
	return (row->waits_us || u->home->settings->devices_tell) && !is_being_announced(u, row->key);
}

/* ---- who comes ---- */

static void tell_untold(struct session *s);

/* Nobody can tell whether it is known. */
static void fail(struct session *s)
{
	if (s->newcomer.meeting == MEETING_DONE)
		return;
	s->newcomer.meeting = MEETING_FAILED;
	confirmation_met(s);
}

/* Whoever is the first has nobody who could be told; an administrator may have to confirm him. */
static bool is_news(const struct asking *a, const struct store_meeting *m, const struct session *s)
{
	if (a->beside)
		return m->is_new;
	return (m->is_new || (m->is_first && m->waits_us)) && !(s && s->newcomer.announced);
}

static void keep_id(struct session *s, const struct asking *a)
{
	struct buf id = BUF_INIT(NEWCOMER_ID);

	confirmation_id_put(&id, a->user->bare, a->waits_key);
	if (id.len == NEWCOMER_ID)
		memcpy(s->newcomer.id, id.data, NEWCOMER_ID);
	buf_done(&id);
}

static void met_device(struct session *s, const struct store_meeting *m)
{
	struct newcomer *n = &s->newcomer;

	n->since_us = m->first_us;
	n->exempt |= m->is_first;
	n->announced |= m->is_new || (m->is_first && m->waits_us);
	n->untold_itself = m->is_new || m->is_untold;
	n->untold = m->untold > 0 && !n->untold_itself;
	n->waits_us = m->waits_us;
	n->network_us = m->beside_us;
	n->meeting = MEETING_DONE;
}

static void met(struct session *s, const struct asking *a, const struct store_meeting *m)
{
	if (!a->beside)
		met_device(s, m);
	else if (m->waits_us)
		s->newcomer.network_us = m->waits_us;
	if (a->waits_key.len)
		keep_id(s, a);
	confirmation_met(s);
	if (!session_is_ending(s) && session_is_available(s))
		tell_untold(s);
}

static void on_met(struct store_req *req, int result)
{
	struct asking *a = req->owner;
	const struct store_meeting *m = req->meeting;
	struct session *s = a->origin->user ? session_by_origin(a->user, a->origin) : NULL;
	bool announced = false;

	if (result) {
		log_error("it could not be looked up whether a device is new");
		if (s)
			fail(s);
	} else {
		if (confirmation_holds(a->user->home->settings, a->beside ? 0 : m->waits_us, a->beside ? m->waits_us : m->beside_us))
			a->waits_key = text_of(a, m->waits_key);
		if (m->is_new_network)
			a->what.untold_key = a->network;
		announced = is_news(a, m, s) && announce(a, m);
		if (s)
			met(s, a, m);
	}
	if (!announced)
		asking_end(a);
}

/* "network:10.0", "network:2001:db8": up to the second of `between`. */
static void put_network(struct buf *out, struct str host)
{
	char between = str_find(host, ':', 0) < host.len ? ':' : '.';
	size_t end = str_find(host, between, 0);

	if (end < host.len)
		end = str_find(host, between, end + 1);
	buf_printf(out, "network:%.*s", STR_FMT(str_cut(host, 0, end)));
}

static const struct str beside = STR("beside:");

bool newcomer_is_network(struct str key)
{
	return str_starts(key, beside);
}

/* And what channel_is_far() parts networks by. */
static void put_beside(struct buf *out, struct str host)
{
	struct network at, around;

	buf_str(out, beside);
	if (!network_peer_parse(host, &at)) {
		buf_str(out, host);
		return;
	}
	around = network_around(&at);
	for (size_t i = 0; i < sizeof(around.address); i++)
		buf_printf(out, "%02x", around.address[i]);
}

/* What it stands for, from what was said of it. */
static void arrival_fill(struct store_arrival *row, const struct session *s, const struct asking *a)
{
	const struct settings *settings = s->user->home->settings;
	bool confirms = settings->devices_confirm != SETTINGS_CONFIRM_OFF;
	uint64_t since = s->newcomer.waits_us ? s->newcomer.waits_us : a->what.utc_us;

	*row = (struct store_arrival){.owner = s->user->bare,
		.key = a->key,
		.network = a->network,
		.product = a->what.product,
		.device = a->what.device,
		.address = a->what.address,
		.utc_us = a->what.utc_us,
		.waits_us = confirms ? since : 0,
		.first_waits = settings->devices_confirm == SETTINGS_CONFIRM_EVERY,
		.waits_anyway = confirms && s->newcomer.waits_us,
		.quiet = s->newcomer.exempt,
		.max = KEYS_MAX};
	if (a->beside) {
		row->waits_us = a->was_there ? 0 : a->what.utc_us;
		row->quiet = a->was_there;
		row->first_waits = row->waits_anyway = false;
	}
}

static struct asking *asking_about(struct session *s, struct str key, struct str network, struct str product, struct str device)
{
	struct asking *a = asking_new(s, on_met);
	struct buf id = BUF_INIT(0);

	if (!a)
		return NULL;
	installation_id_put(&id, s->user->bare, key);
	a->key = text_of(a, key);
	a->network = text_of(a, network);
	a->what = (struct newcome){.id = text_of(a, buf_view(&id)),
		.untold_key = a->key,
		.product = text_of(a, product),
		.device = text_of(a, device),
		.address = text_of(a, network_host(channel_of(s).address)),
		.utc_us = clock_utc_us()};
	buf_done(&id);
	return a;
}

static void ask(struct session *s, struct asking *a)
{
	struct buf network = BUF_INIT(0);
	struct store_arrival row;

	arrival_fill(&row, s, a);
	if (!a->beside && s->user->home->settings->devices_confirm_networks) {
		put_beside(&network, a->what.address);
		row.beside = buf_view(&network);
	}
	if (buf_failed(&network) || arena_is_full(a->arena) || store_device_meet(store_of(s->user), &a->req, &row)) {
		log_error("out of memory: it is not looked up whether a device is new");
		fail(s);
		asking_end(a);
	}
	buf_done(&network);
}

static void meet(struct session *s, struct str key, struct str network, struct str product, struct str device)
{
	struct asking *a = asking_about(s, key, network, product, device);

	if (a) {
		ask(s, a);
		return;
	}
	log_error("out of memory: it is not looked up whether a device is new");
	fail(s);
}

void newcomer_bound(struct session *s)
{
	const struct origin *o = s->origin;
	struct buf key = BUF_INIT(0);

	if (!o->agent_id.len || s->user->failed)
		return;
	buf_printf(&key, "agent:%.*s", STR_FMT(o->agent_id));
	if (!buf_failed(&key))
		meet(s, buf_view(&key), STR_NONE, o->agent_software, o->agent_device);
	buf_done(&key);
}

static void put_product(struct buf *out, struct str product)
{
	buf_lit(out, "product:");
	for (size_t i = 0; i < product.len && i < INSTALLATION_MAX / 2; i++)
		buf_putc(out, product.data[i] >= 'A' && product.data[i] <= 'Z' ? (char)(product.data[i] + 32) : product.data[i]);
}

void newcomer_judged(struct session *s, const struct judgement *client)
{
	struct buf key = BUF_INIT(0), network = BUF_INIT(0);
	uint64_t hash;

	if (s->origin->agent_id.len || s->user->failed)
		return;
	put_product(&key, client->product);
	put_network(&network, network_host(s->origin->address));
	hash = map_hash(buf_view(&key));
	if (buf_failed(&key) || buf_failed(&network)) {
		fail(s);
	} else if (hash != s->newcomer.product) {
		s->newcomer.product = hash;
		meet(s, buf_view(&key), buf_view(&network), client->product, client->device);
	}
	buf_done(&key);
	buf_done(&network);
}

/* ---- who was not there when it came ---- */

static void on_late_noted(struct waiter *w, const struct receipt *receipt)
{
	struct asking *a = container_of(w, struct asking, noted);
	struct session *s = a->origin->user ? session_by_origin(a->user, a->origin) : NULL;

	if (receipt && s && session_is_available(s)) {
		headline_give(s, a->text, language_tags[language(a->origin)]);
		store_device_told(store_of(a->user), a->user->bare, a->what.untold_key);
	}
	asking_end(a);
}

static void tell_late(struct session *s, const struct store_untold *row)
{
	struct asking *a = asking_new(s, NULL);
	struct buf text = BUF_INIT(0), id = BUF_INIT(0);

	if (!a) {
		log_error("out of memory: somebody is told later of a new device");
		return;
	}
	installation_id_put(&id, s->user->bare, row->key);
	a->beside = newcomer_is_network(row->key);
	a->waits_key = row->waits_us ? text_of(a, row->key) : STR_NONE;
	a->what = (struct newcome){.id = text_of(a, buf_view(&id)),
		.untold_key = text_of(a, row->key),
		.product = text_of(a, row->product),
		.device = text_of(a, row->device),
		.address = text_of(a, row->address),
		.utc_us = row->first_us};
	put_text(&text, a, language(s->origin));
	a->text = text_of(a, buf_view(&text));
	a->noted.done = on_late_noted;
	if (buf_failed(&text) || arena_is_full(a->arena) ||
		!note_device(a->user, s->origin, "told", &a->what, 1, a->text, &a->noted))
		asking_end(a);
	buf_done(&text);
	buf_done(&id);
}

static void on_untold(struct store_req *req, int result)
{
	struct asking *a = req->owner;
	struct session *s = a->origin->user ? session_by_origin(a->user, a->origin) : NULL;

	for (size_t i = 0; !result && s && session_is_available(s) && i < req->untolds->len; i++)
		if (is_for_later(s->user, &req->untolds->rows[i]))
			tell_late(s, &req->untolds->rows[i]);
	asking_end(a);
}

static void tell_untold(struct session *s)
{
	struct asking *a;

	if (!s->newcomer.untold || confirmation_limits(s))
		return;
	s->newcomer.untold = false;
	a = asking_new(s, on_untold);
	if (a && store_device_untold(store_of(s->user), &a->req, s->user->bare, s->newcomer.since_us))
		asking_end(a);
}

void newcomer_greet(struct session *s)
{
	tell_untold(s);
}

/* ---- two networks ---- */

static void ask_beside(struct session *s, bool was_there)
{
	const struct judgement *client = s->sighting.client;
	struct buf key = BUF_INIT(0);
	struct asking *a = NULL;

	put_beside(&key, network_host(channel_of(s).address));
	if (!buf_failed(&key))
		a = asking_about(s, buf_view(&key), STR_NONE, client ? client->product : s->origin->agent_software,
			client ? client->device : s->origin->agent_device);
	if (a) {
		a->beside = true;
		a->was_there = was_there;
		ask(s, a);
	} else {
		log_error("out of memory: a session in another network is not limited");
	}
	buf_done(&key);
}

void newcomer_beside(struct session *s, struct session *other)
{
	if (!confirmation_limits(other))
		ask_beside(other, true);
	ask_beside(s, false);
}
