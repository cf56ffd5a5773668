/* An entry as fields of a frame, and back. */
#include <endian.h>
#include <errno.h>

#include "base/text.h"
#include "record/link.h"
#include "record/record_private.h"

/* The string members of an entry by their keys. */
static const struct {
	enum event_key key;
	size_t offset;
} strings[] = {
	{KEY_ID, offsetof(struct entry, id)},
	{KEY_CONV, offsetof(struct entry, conv)},
	{KEY_FROM, offsetof(struct entry, from)},
	{KEY_FROM_ID, offsetof(struct entry, from_id)},
	{KEY_TO, offsetof(struct entry, to)},
	{KEY_TO_ID, offsetof(struct entry, to_id)},
	{KEY_KIND, offsetof(struct entry, kind)},
	{KEY_STANZA, offsetof(struct entry, stanza)},
	{KEY_DELIVER, offsetof(struct entry, deliver)},
	{KEY_ACTION, offsetof(struct entry, action)},
	{KEY_POLICY, offsetof(struct entry, policy)},
	{KEY_RETENTION, offsetof(struct entry, retention)},
	{KEY_SESSION, offsetof(struct entry, session)},
	{KEY_RESOURCE, offsetof(struct entry, resource)},
	{KEY_ADDRESS, offsetof(struct entry, address)},
	{KEY_SM, offsetof(struct entry, sm)},
	{KEY_REASON, offsetof(struct entry, reason)},
	{KEY_TEXT, offsetof(struct entry, text)},
	{KEY_NICK, offsetof(struct entry, nick)},
};

enum {
	STRINGS = sizeof(strings) / sizeof(strings[0]),
};

static const struct str *string_of(const struct entry *e, unsigned i)
{
	return (const struct str *)(const void *)((const char *)e + strings[i].offset);
}

static int put_list_item(struct buf *b, struct str text)
{
	uint16_t len = htole16((uint16_t)text.len);

	if (text.len > UINT16_MAX || !utf8_is_valid(text))
		return -EINVAL;
	buf_put(b, &len, sizeof(len));
	buf_str(b, text);
	return 0;
}

/* Room for the field's head, filled in when the length is known. */
static int put_rules(struct buf *b, const struct entry *e)
{
	size_t start = b->len;
	uint32_t len;

	if (e->rules_len == 0)
		return 0;
	field_put(b, KEY_RULES, STR_NONE);
	for (size_t i = 0; i < e->rules_len; i++)
		if (put_list_item(b, e->rules[i]) < 0)
			return -EINVAL;
	if (buf_failed(b))
		return 0;
	len = htole32((uint32_t)(b->len - start - 6));
	memcpy(b->data + start + 2, &len, sizeof(len));
	return 0;
}

static int put_extra(struct buf *b, const struct extra *x)
{
	const struct event_member *m = event_member(x->key);

	if (!m || !m->gate)
		return -EINVAL;
	switch (m->value) {
	case VALUE_STRING:
		if (!utf8_is_valid(x->text))
			return -EINVAL;
		if (x->text.len)
			field_put(b, (uint16_t)x->key, x->text);
		return 0;
	case VALUE_NUMBER:
		if (x->number >= 1ull << 53)
			return -EINVAL;
		field_put_u64(b, (uint16_t)x->key, x->number);
		return 0;
	case VALUE_BOOL:
		field_put(b, (uint16_t)x->key, x->number ? str_of("\1", 1) : str_of("\0", 1));
		return 0;
	case VALUE_LIST:
	case VALUE_PAIRS:
		field_put(b, (uint16_t)x->key, x->text); /* encoded by the caller */
		return 0;
	}
	return -EINVAL;
}

int entry_put(struct buf *b, const struct entry *e)
{
	if (e->type == EVENT_CONTENT && (e->id.len != RECORD_ID || str_is_empty(e->stanza)))
		return -EINVAL;
	for (unsigned i = 0; i < STRINGS; i++) {
		const struct str *s = string_of(e, i);

		if (str_is_empty(*s))
			continue;
		if (!utf8_is_valid(*s))
			return -EINVAL;
		field_put(b, (uint16_t)strings[i].key, *s);
	}
	if (e->sm.len) {
		if (e->sm_h >= 1ull << 53)
			return -EINVAL;
		field_put_u64(b, KEY_SM_H, e->sm_h);
	}
	if (put_rules(b, e) < 0)
		return -EINVAL;
	for (size_t i = 0; i < e->extra_len; i++)
		if (put_extra(b, &e->extra[i]) < 0)
			return -EINVAL;
	return 0;
}

/* ---- back ---- */

static void get_rules(struct str value, struct entry *out, struct str *rules, size_t max)
{
	size_t at = 0, n = 0;

	while (n < max && value.len - at >= 2) {
		uint16_t len;

		memcpy(&len, value.data + at, 2);
		len = le16toh(len);
		if (value.len - at - 2 < len)
			break;
		rules[n++] = str_of(value.data + at + 2, len);
		at += 2 + (size_t)len;
	}
	out->rules = rules;
	out->rules_len = n;
}

int entry_get(struct str fields, struct entry *out, struct str *rules, size_t rules_max, struct str *src)
{
	struct str value;
	uint16_t key;
	size_t at = 0;
	int r;

	*out = (struct entry){.type = EVENT_CONTENT};
	*src = STR_NONE;
	while ((r = field_next(fields, &at, &key, &value)) > 0) {
		if (key == KEY_SRC)
			*src = value;
		else if (key == KEY_SM_H && field_u64(value, &out->sm_h) < 0)
			return -EPROTO;
		else if (key == KEY_RULES)
			get_rules(value, out, rules, rules_max);
		for (unsigned i = 0; i < STRINGS; i++)
			if (strings[i].key == key)
				*(struct str *)(void *)((char *)out + strings[i].offset) = value;
	}
	return r;
}
