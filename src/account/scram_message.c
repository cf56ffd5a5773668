#include "account/scram_message.h"

#include <errno.h>

#include "account/scram.h"
#include "base/text.h"

/* What is left to read. */
struct reader {
	struct str text;
	size_t at;
};

static bool take_char(struct reader *r, char c)
{
	if (r->at == r->text.len || r->text.data[r->at] != c)
		return false;
	r->at++;
	return true;
}

/* "x=" */
static bool take_name(struct reader *r, char name)
{
	if (r->text.len - r->at < 2 || r->text.data[r->at] != name || r->text.data[r->at + 1] != '=')
		return false;
	r->at += 2;
	return true;
}

/* Up to the next comma, which is not taken. At least one character. */
static bool take_value(struct reader *r, struct str *out)
{
	size_t end = str_find(r->text, ',', r->at);

	*out = str_cut(r->text, r->at, end);
	r->at = end;
	return out->len > 0;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_cb_name(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_letter(s.data[i]) && !(s.data[i] >= '0' && s.data[i] <= '9') && s.data[i] != '.' &&
			s.data[i] != '-')
			return false;
	return true;
}

/* printable: %x21-2B / %x2D-7E */
static bool is_nonce(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.data[i] < 0x21 || s.data[i] > 0x7E)
			return false;
	return true;
}

/* extensions: "," attr-val, up to the end or, with `proof`, up to ",p=". A mandatory one (m=) is refused: we
 * know none. */
static int take_extensions(struct reader *r, bool proof)
{
	struct str value;

	while (r->at < r->text.len) {
		if (!take_char(r, ','))
			return SCRAM_E_MALFORMED;
		if (proof && take_name(r, 'p')) {
			r->at -= 3;
			return 0;
		}
		if (take_name(r, 'm'))
			return SCRAM_E_EXTENSION;
		if (r->at == r->text.len || !is_letter(r->text.data[r->at]) ||
			!take_name(r, r->text.data[r->at]) || !take_value(r, &value))
			return SCRAM_E_MALFORMED;
	}
	return proof ? SCRAM_E_MALFORMED : 0;
}

static bool is_text(struct str message)
{
	return message.len > 0 && message.len <= SCRAM_MESSAGE_MAX &&
	       !memchr(message.data, '\0', message.len) && utf8_is_valid(message);
}

static bool take_gs2(struct reader *r, struct scram_first *out)
{
	if (take_name(r, 'p')) {
		out->flag = 'p';
		if (!take_value(r, &out->cb_name) || !is_cb_name(out->cb_name))
			return false;
	} else {
		out->flag = take_char(r, 'n') ? 'n' : 'y';
		if (out->flag == 'y' && !take_char(r, 'y'))
			return false;
	}
	if (!take_char(r, ',') || (take_name(r, 'a') && !take_value(r, &out->authzid)) || !take_char(r, ','))
		return false;
	out->gs2 = str_cut(r->text, 0, r->at);
	return true;
}

int scram_first_parse(struct scram_first *out, struct str message)
{
	struct reader r = {.text = message};

	*out = (struct scram_first){};
	if (!is_text(message) || !take_gs2(&r, out))
		return SCRAM_E_MALFORMED;
	out->bare = str_cut(message, r.at, message.len);
	if (take_name(&r, 'm'))
		return SCRAM_E_EXTENSION;
	if (!take_name(&r, 'n') || !take_value(&r, &out->user) || out->user.len > 3 * SCRAM_USER_MAX)
		return SCRAM_E_MALFORMED;
	if (!take_char(&r, ',') || !take_name(&r, 'r') || !take_value(&r, &out->nonce))
		return SCRAM_E_MALFORMED;
	if (!is_nonce(out->nonce) || out->nonce.len > SCRAM_NONCE_MAX)
		return SCRAM_E_MALFORMED;
	return take_extensions(&r, false);
}

int scram_final_parse(struct scram_final *out, struct str message)
{
	struct reader r = {.text = message};
	int result;

	*out = (struct scram_final){};
	if (!is_text(message) || !take_name(&r, 'c') || !take_value(&r, &out->binding))
		return SCRAM_E_MALFORMED;
	if (!take_char(&r, ',') || !take_name(&r, 'r') || !take_value(&r, &out->nonce) ||
		!is_nonce(out->nonce))
		return SCRAM_E_MALFORMED;
	result = take_extensions(&r, true);
	if (result)
		return result;
	out->without_proof = str_cut(message, 0, r.at);
	r.at += 3;
	return take_value(&r, &out->proof) && r.at == message.len ? 0 : SCRAM_E_MALFORMED;
}

int scram_unescape(struct str *out, struct str name, struct arena *arena)
{
	char *start = arena_bytes(arena, name.len + 1), *to = start;

	if (!start)
		return -ENOMEM;
	for (size_t i = 0; i < name.len; i++) {
		struct str escape = str_cut(name, i, i + 3);

		if (name.data[i] != '=') {
			*to++ = name.data[i];
			continue;
		}
		if (!str_is(escape, "=2C") && !str_is(escape, "=3D"))
			return SCRAM_E_MALFORMED;
		*to++ = escape.data[1] == '2' ? ',' : '=';
		i += 2;
	}
	*out = str_of(start, (size_t)(to - start));
	return 0;
}
