#include "rule/client_patch.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "rule/client_reader.h"
#include "rule/namespace.h"

struct client_patches {
	_Atomic unsigned refs;
	struct policy_set *policy; /* counted: whose patches these are */
	size_t count;
	const struct client_patch *patches[];
};

static bool holds(const struct client_patch *p, const struct client_view *v)
{
	const struct client_case *c = v->c;

	if (p->expires_us && c->now_us >= p->expires_us)
		return false;
	if (c->person && (!who_has(&p->from, c->person) || who_has(&p->not_from, c->person)))
		return false;
	return client_match_holds(&p->match, v);
}

static size_t gather(const struct client_set *set, const struct client_case *c, const struct client_patch **out)
{
	struct client_view view;
	size_t count = 0;

	client_view_make(set, c, &view);
	for (size_t i = 0; i < set->patch_count; i++)
		if (holds(&set->patches[i], &view))
			out[count++] = &set->patches[i];
	return count;
}

struct client_patches *client_patches_new(struct policy_set *policy, const struct client_case *c, bool *out_failed)
{
	const struct client_set *set = client_set_of(policy);
	const struct client_patch *found[CLIENT_PATCHES_MAX];
	size_t count = set && set->patch_count ? gather(set, c, found) : 0;
	struct client_patches *p;

	if (out_failed)
		*out_failed = false;
	if (!count)
		return NULL;
	p = malloc(sizeof(*p) + count * sizeof(*found));
	if (!p) {
		if (out_failed)
			*out_failed = true;
		return NULL;
	}
	p->refs = 1;
	p->policy = policy_set_ref(policy);
	p->count = count;
	memcpy(p->patches, found, count * sizeof(*found));
	return p;
}

struct client_patches *client_patches_ref(struct client_patches *p)
{
	if (p)
		atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
	return p;
}

struct client_patches *client_patches_unref(struct client_patches *p)
{
	if (!p || atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) != 1)
		return NULL;
	policy_set_unref(p->policy);
	free(p);
	return NULL;
}

static bool is_meant(const struct patch_element *e, const struct node *n)
{
	if (e->name.len && !str_eq(e->name, n->name))
		return false;
	if (str_ends(e->ns, STR("*")))
		return str_starts(n->ns, str_cut(e->ns, 0, e->ns.len - 1)) && (e->name.len || !namespace_is_core(n->ns));
	return str_eq(e->ns, n->ns);
}

static bool is_named(const struct client_patch *p, const struct node *n)
{
	for (size_t i = 0; n->kind == NODE_ELEMENT && i < p->element_count; i++)
		if (is_meant(&p->elements[i], n))
			return true;
	return false;
}

/* Does the patch name an element below `parent`, at whatever depth (the tokenizer bounds it)? */
static bool finds(const struct client_patch *p, const struct node *parent)
{
	node_each (c, parent)
		if (is_named(p, c) || (c->kind == NODE_ELEMENT && finds(p, c)))
			return true;
	return false;
}

bool client_patches_touch(const struct client_patches *patches, const struct node *stanza)
{
	for (size_t i = 0; patches && i < patches->count; i++)
		if (finds(patches->patches[i], stanza))
			return true;
	return false;
}

/* An IQ that asks for something must keep its payload (RFC 6120 section 8.2.3). */
static bool is_question(const struct node *stanza)
{
	struct str type = node_attr(stanza, STR("type"));

	return str_is(stanza->name, "iq") && (str_is(type, "get") || str_is(type, "set"));
}

static bool has_child(const struct client_patch *p, const struct node *parent)
{
	node_each (c, parent)
		if (is_named(p, c))
			return true;
	return false;
}

static bool refuses(const struct client_patch *p, const struct node *stanza)
{
	return p->action == PATCH_REFUSE || (is_question(stanza) && has_child(p, stanza));
}

/* Once through the children, each taken from the front and put back behind unless it is meant: the sender chooses how many
 * there are, and to look for each from the begin again would hold up the loop. */
static void strip(const struct client_patch *p, struct node *parent)
{
	size_t count = 0;

	node_each (c, parent)
		count++;
	while (count--) {
		struct node *c = parent->first;

		node_remove(c);
		if (is_named(p, c))
			continue;
		node_append(parent, c);
		if (c->kind == NODE_ELEMENT)
			strip(p, c);
	}
}

enum patch_outcome client_patches_apply(
	const struct client_patches *patches, struct node *stanza, struct patch_finding *out)
{
	struct patch_finding none;
	enum patch_outcome outcome = PATCH_UNTOUCHED;

	out = out ? out : &none;
	*out = (struct patch_finding){};
	for (size_t i = 0; patches && i < patches->count; i++) {
		const struct client_patch *p = patches->patches[i];

		if (!finds(p, stanza))
			continue;
		if (p->mode == MODE_OBSERVE) {
			out->observed = p->id;
			continue;
		}
		out->rule = p->id;
		if (refuses(p, stanza))
			return PATCH_REFUSED;
		strip(p, stanza);
		outcome = PATCH_STRIPPED;
	}
	return outcome;
}
