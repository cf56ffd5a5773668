#include "cli/advisory.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "client/version.h"
#include "conf/yaml.h"

enum {
	FIELD_MAX = 128,
	EVENTS_MAX = 64,
	ID_MAX = 100,
	SUMMARY_MAX = 300,
	LIMB_MAX = 64, /* of a slug */
};

struct reading {
	struct advisory *out;
	struct arena *arena;
	struct err *err;
	struct str product, versions; /* the administrator's */
};

/* ---- JSON or YAML, as JSON ---- */

static json_t *node_json(const struct yml_node *node)
{
	json_t *v;

	if (node->kind == YML_SCALAR)
		return yml_is_null(node) ? json_null() : json_stringn(node->text.data, node->text.len);
	v = node->kind == YML_LIST ? json_array() : json_object();
	yml_each(member, node)
	{
		json_t *m = node_json(member);

		if (node->kind == YML_LIST ? json_array_append_new(v, m) : json_object_setn_new(v, member->key.data, member->key.len, m))
			break;
	}
	return v;
}

static json_t *document_read(struct str text, const char *name, struct err *err)
{
	json_error_t where;
	struct yml *tree;
	json_t *root;

	if (!str_starts(str_trim(text), STR("{"))) {
		if (yml_parse(&tree, text, name, err))
			return NULL;
		root = node_json(yml_root(tree));
		yml_free(tree);
		return root;
	}
	root = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, &where);
	if (!root)
		err_set(err, -EINVAL, "%s:%d:%d: this is no JSON: %s", name, where.line, where.column, where.text);
	return root;
}

/* ---- fields ---- */

static int field_wrong(struct reading *r, const char *field, const char *what)
{
	return err_set(r->err, -EINVAL, "%s: %s", field, what);
}

/* A text without control characters; empty where it is not there. */
static int take(struct reading *r, const json_t *object, const char *key, const char *field, size_t max, struct str *out)
{
	const json_t *v = json_object_get(object, key);
	char *copy;
	size_t len;

	*out = STR_NONE;
	if (!v || json_is_null(v))
		return 0;
	if (!json_is_string(v))
		return field_wrong(r, field, "found no text; accepted: text");
	len = json_string_length(v) < max ? json_string_length(v) : max;
	while (len && (json_string_value(v)[len] & 0xc0) == 0x80)
		len--; /* between two characters */
	copy = arena_bytes(r->arena, len + 1);
	if (!copy)
		return err_set(r->err, -ENOMEM, "memory is out");
	for (size_t i = 0; i < len; i++)
		copy[i] = (unsigned char)json_string_value(v)[i] < ' ' ? ' ' : json_string_value(v)[i];
	*out = str_trim(str_of(copy, len));
	return 0;
}

static int need(struct reading *r, const json_t *object, const char *key, const char *field, struct str *out)
{
	int ret = take(r, object, key, field, FIELD_MAX, out);

	return ret || out->len ? ret : field_wrong(r, field, "it is missing");
}

/* ---- ranges ---- */

enum event_kind { EVENT_INTRODUCED, EVENT_FIXED, EVENT_LAST, EVENT_LIMIT, EVENT_KINDS };

static const char *const event_names[EVENT_KINDS] = {"introduced", "fixed", "last_affected", "limit"};

struct event {
	enum event_kind kind;
	struct str text;
	struct version version;
};

