#include "rule/lockdown.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/phrase.h"
#include "client/version.h"
#include "rule/matter.h"
#include "rule/payload.h"

const char *const lockdown_what_names[LOCKDOWN_WHATS] = {
	"everything", "messages", "files", "links", "calls", "rooms", "outside"};
const char *const lockdown_scope_names[LOCKDOWN_SCOPES] = {"all", "group", "product", "account", "device", "payload"};

struct lockdown {
	_Atomic unsigned refs;
	struct arena *arena; /* of all strings */
	struct str break_glass;
	unsigned matters, kept; /* of all; of those that keep something from somebody */
	unsigned payload;       /* of those that are about one link or file */
	size_t len;
	struct lockdown_row {
		struct lockdown_switch off;
		const struct version_range *versions; /* NULL: all */
	} rows[];
};

/* ---- making ---- */

static struct lockdown_switch switch_copy(const struct lockdown_switch *like, struct arena *arena)
{
	struct lockdown_switch s = *like;

	s.id = arena_dup(arena, like->id);
	s.name = arena_dup(arena, like->name);
	s.versions = arena_dup(arena, like->versions);
	s.reason = arena_dup(arena, like->reason);
	s.by = arena_dup(arena, like->by);
	s.except = arena_dup(arena, like->except);
	return s;
}

static int row_fill(struct lockdown_row *row, const struct lockdown_switch *like, struct arena *arena)
{
	row->off = switch_copy(like, arena);
	return like->versions.len ? version_range_parse(&row->versions, like->versions, arena, NULL) : 0;
}

/* A link or file alone is looked for in what goes out, not in what was said before. */
static void matters_add(struct lockdown *l, const struct lockdown_switch *s)
{
	unsigned matter = lockdown_matter(s->what);

	if (s->scope == LOCKDOWN_PAYLOAD) {
		l->payload |= matter & (MATTER_LINK | MATTER_FILE);
		l->matters |= l->payload;
		return;
	}
	l->matters |= matter;
	l->kept |= s->what == LOCKDOWN_EVERYTHING ? 0 : matter;
}

int lockdown_new(struct lockdown **out, const struct lockdown_switch *switches, size_t len, struct str break_glass)
{
	struct lockdown *l = len <= LOCKDOWN_MAX ? calloc(1, sizeof(*l) + len * sizeof(l->rows[0])) : NULL;

	int r = 0;

	if (!l)
		return len <= LOCKDOWN_MAX ? -ENOMEM : -E2BIG;
	atomic_init(&l->refs, 1);
	l->arena = arena_new(0);
	if (!l->arena) {
		free(l);
		return -ENOMEM;
	}
	l->break_glass = arena_dup(l->arena, break_glass);
	for (; l->len < len && r == 0; l->len++) {
		r = row_fill(&l->rows[l->len], &switches[l->len], l->arena);
		matters_add(l, &switches[l->len]);
	}
	if (r == 0 && arena_is_full(l->arena))
		r = -ENOMEM;
	if (r)
		lockdown_unref(l);
	else
		*out = l;
	return r;
}

struct lockdown *lockdown_ref(struct lockdown *l)
{
	if (l)
		atomic_fetch_add_explicit(&l->refs, 1, memory_order_relaxed);
	return l;
}

struct lockdown *lockdown_unref(struct lockdown *l)
{
	if (!l || atomic_fetch_sub_explicit(&l->refs, 1, memory_order_acq_rel) != 1)
		return NULL;
	arena_free(l->arena);
	free(l);
	return NULL;
}

/* ---- looking ---- */

size_t lockdown_len(const struct lockdown *l)
{
	return l ? l->len : 0;
}

const struct lockdown_switch *lockdown_at(const struct lockdown *l, size_t i)
{
	return &l->rows[i].off;
}

const struct lockdown_switch *lockdown_find(const struct lockdown *l, struct str id)
{
	for (size_t i = 0; i < lockdown_len(l); i++)
		if (str_eq(l->rows[i].off.id, id))
			return &l->rows[i].off;
	return NULL;
}

struct str lockdown_break_glass(const struct lockdown *l)
{
	return l ? l->break_glass : STR("");
}

/* An id stands for one switch, which never changes. */
bool lockdown_is_same(const struct lockdown *a, const struct lockdown *b)
{
	if (lockdown_len(a) != lockdown_len(b) || !str_eq(lockdown_break_glass(a), lockdown_break_glass(b)))
		return false;
	for (size_t i = 0; i < lockdown_len(a); i++)
		if (!str_eq(a->rows[i].off.id, b->rows[i].off.id))
			return false;
	return true;
}

