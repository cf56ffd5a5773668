/* Which versions an advisory is about: its events and lists become one range. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cli/advisory_private.h"
#include "client/version.h"

enum { EVENTS_MAX = 64 };

enum event_kind { EVENT_INTRODUCED, EVENT_FIXED, EVENT_LAST, EVENT_LIMIT, EVENT_KINDS };

static const char *const event_names[EVENT_KINDS] = {"introduced", "fixed", "last_affected", "limit"};

struct event {
	enum event_kind kind;
	struct str text;
	struct version version;
};

/* A version and nothing else: what stands behind one would be read as more of the range. */
static bool is_whole(const struct event *e)
{
	size_t v = str_starts(e->text, STR("v")) || str_starts(e->text, STR("V"));

	return e->version.kind == VERSION_NUMBERED && version_find(e->text).len + v == e->text.len;
}

static int event_read(struct reading *r, const json_t *v, const char *field, struct event *out)
{
	unsigned found = 0;

	for (int k = 0; k < EVENT_KINDS; k++) {
		if (!json_object_get(v, event_names[k]))
			continue;
		found++;
		out->kind = (enum event_kind)k;
		if (advisory_need(r, v, event_names[k], field, &out->text))
			return -EINVAL;
	}
	if (found != 1)
		return advisory_wrong(r, field, "found no event, or several in one; accepted: one of introduced, fixed, last_affected, limit");
	out->version = version_read(out->text);
	if (!is_whole(out) && !(out->kind == EVENT_LIMIT && str_is(out->text, "*")))
		return advisory_found(r, field, out->text, "accepted: a version such as 1.8.4; or name the range with --versions");
	return 0;
}

static int events_compare(const void *a, const void *b)
{
	const struct event *x = a, *y = b;
	int order = version_compare(&x->version, &y->version);

	return order ? order : (int)x->kind - (int)y->kind;
}

static bool is_begin(const struct event *e)
{
	return str_is(e->text, "0");
}

static void put_interval(struct buf *out, const struct event *from, const struct event *to, const struct event *limit)
{
	bool first = true;

	if (out->len)
		buf_lit(out, " || ");
	if (!is_begin(from)) {
		buf_printf(out, ">=%.*s", STR_FMT(from->text));
		first = false;
	}
	if (to) {
		buf_printf(out, "%s%s%.*s", first ? "" : ", ", to->kind == EVENT_LAST ? "<=" : "<", STR_FMT(to->text));
		first = false;
	}
	if (limit && (!to || version_compare(&limit->version, &to->version) < 0)) {
		buf_printf(out, "%s<%.*s", first ? "" : ", ", STR_FMT(limit->text));
		first = false;
	}
	if (first)
		buf_putc(out, '*');
}

/* The schema's own algorithm, of which the steps become the bounds of a range. */
static void put_events(struct buf *out, struct event *events, size_t count)
{
	const struct event *open = NULL, *limit = NULL;

	qsort(events, count, sizeof(*events), events_compare);
	for (size_t i = 0; i < count; i++)
		if (events[i].kind == EVENT_LIMIT && !str_is(events[i].text, "*"))
			limit = &events[i];
		else if (events[i].kind == EVENT_LIMIT)
			limit = NULL;
	for (size_t i = 0; i < count; i++) {
		const struct event *e = &events[i];

		if (e->kind == EVENT_INTRODUCED && !open) {
			open = e;
		} else if ((e->kind == EVENT_FIXED || e->kind == EVENT_LAST) && open) {
			put_interval(out, open, e, limit);
			open = NULL;
		}
	}
	if (open)
		put_interval(out, open, NULL, limit);
}

static void note_fixed(struct reading *r, const struct event *events, size_t count)
{
	const struct event *last = NULL;

	for (size_t i = 0; i < count; i++)
		if (events[i].kind == EVENT_FIXED && (!last || version_compare(&events[i].version, &last->version) > 0))
			last = &events[i];
	if (last && !r->out->fixed.len)
		r->out->fixed = last->text;
}

/* "<= 1.0.13", "< 3.0.0", "= 1.2": how far a database without an upper event knows it to go. */
static bool known_event(struct str text, struct event *out)
{
	size_t sign = 0;

	text = str_trim(text);
	while (sign < text.len && strchr("<=", text.data[sign]))
		sign++;
	*out = (struct event){.kind = str_is(str_cut(text, 0, sign), "<") ? EVENT_LIMIT : EVENT_LAST,
		.text = str_trim(str_cut(text, sign, text.len))};
	out->version = version_read(out->text);
	return sign && is_whole(out);
}

static bool has_upper(const struct event *events, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (events[i].kind != EVENT_INTRODUCED && !str_is(events[i].text, "*"))
			return true;
	return false;
}