static int event_read(struct reading *r, const json_t *v, const char *field, struct event *out)
{
	unsigned found = 0;

	for (int k = 0; k < EVENT_KINDS; k++) {
		if (!json_object_get(v, event_names[k]))
			continue;
		found++;
		out->kind = (enum event_kind)k;
		if (need(r, v, event_names[k], field, &out->text))
			return -EINVAL;
	}
	if (found != 1)
		return field_wrong(r, field, "found no event, or several in one; accepted: one of introduced, fixed, last_affected, limit");
	out->version = version_read(out->text);
	if (out->version.kind != VERSION_NUMBERED && !(out->kind == EVENT_LIMIT && str_is(out->text, "*")))
		return err_set(r->err, -EINVAL, "%s: found '%s'; accepted: a version such as 1.8.4; or name the range with --versions",
			field, LOG_STR(out->text));
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

static int events_read(struct reading *r, const json_t *list, const char *path, struct buf *out)
{
	struct event events[EVENTS_MAX];
	size_t count = json_array_size(list), introduced = 0;
	char field[160];

	if (!json_is_array(list) || count == 0 || count > EVENTS_MAX)
		return field_wrong(r, path, "accepted: a list of 1 to 64 events");
	for (size_t i = 0; i < count; i++) {
		int ret;

		snprintf(field, sizeof(field), "%s[%zu]", path, i);
		ret = event_read(r, json_array_get(list, i), field, &events[i]);
		if (ret)
			return ret;
		introduced += events[i].kind == EVENT_INTRODUCED;
	}
	if (!introduced)
		return field_wrong(r, path, "no event is 'introduced'; {\"introduced\": \"0\"} stands for all from the first one on");
	note_fixed(r, events, count);
	put_events(out, events, count);
	return 0;
}

static int ranges_read(struct reading *r, const json_t *ranges, const char *path, struct buf *out)
{
	char field[128];
	const json_t *range;
	size_t i;

	if (ranges && !json_is_array(ranges))
		return field_wrong(r, path, "accepted: a list of ranges");
	json_array_foreach(ranges, i, range)
	{
		struct str type;
		int ret;

		snprintf(field, sizeof(field), "%s[%zu].type", path, i);
		ret = need(r, range, "type", field, &type);
		if (ret)
			return ret;
		if (str_is(type, "GIT"))
			continue; /* commits: no program tells them */
		if (!str_is(type, "SEMVER") && !str_is(type, "ECOSYSTEM"))
			return field_wrong(r, field, "accepted: SEMVER, ECOSYSTEM, GIT");
		snprintf(field, sizeof(field), "%s[%zu].events", path, i);
		ret = events_read(r, json_object_get(range, "events"), field, out);
		if (ret)
			return ret;
	}
	return 0;
}

/* Versions one by one, where no range is to be had. */
static int versions_read(struct reading *r, const json_t *versions, const char *path, struct buf *out)
{
	const json_t *v;
	size_t i;

	if (json_array_size(versions) > VERSION_ALTERNATIVES_MAX)
		return field_wrong(r, path, "there is no range, only a long list of versions; name the range with --versions");
	json_array_foreach(versions, i, v)
	{
		struct str text = str_of(json_string_value(v), json_string_length(v));

		if (version_read(text).kind == VERSION_NUMBERED)
			buf_printf(out, "%s=%.*s", out->len ? " || " : "", STR_FMT(version_find(text)));
	}
	return 0;
}

/* What was put together must be a range. */
static int range_keep(struct reading *r, struct buf *text, const char *path, struct str *out)
{
	const struct version_range *range;
	struct err why = {};

	*out = arena_dup(r->arena, buf_view(text));
	if (buf_failed(text) || (text->len && !out->data))
		return err_set(r->err, -ENOMEM, "memory is out");
	if (out->len && version_range_parse(&range, *out, r->arena, &why))
		return err_set(r->err, -EINVAL, "%s: %s; name the range with --versions", path, why.text);
	return 0;
}

/* ---- packages ---- */

static int package_add(struct reading *r, struct str product, struct str ecosystem, struct str affected)
{
	struct advisory *a = r->out;
	const size_t count = a->count;

	for (size_t i = 0; i < count; i++)
		if (str_eq_nocase(a->packages[i].product, product) && str_eq(a->packages[i].affected, affected))
			return 0;
	if (count == ADVISORY_PACKAGES_MAX)
		return field_wrong(r, "affected", "more than 16 packages; name the product with --product and the range with --versions");
	a->packages[a->count++] = (struct advisory_package){.product = product, .ecosystem = ecosystem, .affected = affected};
	return 0;
}

static int affected_read(struct reading *r, const json_t *affected, size_t index)
{
	const json_t *package = json_object_get(affected, "package");
	struct str name = r->product, ecosystem = STR_NONE, range = r->versions;
	struct buf text = BUF_INIT(VERSION_RANGE_MAX * 2);
	char field[64];
	int ret = 0;

	snprintf(field, sizeof(field), "affected[%zu].package", index);
	if (!name.len)
		ret = package ? need(r, package, "name", field, &name)
			      : field_wrong(r, field, "it is missing; name the product with --product");
	if (!ret)
		ret = take(r, package, "ecosystem", field, FIELD_MAX, &ecosystem);
	snprintf(field, sizeof(field), "affected[%zu].ranges", index);
	if (!ret && !range.len)
		ret = ranges_read(r, json_object_get(affected, "ranges"), field, &text);
	snprintf(field, sizeof(field), "affected[%zu].versions", index);
	if (!ret && !range.len && !text.len)
		ret = versions_read(r, json_object_get(affected, "versions"), field, &text);
	if (!ret && !range.len)
		ret = range_keep(r, &text, field, &range);
	if (!ret && !range.len)
		ret = field_wrong(r, field, "no versions that a program could tell (commits alone do not help); name the range with --versions");
	buf_done(&text);
	return ret ? ret : package_add(r, name, ecosystem, range);
}

/* {introduced, fixed, last_affected} of our own form: pairs of events. */
static int steps_read(struct reading *r, const json_t *list, struct str *out)
{
	struct buf text = BUF_INIT(VERSION_RANGE_MAX * 2);
	const json_t *step;
	size_t i;
	int ret = 0;

	json_array_foreach(list, i, step)
	{
		json_t *events = json_array();
		const char *key;
		json_t *value;
		char field[64];

		if (!json_object_get(step, "introduced"))
			json_array_append_new(events, json_pack("{s:s}", "introduced", "0"));
		json_object_foreach((json_t *)(uintptr_t)step, key, value)
			json_array_append_new(events, json_pack("{s:O}", key, value));
		snprintf(field, sizeof(field), "affected[%zu]", i);
		ret = events_read(r, events, field, &text);
		json_decref(events);
		if (ret)
			break;
	}
	if (!ret)
		ret = range_keep(r, &text, "affected", out);
	buf_done(&text);
	return ret;
}

static int own_read(struct reading *r, const json_t *root)
{
	const json_t *affected = json_object_get(root, "affected");
	struct str name = r->product, range = r->versions;
	struct buf text = BUF_INIT(VERSION_RANGE_MAX * 2);
	int ret = 0;

	if (!name.len)
		ret = need(r, root, json_object_get(root, "product") ? "product" : "package", "product", &name);
	if (!ret && !range.len && json_is_array(affected))
		ret = steps_read(r, affected, &range);
	else if (!ret && !range.len && json_is_string(affected)) {
		buf_put(&text, json_string_value(affected), json_string_length(affected));
		ret = range_keep(r, &text, "affected", &range);
	}
	buf_done(&text);
	if (!ret && !range.len)
		ret = field_wrong(r, "affected", "accepted: a range such as \"<1.8.4\", or a list of {introduced, fixed}");
	return ret ? ret : package_add(r, name, STR_NONE, range);
}

/* A document of OSV has packages in `affected`; ours names its product at the top. */
static bool is_osv(const json_t *root)
{
	const json_t *affected = json_object_get(root, "affected");
	const json_t *first = json_array_get(affected, 0);

	return !json_object_get(root, "product") &&
	       (json_object_get(root, "schema_version") || json_object_get(first, "package") || json_object_get(first, "ranges") ||
		       json_object_get(first, "versions"));
}

static int packages_read(struct reading *r, const json_t *root)
{
	const json_t *affected = json_object_get(root, "affected"), *one;
	size_t i;
	int ret;

	if (!is_osv(root))
		return own_read(r, root);
	if (!json_is_array(affected) || json_array_size(affected) == 0) {
		if (r->product.len && r->versions.len)
			return package_add(r, r->product, STR_NONE, r->versions);
		return field_wrong(r, "affected", "it is missing; name product and range with --product and --versions");
	}
	json_array_foreach(affected, i, one)
	{
		ret = affected_read(r, one, i);
		if (ret)
			return ret;
	}
	return 0;
}

/* ---- the rest ---- */

static int severity_read(struct reading *r, const json_t *root)
{
	const json_t *v = json_object_get(root, "severity"), *first = json_array_get(v, 0);
	const json_t *word = json_object_get(json_object_get(root, "database_specific"), "severity");
	int ret;

	if (json_is_string(v))
		return take(r, root, "severity", "severity", FIELD_MAX, &r->out->severity);
	if (json_is_string(word))
		return take(r, json_object_get(root, "database_specific"), "severity", "database_specific.severity", FIELD_MAX,
			&r->out->severity);
	if (!first)
		first = json_array_get(json_object_get(json_array_get(json_object_get(root, "affected"), 0), "severity"), 0);
	ret = take(r, first, "score", "severity[0].score", FIELD_MAX, &r->out->severity);
	return ret;
}

/* The advisory itself before anything else. */
static int reference_read(struct reading *r, const json_t *root)
{
	const json_t *list = json_object_get(root, "references"), *v;
	struct str type, url;
	size_t i;

	if (json_is_string(list))
		return take(r, root, "references", "references", 500, &r->out->reference);
	if (json_object_get(root, "reference"))
		return take(r, root, "reference", "reference", 500, &r->out->reference);
	json_array_foreach(list, i, v)
	{
		if (json_is_string(v)) {
			if (!r->out->reference.len)
				r->out->reference = arena_dup(r->arena, str_of(json_string_value(v), json_string_length(v)));
			continue;
		}
		if (take(r, v, "type", "references[].type", FIELD_MAX, &type) || take(r, v, "url", "references[].url", 500, &url))
			return -EINVAL;
		if (url.len && (!r->out->reference.len || str_is(type, "ADVISORY"))) {
			r->out->reference = url;
			if (str_is(type, "ADVISORY"))
				break;
		}
	}
	return 0;
}

static int date_read(struct reading *r, const json_t *root, const char *key, struct str *out)
{
	uint64_t us;
	int ret = take(r, root, key, key, FIELD_MAX, out);

	if (ret || !out->len || clock_parse(*out, &us) || (out->len == 10 && out->data[4] == '-'))
		return ret;
	return err_set(r->err, -EINVAL, "%s: found '%s'; accepted: a time such as 2026-11-23T08:00:00Z", key, LOG_STR(*out));
}

static int id_read(struct reading *r, const json_t *root)
{
	int ret = need(r, root, "id", "id", &r->out->id);

	if (ret)
		return ret;
	if (r->out->id.len > ID_MAX)
		return field_wrong(r, "id", "it is longer than 100 bytes");
	for (size_t i = 0; i < r->out->id.len; i++)
		if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:/", r->out->id.data[i]))
			return err_set(r->err, -EINVAL, "id: found '%s'; accepted: letters, digits and - _ . : /", LOG_STR(r->out->id));
	return 0;
}

/* Packages of a distribution have its numbers behind the program's own, which no program tells. */
static void doubt_note(struct reading *r)
{
	static const char *const distributions[] = {"Debian", "Ubuntu", "Alpine", "Red Hat", "SUSE", "openSUSE", "AlmaLinux",
		"Rocky", "Mageia", "openEuler", "Wolfi", "Chainguard", "Photon OS"};

	for (size_t i = 0; i < r->out->count; i++)
		for (size_t d = 0; d < sizeof(distributions) / sizeof(*distributions); d++)
			if (str_starts(r->out->packages[i].ecosystem, str_from(distributions[d])))
				r->out->doubt = arena_printf(r->arena,
					"the versions are those of packages of %s, which programs do not tell: look at the range before you "
					"enforce it",
					distributions[d]);
}

static int root_read(struct reading *r, const json_t *root)
{
	struct str withdrawn;
	int ret = json_is_object(root) ? id_read(r, root) : field_wrong(r, "advisory", "accepted: one object, with id and affected");

	if (!ret)
		ret = take(r, root, "withdrawn", "withdrawn", FIELD_MAX, &withdrawn);
	if (!ret && withdrawn.len)
		ret = err_set(r->err, -EINVAL, "withdrawn: the advisory was withdrawn at %s; nothing is to be done", LOG_STR(withdrawn));
	if (!ret)
		ret = take(r, root, "summary", "summary", SUMMARY_MAX, &r->out->summary);
	if (!ret && !r->out->summary.len)
		ret = take(r, root, "details", "details", SUMMARY_MAX, &r->out->summary);
	if (!ret)
		ret = take(r, root, "fixed", "fixed", FIELD_MAX, &r->out->fixed);
	if (!ret)
		ret = date_read(r, root, "published", &r->out->published);
	if (!ret)
		ret = date_read(r, root, "modified", &r->out->modified);
	if (!ret)
		ret = severity_read(r, root);
	if (!ret)
		ret = reference_read(r, root);
	if (!ret)
		ret = packages_read(r, root);
	if (!ret)
		doubt_note(r);
	return ret;
}

int advisory_read(struct advisory *out, struct str text, const char *name, struct str product, struct str versions,
	struct arena *arena, struct err *err)
{
	struct reading r = {.out = out, .arena = arena, .err = err, .product = product, .versions = versions};
	json_t *root = document_read(text, name, err);
	int ret;

	*out = (struct advisory){};
	if (!root)
		return -EINVAL;
	ret = root_read(&r, root);
	json_decref(root);
	return ret ? err_wrap(err, -EINVAL, "%s", name) : 0;
}

/* ---- the rule ---- */

struct str advisory_slug(struct str id, struct arena *arena)
{
	char slug[LIMB_MAX] = "advisory-";
	size_t len = strlen(slug);

	for (size_t i = 0; i < id.len && len < 56; i++) {
		char c = id.data[i];

		c = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			slug[len++] = c;
		else if (slug[len - 1] != '-')
			slug[len++] = '-';
	}
	while (len && slug[len - 1] == '-')
		len--;
	return arena_dup(arena, str_of(slug, len));
}

/* JSON's strings are YAML's, but for DEL and C1, which YAML does not take as they are. */
void yaml_quote(struct buf *out, struct str text)
{
	size_t at = 0;

	buf_putc(out, '"');
	while (at < text.len) {
		size_t from = at;
		uint32_t c = utf8_next(text, &at);

		if ((c >= 0x7f && c < 0xa0) || c == 0xfeff || c == 0x2028 || c == 0x2029)
			buf_printf(out, "\\u%04x", (unsigned)c);
		else
			json_escape(out, str_cut(text, from, at));
	}
	buf_putc(out, '"');
}

static void put_member(struct buf *out, const char *name, struct str value)
{
	if (!value.len)
		return;
	buf_printf(out, "    %s: ", name);
	yaml_quote(out, value);
	buf_putc(out, '\n');
}

/* What people read: why, in their language. */
static void put_reason(struct buf *out, const struct advisory *a)
{
	static const struct {
		const char *lang, *known, *fixed;
	} words[] = {
		{"en", "a security flaw is known in it", "mended in"},
		{"de", "darin ist eine Sicherheitslücke bekannt", "behoben in"},
		{"fr", "une faille de sécurité y est connue", "corrigée dans"},
		{"fi", "siinä on tunnettu tietoturva-aukko", "korjattu versiossa"},
		{"es", "tiene un fallo de seguridad conocido", "corregido en"},
	};

	buf_lit(out, "    reason:\n");
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		struct buf text = BUF_INIT(1024);

		buf_printf(&text, "%s (%.*s)", words[i].known, STR_FMT(a->id));
		if (a->fixed.len)
			buf_printf(&text, ", %s %.*s", words[i].fixed, STR_FMT(a->fixed));
		buf_putc(&text, '.');
		buf_printf(out, "      %s: ", words[i].lang);
		yaml_quote(out, buf_view(&text));
		buf_putc(out, '\n');
		buf_done(&text);
	}
}

