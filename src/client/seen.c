#include "client/seen.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* The strings of the signals, as they are packed and shown: a group and the name of the member. */
static const struct {
	size_t at;
	const char *group, *name;
} fields[] = {
#define FIELD(member, group, name) {offsetof(struct client_signals, member), group, name}
	FIELD(caps_hash, "caps", "hash"),
	FIELD(caps_ver, "caps", "ver"),
	FIELD(caps_node, "caps", "node"),
	FIELD(disco_category, "disco", "category"),
	FIELD(disco_type, "disco", "type"),
	FIELD(disco_name, "disco", "name"),
	FIELD(form_software, "form", "software"),
	FIELD(form_version, "form", "version"),
	FIELD(form_os, "form", "os"),
	FIELD(form_os_version, "form", "os_version"),
	FIELD(version_name, "version", "name"),
	FIELD(version_version, "version", "version"),
	FIELD(version_os, "version", "os"),
	FIELD(agent_id, "agent", "id"),
	FIELD(agent_software, "agent", "software"),
	FIELD(agent_device, "agent", "device"),
	FIELD(resource, "session", "resource"),
	FIELD(ja4, "session", "ja4"),
#undef FIELD
};

enum { FIELDS = sizeof(fields) / sizeof(fields[0]), FIELD_MAX = 1024 };

struct seen {
	enum signal_answer disco, version;
	bool caps_verified;
	uint16_t len[FIELDS];
	char text[];
};

static struct str *field_of(struct client_signals *s, size_t i)
{
	return (struct str *)((char *)s + fields[i].at);
}

static struct str bounded(const struct client_signals *s, size_t i)
{
	const struct str *all = (const struct str *)((const char *)s + fields[i].at);

	return str_cut(*all, 0, all->len < FIELD_MAX ? all->len : FIELD_MAX);
}

struct seen *seen_new(const struct client_signals *s)
{
	size_t bytes = 0;
	struct seen *seen;
	char *at;

	for (size_t i = 0; i < FIELDS; i++)
		bytes += bounded(s, i).len;
	seen = malloc(sizeof(*seen) + bytes);
	if (!seen)
		return NULL;
	*seen = (struct seen){.disco = s->disco, .version = s->version, .caps_verified = s->caps_verified};
	at = seen->text;
	for (size_t i = 0; i < FIELDS; i++) {
		struct str text = bounded(s, i);

		if (text.len)
			memcpy(at, text.data, text.len);
		seen->len[i] = (uint16_t)text.len;
		at += text.len;
	}
	return seen;
}

struct seen *seen_free(struct seen *s)
{
	free(s);
	return NULL;
}

void seen_view(const struct seen *s, struct client_signals *out)
{
	const char *at;

	*out = (struct client_signals){};
	if (!s)
		return;
	out->disco = s->disco;
	out->version = s->version;
	out->caps_verified = s->caps_verified;
	at = s->text;
	for (size_t i = 0; i < FIELDS; i++) {
		*field_of(out, i) = str_of(at, s->len[i]);
		at += s->len[i];
	}
}

/* ---- as JSON ---- */

static const char *const answers[] = {"unasked", "waiting", "result", "error"};

/* What stands in a group beside its strings. */
static void put_group_head(struct buf *out, const struct client_signals *s, const char *group)
{
	buf_printf(out, "%s\"%s\":{", out->len && out->data[out->len - 1] != '{' ? "," : "", group);
	if (!strcmp(group, "disco"))
		buf_printf(out, "\"answer\":\"%s\"", answers[s->disco]);
	else if (!strcmp(group, "version"))
		buf_printf(out, "\"answer\":\"%s\"", answers[s->version]);
	else if (!strcmp(group, "caps"))
		buf_printf(out, "\"verified\":%s", s->caps_verified ? "true" : "false");
}

static bool group_is_there(const struct client_signals *s, const char *group)
{
	if (!strcmp(group, "disco") && s->disco != SIGNAL_UNASKED)
		return true;
	if (!strcmp(group, "version") && s->version != SIGNAL_UNASKED)
		return true;
	for (size_t i = 0; i < FIELDS; i++)
		if (!strcmp(fields[i].group, group) && bounded(s, i).len)
			return true;
	return false;
}

static void put_group(struct buf *out, const struct client_signals *s, size_t first)
{
	const char *group = fields[first].group;

	if (!group_is_there(s, group))
		return;
	put_group_head(out, s, group);
	for (size_t i = first; i < FIELDS && !strcmp(fields[i].group, group); i++) {
		struct str text = bounded(s, i);

		if (!text.len)
			continue;
		buf_printf(out, "%s\"%s\":", out->data[out->len - 1] == '{' ? "" : ",", fields[i].name);
		json_quote(out, text);
	}
	buf_putc(out, '}');
}

void seen_put_json(struct buf *out, const struct client_signals *s)
{
	buf_putc(out, '{');
	for (size_t i = 0; i < FIELDS; i++)
		if (i == 0 || strcmp(fields[i].group, fields[i - 1].group))
			put_group(out, s, i);
	buf_putc(out, '}');
}
