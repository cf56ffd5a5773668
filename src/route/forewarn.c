#include "route/forewarn.h"

#include <stdlib.h>

#include "base/map.h"
#include "route/headline.h"
#include "rule/warning.h"

enum { TEXT_MAX = 8192 };

struct forewarned {
	unsigned count;
	uint64_t rules[FOREWARNED_MAX]; /* hashes of ids */
};

/* True: it has not been told yet, and now counts as told. */
static bool note(struct session *s, struct str rule)
{
	struct forewarned *f = s->forewarned;
	uint64_t key = map_hash(rule);

	if (!f)
		f = s->forewarned = calloc(1, sizeof(*f));
	if (!f || f->count == FOREWARNED_MAX)
		return false;
	for (unsigned i = 0; i < f->count; i++)
		if (f->rules[i] == key)
			return false;
	f->rules[f->count++] = key;
	return true;
}

void forewarn(struct session *s, const struct verdict *v)
{
	for (const struct warning *w = v->warnings; w; w = w->next) {
		struct buf text = BUF_INIT(TEXT_MAX);
		struct str lang;

		if (!note(s, w->rule))
			continue;
		lang = warning_put_text(&text, w, headline_language(s));
		if (!buf_failed(&text))
			headline_give(s, buf_view(&text), lang);
		buf_done(&text);
	}
}

struct forewarned *forewarned_free(struct forewarned *f)
{
	free(f);
	return NULL;
}
