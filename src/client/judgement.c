#include "client/judgement.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/text.h"

const char *const client_class_names[CLIENT_CLASSES] = {"named", "unknown", "silent"};
const char *const client_basis_names[CLIENT_BASES] = {
	"none", "tls", "resource", "version", "agent", "node", "identity", "caps"};

const char *const client_contradiction_names[CLIENT_CONTRADICTIONS] = {
	"caps", "node", "agent", "resource", "tls", "version", "disco"};

enum { VIEWS = 8 };

/* The views of a judgement, to copy and compare them all alike. */
static void views_of(const struct judgement *j, const struct str *out[VIEWS])
{
	const struct str *all[VIEWS] = {
		&j->product, &j->version, &j->os, &j->device, &j->caps, &j->node, &j->agent, &j->ja4};

	memcpy(out, all, sizeof(all));
}

struct judgement *judgement_new(const struct judgement *like)
{
	const struct str *views[VIEWS];
	struct str copies[VIEWS];
	struct judgement *j;
	size_t bytes = 0;
	char *at;

	views_of(like, views);
	for (size_t i = 0; i < VIEWS; i++)
		bytes += views[i]->len;
	j = malloc(sizeof(*j) + bytes);
	if (!j)
		return NULL;
	at = j->text;
	for (size_t i = 0; i < VIEWS; i++) {
		if (views[i]->len)
			memcpy(at, views[i]->data, views[i]->len);
		copies[i] = str_of(at, views[i]->len);
		at += views[i]->len;
	}
	j->refs = 1;
	j->class = like->class;
	j->basis = like->basis;
	j->confidence = like->confidence;
	j->contradictions = like->contradictions;
	j->product = copies[0];
	j->version = copies[1];
	j->os = copies[2];
	j->device = copies[3];
	j->caps = copies[4];
	j->node = copies[5];
	j->agent = copies[6];
	j->ja4 = copies[7];
	return j;
}

struct judgement *judgement_ref(struct judgement *j)
{
	if (j)
		atomic_fetch_add_explicit(&j->refs, 1, memory_order_relaxed);
	return j;
}

struct judgement *judgement_unref(struct judgement *j)
{
	if (j && atomic_fetch_sub_explicit(&j->refs, 1, memory_order_acq_rel) == 1)
		free(j);
	return NULL;
}

bool judgement_is_same(const struct judgement *a, const struct judgement *b)
{
	const struct str *ours[VIEWS], *theirs[VIEWS];

	if (a->class != b->class || a->basis != b->basis || a->confidence != b->confidence ||
		a->contradictions != b->contradictions)
		return false;
	views_of(a, ours);
	views_of(b, theirs);
	for (size_t i = 0; i < VIEWS; i++)
		if (!str_eq(*ours[i], *theirs[i]))
			return false;
	return true;
}

static void put_member(struct buf *out, const char *name, struct str value)
{
	if (!value.len)
		return;
	buf_printf(out, ",\"%s\":", name);
	json_quote(out, value);
}

void judgement_put_json(struct buf *out, const struct judgement *j)
{
	bool first = true;

	buf_printf(out, "{\"class\":\"%s\"", client_class_names[j->class]);
	put_member(out, "product", j->product);
	put_member(out, "version", j->version);
	put_member(out, "os", j->os);
	put_member(out, "device", j->device);
	put_member(out, "caps", j->caps);
	put_member(out, "node", j->node);
	put_member(out, "agent", j->agent);
	put_member(out, "ja4", j->ja4);
	buf_printf(out, ",\"basis\":\"%s\",\"confidence\":%u", client_basis_names[j->basis], j->confidence);
	for (size_t i = 0; i < CLIENT_CONTRADICTIONS; i++)
		if (j->contradictions & 1u << i) {
			buf_printf(out, "%s\"%s\"", first ? ",\"contradictions\":[" : ",", client_contradiction_names[i]);
			first = false;
		}
	buf_str(out, first ? STR("}") : STR("]}"));
}