int advisory_events(struct reading *r, const json_t *list, const char *path, struct buf *out)
{
	struct event events[EVENTS_MAX + 1];
	size_t count = json_array_size(list), introduced = 0;
	char field[ADVISORY_PATH_MAX];

	if (!json_is_array(list) || count == 0 || count > EVENTS_MAX)
		return advisory_wrong(r, path, "accepted: a list of 1 to 64 events");
	for (size_t i = 0; i < count; i++) {
		int ret;

		advisory_path(field, "%s[%zu]", path, i);
		ret = event_read(r, json_array_get(list, i), field, &events[i]);
		if (ret)
			return ret;
		introduced += events[i].kind == EVENT_INTRODUCED;
	}
	if (!introduced)
		return advisory_wrong(
			r, path, "no event is 'introduced'; {\"introduced\": \"0\"} stands for all from the first one on");
	note_fixed(r, events, count);
	if (!has_upper(events, count) && known_event(r->known, &events[count]))
		count++;
	put_events(out, events, count);
	return 0;
}

/* Of commits no program tells; but where a database has found out the versions that they stand for, it says so beside them. */
static int commits_read(struct reading *r, const json_t *range, const char *path, struct buf *out)
{
	static const char *const names[] = {"versions", "extracted_events"};
	const json_t *beside = json_object_get(range, "database_specific");
	char field[ADVISORY_PATH_MAX];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const json_t *list = json_object_get(beside, names[i]);

		if (!json_array_size(list))
			continue;
		advisory_path(field, "%s.database_specific.%s", path, names[i]);
		return advisory_events(r, list, field, out);
	}
	return 0;
}

static int range_read(struct reading *r, const json_t *range, const char *path, struct buf *out)
{
	char field[ADVISORY_PATH_MAX];
	struct str type;
	int ret;

	advisory_path(field, "%s.type", path);
	ret = advisory_need(r, range, "type", field, &type);
	if (ret)
		return ret;
	if (str_is(type, "GIT"))
		return commits_read(r, range, path, out);
	if (!str_is(type, "SEMVER") && !str_is(type, "ECOSYSTEM"))
		return advisory_found(r, field, type, "accepted: SEMVER, ECOSYSTEM, GIT");
	advisory_path(field, "%s.events", path);
	return advisory_events(r, json_object_get(range, "events"), field, out);
}

int advisory_ranges(struct reading *r, const json_t *ranges, const char *path, struct buf *out)
{
	char field[ADVISORY_PATH_MAX];
	const json_t *range;
	size_t i;

	if (ranges && !json_is_array(ranges))
		return advisory_wrong(r, path, "accepted: a list of ranges");
	json_array_foreach(ranges, i, range)
	{
		int ret;

		advisory_path(field, "%s[%zu]", path, i);
		ret = range_read(r, range, field, out);
		if (ret)
			return ret;
	}
	return 0;
}

static size_t alternatives(struct str range)
{
	size_t count = 1, at = 0;

	while ((at = str_find(range, '|', at)) < range.len) {
		count++;
		at += 2;
	}
	return range.len ? count : 0;
}

int advisory_versions(struct reading *r, const json_t *versions, const char *path, struct buf *out)
{
	const struct version_range *range = NULL;
	struct err ignored = {};
	bool ranged = out->len > 0;
	const json_t *v;
	size_t i;

	if (ranged && version_range_parse(&range, buf_view(out), r->arena, &ignored))
		return 0; /* which advisory_range_keep() tells */
	json_array_foreach(versions, i, v)
	{
		struct str text = str_of(json_string_value(v), json_string_length(v));

		if (version_read(text).kind != VERSION_NUMBERED || (range && version_range_holds_text(range, text)))
			continue;
		if (alternatives(buf_view(out)) < VERSION_ALTERNATIVES_MAX) {
			buf_printf(out, "%s=%.*s", out->len ? " || " : "", STR_FMT(version_find(text)));
		} else if (ranged) {
			r->out->doubt = STR(
				"more versions than can be told are listed beside the ranges: look at the range before you enforce it");
			return 0;
		} else {
			return advisory_wrong(
				r, path, "there is no range, only a long list of versions; name the range with --versions");
		}
	}
	return 0;
}

int advisory_range_keep(struct reading *r, struct buf *text, const char *path, struct str *out)
{
	const struct version_range *range;
	struct err why = {};

	*out = arena_dup(r->arena, buf_view(text));
	if (buf_failed(text) || (text->len && !out->data))
		return err_set(r->err, -ENOMEM, "memory is out");
	if (out->len && version_range_parse(&range, *out, r->arena, &why))
		return advisory_wrong(r, path, arena_printf(r->arena, "%s; name the range with --versions%c", why.text, 0).data);
	return 0;
}
