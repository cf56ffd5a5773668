/* What stands between tags: character data, references and CDATA sections, all of which become one text node.
 */
#include "stanza/tokenizer_private.h"

#include "base/text.h"

static bool is_space_only(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!xml_is(s.data[i], XML_SPACE))
			return false;
	return true;
}

/* Called where markup begins or ends: a character cannot go on behind it. */
static bool text_check(struct tokenizer *t)
{
	struct str fresh;

	if (t->checked == t->pending.len)
		return true;
	fresh = str_cut(buf_view(&t->pending), t->checked, t->pending.len);
	if (!t->current && !is_space_only(fresh)) {
		tokenizer_fail(t, XML_E_BAD_FORMAT, "text between stanzas");
		return false;
	}
	if ((t->high & 0x80) && !xml_chars_valid(fresh)) {
		step_malformed(t, "not UTF-8, or not an XML character");
		return false;
	}
	t->high = 0;
	t->checked = t->pending.len;
	return true;
}

bool text_add(struct tokenizer *t, struct str text)
{
	struct node *n;

	if (!node_charge(t))
		return false;
	n = tokenizer_alloc(t, sizeof(*n));
	if (!n)
		return false;
	*n = (struct node){.kind = NODE_TEXT};
	if (!tokenizer_dup(t, text, &n->text))
		return false;
	node_append(&t->current->node, n);
	return true;
}

bool text_flush(struct tokenizer *t)
{
	bool ok = t->pending.len == 0 || !t->current || text_add(t, buf_view(&t->pending));

	tokenizer_token_done(t);
	return ok;
}

/* Text up to a '<' at `to`. Usually it is complete in the input; a CDATA section would continue it. */
static enum step text_end(struct tokenizer *t, struct cursor *c, const char *from, const char *to)
{
	struct str text = str_of(from, (size_t)(to - from));

	c->p = to + 1;
	t->state = STATE_MARKUP;
	if (t->pending.len == 0 && c->p < c->end && *c->p != '!') {
		if ((t->high & 0x80) && !xml_chars_valid(text))
			return step_malformed(t, "not UTF-8, or not an XML character");
		t->high = 0;
		return text.len == 0 || text_add(t, text) ? STEP_ON : STEP_FAIL;
	}
	return tokenizer_stash(t, from, to) && text_check(t) ? STEP_ON : STEP_FAIL;
}

static enum step text_pause(struct tokenizer *t, struct cursor *c, const char *from)
{
	const char *to = c->end;

	c->p = c->end;
	return tokenizer_stash(t, from, to) ? STEP_MORE : STEP_FAIL;
}

/* A line end is one line feed, however it is written (XML 1.0, 2.11). */
static bool text_line_end(struct tokenizer *t, const char *from, const char *at)
{
	t->cr = true;
	return tokenizer_stash(t, from, at) && tokenizer_stash(t, "\n", &"\n"[1]);
}

/* Looks at what follows a carriage return; returns where the text goes on. */
static const char *text_after_cr(struct tokenizer *t, const char *p)
{
	t->cr = false;
	return *p == '\n' ? p + 1 : p;
}

static bool is_text_char(char ch)
{
	return (unsigned char)ch >= 0x20 || ch == '\n' || ch == '\t';
}

/* The one character at p that ended a run, if it is text itself: counts brackets, refuses ]]>. NULL:
 * malformed. */
static const char *text_single(struct tokenizer *t, const char *p)
{
	if (*p == ']') {
		t->brackets += t->brackets < 2;
		return p + 1;
	}
	if (*p == '>' && t->brackets == 2) {
		step_malformed(t, "]]> in text");
		return NULL;
	}
	t->brackets = 0;
	if (!is_text_char(*p)) {
		step_malformed(t, "control character");
		return NULL;
	}
	return p + 1;
}

enum step step_text(struct tokenizer *t, struct cursor *c)
{
	const char *from = c->p, *p = from;

