/* Reads gatehouse.yaml row by row. Presets are read first, through the same code as what people write. */
#include "conf/settings.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "conf/nearest.h"
#include "conf/schema.h"
#include "conf/service.h"
#include "conf/settings_value.h"
#include "conf/yaml.h"

enum {
	ARENA_MAX = 16 << 20,
	NAME_MAX_BYTES = 128, /* of a dotted name in an error */
};

struct load {
	struct settings *settings;
	const struct yml *yml;
	struct err *err;
	unsigned *lines; /* where each row was set; 0: preset */
};

static void *row_field(struct settings *s, const struct setting *row)
{
	return (char *)s + row->offset;
}

static int read_presets(struct settings *s, struct err *err)
{
	for (size_t i = 0; i < settings_rows_len; i++) {
		const struct setting *row = &settings_rows[i];
		AUTO(yml_freep) struct yml *y = NULL;
		int r = yml_parse(&y, str_from(row->preset), row->name, err);

		if (!r)
			r = setting_read(row, yml_root(y), s->dir, s->arena, row_field(s, row), err);
		if (r)
			return err_wrap(err, r, "preset of %s", row->name);
	}
	return 0;
}

static const struct setting *row_find(const char *name, size_t *out_index)
{
	for (size_t i = 0; i < settings_rows_len; i++)
		if (strcmp(settings_rows[i].name, name) == 0) {
			*out_index = i;
			return &settings_rows[i];
		}
	return NULL;
}

static bool section_is(const char *name)
{
	for (size_t i = 0; i < settings_sections_len; i++)
		if (strcmp(settings_sections[i].prefix, name) == 0)
			return true;
	return false;
}

/* The row whose last part is this word: what was meant by a setting in the wrong section. */
static const char *row_by_last_part(const char *name)
{
	const char *dot = strrchr(name, '.');
	const char *word = dot ? dot + 1 : name;

	for (size_t i = 0; i < settings_rows_len; i++) {
		const char *last = strrchr(settings_rows[i].name, '.');

		if (last && strcmp(last + 1, word) == 0)
			return settings_rows[i].name;
	}
	return NULL;
}

static const char *name_nearest(const char *name)
{
	const char *words[SETTINGS_ROWS_MAX * 2];
	const char *exact = row_by_last_part(name);
	size_t n = 0;

	if (exact)
		return exact;
	for (size_t i = 0; i < settings_rows_len; i++)
		words[n++] = settings_rows[i].name;
	for (size_t i = 0; i < settings_sections_len; i++)
		words[n++] = settings_sections[i].prefix;
	return nearest_word(str_from(name), words, n);
}

static int unknown(struct load *l, const struct yml_node *node, const char *name)
{
	const char *nearest = name_nearest(name);
	size_t i;

	if (!strchr(name, '.') || !row_find(name, &i) || node->parent->parent) {
		if (nearest)
			return yml_error(l->yml, node->key_line, l->err,
				"unknown setting '%s'; did you mean '%s'?", LOG_STR(str_from(name)), nearest);
		return yml_error(l->yml, node->key_line, l->err,
			"unknown setting '%s'; 'gatehouse config show --defaults' lists all",
			LOG_STR(str_from(name)));
	}
	return yml_error(l->yml, node->key_line, l->err,
		"write '%s' in two lines: '%.*s:' and below it, indented, '%s:'", name,
		(int)(strchr(name, '.') - name), name, strchr(name, '.') + 1);
}

static int read_row(struct load *l, const struct yml_node *node, const struct setting *row, size_t index)
{
	struct err why = {};
	int r = setting_read(
		row, node, l->settings->dir, l->settings->arena, row_field(l->settings, row), &why);

	l->lines[index] = node->key_line;
	if (r)
		return yml_error(l->yml, node->line, l->err, "%s: %s", row->name, why.text);
	return 0;
}

static int read_section(struct load *l, const struct yml_node *section)
{
	char name[NAME_MAX_BYTES];
	const struct setting *row;
	size_t i;
	int r = 0;

	if (section->kind != YML_MAP) {
		if (yml_is_null(section))
			return 0; /* everything below it is commented out */
		return yml_error(l->yml, section->line, l->err,
			"%s: a %s found; accepted: a section, its settings indented below it",
			LOG_STR(section->key), yml_kind_name(section->kind));
	}
	yml_each(node, section)
	{
		snprintf(name, sizeof(name), "%s.%.*s", section->key.data,
			STR_FMT(str_cut(node->key, 0, 100)));
		row = row_find(name, &i);
		r = row ? read_row(l, node, row, i) : unknown(l, node, name);
		if (r)
			break;
	}
	return r;
}

