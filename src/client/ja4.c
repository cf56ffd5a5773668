#include "client/ja4.h"

#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	HELLO_CLIENT = 1,
	EXT_SERVER_NAME = 0,
	EXT_SIGNATURES = 13,
	EXT_ALPN = 16,
	EXT_VERSIONS = 43,
	LIST_MAX = JA4_HELLO_MAX / 2,
	COUNT_MAX = 99, /* that the text has room for */
	HASH_SHOWN = 12,
};

/* What is left to read; `bad` once something did not fit. */
struct cursor {
	const unsigned char *at, *end;
	bool bad;
};

static size_t take(struct cursor *c, unsigned bytes)
{
	size_t n = 0;

	if ((size_t)(c->end - c->at) < bytes) {
		c->bad = true;
		return 0;
	}
	while (bytes--)
		n = n << 8 | *c->at++;
	return n;
}

/* A part that begins with its length in so many bytes. */
static struct cursor take_part(struct cursor *c, unsigned length_bytes)
{
	size_t n = take(c, length_bytes);
	struct cursor part = {.at = c->at, .end = c->at};

	if (c->bad || (size_t)(c->end - c->at) < n) {
		c->bad = true;
		return part;
	}
	part.end = c->at += n;
	return part;
}

struct list {
	size_t count;
	uint16_t value[LIST_MAX];
};

struct hello {
	unsigned version;
	bool has_name;
	struct str alpn;        /* the first */
	size_t extensions_seen; /* with those that are not hashed */
	struct list ciphers, extensions, signatures;
};

/* RFC 8701 */
static bool is_grease(size_t value)
{
	return (value & 0x0F0F) == 0x0A0A && value >> 8 == (value & 0xFF);
}

static void add(struct list *list, size_t value)
{
	if (!is_grease(value) && list->count < LIST_MAX)
		list->value[list->count++] = (uint16_t)value;
}

static void read_list(struct list *list, struct cursor part, bool *bad)
{
	while (part.at < part.end && !part.bad)
		add(list, take(&part, 2));
	*bad |= part.bad;
}

static void read_versions(struct hello *h, struct cursor body, bool *bad)
{
	struct cursor part = take_part(&body, 1);

	h->version = 0;
	while (part.at < part.end && !part.bad) {
		unsigned version = (unsigned)take(&part, 2);

		if (!is_grease(version) && version > h->version)
			h->version = version;
	}
	*bad |= part.bad || body.bad;
}

static void read_alpn(struct hello *h, struct cursor body, bool *bad)
{
	struct cursor names = take_part(&body, 2), name = {};

	if (names.at < names.end)
		name = take_part(&names, 1);
	h->alpn = str_of((const char *)name.at, (size_t)(name.end - name.at));
	*bad |= body.bad || names.bad;
}

static void read_extension(struct hello *h, size_t type, struct cursor body, bool *bad)
{
	if (is_grease(type))
		return;
	h->extensions_seen++;
	switch (type) {
	case EXT_SERVER_NAME:
		h->has_name = true;
		return;
	case EXT_ALPN:
		read_alpn(h, body, bad);
		return;
	case EXT_VERSIONS:
		read_versions(h, body, bad);
		break;
	case EXT_SIGNATURES:
		read_list(&h->signatures, take_part(&body, 2), bad);
		*bad |= body.bad;
		break;
	}
	add(&h->extensions, type);
}

static void hello_init(struct hello *h)
{
	h->version = 0;
	h->has_name = false;
	h->alpn = STR_NONE;
	h->extensions_seen = 0;
	h->ciphers.count = h->extensions.count = h->signatures.count = 0;
}

/* RFC 8446 section 4.1.2; the same before TLS 1.3. */
static bool hello_read(struct hello *h, struct str bytes)
{
	struct cursor c = {
		.at = (const unsigned char *)bytes.data, .end = (const unsigned char *)bytes.data + bytes.len};
	bool is_hello = take(&c, 1) == HELLO_CLIENT, bad = false;
	struct cursor body = take_part(&c, 3), extensions;

	if (!is_hello || c.bad || c.at < c.end)
		return false;
	h->version = (unsigned)take(&body, 2);
	for (int i = 0; i < 32; i++) /* random */
		(void)take(&body, 1);
	(void)take_part(&body, 1); /* session */
	read_list(&h->ciphers, take_part(&body, 2), &bad);
	(void)take_part(&body, 1); /* compression */
	if (body.at == body.end)
		return !body.bad && !bad;
	extensions = take_part(&body, 2);
	while (extensions.at < extensions.end && !extensions.bad) {
		size_t type = take(&extensions, 2);

		read_extension(h, type, take_part(&extensions, 2), &bad);
	}
	return !body.bad && !extensions.bad && !bad && body.at == body.end;
}

