#include "route/newcomer.h"

#include <stdlib.h>

#include "account/directory.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/phrase.h"
#include "base/text.h"
#include "client/installation.h"
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
	struct str text;
	bool tells; /* not too many lately */
};

static struct str text_of(const struct asking *a, struct str s)
{
	return arena_dup(a->arena, s);
}

static void asking_end(struct asking *a)
{
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

static void put_help(struct buf *out, const struct settings *s, enum language language)
{
	const struct settings_strings *help = s->contact_security.len ? &s->contact_security : &s->contact_support;

	if (help->len)
		phrase_put(out, PHRASE_HELP_AFTER, language, (struct phrase_word[]){{"help", help->items[0]}, {}});
	else
		buf_putc(out, '.');
}

static void put_text(struct buf *out, const struct newcome *n, const struct settings *s, enum language language)
{
	struct buf device = BUF_INIT(0), minute = BUF_INIT(0), help = BUF_INIT(0);

	put_device(&device, n, language);
	clock_put_minute(&minute, n->utc_us);
	put_help(&help, s, language);
	phrase_put(out, PHRASE_DEVICE_NEW, language,
		(struct phrase_word[]){{"device", buf_view(&device)}, {"time", buf_view(&minute)}, {"address", n->address},
			{"help", buf_view(&help)}, {}});
	out->failed |= buf_failed(&device) || buf_failed(&minute) || buf_failed(&help);
	buf_done(&device);
	buf_done(&minute);
	buf_done(&help);
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
	return s->origin->agent_id.len && str_eq(s->origin->agent_id, a->origin->agent_id);
}

/* Somebody who was there before it, as far as is known, and whom people know: whoever has logged in later may belong to it. */
static bool was_before(const struct session *s, const struct asking *a)
{
	if (s->newcomer.untold_itself)
		return false;
	return s->newcomer.since_us ? s->newcomer.since_us < a->what.utc_us : s->connected_us < a->what.utc_us;
}

/* Of those who are there; `count` tells nobody. How many who count. */
static unsigned tell(const struct asking *a, bool count)
{
	unsigned told = 0;

	session_each(s, a->user)
	{
		if (!session_is_available(s) || is_same_device(s, a))
			continue;
		if (!count)
			headline_give(s, a->text, language_tags[language(a->origin)]);
		told += was_before(s, a);
	}
	return told;
}

static void on_new_noted(struct waiter *w, const struct receipt *receipt)
{
	struct asking *a = container_of(w, struct asking, noted);
	const struct settings *settings = a->user->home->settings;
	unsigned told = 0;

	if (receipt) {
		if (a->tells && settings->devices_tell)
			told = tell(a, false);
		if (a->tells && settings->devices_mail)
			mail_person(a, a->text);
		if (a->tells && settings->devices_mail_admins)
			mail_admins(a);
		if (told || !a->tells || !settings->devices_tell)
			store_device_told(store_of(a->user), a->user->bare, a->what.untold_key);
	}
	asking_end(a);
}

/* False: nobody is told now; who comes later is. */
static bool announce(struct asking *a, const struct store_meeting *m)
{
	const struct settings *settings = a->user->home->settings;
	struct buf text = BUF_INIT(0);
	unsigned there;
	bool ok;

	put_text(&text, &a->what, settings, language(a->origin));
	a->text = text_of(a, buf_view(&text));
	ok = !buf_failed(&text) && !arena_is_full(a->arena);
	buf_done(&text);
	if (!ok)
		return false;
	a->tells = m->lately <= LATELY_MAX;
	a->noted.done = on_new_noted;
	there = a->tells && settings->devices_tell ? tell(a, true) : 0;
	return note_device(a->user, a->origin, "new", &a->what, there, there ? a->text : STR_NONE, &a->noted);
}

/* ---- who comes ---- */

static void tell_untold(struct session *s);

static void on_met(struct store_req *req, int result)
{
	struct asking *a = req->owner;
	const struct store_meeting *m = req->meeting;
	struct session *s = a->origin->user ? session_by_origin(a->user, a->origin) : NULL;
	bool announced = false;

	if (result) {
		log_error("it could not be looked up whether a device is new");
	} else {
		announced = m->is_new && !(s && s->newcomer.announced) && announce(a, m);
		if (s) {
			s->newcomer.since_us = m->first_us;
			s->newcomer.exempt |= m->is_first;
			s->newcomer.announced |= m->is_new;
			s->newcomer.untold_itself = m->is_new || m->is_untold;
			s->newcomer.untold = m->untold > 0 && !s->newcomer.untold_itself;
			if (session_is_available(s))
				tell_untold(s);
		}
	}
	if (!announced)
		asking_end(a);
}

static void meet(struct session *s, struct str key, struct str network, struct str product, struct str device)
{
	struct asking *a = asking_new(s, on_met);
	struct buf id = BUF_INIT(0);
	struct store_arrival row;

	if (!a) {
		log_error("out of memory: it is not looked up whether a device is new");
		return;
	}
	installation_id_put(&id, s->user->bare, key);
	a->what = (struct newcome){.id = text_of(a, buf_view(&id)),
		.untold_key = text_of(a, key),
		.product = text_of(a, product),
		.device = text_of(a, device),
		.address = text_of(a, network_host(s->origin->address)),
		.utc_us = clock_utc_us()};
	buf_done(&id);
	row = (struct store_arrival){.owner = s->user->bare,
		.key = a->what.untold_key,
		.network = network,
		.product = a->what.product,
		.device = a->what.device,
		.address = a->what.address,
		.utc_us = a->what.utc_us,
		.quiet = s->newcomer.exempt,
		.max = KEYS_MAX};
	if (arena_is_full(a->arena) || store_device_meet(store_of(s->user), &a->req, &row)) {
		log_error("out of memory: it is not looked up whether a device is new");
		asking_end(a);
	}
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

/* "network:10.0", "network:2001:db8": up to the second of `between`. */
static void put_network(struct buf *out, struct str host)
{
	char between = str_find(host, ':', 0) < host.len ? ':' : '.';
	size_t end = str_find(host, between, 0);

	if (end < host.len)
		end = str_find(host, between, end + 1);
	buf_lit(out, "network:");
	buf_str(out, str_cut(host, 0, end));
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
	if (!buf_failed(&key) && !buf_failed(&network) && hash != s->newcomer.product) {
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
	a->what = (struct newcome){.id = text_of(a, buf_view(&id)),
		.untold_key = text_of(a, row->key),
		.product = text_of(a, row->product),
		.device = text_of(a, row->device),
		.address = text_of(a, row->address),
		.utc_us = row->first_us};
	put_text(&text, &a->what, s->user->home->settings, language(s->origin));
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
		tell_late(s, &req->untolds->rows[i]);
	asking_end(a);
}

static void tell_untold(struct session *s)
{
	struct asking *a;

	if (!s->newcomer.untold || !s->user->home->settings->devices_tell)
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