static int read_root(struct load *l, const struct yml_node *root)
{
	char name[NAME_MAX_BYTES];
	const struct setting *row;
	size_t i;
	int r = 0;

	if (root->kind != YML_MAP)
		return yml_error(l->yml, root->line, l->err,
			"a %s found; accepted: settings, each 'name: value'", yml_kind_name(root->kind));
	yml_each(node, root)
	{
		snprintf(name, sizeof(name), "%.*s", STR_FMT(str_cut(node->key, 0, 100)));
		row = strchr(name, '.') ? NULL : row_find(name, &i);
		if (row)
			r = read_row(l, node, row, i);
		else
			r = section_is(name) ? read_section(l, node) : unknown(l, node, name);
		if (r)
			break;
	}
	return r;
}

/* ---- what only shows when all are known ---- */

static int together(struct load *l, const char *name, const char *text)
{
	size_t i = 0;

	if (!row_find(name, &i))
		return -EINVAL;
	return yml_error(l->yml, l->lines[i] ? l->lines[i] : 1, l->err, "%s: %s", name, text);
}

static bool same_address(const struct settings_address *a, const struct settings_address *b)
{
	return a->addr_len == b->addr_len && memcmp(&a->addr, &b->addr, a->addr_len) == 0;
}

struct listed {
	const char *setting;
	const struct settings_address *address;
};

static size_t list_addresses(const char *setting, const struct settings_addresses *list, struct listed *out)
{
	for (size_t i = 0; i < list->len; i++)
		out[i] = (struct listed){.setting = setting, .address = &list->items[i]};
	return list->len;
}

static int check_listeners(struct load *l)
{
	const struct settings *s = l->settings;
	struct listed all[128]; /* the table's ceilings together are below */
	char text[256];
	size_t n = 0;

	n += list_addresses("listen.starttls", &s->listen_starttls, all + n);
	n += list_addresses("listen.direct_tls", &s->listen_direct_tls, all + n);
	n += list_addresses("listen.plaintext", &s->listen_plaintext, all + n);
	if (n == 0)
		return together(l, "listen.starttls",
			"no address to listen on; give at least one here or in listen.direct_tls");
	if (settings_components_len(s))
		n += list_addresses("components.listen", &s->components_listen, all + n);
	for (size_t i = 0; i < n; i++)
		for (size_t j = i + 1; j < n; j++) {
			if (!same_address(all[i].address, all[j].address))
				continue;
			snprintf(text, sizeof(text), "'%s' is listed twice; one port speaks one protocol",
				all[j].address->text.data);
			return together(l, all[j].setting, text);
		}
	return 0;
}

/* A domain has one owner: people, rooms or one component. */
static int check_components(struct load *l)
{
	const struct settings *s = l->settings;

	for (size_t i = 0; i < settings_components_len(s); i++) {
		struct str domain = settings_component(s, i);
		const char *row = i < s->components_outside.len ? "components.outside" : "components.inside";
		char text[512];

		snprintf(text, sizeof(text), "'%s' is also %s", LOG_STR(domain),
			settings_is_rooms(s, domain) ? "a service of rooms.service" : "listed elsewhere; a domain has one owner");
		if (settings_is_rooms(s, domain) || settings_is_ours(s, domain))
			return together(l, row, text);
		for (size_t j = i + 1; j < settings_components_len(s); j++)
			if (str_eq(domain, settings_component(s, j)))
				return together(l, "components.inside", text);
	}
	if (s->components_stanza_burst < s->components_stanzas_per_second)
		return together(l, "components.stanza_burst", "smaller than components.stanzas_per_second; raise it");
	if (s->components_bytes_burst < s->components_bytes_per_second ||
		s->components_bytes_burst < s->limits_stanza_bytes)
		return together(l, "components.bytes_burst",
			"smaller than components.bytes_per_second or limits.stanza_bytes; raise it");
	return 0;
}

/* In the clear only where nobody but this machine hears it, unless that is said. */
static int check_mail(struct load *l)
{
	const struct settings *s = l->settings;
	bool here = str_is(s->mail_server, "localhost") || str_is(s->mail_server, "::1") ||
		    str_starts(s->mail_server, STR("127."));

	if (s->mail_server.len && !s->mail_from.len)
		return together(l, "mail.from", "missing; with mail.server an address is needed that mails come from");
	if (s->mail_server.len && s->mail_tls == SETTINGS_MAIL_NEVER && !here && !s->mail_in_the_clear)
		return together(l, "mail.tls", "never, to another machine, would show everybody on the network what is "
					       "written; use required or direct, or say mail.in_the_clear: true");
	if (s->mail_user.len && !s->mail_password_file.len)
		return together(l, "mail.password_file", "missing; mail.user needs one");
	return 0;
}

