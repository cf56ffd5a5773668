#include "cli/text_reader.h"

struct quoting {
	bool (*escape)(struct reader *r, struct buf *out);
	char quote;
	bool lines;
};

static bool takes_escaped(struct reader *r, const struct quoting *q, struct buf *text)
{
	bool ok = true;

	while (ok && r->at < r->text.len && peek(r) != q->quote) {
		char c = r->text.data[r->at++];

		if (c == '\\')
			ok = q->escape(r, text);
		else if (c == '\n' && !q->lines)
			ok = fail(r);
		else
			buf_putc(text, c);
	}
	return ok && (r->at < r->text.len || fail(r));
}

static bool quoted_escaped(struct reader *r, const struct quoting *q, size_t from, struct str *out)
{
	struct buf text = BUF_INIT(0);
	bool ok;

	buf_put(&text, r->text.data + from, r->at - from);
	ok = takes_escaped(r, q, &text);
	r->at += ok;
	*out = arena_dup(r->arena, buf_view(&text));
	if (ok && text.len && !out->data)
		ok = out_of_memory(r);
	buf_done(&text);
	return ok;
}

bool text_quoted(struct reader *r, bool (*escape)(struct reader *r, struct buf *out), bool lines, struct str *out)
{
	struct quoting q = {.escape = escape, .quote = r->text.data[r->at++], .lines = lines};
	size_t from = r->at;

	while (r->at < r->text.len && peek(r) != q.quote && peek(r) != '\\' && (lines || peek(r) != '\n'))
		r->at++;
	if (r->at == r->text.len || (!lines && peek(r) == '\n'))
		return fail(r);
	if (peek(r) == '\\')
		return quoted_escaped(r, &q, from, out);
	*out = str_cut(r->text, from, r->at++);
	return true;
}
