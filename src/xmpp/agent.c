#include "xmpp/agent.h"

#include <errno.h>
#include <stdlib.h>

#include "base/text.h"
#include "stanza/ns.h"

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool agent_id_is_good(struct str id)
{
	static const char shape[AGENT_ID + 1] = "xxxxxxxx-xxxx-4xxx-vxxx-xxxxxxxxxxxx";

	if (id.len != AGENT_ID)
		return false;
	for (size_t i = 0; i < AGENT_ID; i++) {
		char c = id.data[i];

		if (shape[i] == 'x' ? !is_hex(c) : shape[i] == 'v' ? !c || !strchr("89abAB", c) : c != shape[i])
			return false;
	}
	return true;
}

/* Control characters, and what turns the direction of text or shows nothing. */
static bool is_shown(uint32_t c)
{
	return c >= 0x20 && !(c >= 0x7F && c < 0xA0) && c != 0x061C && !(c >= 0x200B && c <= 0x200F) &&
			!(c >= 0x2028 && c <= 0x202E) && !(c >= 0x2060 && c <= 0x206F) && c != 0xFEFF &&
			!(c >= 0xFFF9 && c <= 0xFFFD) && !(c >= 0xE0000 && c <= 0xE007F);
}

/* The text in words with one space between them, as far as it fits. */
static void put_words(struct buf *out, struct str text)
{
	bool space = false;

	for (size_t at = 0; at < text.len;) {
		uint32_t c = utf8_next(text, &at);
		struct buf one = BUF_INIT(8);

		if (c == ' ' || !is_shown(c)) {
			space = out->len > 0;
			continue;
		}
		if (space)
			buf_putc(&one, ' ');
		utf8_put(&one, c);
		if (out->len + one.len <= AGENT_TEXT_MAX)
			buf_str(out, buf_view(&one));
		else
			at = text.len;
		buf_done(&one);
		space = false;
	}
}

static int text_of(const struct node *n, const char *name, struct arena *arena, struct str *out)
{
	struct buf words = BUF_INIT(AGENT_TEXT_MAX);
	const struct node *found = NULL;

	*out = STR_NONE;
	for (const struct node *c = node_first_element(n); c; c = node_next_element(c)) {
		if (!node_is(c, str_from(name), NS_SASL2))
			continue;
		if (found || node_first_element(c))
			return AGENT_E_MALFORMED;
		found = c;
	}
	if (found)
		put_words(&words, node_text(found, arena));
	*out = arena_dup(arena, buf_view(&words));
	buf_done(&words);
	return arena_is_full(arena) ? -ENOMEM : 0;
}

static struct str take(char **at, struct str from)
{
	struct str copy = str_of(*at, from.len);

	if (from.len)
		memcpy(*at, from.data, from.len);
	*at += from.len;
	return copy;
}

int agent_parse(struct agent **out, const struct node *n, struct arena *arena)
{
	struct str id = node_attr(n, STR("id")), software, device;
	struct agent *a;
	int r;

	if (id.data && !agent_id_is_good(id))
		return AGENT_E_MALFORMED;
	r = text_of(n, "software", arena, &software);
	if (r == 0)
		r = text_of(n, "device", arena, &device);
	if (r)
		return r;
	a = malloc(sizeof(*a) + id.len + software.len + device.len);
	if (!a)
		return -ENOMEM;
	char *at = a->text;

	a->id = take(&at, id);
	a->software = take(&at, software);
	a->device = take(&at, device);
	for (size_t i = 0; i < a->id.len; i++)
		if (a->text[i] >= 'A' && a->text[i] <= 'F')
			a->text[i] = (char)(a->text[i] - 'A' + 'a');
	*out = a;
	return 0;
}

struct agent *agent_free(struct agent *a)
{
	free(a);
	return NULL;
}
