#include "cli/csv.h"

#include "base/text.h"

void csv_init(struct csv *c, char *data, size_t len)
{
	*c = (struct csv){.data = data, .len = len, .next_line = 1};
	if (str_starts(str_of(data, len), STR("\xef\xbb\xbf")))
		c->at = 3;
}

static bool at_end(const struct csv *c)
{
	return c->at == c->len;
}

/* Length of the line break at this place, or 0. */
static size_t line_break(const struct csv *c)
{
	if (at_end(c))
		return 0;
	if (c->data[c->at] == '\n')
		return 1;
	return c->data[c->at] == '\r' && c->at + 1 < c->len && c->data[c->at + 1] == '\n' ? 2 : 0;
}

static void skip_line(struct csv *c)
{
	c->at = str_find(str_of(c->data, c->len), '\n', c->at);
	if (!at_end(c)) {
		c->at++;
		c->next_line++;
	}
}

/* Looked for before anything is moved: where it is missing, the next line is read as if nothing had been. */
static bool is_closed(const struct csv *c)
{
	for (size_t i = c->at; i < c->len; i++) {
		if (c->data[i] != '"')
			continue;
		if (i + 1 == c->len || c->data[i + 1] != '"')
			return true;
		i++;
	}
	return false;
}

/* Behind the opening quote; doubled quotes become one, in place. */
static const char *read_quoted(struct csv *c, struct str *out)
{
	char *to = c->data + c->at;
	const char *from = to;

	if (!is_closed(c))
		return "a quote is opened and never closed";
	for (; !at_end(c); c->at++) {
		char byte = c->data[c->at];

		if (byte == '"') {
			c->at++;
			if (at_end(c) || c->data[c->at] != '"') {
				*out = str_of(from, (size_t)(to - from));
				return NULL;
			}
		}
		if (byte == '\n')
			c->next_line++;
		*to++ = byte;
	}
	return NULL; /* it is closed */
}

static const char *read_plain(struct csv *c, struct str *out)
{
	size_t from = c->at;

	while (!at_end(c) && c->data[c->at] != ',' && !line_break(c)) {
		if (c->data[c->at] == '"')
			return "a quote inside a field that does not begin with one; put the field into "
			       "quotes and double "
			       "the quotes in it";
		if (c->data[c->at] == '\r')
			return "a carriage return without a line feed";
		c->at++;
	}
	*out = str_of(c->data + from, c->at - from);
	return NULL;
}

static const char *read_field(struct csv *c, struct str *out)
{
	const char *problem;

	if (!at_end(c) && c->data[c->at] == '"') {
		c->at++;
		problem = read_quoted(c, out);
		if (!problem && !at_end(c) && c->data[c->at] != ',' && !line_break(c))
			problem = "text behind a closing quote";
	} else {
		problem = read_plain(c, out);
	}
	if (!problem && !utf8_is_valid(*out))
		problem = "not UTF-8";
	return problem;
}

static const char *read_row(struct csv *c, struct csv_row *out)
{
	const char *problem;

	for (;;) {
		if (out->len == CSV_FIELDS)
			return "too many fields";
		problem = read_field(c, &out->fields[out->len]);
		if (problem)
			return problem;
		out->len++;
		if (at_end(c) || c->data[c->at] != ',')
			break;
		c->at++;
	}
	if (!at_end(c)) {
		c->at += line_break(c);
		c->next_line++;
	}
	return NULL;
}

bool csv_next(struct csv *c, struct csv_row *out)
{
	size_t n;

	while ((n = line_break(c))) {
		c->at += n;
		c->next_line++;
	}
	if (at_end(c))
		return false;
	*out = (struct csv_row){};
	c->line = c->next_line;
	out->problem = read_row(c, out);
	if (out->problem)
		skip_line(c);
	return true;
}

static bool is_formula(struct str s)
{
	return s.len && strchr("=+-@\t\r", s.data[0]);
}

static bool needs_quotes(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (strchr(",\"\r\n", s.data[i]) && s.data[i])
			return true;
	return s.len && (s.data[0] == ' ' || s.data[s.len - 1] == ' ');
}

void csv_put(struct buf *out, struct str field)
{
	bool first = !out->len || out->data[out->len - 1] == '\n';
	bool quotes = needs_quotes(field) || (first && !field.len); /* or the next one would be the first */

	if (!first)
		buf_putc(out, ',');
	if (quotes)
		buf_putc(out, '"');
	if (is_formula(field))
		buf_putc(out, '\'');
	for (size_t i = 0; i < field.len; i++) {
		if (field.data[i] == '"')
			buf_putc(out, '"');
		buf_putc(out, field.data[i]);
	}
	if (quotes)
		buf_putc(out, '"');
}

void csv_put_end(struct buf *out)
{
	buf_lit(out, "\r\n");
}
