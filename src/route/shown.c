#include "route/shown.h"

#include "client/judge.h"
#include "client/seen.h"
#include "route/iq.h"
#include "route/ruling.h"
#include "stanza/ns.h"

static void see(struct session *s, const struct client_signals *now)
{
	struct seen *seen = seen_new(now);

	if (!seen) {
		ruling_fail(s);
		return;
	}
	seen_free(s->seen);
	s->seen = seen;
}

void shown_version_waits(struct session *s)
{
	struct client_signals seen;

	seen_view(s->seen, &seen);
	seen.version = SIGNAL_WAITING;
	see(s, &seen);
}

void shown_disco_waits(struct session *s)
{
	struct client_signals seen;

	seen_view(s->seen, &seen);
	seen.disco = SIGNAL_WAITING;
	see(s, &seen);
}

/* ---- capabilities ---- */

void shown_caps(struct session *s, const struct caps *caps)
{
	struct client_signals seen;

	seen_view(s->seen, &seen);
	if (str_eq(seen.caps_ver, caps->ver) && str_eq(seen.caps_hash, caps->hash) && str_eq(seen.caps_node, caps->node))
		return;
	seen.caps_hash = caps->hash;
	seen.caps_ver = caps->ver;
	seen.caps_node = caps->node;
	seen.caps_verified = false;
	see(s, &seen);
}

bool shown_is_proven(const struct session *s)
{
	struct client_signals seen;

	seen_view(s->seen, &seen);
	return seen.caps_verified;
}

static void take_facts(struct client_signals *seen, const struct str facts[CAPS_FACTS])
{
	seen->disco = SIGNAL_RESULT;
	seen->disco_category = facts[CAPS_CATEGORY];
	seen->disco_type = facts[CAPS_TYPE];
	seen->disco_name = facts[CAPS_NAME];
	seen->form_software = facts[CAPS_SOFTWARE];
	seen->form_version = facts[CAPS_VERSION];
	seen->form_os = facts[CAPS_OS];
	seen->form_os_version = facts[CAPS_OS_VERSION];
}

void shown_facts(struct session *s, const struct interest *e)
{
	struct client_signals seen;
	struct str facts[CAPS_FACTS];

	interest_facts(e, facts);
	seen_view(s->seen, &seen);
	take_facts(&seen, facts);
	seen.caps_verified = true;
	see(s, &seen);
}

/* ---- answers ---- */

/* Whoever waits for the same capabilities learns of it, this session perhaps: what has been seen of it may be another then. */
static bool proves_caps(struct session *s, const struct node *info, struct arena *arena)
{
	struct client_signals seen;
	struct caps caps;

	seen_view(s->seen, &seen);
	caps = (struct caps){.hash = arena_dup(arena, seen.caps_hash),
		.ver = arena_dup(arena, seen.caps_ver),
		.node = arena_dup(arena, seen.caps_node)};
	return caps.ver.len && interest_learn(s->user->home, &caps, info);
}

static const struct node *info_of(const struct parcel *p)
{
	const struct node *info = str_is(p->type, "result") ? iq_payload(p) : NULL;

	return info && node_is(info, STR("query"), NS_DISCO_INFO) ? info : NULL;
}

/* What it says of itself, whether that hashes to what it shows or not. */
void shown_disco(struct session *s, const struct parcel *answer)
{
	const struct node *info = info_of(answer);
	struct client_signals seen;
	struct str facts[CAPS_FACTS];
	struct arena *arena = arena_new(0);
	bool proven;

	if (!arena) {
		ruling_fail(s);
		return;
	}
	proven = info && proves_caps(s, info, arena);
	seen_view(s->seen, &seen);
	seen.disco = SIGNAL_ERROR;
	if (info) {
		caps_facts(facts, info, arena);
		take_facts(&seen, facts);
		seen.caps_verified = proven;
	}
	see(s, &seen);
	arena_free(arena);
}

static struct str text_of(const struct node *query, struct str name, struct arena *arena)
{
	const struct node *n = node_child(query, name, NS_VERSION);

	return n ? str_trim(node_text(n, arena)) : STR("");
}

void shown_version(struct session *s, const struct parcel *p)
{
	const struct node *query = str_is(p->type, "result") ? iq_payload(p) : NULL;
	struct client_signals seen;

	seen_view(s->seen, &seen);
	seen.version = SIGNAL_ERROR;
	if (query && node_is(query, STR("query"), NS_VERSION)) {
		seen.version = SIGNAL_RESULT;
		seen.version_name = text_of(query, STR("name"), p->arena);
		seen.version_version = text_of(query, STR("version"), p->arena);
		seen.version_os = text_of(query, STR("os"), p->arena);
	}
	see(s, &seen);
}

/* ---- how clear it is ---- */

struct judgement *shown_judge(const struct session *s, const struct client_table *table)
{
	struct client_signals seen;

	seen_view(s->seen, &seen);
	return client_judge(table, &seen);
}

struct clarity shown_clarity(const struct session *s)
{
	const struct home *h = s->user->home;
	struct judgement *j = shown_judge(s, h->clients), *own = shown_judge(s, h->shipped);
	struct clarity clarity = {0};

	if (j && own) {
		clarity.told = j->class == CLIENT_NAMED && j->version.len;
		clarity.own = clarity.told && own->version.len;
		clarity.placed = j->os.len;
	}
	judgement_unref(j);
	judgement_unref(own);
	return clarity;
}
