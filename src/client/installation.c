#include "client/installation.h"

#include <openssl/evp.h>

#include "base/text.h"

enum {
	PART_MAX = 60, /* bytes of one part of a key */
	WORD_MIN = 3,
	WORD_MAX = 32,
	DIGITS_MAX = 3, /* behind a word: "home2" */
};

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static size_t end_of_letters(struct str s)
{
	size_t n = 0;

	while (n < s.len && (is_upper(s.data[n]) || is_lower(s.data[n]) || (s.data[n] & 0x80)))
		n++;
	return n;
}

/* Where words end: at the end, at what parts words, or at a number of few digits before one of these. */
static bool ends_there(struct str s, size_t at)
{
	size_t digits = 0;

	while (at + digits < s.len && is_digit(s.data[at + digits]))
		digits++;
	at += digits;
	return digits <= DIGITS_MAX && (at == s.len || strchr(" ._-/:@+#(", s.data[at]));
}

/* "Gajim", "gajim", "ChatSecure", "PC"; not "aGdkQ". Letters of other scripts are lower case here. */
static bool is_word(struct str s)
{
	bool all_upper = true;

	if (s.len < WORD_MIN || s.len > WORD_MAX)
		return false;
	for (size_t i = 0; i < s.len; i++)
		all_upper = all_upper && is_upper(s.data[i]);
	for (size_t i = 0; !all_upper && i < s.len; i++)
		if (is_upper(s.data[i]) && (i + 1 == s.len || is_upper(s.data[i + 1]) || (i > 0 && is_upper(s.data[i - 1]))))
			return false;
	return true;
}

struct str installation_word(struct str resource)
{
	size_t end = end_of_letters(resource);
	struct str word = str_cut(resource, 0, end);

	return is_word(word) && ends_there(resource, end) ? word : STR_NONE;
}

/* Lower case of ASCII: programs change how they write their names. */
static void put_part(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.len && i < PART_MAX; i++)
		buf_putc(out, is_upper(s.data[i]) ? (char)(s.data[i] + 32) : s.data[i] == '|' ? '/' : s.data[i]);
}

static void put_unknown(struct buf *out, const struct judgement *j)
{
	buf_printf(out, "%s:", client_class_names[j->class]);
	put_part(out, j->node.len ? j->node : j->caps);
}

void installation_put(struct buf *out, const struct judgement *j, struct str resource)
{
	if (j->agent.len) {
		buf_lit(out, "agent:");
		put_part(out, j->agent);
		return;
	}
	if (j->product.len)
		put_part(out, j->product);
	else
		put_unknown(out, j);
	buf_putc(out, '|');
	put_part(out, j->os);
	buf_putc(out, '|');
	put_part(out, installation_word(resource));
}

void installation_id_put(struct buf *out, struct str owner, struct str key)
{
	struct buf text = BUF_INIT(0);
	unsigned char sum[EVP_MAX_MD_SIZE] = {};

	buf_str(&text, owner);
	buf_putc(&text, '\0');
	buf_str(&text, key);
	if (!buf_failed(&text) && EVP_Digest(text.data, text.len, sum, NULL, EVP_sha256(), NULL) == 1)
		hex_put(out, sum, INSTALLATION_ID / 2);
	buf_done(&text);
}
