#include "cli/signals_reader.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"

enum field_kind { FIELD_TEXT, FIELD_BOOL, FIELD_ANSWER };

struct field {
	const char *name;
	enum field_kind kind;
	size_t place;
};

#define FIELD(member, kind)                                                                                          \
	{                                                                                                            \
#member, kind, offsetof(struct client_signals, member)                                               \
	}

static const struct field fields[] = {
	FIELD(caps_hash, FIELD_TEXT),
	FIELD(caps_ver, FIELD_TEXT),
	FIELD(caps_node, FIELD_TEXT),
	FIELD(caps_verified, FIELD_BOOL),
	FIELD(disco_category, FIELD_TEXT),
	FIELD(disco_type, FIELD_TEXT),
	FIELD(disco_name, FIELD_TEXT),
	FIELD(form_software, FIELD_TEXT),
	FIELD(form_version, FIELD_TEXT),
	FIELD(form_os, FIELD_TEXT),
	FIELD(form_os_version, FIELD_TEXT),
	FIELD(disco, FIELD_ANSWER),
	FIELD(version_name, FIELD_TEXT),
	FIELD(version_version, FIELD_TEXT),
	FIELD(version_os, FIELD_TEXT),
	FIELD(version, FIELD_ANSWER),
	FIELD(agent_id, FIELD_TEXT),
	FIELD(agent_software, FIELD_TEXT),
	FIELD(agent_device, FIELD_TEXT),
	FIELD(resource, FIELD_TEXT),
	FIELD(ja4, FIELD_TEXT),
};

static const struct {
	const char *text;
	enum signal_answer answer;
} answers[] = {
	{"unasked", SIGNAL_UNASKED},
	{"none", SIGNAL_UNASKED},
	{"", SIGNAL_UNASKED},
	{"waiting", SIGNAL_WAITING},
	{"timeout", SIGNAL_WAITING},
	{"silent", SIGNAL_WAITING},
	{"result", SIGNAL_RESULT},
	{"answered", SIGNAL_RESULT},
	{"ok", SIGNAL_RESULT},
	{"error", SIGNAL_ERROR},
	{"refused", SIGNAL_ERROR},
	{"forbidden", SIGNAL_ERROR},
	{"service-unavailable", SIGNAL_ERROR},
};

static const struct field *find_field(struct str name)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (str_eq(name, str_from(fields[i].name)))
			return &fields[i];
	return NULL;
}

static bool read_answer(enum signal_answer *out, struct str text)
{
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		if (str_eq_nocase(text, str_from(answers[i].text))) {
			*out = answers[i].answer;
			return true;
		}
	return false;
}

static bool read_bool(bool *out, struct str text)
{
	*out = str_eq_nocase(text, STR("true")) || str_eq_nocase(text, STR("yes")) || str_is(text, "1");
	return *out || text.len == 0 || str_eq_nocase(text, STR("false")) || str_eq_nocase(text, STR("no")) ||
	       str_is(text, "0");
}

static int set_field(struct client_signals *s, const struct field *f, struct str text, struct err *err)
{
	void *place = (char *)s + f->place;
	struct str shown = str_cut(text, 0, 60);

	switch (f->kind) {
	case FIELD_TEXT:
		*(struct str *)place = text;
		return 0;
	case FIELD_BOOL:
		if (read_bool(place, text))
			return 0;
		return err_set(err, -EINVAL, "'%s' is '%.*s'; true and false are accepted", f->name, STR_FMT(shown));
	case FIELD_ANSWER:
		if (read_answer(place, text))
			return 0;
		return err_set(err, -EINVAL, "'%s' is '%.*s'; unasked, waiting, result and error are accepted",
			f->name, STR_FMT(shown));
	}
	return 0;
}

/* A member as text: a number as it is written, what is null is not there. False: it is a list or an object. */
static bool text_of(const json_t *value, struct arena *arena, struct str *out)
{
	char *text;

	*out = STR_NONE;
	if (json_is_object(value) || json_is_array(value))
		return false;
	if (json_is_null(value))
		return true;
	if (json_is_string(value)) {
		*out = str_of(json_string_value(value), json_string_length(value));
		return true;
	}
	text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
	*out = arena_dup(arena, str_from(text));
	free(text);
	return true;
}