	for (;;) {
		if (t->cr && p < c->end)
			from = p = text_after_cr(t, p);
		if (!t->brackets)
			p = xml_run(p, c->end, '<', '&', ']', &t->high);
		if (p == c->end)
			return text_pause(t, c, from);
		if (*p == '<') {
			t->brackets = 0;
			return text_end(t, c, from, p);
		}
		if (*p == '&') {
			t->brackets = 0;
			reference_begin(t, STATE_TEXT);
			c->p = p + 1;
			return tokenizer_stash(t, from, p) ? STEP_ON : STEP_FAIL;
		}
		if (*p == '\r') {
			t->brackets = 0;
			if (!text_line_end(t, from, p))
				return STEP_FAIL;
			from = ++p;
			continue;
		}
		t->high |= (unsigned char)*p & 0x80;
		p = text_single(t, p);
		if (!p)
			return STEP_FAIL;
	}
}

/* Behind "<!" only a CDATA section may stand (RFC 6120, 11.1), and only inside the stream. */
enum step step_bang(struct tokenizer *t, struct cursor *c)
{
	static const char open[] = "[CDATA[";

	for (; c->p < c->end; c->p++) {
		if (*c->p != open[t->matched]) {
			if (t->matched == 0 && *c->p == '-')
				return tokenizer_fail(t, XML_E_RESTRICTED, "comment");
			if (t->matched == 0 && xml_is(*c->p, XML_START))
				return tokenizer_fail(t, XML_E_RESTRICTED, "document type declaration");
			return step_malformed(t, "'<!' that is not a CDATA section");
		}
		if (!t->stream)
			return step_malformed(t, "CDATA section outside the stream");
		if (++t->matched < sizeof(open) - 1)
			continue;
		c->p++;
		t->state = STATE_CDATA;
		return STEP_ON;
	}
	return STEP_MORE;
}

/* At the '>' of "]]>": the brackets are the last two bytes of the text, in this piece or already pending. */
static enum step cdata_end(struct tokenizer *t, struct cursor *c, const char *from, const char *at)
{
	c->p = at + 1;
	t->brackets = 0;
	if (!tokenizer_stash(t, from, at))
		return STEP_FAIL;
	t->pending.len -= 2;
	if (!text_check(t))
		return STEP_FAIL;
	t->state = STATE_TEXT;
	if (!t->current) {
		tokenizer_token_done(t);
		t->state = STATE_IDLE;
	}
	return STEP_ON;
}

enum step step_cdata(struct tokenizer *t, struct cursor *c)
{
	const char *from = c->p, *p = from;

	for (;;) {
		if (t->cr && p < c->end)
			from = p = text_after_cr(t, p);
		if (!t->brackets)
			p = xml_run(p, c->end, ']', ']', ']', &t->high);
		if (p == c->end)
			return text_pause(t, c, from);
		if (*p == '>' && t->brackets == 2)
			return cdata_end(t, c, from, p);
		if (*p == '\r') {
			t->brackets = 0;
			if (!text_line_end(t, from, p))
				return STEP_FAIL;
			from = ++p;
			continue;
		}
		t->high |= (unsigned char)*p & 0x80;
		p = text_single(t, p);
		if (!p)
			return STEP_FAIL;
	}
}

enum ref_kind {
	REF_EMPTY,
	REF_NAME,
	REF_NUMBER, /* "#" */
	REF_DECIMAL,
	REF_HEX, /* "#x", at least one digit when ref_len is 1 */
};

void reference_begin(struct tokenizer *t, enum state back)
{
	t->state = STATE_REFERENCE;
	t->back = back;
	t->ref_kind = REF_EMPTY;
	t->ref_len = 0;
	t->ref_value = 0;
}

static enum step reference_name(struct tokenizer *t, char ch)
{
	if (!xml_is(ch, t->ref_len ? XML_NAME : XML_START))
		return step_malformed(t, "'&' without a reference behind it");
	if (t->ref_len == sizeof(t->ref_name))
		return tokenizer_fail(t, XML_E_RESTRICTED, "reference to an entity");
	t->ref_kind = REF_NAME;
	t->ref_name[t->ref_len++] = ch;
	return STEP_ON;
}

