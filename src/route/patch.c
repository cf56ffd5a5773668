#include "route/patch.h"

#include "base/log.h"
#include "route/deliver.h"
#include "route/note.h"
#include "route/reread.h"
#include "rule/client_patch.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

void patch_choose(struct session *s, const struct client_case *about)
{
	bool failed;
	struct client_patches *chosen = client_patches_new(s->user->home->policy, about, &failed);

	if (failed) {
		log_error("out of memory: a session keeps the patches of before");
		return;
	}
	client_patches_unref(s->patches);
	s->patches = chosen;
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

static struct blob *patched(const struct session *s, struct blob *stanza, uint64_t seq, bool counted)
{
	struct patch_finding found = {};
	struct arena *arena;
	struct node *copy = reread_stanza(blob_view(stanza), &arena);
	enum patch_outcome outcome = PATCH_REFUSED; /* what cannot be looked at does not reach who might stumble over it */
	struct blob *out = NULL;

	if (copy && !client_patches_touch(s->patches, copy))
		outcome = PATCH_UNTOUCHED;
	else if (copy)
		outcome = client_patches_apply(s->patches, copy, &found);
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

struct blob *patch_stanza(const struct session *s, struct blob *stanza, uint64_t seq)
{
	return s->patches ? patched(s, stanza, seq, false) : blob_ref(stanza);
}

struct blob *patch_counted(const struct session *s, struct blob *stanza, uint64_t seq)
{
	return s->patches ? patched(s, stanza, seq, true) : blob_ref(stanza);
}