unsigned lockdown_matter(enum lockdown_what what)
{
	static const unsigned matters[LOCKDOWN_WHATS] = {
		[LOCKDOWN_EVERYTHING] = ~0u,
		[LOCKDOWN_MESSAGES] = MATTER_SPEECH | MATTER_HISTORY,
		[LOCKDOWN_FILES] = MATTER_FILE | MATTER_PICTURE | MATTER_IN_BAND | MATTER_WEAK_FILE | MATTER_HISTORY,
		[LOCKDOWN_LINKS] = MATTER_LINK | MATTER_HISTORY,
		[LOCKDOWN_CALLS] = MATTER_CALL | MATTER_WEAK_CALL,
		[LOCKDOWN_ROOMS] = MATTER_ROOM,
		[LOCKDOWN_OUTSIDE] = MATTER_OUTSIDE,
	};

	return matters[what];
}

unsigned lockdown_matters(const struct lockdown *l)
{
	return l ? l->matters : 0;
}

unsigned lockdown_kept_matters(const struct lockdown *l)
{
	return l ? l->kept : 0;
}

/* ---- deciding ---- */

static bool is_in(const struct subject *person, struct str group)
{
	for (size_t i = 0; group.len && i < person->group_count; i++)
		if (str_eq_nocase(person->groups[i], group))
			return true;
	return false;
}

static bool is_left_out(const struct lockdown *l, const struct lockdown_switch *s, const struct lockdown_party *who)
{
	bool broad = s->scope == LOCKDOWN_ALL || s->scope == LOCKDOWN_GROUP || s->scope == LOCKDOWN_PAYLOAD;

	return is_in(who->person, s->except) || (broad && is_in(who->person, l->break_glass));
}

static bool is_product(const struct lockdown_switch *s, const struct judgement *client)
{
	const struct lockdown_row *row = (const void *)s;

	_Static_assert(offsetof(struct lockdown_row, off) == 0, "a switch begins its row");
	if (!client || !client->product.len || !str_eq_nocase(client->product, s->name))
		return false;
	return !row->versions || version_range_holds_text(row->versions, client->version);
}

/* "local@domain/resource", or an installation. */
static bool is_device(const struct lockdown_switch *s, const struct lockdown_party *who)
{
	const struct subject *p = who->person;
	size_t bare = str_find(s->name, '/', 0);

	if (bare == s->name.len)
		return who->agent.len && str_eq_nocase(s->name, who->agent);
	return p->resource.len && str_eq(str_cut(s->name, 0, bare), p->jid) &&
	       str_eq(str_cut(s->name, bare + 1, s->name.len), p->resource);
}

/* `s` is one of a lockdown's own. */
static bool names(const struct lockdown_switch *s, const struct lockdown_party *who)
{
	switch (s->scope) {
	case LOCKDOWN_ALL:
		return true;
	case LOCKDOWN_GROUP:
		return is_in(who->person, s->name);
	case LOCKDOWN_PRODUCT:
		return is_product(s, who->client);
	case LOCKDOWN_ACCOUNT:
		return str_eq(s->name, who->person->jid);
	case LOCKDOWN_DEVICE:
		return is_device(s, who);
	case LOCKDOWN_PAYLOAD: /* nobody */
	case LOCKDOWN_SCOPES:
		break;
	}
	return false;
}

bool lockdown_is_for(const struct lockdown *l, const struct lockdown_switch *s, const struct lockdown_party *who)
{
	return names(s, who) && !is_left_out(l, s, who);
}

const struct lockdown_switch *lockdown_bars(const struct lockdown *l, const struct lockdown_party *who)
{
	for (size_t i = 0; i < lockdown_len(l); i++)
		if (l->rows[i].off.what == LOCKDOWN_EVERYTHING && lockdown_is_for(l, &l->rows[i].off, who))
			return &l->rows[i].off;
	return NULL;
}

static bool keeps(const struct lockdown *l, const struct lockdown_switch *s, const struct lockdown_party *from,
	const struct lockdown_party *to)
{
	return s->what != LOCKDOWN_EVERYTHING && lockdown_is_for(l, s, to) && !is_left_out(l, s, from);
}

static bool stops(const struct lockdown *l, const struct lockdown_switch *s, const struct lockdown_party *from,
	const struct lockdown_party *to)
{
	if (is_left_out(l, s, from))
		return false;
	if (s->what == LOCKDOWN_MESSAGES && to && is_left_out(l, s, to))
		return false;
	return names(s, from) || (to && keeps(l, s, from, to));
}

const struct lockdown_switch *lockdown_stops(const struct lockdown *l, unsigned matter, const struct lockdown_party *from,
	const struct lockdown_party *to)
{
	if (!(matter & lockdown_matters(l)))
		return NULL;
	for (size_t i = 0; i < l->len; i++)
		if (matter & lockdown_matter(l->rows[i].off.what) && stops(l, &l->rows[i].off, from, to))
			return &l->rows[i].off;
	return NULL;
}

