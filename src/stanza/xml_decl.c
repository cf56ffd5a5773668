/* <?xml version='1.0' encoding='UTF-8'?>, allowed as the very first bytes of a stream (XML 1.0, 2.8; RFC
 * 6120, 11.5). */
#include "stanza/tokenizer_private.h"

/* Takes `name`, "=", and a quoted value from the front of *s; STR_NONE if they are not there. */
static struct str pseudo_attr(struct str *s, struct str name)
{
	struct str at = *s, value;
	size_t end;
	char quote;

	if (at.len == 0 || !xml_is(at.data[0], XML_SPACE))
		return STR_NONE;
	at = str_trim(at);
	if (!str_starts(at, name))
		return STR_NONE;
	at = str_trim(str_cut(at, name.len, at.len));
	if (at.len == 0 || at.data[0] != '=')
		return STR_NONE;
	at = str_trim(str_cut(at, 1, at.len));
	if (at.len == 0 || (at.data[0] != '\'' && at.data[0] != '"'))
		return STR_NONE;
	quote = at.data[0];
	end = str_find(at, quote, 1);
	if (end == at.len)
		return STR_NONE;
	value = str_cut(at, 1, end);
	*s = str_cut(at, end + 1, at.len);
	return value;
}

/* `s` is what stands between "<?xml" and "?>". */
static enum step decl_check(struct tokenizer *t, struct str s)
{
	struct str version = pseudo_attr(&s, STR("version"));
	struct str encoding = pseudo_attr(&s, STR("encoding"));
	struct str standalone = pseudo_attr(&s, STR("standalone"));

	if (!str_is(version, "1.0"))
		return step_malformed(t, "an XML declaration without version 1.0");
	if (standalone.data && !str_is(standalone, "yes") && !str_is(standalone, "no"))
		return step_malformed(t, "a broken XML declaration");
	if (!str_is_empty(str_trim(s)))
		return step_malformed(t, "a broken XML declaration");
	if (encoding.data && !str_eq_nocase(encoding, STR("utf-8")))
		return tokenizer_fail(t, XML_E_ENCODING, "the encoding must be UTF-8");
	return STEP_ON;
}

static enum step decl_end(struct tokenizer *t, struct str s)
{
	enum step step;

	if (!str_ends(s, STR("?")))
		return step_malformed(t, "a broken XML declaration");
	step = decl_check(t, str_cut(s, 3, s.len - 1));
	tokenizer_token_done(t);
	t->started = true;
	t->state = STATE_PROLOG;
	return step;
}

/* Neither names nor values of the declaration can hold a '>', so the first one ends it. */
enum step step_decl(struct tokenizer *t, struct cursor *c)
{
	while (c->p < c->end) {
		char ch = *c->p++;
		struct str seen;

		if (ch == '>' && t->pending.len >= 3)
			return decl_end(t, buf_view(&t->pending));
		buf_putc(&t->pending, ch);
		if (buf_failed(&t->pending))
			return tokenizer_fail(t, XML_E_MEMORY, "out of memory");
		seen = buf_view(&t->pending);
		if (!str_starts(STR("xml"), str_cut(seen, 0, 3)) || (seen.len == 4 && !xml_is(ch, XML_SPACE)))
			return tokenizer_fail(t, XML_E_RESTRICTED, "processing instruction");
		if (seen.len == 3 && t->started)
			return step_malformed(t, "an XML declaration that is not the first");
		if (seen.len > XML_DECL_MAX)
			return tokenizer_fail(t, XML_E_TOO_BIG, "an XML declaration that is too long");
	}
	return STEP_MORE;
}
