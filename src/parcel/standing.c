#include "parcel/standing.h"

#include <stdatomic.h>
#include <stdlib.h>

static struct str copy(char **at, struct str from)
{
	struct str out = str_of(*at, from.len);

	if (from.len)
		memcpy(*at, from.data, from.len);
	*at += from.len;
	return out;
}

struct standing *standing_new(
	struct judgement *client, const struct client_decision *d, struct str text, struct str lang)
{
	struct standing *s = malloc(sizeof(*s) + d->rule.len + text.len + lang.len);
	char *at;

	if (!s)
		return NULL;
	s->refs = 1;
	s->client = judgement_ref(client);
	s->effect = d->effect;
	s->limits = d->limits;
	at = s->bytes;
	s->rule = copy(&at, d->rule);
	s->text = copy(&at, text);
	s->lang = copy(&at, lang);
	return s;
}

struct standing *standing_ref(struct standing *s)
{
	if (s)
		atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
	return s;
}

struct standing *standing_unref(struct standing *s)
{
	if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
		return NULL;
	judgement_unref(s->client);
	free(s);
	return NULL;
}
