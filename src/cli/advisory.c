#include "cli/advisory.h"

#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "cli/advisory_private.h"
#include "cli/document.h"
#include "client/version.h"

enum {
	ID_MAX = 100,
	SUMMARY_MAX = 300,
	ALIASES_MAX = 500,
};

/* ---- fields ---- */

int advisory_wrong(struct reading *r, const char *field, const char *what)
{
	snprintf(r->path, sizeof(r->path), "%s", field);
	return err_set(r->err, -EINVAL, "%s: %s", field, what);
}

void advisory_path(char out[ADVISORY_PATH_MAX], const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(out, ADVISORY_PATH_MAX, fmt, ap);
	va_end(ap);
}

int advisory_found(struct reading *r, const char *field, struct str found, const char *what)
{
	snprintf(r->path, sizeof(r->path), "%s", field);
	return err_set(r->err, -EINVAL, "%s: found '%s'; %s", field, LOG_STR(found), what);
}

int advisory_take(struct reading *r, const json_t *object, const char *key, const char *field, size_t max, struct str *out)
{
	const json_t *v = json_object_get(object, key);
	char *copy;
	size_t len;

	*out = STR_NONE;
	if (!v || json_is_null(v))
		return 0;
	if (!json_is_string(v))
		return advisory_wrong(r, field, "found no text; accepted: text");
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

int advisory_need(struct reading *r, const json_t *object, const char *key, const char *field, struct str *out)
{
	int ret = advisory_take(r, object, key, field, ADVISORY_FIELD_MAX, out);

	return ret || out->len ? ret : advisory_wrong(r, field, "it is missing");
}

/* ---- packages ---- */

/* A star would stand for any product: that is for who imports it to say. */
static int product_read(struct reading *r, const json_t *object, const char *key, const char *field, struct str *out)
{
	int ret = advisory_need(r, object, key, field, out);

	if (!ret && str_find(*out, '*', 0) < out->len)
		ret = advisory_found(r, field, *out, "accepted: one product's name; name products with --product");
	return ret;
}

static int package_add(struct reading *r, struct str product, struct str ecosystem, struct str affected)
{
	struct advisory *a = r->out;
	const size_t count = a->count;

	for (size_t i = 0; i < count; i++)
		if (str_eq_nocase(a->packages[i].product, product) && str_eq(a->packages[i].affected, affected))
			return 0;
	if (count == ADVISORY_PACKAGES_MAX)
		return advisory_wrong(r, "affected", "more than 16 packages; name the product with --product and the range with --versions");
	a->packages[a->count++] = (struct advisory_package){.product = product, .ecosystem = ecosystem, .affected = affected};
	return 0;
}

static int package_range(struct reading *r, const json_t *affected, const char *path, struct str *out)
{
	struct buf text = BUF_INIT(VERSION_RANGE_MAX * 2);
	char field[ADVISORY_PATH_MAX];
	int ret;

	advisory_path(field, "%s.database_specific.last_known_affected_version_range", path);
	ret = advisory_take(r, json_object_get(affected, "database_specific"), "last_known_affected_version_range", field,
		ADVISORY_FIELD_MAX, &r->known);
	advisory_path(field, "%s.ranges", path);
	if (!ret)
		ret = advisory_ranges(r, json_object_get(affected, "ranges"), field, &text);
	advisory_path(field, "%s.versions", path);
	if (!ret)
		ret = advisory_versions(r, json_object_get(affected, "versions"), field, &text);
	if (!ret)
		ret = advisory_range_keep(r, &text, field, out);
	if (!ret && !out->len)
		ret = advisory_wrong(
			r, field, "no versions that a program could tell (commits alone do not help); name the range with --versions");
	buf_done(&text);
	return ret;
}

static int affected_read(struct reading *r, const json_t *affected, size_t index)
{
	const json_t *package = json_object_get(affected, "package");
	struct str name = r->product, ecosystem = STR_NONE, range = r->versions;
	char path[ADVISORY_PATH_MAX], field[ADVISORY_PATH_MAX];
	int ret = 0;

	advisory_path(path, "affected[%zu]", index);
	advisory_path(field, "%s.package", path);
	if (!name.len)
		ret = package ? product_read(r, package, "name", field, &name)
			      : advisory_wrong(r, field, "it is missing; name the product with --product");
	if (!ret)
		ret = advisory_take(r, package, "ecosystem", field, ADVISORY_FIELD_MAX, &ecosystem);
	if (!ret && !range.len)
		ret = package_range(r, affected, path, &range);
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
		char field[ADVISORY_PATH_MAX];
		const char *key;
		json_t *events, *value;

		advisory_path(field, "affected[%zu]", i);
		if (!json_object_size(step)) {
			ret = advisory_wrong(r, field,
				"accepted: {introduced, fixed} or {introduced, last_affected}; a range such as \"<1.8.4\" stands alone, in no list");
			break;
		}
		events = json_array();
		if (!json_object_get(step, "introduced"))
			json_array_append_new(events, json_pack("{s:s}", "introduced", "0"));
		json_object_foreach((json_t *)(uintptr_t)step, key, value)
			json_array_append_new(events, json_pack("{s:O}", key, value));
		ret = advisory_events(r, events, field, &text);
		json_decref(events);
		if (ret)
			break;
	}
	if (!ret)
		ret = advisory_range_keep(r, &text, "affected", out);
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
		ret = product_read(r, root, json_object_get(root, "product") ? "product" : "package", "product", &name);
	if (!ret && !range.len && json_is_array(affected))
		ret = steps_read(r, affected, &range);
	else if (!ret && !range.len && json_is_string(affected)) {
		buf_put(&text, json_string_value(affected), json_string_length(affected));
		ret = advisory_range_keep(r, &text, "affected", &range);
	}
	buf_done(&text);
	if (!ret && !range.len)
		ret = advisory_wrong(r, "affected", "accepted: a range such as \"<1.8.4\", or a list of {introduced, fixed}");
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
		return advisory_wrong(r, "affected", "it is missing; name product and range with --product and --versions");
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

static bool id_is_good(struct str id)
{
	for (size_t i = 0; i < id.len; i++)
		if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:/", id.data[i]) || !id.data[i])
			return false;
	return id.len > 0;
}

/* Of several scores the one of the newest kind: CVSS_V4 before CVSS_V3. */
static int scores_read(struct reading *r, const json_t *list, const char *path)
{
	struct str type, score, best = STR_NONE;
	char field[ADVISORY_PATH_MAX];
	const json_t *v;
	size_t i;

	json_array_foreach(list, i, v)
	{
		advisory_path(field, "%s[%zu]", path, i);
		if (advisory_need(r, v, "type", field, &type) || advisory_need(r, v, "score", field, &score))
			return -EINVAL;
		if ((str_is(type, "CVSS_V3") && !str_starts(score, STR("CVSS:3."))) ||
			(str_is(type, "CVSS_V4") && !str_starts(score, STR("CVSS:4."))))
			return advisory_found(r, field, score, "accepted: a vector, such as CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H");
		if (!best.len || str_cmp(type, best) > 0) {
			best = type;
			r->out->severity = score;
		}
	}
	return 0;
}

/* A word where there is one, else a vector; of the whole, or of the first package. */
static int severity_read(struct reading *r, const json_t *root)
{
	const json_t *first = json_array_get(json_object_get(root, "affected"), 0);
	const struct {
		const json_t *holder;
		const char *key, *path;
	} words[] = {
		{root, "severity", "severity"},
		{json_object_get(root, "database_specific"), "severity", "database_specific.severity"},
		{json_object_get(first, "ecosystem_specific"), "severity", "affected[0].ecosystem_specific.severity"},
		{json_object_get(first, "database_specific"), "severity", "affected[0].database_specific.severity"},
	};
	int ret = scores_read(r, json_object_get(root, "severity"), "severity");

	if (!ret && !r->out->severity.len)
		ret = scores_read(r, json_object_get(first, "severity"), "affected[0].severity");
	for (size_t i = 0; !ret && i < sizeof(words) / sizeof(*words); i++)
		if (json_is_string(json_object_get(words[i].holder, words[i].key)))
			return advisory_take(
				r, words[i].holder, words[i].key, words[i].path, ADVISORY_FIELD_MAX, &r->out->severity);
	return ret;
}

/* What others call it. */
static int aliases_read(struct reading *r, const json_t *root)
{
	const json_t *list = json_object_get(root, "aliases"), *v;
	struct buf all = BUF_INIT(ALIASES_MAX);
	size_t i;

	if (list && !json_is_null(list) && !json_is_array(list))
		return advisory_wrong(r, "aliases", "accepted: a list of ids");
	json_array_foreach(list, i, v)
	{
		struct str one = str_of(json_string_value(v), json_string_length(v));

		if (id_is_good(one) && all.len + one.len + 2 <= ALIASES_MAX)
			buf_printf(&all, "%s%.*s", all.len ? ", " : "", STR_FMT(one));
	}
	r->out->aliases = all.len ? arena_dup(r->arena, buf_view(&all)) : STR_NONE;
	buf_done(&all);
	return 0;
}

/* The advisory itself before anything else. */
static int reference_read(struct reading *r, const json_t *root)
{
	const json_t *list = json_object_get(root, "references"), *v;
	struct str type, url;
	size_t i;

	if (json_is_string(list))
		return advisory_take(r, root, "references", "references", 500, &r->out->reference);
	if (json_object_get(root, "reference"))
		return advisory_take(r, root, "reference", "reference", 500, &r->out->reference);
	json_array_foreach(list, i, v)
	{
		if (json_is_string(v)) {
			if (!r->out->reference.len)
				r->out->reference = arena_dup(r->arena, str_of(json_string_value(v), json_string_length(v)));
			continue;
		}
		if (advisory_take(r, v, "type", "references[].type", ADVISORY_FIELD_MAX, &type) || advisory_take(r, v, "url", "references[].url", 500, &url))
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
	int ret = advisory_take(r, root, key, key, ADVISORY_FIELD_MAX, out);

	if (ret || !out->len || clock_parse(*out, &us) || (out->len == 10 && out->data[4] == '-'))
		return ret;
	return advisory_found(r, key, *out, "accepted: a time such as 2026-11-23T08:00:00Z");
}

static int id_read(struct reading *r, const json_t *root)
{
	int ret = advisory_need(r, root, "id", "id", &r->out->id);

	if (ret)
		return ret;
	if (r->out->id.len > ID_MAX)
		return advisory_wrong(r, "id", "it is longer than 100 bytes");
	return id_is_good(r->out->id) ? 0 : advisory_found(r, "id", r->out->id, "accepted: letters, digits and - _ . : /");
}

/* Within one major version of the schema fields keep their meaning. */
static int schema_check(struct reading *r, const json_t *root)
{
	struct str version;
	int ret = advisory_take(r, root, "schema_version", "schema_version", ADVISORY_FIELD_MAX, &version);

	if (!ret && version.len && !str_starts(version, STR("1.")))
		ret = advisory_found(r, "schema_version", version, "accepted: 1.x; name product and range with --product and --versions "
								  "in a document of the short form");
	return ret;
}

static int withdrawn_check(struct reading *r, const json_t *root)
{
	struct str withdrawn, slug;
	int ret = advisory_take(r, root, "withdrawn", "withdrawn", ADVISORY_FIELD_MAX, &withdrawn);

	if (ret || !withdrawn.len)
		return ret;
	slug = advisory_slug(r->out->id, r->arena);
	return advisory_wrong(r, "withdrawn",
		arena_printf(r->arena,
			"the advisory was withdrawn at %s; nothing is to be done, but if it has been imported before: 'gatehouse clients drop %.*s', or which "
			"file 'gatehouse clients advisory show' names%c",
			LOG_STR(withdrawn), STR_FMT(slug), 0)
			.data);
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

static int texts_read(struct reading *r, const json_t *root)
{
	int ret = advisory_take(r, root, "summary", "summary", SUMMARY_MAX, &r->out->summary);

	if (!ret && !r->out->summary.len)
		ret = advisory_take(r, root, "details", "details", SUMMARY_MAX, &r->out->summary);
	if (!ret)
		ret = advisory_take(r, root, "fixed", "fixed", ADVISORY_FIELD_MAX, &r->out->fixed);
	if (!ret)
		ret = date_read(r, root, "published", &r->out->published);
	return ret ? ret : date_read(r, root, "modified", &r->out->modified);
}

static int root_read(struct reading *r, const json_t *root)
{
	static int (*const parts[])(struct reading *r, const json_t *root) = {
		id_read, schema_check, withdrawn_check, texts_read, aliases_read, severity_read, reference_read, packages_read};

	if (!json_is_object(root))
		return advisory_wrong(r, "advisory", "accepted: one object, with id and affected");
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		int ret = parts[i](r, root);

		if (ret)
			return ret;
	}
	if (!r->out->doubt.len)
		doubt_note(r);
	return 0;
}

int advisory_read(struct advisory *out, struct str text, const char *name, struct str product, struct str versions,
	struct arena *arena, struct err *err)
{
	struct reading r = {.out = out, .arena = arena, .err = err, .product = product, .versions = versions};
	struct document d;
	int ret;

	*out = (struct advisory){};
	ret = document_read(&d, text, name, err);
	if (!ret && root_read(&r, d.root))
		ret = err_wrap(err, -EINVAL, "%s:%u", name, document_line(&d, r.path));
	document_close(&d);
	return ret ? -EINVAL : 0;
}