static int check_together(struct load *l)
{
	const struct settings *s = l->settings;
	int r;

	if (s->domains.len == 0)
		return together(l, "domains", "no domain given; accepted: a list such as [example.org]");
	if (s->limits_stanza_bytes < s->limits_stanza_bytes_before_login)
		return together(
			l, "limits.stanza_bytes", "smaller than limits.stanza_bytes_before_login; raise it");
	if (s->limits_parcel_bytes < s->limits_stanza_bytes * 4)
		return together(
			l, "limits.parcel_bytes", "smaller than four times limits.stanza_bytes; raise it");
	if (s->limits_output_bytes < s->limits_stanza_bytes * 2)
		return together(l, "limits.output_bytes", "smaller than twice limits.stanza_bytes; raise it");
	if (s->limits_stanza_burst < s->limits_stanzas_per_second)
		return together(l, "limits.stanza_burst", "smaller than limits.stanzas_per_second; raise it");
	if (s->limits_bytes_burst < s->limits_bytes_per_second)
		return together(l, "limits.bytes_burst", "smaller than limits.bytes_per_second; raise it");
	if (s->limits_bytes_burst < s->limits_stanza_bytes)
		return together(l, "limits.bytes_burst", "smaller than limits.stanza_bytes; raise it");
	if (str_eq(s->record_dir, s->record_copy_dir))
		return together(
			l, "record.copy_dir", "the same folder as record.dir; a copy belongs elsewhere");
	r = check_components(l);
	if (!r)
		r = check_mail(l);
	return r ? r : check_listeners(l);
}

/* ---- the set ---- */

/* Absolute, so that a change of the working directory changes nothing. */
static int put_dir(struct settings *s, const char *dir, struct err *err)
{
	AUTO(auto_free) char *real = realpath(dir, NULL);
	struct str text;

	text = arena_printf(s->arena, "%s%c", real ? real : dir, 0);
	s->dir = str_of(text.data, text.len ? text.len - 1 : 0);
	text = arena_printf(s->arena, "%s/gatehouse.yaml%c", s->dir.data ? s->dir.data : "", 0);
	s->file = str_of(text.data, text.len ? text.len - 1 : 0);
	return arena_is_full(s->arena) ? err_set(err, -ENOMEM, "out of memory") : 0;
}

static int settings_new(struct settings **out, const char *dir, struct err *err)
{
	AUTO(settings_freep) struct settings *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return err_set(err, -ENOMEM, "out of memory");
	s->arena = arena_new(ARENA_MAX);
	if (!s->arena)
		return err_set(err, -ENOMEM, "out of memory");
	r = put_dir(s, dir, err);
	if (!r)
		r = read_presets(s, err);
	if (r)
		return r;
	*out = TAKE(s);
	return 0;
}

static int settings_from(
	struct settings **out, struct settings *fresh, const struct yml *yml, struct err *err)
{
	AUTO(settings_freep) struct settings *s = fresh;
	unsigned lines[SETTINGS_ROWS_MAX] = {};
	struct load l = {.settings = s, .yml = yml, .err = err, .lines = lines};
	int r;

	r = read_root(&l, yml_root(yml));
	if (!r)
		r = check_together(&l);
	if (r)
		return r;
	*out = TAKE(s);
	return 0;
}

int settings_parse(struct settings **out, const char *dir, struct str text, const char *name, struct err *err)
{
	AUTO(yml_freep) struct yml *yml = NULL;
	struct settings *s = NULL;
	int r = yml_parse(&yml, text, name, err);

	if (!r)
		r = settings_new(&s, dir, err);
	return r ? r : settings_from(out, s, yml, err);
}

int settings_load(struct settings **out, const char *dir, struct err *err)
{
	AUTO(yml_freep) struct yml *yml = NULL;
	struct settings *s = NULL;
	int r = settings_new(&s, dir, err);

	if (r)
		return r;
	r = yml_load(&yml, s->file.data, err);
	if (r) {
		settings_free(s);
		return r;
	}
	return settings_from(out, s, yml, err);
}

void settings_keep(struct settings *s, const struct settings *old)
{
#define SECTION(prefix, text)
#define SETTING(kind, name, field, preset, low, high, words, change, check, text)                            \
	if (SETTING_##change == SETTING_RESTART)                                                             \
		s->field = old->field;
#include "conf/settings_table.h"
#undef SETTING
#undef SECTION
}

struct settings *settings_free(struct settings *s)
{
	if (s) {
		arena_free(s->arena);
		free(s);
	}
	return NULL;
}

void settings_freep(struct settings **s)
{
	*s = settings_free(*s);
}