static int digit_value(char ch, bool hex)
{
	if (ch >= '0' && ch <= '9')
		return ch - '0';
	if (hex && ch >= 'a' && ch <= 'f')
		return ch - 'a' + 10;
	if (hex && ch >= 'A' && ch <= 'F')
		return ch - 'A' + 10;
	return -1;
}

static enum step reference_digit(struct tokenizer *t, char ch)
{
	int digit;

	if (t->ref_kind == REF_NUMBER && ch == 'x') {
		t->ref_kind = REF_HEX;
		return STEP_ON;
	}
	if (t->ref_kind == REF_NUMBER)
		t->ref_kind = REF_DECIMAL;
	digit = digit_value(ch, t->ref_kind == REF_HEX);
	if (digit < 0)
		return step_malformed(t, "a character reference that is no number");
	t->ref_len = 1;
	t->ref_value = t->ref_value * (t->ref_kind == REF_HEX ? 16 : 10) + (uint32_t)digit;
	if (t->ref_value > 0x10ffff)
		return step_malformed(t, "reference to a character that does not exist");
	return STEP_ON;
}

static char entity_char(struct str name)
{
	static const struct {
		struct str name;
		char is;
	} entities[] = {
		{STR("lt"), '<'},
		{STR("gt"), '>'},
		{STR("amp"), '&'},
		{STR("apos"), '\''},
		{STR("quot"), '"'},
	};

	for (size_t i = 0; i < sizeof(entities) / sizeof(*entities); i++)
		if (str_eq(entities[i].name, name))
			return entities[i].is;
	return 0;
}

/* At the ';': what the reference stands for joins the pending text or value, whose earlier part is there
 * already. */
static enum step reference_end(struct tokenizer *t)
{
	uint32_t is = t->ref_value;

	if (t->ref_kind == REF_NAME) {
		is = (unsigned char)entity_char(str_of(t->ref_name, t->ref_len));
		if (!is)
			return tokenizer_fail(t, XML_E_RESTRICTED, "reference to an entity");
	}
	if (t->ref_len == 0 || !xml_char_is_legal(is))
		return step_malformed(t, "reference to a character that XML forbids");
	t->state = t->back;
	utf8_put(&t->pending, is);
	if (buf_failed(&t->pending))
		return tokenizer_fail(t, XML_E_MEMORY, "out of memory");
	if (t->back != STATE_IDLE)
		return STEP_ON;
	if (!text_check(t))
		return STEP_FAIL;
	tokenizer_token_done(t);
	return STEP_ON;
}

/* The usual reference: a name of the five, whole in the input. 0: it is not that. */
static unsigned reference_whole(struct tokenizer *t, const struct cursor *c)
{
	const char *end = memchr(c->p, ';', c->end - c->p < 5 ? (size_t)(c->end - c->p) : 5);
	size_t len = end ? (size_t)(end - c->p) : 0;
	char is = len ? entity_char(str_of(c->p, len)) : 0;

	if (!is)
		return 0;
	memcpy(t->ref_name, c->p, len);
	t->ref_len = (uint8_t)len;
	t->ref_kind = REF_NAME;
	return (unsigned)len + 1;
}

enum step step_reference(struct tokenizer *t, struct cursor *c)
{
	const char *from = c->p;
	enum step step = STEP_ON;
	unsigned whole = t->ref_kind == REF_EMPTY ? reference_whole(t, c) : 0;

	if (whole) {
		c->p += whole;
		t->value_bytes += whole;
		return reference_end(t);
	}
	while (step == STEP_ON && c->p < c->end) {
		char ch = *c->p++;

		if (ch == ';') {
			t->value_bytes += (size_t)(c->p - from);
			return reference_end(t);
		}
		if (t->ref_kind == REF_EMPTY && ch == '#')
			t->ref_kind = REF_NUMBER;
		else if (t->ref_kind <= REF_NAME)
			step = reference_name(t, ch);
		else
			step = reference_digit(t, ch);
	}
	t->value_bytes += (size_t)(c->p - from);
	return step == STEP_ON ? STEP_MORE : step;
}