/* --- writing --- */

static const char *version_text(unsigned version)
{
	static const struct {
		unsigned version;
		const char *text;
	} known[] = {{0x0304, "13"}, {0x0303, "12"}, {0x0302, "11"}, {0x0301, "10"}, {0x0300, "s3"}, {0x0002, "s2"},
		{0xfeff, "d1"}, {0xfefd, "d2"}, {0xfefc, "d3"}};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].version == version)
			return known[i].text;
	return "00";
}

static const char hex[] = "0123456789abcdef";

static bool is_alnum(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* The first and last character of the name, or of its digits where these are no letters or digits. */
static void alpn_text(struct str alpn, char out[2])
{
	unsigned char first, last;

	out[0] = out[1] = '0';
	if (alpn.len == 0)
		return;
	first = (unsigned char)alpn.data[0];
	last = (unsigned char)alpn.data[alpn.len - 1];
	out[0] = is_alnum(first) && is_alnum(last) ? (char)first : hex[first >> 4];
	out[1] = is_alnum(first) && is_alnum(last) ? (char)last : hex[last & 15];
}

/* As "1301,1302". */
static void digest_list(EVP_MD_CTX *ctx, const struct list *list)
{
	enum { EACH = 5 };
	char text[64 * EACH];
	size_t len = 0;

	for (size_t i = 0; i < list->count; i++) {
		if (len + EACH > sizeof(text)) {
			EVP_DigestUpdate(ctx, text, len);
			len = 0;
		}
		if (i)
			text[len++] = ',';
		for (int shift = 12; shift >= 0; shift -= 4)
			text[len++] = hex[list->value[i] >> shift & 15];
	}
	EVP_DigestUpdate(ctx, text, len);
}

/* Of the list, and of the second behind an underscore where there is one. */
static bool hash_text(const struct list *list, const struct list *second, char out[HASH_SHOWN])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *ctx;
	bool made;

	memset(out, '0', HASH_SHOWN);
	if (list->count == 0)
		return true;
	ctx = EVP_MD_CTX_new();
	if (!ctx || EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1) {
		EVP_MD_CTX_free(ctx);
		return false;
	}
	digest_list(ctx, list);
	if (second && second->count) {
		EVP_DigestUpdate(ctx, "_", 1);
		digest_list(ctx, second);
	}
	made = EVP_DigestFinal_ex(ctx, digest, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	for (size_t i = 0; made && i < HASH_SHOWN; i++)
		out[i] = hex[digest[i / 2] >> (i % 2 ? 0 : 4) & 15];
	return made;
}

static int by_value(const void *a, const void *b)
{
	return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b;
}

static void sort(struct list *list)
{
	if (list->count)
		qsort(list->value, list->count, sizeof(list->value[0]), by_value);
}

static unsigned shown(size_t count)
{
	return count < COUNT_MAX ? (unsigned)count : COUNT_MAX;
}

static bool hello_write(struct hello *h, char out[JA4_LEN])
{
	char head[16], text[JA4_LEN];

	snprintf(head, sizeof(head), "t%s%c%02u%02u", version_text(h->version), h->has_name ? 'd' : 'i',
		shown(h->ciphers.count), shown(h->extensions_seen));
	memcpy(text, head, 8);
	alpn_text(h->alpn, text + 8);
	text[10] = text[23] = '_';
	sort(&h->ciphers);
	sort(&h->extensions);
	if (!hash_text(&h->ciphers, NULL, text + 11) || !hash_text(&h->extensions, &h->signatures, text + 24))
		return false;
	memcpy(out, text, JA4_LEN);
	return true;
}

bool ja4_of_hello(struct str hello, char out[JA4_LEN])
{
	struct hello *h;
	bool made;

	if (hello.len > JA4_HELLO_MAX)
		return false;
	h = malloc(sizeof(*h)); /* 50 KB: too much for a stack that others use, too, and to be cleared for each login */
	if (!h)
		return false;
	hello_init(h);
	made = hello_read(h, hello) && hello_write(h, out);
	free(h);
	return made;
}

bool ja4_is_valid(struct str text)
{
	if (text.len != JA4_LEN)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];
		bool is_hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');

		if (i == 10 || i == 23 ? c != '_' : i > 10 ? !is_hex : !is_alnum((unsigned char)c))
			return false;
	}
	return strchr("tqd", text.data[0]) && (text.data[3] == 'd' || text.data[3] == 'i');
}
