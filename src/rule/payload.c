#include "rule/payload.h"

#include <string.h>

#include "rule/link.h"
#include "stanza/ns.h"

#define NS_HASHES STR("urn:xmpp:hashes:") /* XEP-0300, any version */

struct walk {
	bool (*each)(void *owner, struct str payload);
	void *owner;
	bool over;
	size_t len, word_len; /* what does not fit is cut */
	char text[PAYLOAD_MAX];
	char word[PAYLOAD_MAX]; /* of a text, which may come in several nodes */
};

static void put(struct walk *w, unsigned char c)
{
	if (w->len < sizeof(w->text))
		w->text[w->len++] = (char)c;
}

static void put_str(struct walk *w, struct str s)
{
	for (size_t i = 0; i < s.len && w->len < sizeof(w->text); i++)
		put(w, (unsigned char)s.data[i]);
}

static void tell(struct walk *w)
{
	if (w->len && !w->over)
		w->over = !w->each(w->owner, str_of(w->text, w->len));
	w->len = 0;
}

/* ---- links ---- */

static unsigned char lower(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? c | 32 : c;
}

static bool is_plain(unsigned char c)
{
	return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || (c && strchr("-._~", c));
}

static int hex(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 3986 6.2.2.2. Returns how many bytes it has taken. */
static size_t put_path_byte(struct walk *w, struct str s)
{
	unsigned char c = (unsigned char)s.data[0];

	if (c == '%' && s.len >= 3) {
		int high = hex((unsigned char)s.data[1]), low = hex((unsigned char)s.data[2]);

		if (high >= 0 && low >= 0 && is_plain((unsigned char)(high << 4 | low))) {
			put(w, (unsigned char)(high << 4 | low));
			return 3;
		}
	}
	put(w, c);
	return 1;
}

/* Up to the first of these bytes. */
static size_t span(struct str s, const char *ends)
{
	size_t n = 0;

	while (n < s.len && !(s.data[n] && strchr(ends, s.data[n])))
		n++;
	return n;
}

/* The name alone: who it is opened as, and the ports everybody knows, are left out. */
static void put_host(struct walk *w, struct str authority)
{
	size_t begin = 0;

	for (size_t i = 0; i < authority.len; i++)
		if (authority.data[i] == '@')
			begin = i + 1;
	authority = str_cut(authority, begin, authority.len);
	if (str_ends(authority, STR(":80")))
		authority.len -= 3;
	else if (str_ends(authority, STR(":443")))
		authority.len -= 4;
	while (authority.len && authority.data[authority.len - 1] == '.')
		authority.len--;
	for (size_t i = 0; i < authority.len; i++)
		put(w, lower((unsigned char)authority.data[i]));
}

/* "data:..", not "host.example:8080". */
static bool is_opaque(struct str s, size_t colon)
{
	return colon < s.len && str_find(s, '.', 0) > colon;
}

/* Puts the scheme, http where it is https or none; what follows it. */
static struct str put_scheme(struct walk *w, struct str s)
{
	size_t at = str_find(s, ':', 0);
	struct str rest = str_cut(s, at, s.len), scheme = str_cut(s, 0, at);
	bool named = str_starts(rest, STR("://"));

	if (named && !str_eq_nocase(scheme, STR("http")) && !str_eq_nocase(scheme, STR("https"))) {
		for (size_t i = 0; i < scheme.len; i++)
			put(w, lower((unsigned char)scheme.data[i]));
		put_str(w, STR("://"));
	} else if (named || !(is_opaque(s, at) || str_starts(s, STR("\\\\")))) {
		put_str(w, STR("http://"));
	}
	return named ? str_cut(rest, 3, rest.len) : s;
}

static void put_link(struct walk *w, struct str link)
{
	struct str rest = put_scheme(w, link);
	/* in a link a backslash is read as a slash: what stands behind it is no part of the name */
	size_t host = span(rest, str_starts(link, STR("\\\\")) ? "/?#" : "/?#\\");

	put_host(w, str_cut(rest, 0, host));
	rest = str_cut(rest, host, rest.len);
	rest.len = span(rest, "#");
	while (rest.len && rest.data[rest.len - 1] == '/')
		rest.len--;
	while (rest.len) {
		size_t n = put_path_byte(w, rest);

		rest = str_cut(rest, n, rest.len);
	}
}

/* What ends a sentence ends no link. */
static struct str bare_word(struct str word)
{
	while (word.len && strchr(".:!?", word.data[word.len - 1]))
		word.len--;
	return word;
}

static void word_end(struct walk *w)
{
	struct str word = bare_word(str_of(w->word, w->word_len));

	w->word_len = 0;
	if (!w->over && link_in(word)) {
		put_link(w, word);
		tell(w);
	}
}

static void text_add(struct walk *w, struct str text)
{
	for (size_t i = 0; i < text.len && !w->over; i++)
		if (link_is_edge((unsigned char)text.data[i]))
			word_end(w);
		else if (w->word_len < sizeof(w->word))
			w->word[w->word_len++] = text.data[i];
}

/* ---- files ---- */

static struct str first_text(const struct node *n)
{
	return n && n->first && n->first->kind == NODE_TEXT ? str_trim(n->first->text) : STR_NONE;
}

static struct str child_text(const struct node *n, struct str name)
{
	return first_text(node_child(n, name, n->ns));
}

static void look_at_file(struct walk *w, const struct node *n)
{
	bool offered = node_attr(n, STR("name")).len; /* XEP-0096; 0234 and 0446 have children */
	struct str name = offered ? node_attr(n, STR("name")) : child_text(n, STR("name"));
	struct str size = offered ? node_attr(n, STR("size")) : child_text(n, STR("size"));

	if (!name.len || !size.len)
		return;
	put_str(w, STR("file:"));
	put_str(w, name);
	put(w, ':');
	put_str(w, size);
	tell(w);
}

static void look_at_hash(struct walk *w, const struct node *n)
{
	struct str algo = node_attr(n, STR("algo")), value = first_text(n);

	if (!algo.len || !value.len)
		return;
	put_str(w, algo);
	put(w, ':');
	put_str(w, value);
	tell(w);
}

/* ---- the walk ---- */

static void look_at_element(struct walk *w, const struct node *n)
{
	for (const struct attr *a = n->attrs; a; a = a->next) {
		if (a->ns.len)
			continue;
		text_add(w, a->value);
		word_end(w);
	}
	if (str_is(n->name, "hash") && str_starts(n->ns, NS_HASHES))
		look_at_hash(w, n);
	else if (str_is(n->name, "file"))
		look_at_file(w, n);
}

void payload_each(const struct node *stanza, bool (*each)(void *owner, struct str payload), void *owner)
{
	struct walk w = {.each = each, .owner = owner};

	for (const struct node *n = stanza->first; n && !w.over; n = node_next_in(n, stanza)) {
		if (n->kind == NODE_TEXT) {
			text_add(&w, n->text);
			if (n->next && n->next->kind == NODE_TEXT)
				continue;
		} else {
			look_at_element(&w, n);
		}
		word_end(&w);
	}
}

struct wanted {
	struct str payload;
	bool found;
};

static bool compare(void *owner, struct str payload)
{
	struct wanted *wanted = owner;

	wanted->found = str_eq(payload, wanted->payload);
	return !wanted->found;
}

bool payload_is_in(const struct node *stanza, struct str payload)
{
	struct wanted wanted = {.payload = payload};

	payload_each(stanza, compare, &wanted);
	return wanted.found;
}

static bool is_algorithm(struct str text)
{
	return str_starts(text, STR("sha-")) || str_starts(text, STR("sha3-")) || str_starts(text, STR("blake2"));
}

bool payload_is_file(struct str payload)
{
	size_t colon = str_find(payload, ':', 0);

	if (colon + 1 >= payload.len || payload.data[colon + 1] == '/')
		return false;
	return str_is(str_cut(payload, 0, colon), "file") ? str_find(payload, ':', colon + 1) < payload.len
							   : is_algorithm(payload) && str_find(payload, '.', 0) == payload.len;
}

struct str payload_host(struct str payload)
{
	size_t colon = str_find(payload, ':', 0);
	struct str rest = str_cut(payload, colon, payload.len);

	if (!str_starts(rest, STR("://")))
		return STR("");
	rest = str_cut(rest, 3, rest.len);
	return str_cut(rest, 0, span(rest, ":/?"));
}

void payload_put_harmless(struct buf *out, struct str payload)
{
	for (size_t i = 0; i < payload.len; i++)
		if (payload.data[i] == '.')
			buf_str(out, STR("[.]"));
		else
			buf_putc(out, payload.data[i]);
}

/* "host.example/path", of a domain that is not looked for in texts. */
static bool is_bare_name(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (link_is_edge((unsigned char)text.data[i]))
			return false;
	return str_find(text, '.', 0) < text.len;
}

bool payload_read(struct buf *out, struct str text)
{
	struct walk w = {.over = true};

	buf_clear(out);
	text = bare_word(str_trim(text));
	if (payload_is_file(text))
		put_str(&w, text);
	else if (link_in(text) || is_bare_name(text))
		put_link(&w, text);
	buf_put(out, w.text, w.len);
	return w.len && !out->failed;
}