const struct lockdown_switch *lockdown_keeps(const struct lockdown *l, unsigned matter, const struct lockdown_party *from,
	const struct lockdown_party *to)
{
	if (!(matter & lockdown_kept_matters(l)))
		return NULL;
	for (size_t i = 0; i < l->len; i++)
		if (matter & lockdown_matter(l->rows[i].off.what) && keeps(l, &l->rows[i].off, from, to))
			return &l->rows[i].off;
	return NULL;
}

const struct lockdown_switch *lockdown_stops_payload(const struct lockdown *l, unsigned matter, const struct node *stanza,
	const struct lockdown_party *from)
{
	if (!l || !(matter & l->payload))
		return NULL;
	for (size_t i = 0; i < l->len; i++) {
		const struct lockdown_switch *s = &l->rows[i].off;

		if (s->scope == LOCKDOWN_PAYLOAD && !is_left_out(l, s, from) && payload_is_in(stanza, s->name))
			return s;
	}
	return NULL;
}

/* ---- saying ---- */

_Static_assert(PHRASE_LOCK_OUTSIDE - PHRASE_LOCK_WHAT == LOCKDOWN_OUTSIDE, "one phrase for each");

/* Rounded up, so that nobody tries too early. */
static void put_minute(struct buf *out, uint64_t utc_us)
{
	clock_put_minute(out, utc_us + 59999999);
}

static struct str what_is_off(const struct lockdown_switch *s, enum language language)
{
	return phrase((enum phrase)(PHRASE_LOCK_WHAT + s->what), language);
}

static void put_what(struct buf *out, const struct lockdown_switch *s, enum language language)
{
	buf_str(out, what_is_off(s, language));
	if (s->scope != LOCKDOWN_PAYLOAD)
		return;
	buf_str(out, STR(" ("));
	payload_put_harmless(out, s->name);
	buf_putc(out, ')');
}

static void put_text(struct buf *out, const struct lockdown_switch *s, enum language language)
{
	struct buf what = BUF_INIT(0), minute = BUF_INIT(0);

	put_what(&what, s, language);
	put_minute(&minute, s->end_us);
	phrase_put(out, s->end_us ? PHRASE_LOCK_UNTIL : PHRASE_LOCK_OPEN, language,
		(struct phrase_word[]){{"time", buf_view(&minute)}, {"what", buf_view(&what)}, {}});
	out->failed |= buf_failed(&what) || buf_failed(&minute);
	buf_done(&what);
	buf_done(&minute);
	if (!s->reason.len)
		return;
	buf_putc(out, ' ');
	phrase_put(out, PHRASE_LOCK_REASON, language, (struct phrase_word[]){{"reason", s->reason}, {}});
}

struct str lockdown_put_text(struct buf *out, const struct lockdown_switch *s, struct str lang)
{
	enum language language = language_of(lang);

	put_text(out, s, language);
	return language_tags[language];
}

struct str lockdown_put_over(struct buf *out, const struct lockdown_switch *s, struct str lang)
{
	enum language language = language_of(lang);

	phrase_put(out, PHRASE_LOCK_OVER, language, (struct phrase_word[]){{"what", what_is_off(s, language)}, {}});
	return language_tags[language];
}

void lockdown_decide(const struct lockdown_switch *s, struct arena *arena, struct verdict *v)
{
	struct notice notices[LANGUAGES];
	struct finding f = {.action = ACTION_BLOCK, .mode = MODE_ENFORCE, .rule = s->id,
		.detail = str_from(lockdown_what_names[s->what])};

	for (unsigned i = 0; i < LANGUAGES; i++) {
		struct buf text = BUF_INIT(0);

		put_text(&text, s, (enum language)i);
		notices[i] = (struct notice){.next = i + 1 < LANGUAGES ? &notices[i + 1] : NULL,
			.lang = language_tags[i],
			.text = arena_dup(arena, buf_view(&text))};
		buf_done(&text);
	}
	verdict_add(v, arena, &f, notices);
	if (v->action < ACTION_BLOCK) /* no memory to say so: it holds nevertheless */
		v->action = ACTION_BLOCK;
}

void lockdown_put_scope(struct buf *out, const struct lockdown_switch *s)
{
	buf_printf(out, "%s", lockdown_scope_names[s->scope]);
	if (s->scope == LOCKDOWN_ALL)
		return;
	buf_putc(out, ' ');
	buf_str(out, s->name);
	if (s->versions.len) {
		buf_putc(out, ' ');
		buf_str(out, s->versions);
	}
}
