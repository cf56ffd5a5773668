#include "rule/verdict.h"

#include "base/text.h"

const char *const action_names[ACTION_COUNT] = {
	[ACTION_ALLOW] = "allow",
	[ACTION_LOG] = "log",
	[ACTION_STRIP] = "strip",
	[ACTION_BLOCK] = "block",
};

const char *const mode_names[MODE_COUNT] = {
	[MODE_OBSERVE] = "observe",
	[MODE_ENFORCE] = "enforce",
};

const char *const cannot_tell_names[CANNOT_TELL_COUNT] = {
	[CANNOT_TELL_NONE] = "",
	[CANNOT_TELL_CEILING] = "ceiling",
	[CANNOT_TELL_MEMORY] = "memory",
	[CANNOT_TELL_HITS] = "hits",
	[CANNOT_TELL_ENGINE] = "engine",
	[CANNOT_TELL_NO_POLICY] = "no-policy",
};

static struct notice *notice_copy(struct arena *arena, const struct notice *list)
{
	struct notice *first = NULL, **end = &first;

	for (; list; list = list->next) {
		struct notice *n = arena_zalloc(arena, sizeof(*n));

		if (!n)
			return first;
		n->lang = arena_dup(arena, list->lang);
		n->text = arena_dup(arena, list->text);
		*end = n;
		end = &n->next;
	}
	return first;
}

/* The list element that takes the finding: a new one, or, when the list is full, the last one if this is
 * stronger. */
static struct finding *finding_room(struct verdict *v, struct arena *arena, bool stronger)
{
	struct finding *f;

	if (v->count >= VERDICT_FINDINGS_MAX) {
		v->dropped++;
		return stronger ? v->last : NULL;
	}
	f = arena_zalloc(arena, sizeof(*f));
	if (!f) {
		v->cannot_tell = CANNOT_TELL_MEMORY;
		return NULL;
	}
	if (v->last)
		v->last->next = f;
	else
		v->findings = f;
	v->last = f;
	v->count++;
	return f;
}

void verdict_add(struct verdict *v, struct arena *arena, const struct finding *f, const struct notice *notice)
{
	bool stronger = f->mode == MODE_ENFORCE && f->action > v->action;
	struct finding *kept = finding_room(v, arena, stronger);

	if (kept) {
		*kept = *f;
		kept->next = NULL;
		kept->rule = arena_dup(arena, f->rule);
		kept->detail = arena_dup(arena, f->detail);
	}
	v->strips |= f->mode == MODE_ENFORCE && f->action == ACTION_STRIP;
	if (stronger) {
		v->action = f->action;
		v->rule = kept ? kept->rule : STR_NONE;
		v->notice = notice_copy(arena, notice);
	}
	if (arena_is_full(arena))
		v->cannot_tell = CANNOT_TELL_MEMORY;
}

void verdict_warn(struct verdict *v, struct arena *arena, const struct warning *w)
{
	struct warning **end = &v->warnings, *copy;

	for (; *end; end = &(*end)->next)
		if (str_eq((*end)->rule, w->rule))
			return;
	copy = arena_zalloc(arena, sizeof(*copy));
	if (!copy)
		return;
	copy->rule = arena_dup(arena, w->rule);
	copy->date = arena_dup(arena, w->date);
	copy->notice = notice_copy(arena, w->notice);
	*end = copy;
}

static struct str primary_subtag(struct str lang)
{
	return str_cut(lang, 0, str_find(lang, '-', 0));
}

const struct notice *notice_choose(const struct notice *list, struct str lang)
{
	for (const struct notice *n = list; n; n = n->next)
		if (str_eq_nocase(n->lang, lang))
			return n;
	for (const struct notice *n = list; n; n = n->next)
		if (lang.len && str_eq_nocase(primary_subtag(n->lang), primary_subtag(lang)))
			return n;
	return list;
}

const struct notice *notice_of(struct notice out[LANGUAGES], enum phrase p)
{
	for (unsigned i = 0; i < LANGUAGES; i++)
		out[i] = (struct notice){.next = i + 1 < LANGUAGES ? &out[i + 1] : NULL,
			.lang = language_tags[i],
			.text = phrase(p, (enum language)i)};
	return out;
}

static void put_member(struct buf *out, const char *name, struct str value)
{
	if (value.len == 0)
		return;
	buf_printf(out, ",\"%s\":", name);
	json_quote(out, value);
}

static void put_finding(struct buf *out, const struct finding *f)
{
	buf_lit(out, "{\"rule\":");
	json_quote(out, f->rule);
	buf_printf(out, ",\"action\":\"%s\",\"mode\":\"%s\"", action_names[f->action], mode_names[f->mode]);
	if (f->kind != KIND_NONE)
		buf_printf(out, ",\"kind\":\"%s\",\"offset\":%zu,\"length\":%zu", kind_names[f->kind],
			f->offset, f->length);
	put_member(out, "detail", f->detail);
	buf_putc(out, '}');
}

void verdict_put_json(struct buf *out, const struct verdict *v)
{
	buf_printf(out, "{\"action\":\"%s\"", action_names[v->action]);
	put_member(out, "policy", str_from(v->policy_version));
	put_member(out, "rule", v->rule);
	put_member(out, "cannot_tell", str_from(cannot_tell_names[v->cannot_tell]));
	if (v->findings) {
		buf_lit(out, ",\"findings\":[");
		for (const struct finding *f = v->findings; f; f = f->next) {
			put_finding(out, f);
			if (f->next)
				buf_putc(out, ',');
		}
		buf_putc(out, ']');
	}
	if (v->dropped)
		buf_printf(out, ",\"dropped\":%zu", v->dropped);
	buf_putc(out, '}');
}