struct reading {
	struct client_signals *out;
	struct arena *arena;
	struct err *err;
	bool has_verified, has_disco, has_version;
};

static int read_member(struct reading *r, struct str name, const json_t *value)
{
	const struct field *f = find_field(name);
	struct str text;

	if (!f)
		return 0;
	if (!text_of(value, r->arena, &text))
		return err_set(r->err, -EINVAL, "'%s' is a list or an object; a text is accepted", f->name);
	r->has_verified |= f->kind == FIELD_BOOL && !json_is_null(value);
	r->has_disco |= str_is(name, "disco") && text.len;
	r->has_version |= str_is(name, "version") && text.len;
	return set_field(r->out, f, text, r->err);
}

/* {"version":{"name":..}} */
static int read_group(struct reading *r, const char *group, json_t *object)
{
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value)
	{
		struct str joined = arena_printf(r->arena, "%s_%s", group, name);
		int ret = read_member(r, joined, value);

		if (ret)
			return ret;
	}
	return 0;
}

/* Fields that are there say that it answered. What was answered about capabilities is not known to differ from them unless
 * somebody looked. */
static void complete(struct reading *r)
{
	struct client_signals *s = r->out;

	if (s->caps_ver.len && !s->caps_hash.len)
		s->caps_hash = STR("sha-1");
	if (!r->has_version && (s->version_name.len || s->version_version.len || s->version_os.len))
		s->version = SIGNAL_RESULT;
	if (!r->has_disco && (s->disco_name.len || s->disco_category.len || s->form_software.len))
		s->disco = r->has_verified || s->caps_ver.len == 0 ? SIGNAL_RESULT : SIGNAL_UNASKED;
}

int signals_read(struct client_signals *out, const json_t *object, struct arena *arena, struct err *err)
{
	struct client_signals signals = {};
	struct reading r = {.out = &signals, .arena = arena, .err = err};
	const char *name;
	json_t *value;

	if (!json_is_object(object))
		return err_set(err, -EINVAL, "it is no JSON object");
	json_object_foreach((json_t *)(uintptr_t)object, name, value)
	{
		const struct field *f = find_field(str_from(name));
		bool is_group = json_is_object(value) && (!f || f->kind == FIELD_ANSWER);
		int ret = is_group ? read_group(&r, name, value) : read_member(&r, str_from(name), value);

		if (ret)
			return ret;
	}
	if (arena_is_full(arena))
		return err_set(err, -EINVAL, "it has too many members");
	complete(&r);
	*out = signals;
	return 0;
}

int signals_set(struct client_signals *out, struct str word, struct err *err)
{
	size_t equals = str_find(word, '=', 0);
	const struct field *f = find_field(str_cut(word, 0, equals));
	struct str shown = str_cut(word, 0, 60), text = str_cut(word, equals + 1, word.len);

	if (!f || equals == word.len)
		return err_set(err, -EINVAL, "'%.*s' is no signal; FIELD=VALUE is accepted, e.g. version_name=Gajim",
			STR_FMT(shown));
	if (f->place == offsetof(struct client_signals, version_name) ||
		f->place == offsetof(struct client_signals, version_version))
		out->version = SIGNAL_RESULT;
	return set_field(out, f, text, err);
}

int signals_read_row(struct client_row *out, const json_t *object, struct err *err)
{
	static const struct {
		const char *name;
		size_t place;
	} members[] = {{"caps_hash", offsetof(struct client_row, caps_hash)},
		{"caps_ver", offsetof(struct client_row, caps_ver)}, {"ja4", offsetof(struct client_row, ja4)},
		{"product", offsetof(struct client_row, product)}, {"version", offsetof(struct client_row, version)},
		{"range", offsetof(struct client_row, range)}};

	if (!json_is_object(object))
		return err_set(err, -EINVAL, "it is no JSON object");
	*out = (struct client_row){};
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		const json_t *value = json_object_get(object, members[i].name);

		if (value && !json_is_null(value) && !json_is_string(value))
			return err_set(err, -EINVAL, "'%s' is no text", members[i].name);
		if (json_is_string(value))
			*(struct str *)((char *)out + members[i].place) =
				str_of(json_string_value(value), json_string_length(value));
	}
	return 0;
}