static void put_rule(struct buf *out, const struct advisory *a, size_t i, struct str slug)
{
	const struct advisory_package *p = &a->packages[i];
	struct buf purpose = BUF_INIT(1024);

	buf_printf(out, "  - id: %.*s", STR_FMT(slug));
	if (i)
		buf_printf(out, "-%zu", i + 1);
	buf_printf(&purpose, "%.*s%s%.*s", STR_FMT(a->id), a->summary.len ? ": " : "", STR_FMT(a->summary));
	buf_lit(out, "\n    purpose: ");
	yaml_quote(out, buf_view(&purpose));
	buf_lit(out, "\n    clients: { product: ");
	yaml_quote(out, p->product);
	buf_lit(out, ", versions: ");
	yaml_quote(out, p->affected);
	buf_lit(out, " }\n    effect: deny\n    mode: observe\n");
	put_reason(out, a);
	put_member(out, "reference", a->reference);
	buf_done(&purpose);
}

void advisory_put_rule(struct buf *out, const struct advisory *a, struct str slug, struct str imported, struct str by)
{
	buf_printf(out, "# Proposed by an advisory; it only observes. 'gatehouse clients enforce %.*s' makes it live.\n",
		STR_FMT(slug));
	buf_lit(out, "advisories:\n  - id: ");
	yaml_quote(out, a->id);
	buf_putc(out, '\n');
	put_member(out, "summary", a->summary);
	put_member(out, "severity", a->severity);
	put_member(out, "product", a->packages[0].product);
	put_member(out, "affected", a->packages[0].affected);
	put_member(out, "fixed", a->fixed);
	put_member(out, "reference", a->reference);
	put_member(out, "published", a->published);
	put_member(out, "modified", a->modified);
	put_member(out, "imported", imported);
	put_member(out, "by", by);
	buf_lit(out, "rules:\n");
	for (size_t i = 0; i < a->count; i++)
		put_rule(out, a, i, slug);
}
