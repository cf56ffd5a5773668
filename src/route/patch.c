#include "route/patch.h"

#include "base/log.h"
#include "route/deliver.h"
#include "route/note.h"
#include "route/reread.h"
#include "rule/client_patch.h"
#include "rule/matter.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

bool patch_choose(struct session *s, const struct client_case *about)
{
	bool failed;
	struct client_patches *chosen = client_patches_new(s->user->home->policy, about, &failed);

	if (failed) {
		log_error("out of memory: a session keeps the patches of before");
		return false;
	}
	client_patches_unref(s->patches);
	s->patches = chosen;
	return true;
}

static struct blob *written(struct home *h, const struct node *stanza)
{
	buf_clear(&h->scratch);
	xml_put(&h->scratch, stanza, NS_CLIENT);
	return blob_of_scratch(h);
}

/* Its addresses and type alone. */
static void empty(struct node *stanza)
{
	stanza->first = stanza->last = NULL;
}

/* ---- what a restricted client may not have ---- */

static unsigned limits_of(const struct session *s)
{
	return s->standing ? s->standing->limits & (LIMIT_FILES | LIMIT_OUTSIDE | LIMIT_HISTORY) : 0;
}

static bool is_outside(const struct home *h, const struct node *message, struct str attr)
{
	struct jid jid = jid_split(node_attr(message, attr));

	return jid.domain.len && !home_is_inside(h, jid.domain);
}

/* Out of an archive (XEP-0313). What comes from outside just now is stopped elsewhere (session_may_get). */
static bool was_said_outside(const struct home *h, const struct node *stanza)
{
	const struct node *result = node_child(stanza, STR("result"), NS_MAM);
	const struct node *forwarded = result ? node_child(result, STR("forwarded"), NS_FORWARD) : NULL;
	const struct node *said = forwarded ? node_child(forwarded, STR("message"), NS_CLIENT) : NULL;

	return said && (is_outside(h, said, STR("from")) || is_outside(h, said, STR("to")));
}

/* What a room tells whoever enters it of before; its subject is no history. */
static bool was_said_before(const struct node *stanza)
{
	return str_is(stanza->name, "message") && str_is(node_attr(stanza, STR("type")), "groupchat") &&
	       node_child(stanza, STR("delay"), NS_DELAY) &&
	       (node_child(stanza, STR("body"), NS_CLIENT) || !node_child(stanza, STR("subject"), NS_CLIENT));
}

static bool is_off_limits(const struct session *s, const struct node *stanza)
{
	unsigned limits = limits_of(s);

	if (limits & LIMIT_FILES && matter_of(&(struct matter_case){.stanza = stanza, .content = true}, MATTER_FILE))
		return true;
	if (limits & LIMIT_HISTORY && was_said_before(stanza))
		return true;
	return limits & LIMIT_OUTSIDE && was_said_outside(s->user->home, stanza);
}

/* ---- both ---- */

/* What cannot be looked at does not reach who might stumble over it. */
static enum patch_outcome touch(const struct session *s, struct node *stanza, struct patch_finding *found)
{
	if (stanza && is_off_limits(s, stanza)) {
		found->rule = s->standing->rule;
		return PATCH_REFUSED;
	}
	if (stanza && !client_patches_touch(s->patches, stanza))
		return PATCH_UNTOUCHED;
	return stanza ? client_patches_apply(s->patches, stanza, found) : PATCH_REFUSED;
}

static struct blob *patched(const struct session *s, struct blob *stanza, uint64_t seq, bool counted)
{
	struct patch_finding found = {};
	struct arena *arena;
	struct node *copy = reread_stanza(blob_view(stanza), &arena);
	enum patch_outcome outcome = touch(s, copy, &found);
	struct blob *out = NULL;

	if (s->port && (found.rule.len || found.observed.len))
		note_client_patch(s, &found, outcome == PATCH_REFUSED, seq);
	if (outcome == PATCH_UNTOUCHED)
		out = blob_ref(stanza);
	else if (outcome == PATCH_STRIPPED)
		out = written(s->user->home, copy);
	else if (counted && copy) {
		empty(copy);
		out = written(s->user->home, copy);
	}
	arena_free(arena);
	return out;
}

bool patch_concerns(const struct session *s)
{
	return s->patches || limits_of(s);
}

struct blob *patch_stanza(const struct session *s, struct blob *stanza, uint64_t seq)
{
	return patch_concerns(s) ? patched(s, stanza, seq, false) : blob_ref(stanza);
}

struct blob *patch_counted(const struct session *s, struct blob *stanza, uint64_t seq)
{
	return patch_concerns(s) ? patched(s, stanza, seq, true) : blob_ref(stanza);
}
