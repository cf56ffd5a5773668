/* What reading and writing one stanza costs, the tokenizer and serialiser alone. Build and run:
 *
 *     cc -O2 -std=gnu2x -D_GNU_SOURCE -Isrc bench/micro/stanza.c src/stanza/[a-z]*.c src/base/[a-z]*.c
 *     ./a.out
 *
 * Figures of a busy Zen 4 guest (two cores, load 6), gcc 12; expat with namespaces and without handlers over
 * the same stanzas, run in between, tells the machine's speed (alone on it expat takes 733 and 2,327 ns).
 * Best of seven rounds:
 *
 *                           read       of expat's    write      arena
 *     plain     187 bytes     409 ns     0.33-0.40     224 ns     886 bytes
 *     client    435 bytes   1,310 ns     0.32-0.38     407 ns   1,737 bytes
 */
#include <stdio.h>

#include "base/clock.h"
#include "stanza/ns.h"
#include "stanza/tokenizer.h"
#include "stanza/xml_out.h"

enum { ROUNDS = 7, STANZAS = 200000 };

static const char header[] =
	"<?xml version='1.0'?><stream:stream xmlns='jabber:client' "
	"xmlns:stream='http://etherx.jabber.org/streams' to='example.org' version='1.0'>";

/* As a load generator writes it: 187 bytes. */
static const char plain[] = "<message to='user0123@example.org' type='chat' id='m-0000012345'>"
			    "<body>The quick brown fox jumps over the lazy dog 0123456789, and again</body>"
			    "<active xmlns='x:chatstate'/></message>     ";

/* As a client writes it: entities, UTF-8, four child elements, 435 bytes. */
static const char client[] =
	"<message xml:lang=\"en\" to=\"juliet@example.org\" from=\"romeo@example.org/orchard\" type=\"chat\" "
	"id=\"c4a9e1f0-6d2b-4a57-9f3e-0b1d2c3e4f50\"><body>I&apos;d say &quot;gr\xc3\xbc\xc3\x9f"
	" dich&quot; &amp; see you at the caf\xc3\xa9 \xe2\x80\x94 8 o&apos;clock? I will bring the two "
	"books</body>"
	"<active xmlns=\"http://jabber.org/protocol/chatstates\"/><request xmlns=\"urn:xmpp:receipts\"/>"
	"<origin-id xmlns=\"urn:xmpp:sid:0\" id=\"c4a9e1f0-6d2b-4a57-9f3e-0b1d2c3e4f50\"/></message>";

static const struct xml_limits limits = {.stanza_bytes = 262144,
	.depth = 64,
	.attributes = 64,
	.attribute_bytes = 8192,
	.name_bytes = 256,
	.children = 1000,
	.nodes = 10000,
	.arena_bytes = 4 << 20};

static struct node *next(struct tokenizer *t, const char *data, size_t len, struct arena **arena)
{
	struct node *n = NULL;

	while (len)
		switch (tokenizer_feed(t, &data, &len, &n, arena)) {
		case XML_STREAM_OPEN:
			*arena = arena_free(*arena);
			break;
		case XML_STANZA:
			return n;
		case XML_ERROR:
			printf("error: %s\n", tokenizer_error_text(t));
			return NULL;
		default:
			break;
		}
	return NULL;
}

static double best_of(double *ns, double now)
{
	if (*ns == 0 || now < *ns)
		*ns = now;
	return *ns;
}

static void measure(const char *what, const char *stanza, size_t len)
{
	struct tokenizer *t = tokenizer_new(&limits);
	double read = 0, write = 0;
	struct buf out = BUF_INIT(0);
	struct arena *arena = NULL;
	size_t used = 0;

	(void)next(t, header, sizeof(header) - 1, &arena);
	for (int round = 0; round < ROUNDS; round++) {
		struct xml_stamp stamp = {
			.to = STR("juliet@example.org/balcony"), .from = STR("romeo@example.org/x")};
		uint64_t from = clock_mono_us(), middle;
		struct node *n;

		for (int i = 0; i < STANZAS; i++) {
			n = next(t, stanza, len, &arena);
			used = arena_used(arena);
			arena = arena_free(arena);
		}
		middle = clock_mono_us();
		best_of(&read, (double)(middle - from) * 1000 / STANZAS);
		n = next(t, stanza, len, &arena);
		middle = clock_mono_us();
		for (int i = 0; i < STANZAS; i++) {
			buf_clear(&out);
			xml_put_stamped(&out, n, NS_CLIENT, &stamp);
		}
		best_of(&write, (double)(clock_mono_us() - middle) * 1000 / STANZAS);
		arena = arena_free(arena);
	}
	printf("%-8s %4zu bytes: read %4.0f ns, arena %4zu bytes; write %4.0f ns, %zu bytes\n", what, len,
		read, used, write, out.len);
	buf_done(&out);
	tokenizer_free(t);
}

int main(void)
{
	measure("plain", plain, sizeof(plain) - 1);
	measure("client", client, sizeof(client) - 1);
	return 0;
}
