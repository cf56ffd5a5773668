#include "pubsub/avatar.h"

#include <openssl/evp.h>

#include "base/text.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

/* ---- reading ---- */

static struct str without_space(struct str text, struct arena *arena)
{
	char *out = arena_bytes(arena, text.len + 1);
	size_t len = 0;

	for (size_t i = 0; out && i < text.len; i++)
		if (text.data[i] != ' ' && text.data[i] != '\n' && text.data[i] != '\r' && text.data[i] != '\t')
			out[len++] = text.data[i];
	return out ? str_of(out, len) : STR_NONE;
}

static struct str sha1_hex(struct str bytes, struct arena *arena)
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	struct buf hex = BUF_INIT(0);
	struct str out = STR_NONE;
	unsigned len = 0;

	if (EVP_Digest(bytes.data, bytes.len, sum, &len, EVP_sha1(), NULL)) {
		hex_put(&hex, sum, len);
		out = arena_dup(arena, buf_view(&hex));
	}
	buf_done(&hex);
	return out;
}

/* False: no base64, or empty. */
static bool picture_read(struct avatar *out, struct str text, struct arena *arena)
{
	struct buf bytes = BUF_INIT(0);
	bool ok;

	out->text = without_space(text, arena);
	ok = out->text.len && base64_parse(out->text, &bytes) && !buf_failed(&bytes) && bytes.len;
	if (ok) {
		out->bytes = bytes.len;
		out->id = sha1_hex(buf_view(&bytes), arena);
		ok = out->id.len == AVATAR_ID;
	}
	buf_done(&bytes);
	return ok;
}

bool avatar_of_vcard(struct avatar *out, const struct node *vcard, struct arena *arena)
{
	const struct node *photo = node_child(vcard, STR("PHOTO"), NS_VCARD);
	const struct node *value = photo ? node_child(photo, STR("BINVAL"), NS_VCARD) : NULL;
	const struct node *type = photo ? node_child(photo, STR("TYPE"), NS_VCARD) : NULL;

	*out = (struct avatar){.type = type ? str_trim(node_text(type, arena)) : STR("")};
	return value && picture_read(out, node_text(value, arena), arena);
}

/* ---- XEP-0084 ---- */

static bool is_id(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!strchr("0123456789abcdef", text.data[i]))
			return false;
	return text.len == AVATAR_ID;
}

bool avatar_of_metadata(struct avatar *out, const struct node *metadata)
{
	bool any = false;

	*out = (struct avatar){.id = STR("")};
	for (const struct node *n = node_first_element(metadata); n; n = node_next_element(n)) {
		if (!node_is(n, STR("info"), NS_AVATAR_METADATA))
			continue;
		any = true;
		if (node_attr(n, STR("url")).len || !is_id(node_attr(n, STR("id"))))
			continue;
		out->id = node_attr(n, STR("id"));
		out->type = node_attr(n, STR("type"));
		return true;
	}
	return !any;
}

bool avatar_of_data(struct avatar *out, const struct node *data, struct arena *arena)
{
	*out = (struct avatar){.type = STR("")};
	return picture_read(out, node_text(data, arena), arena);
}

/* A media type, or what the first bytes look like. */
static struct str type_of(const struct avatar *a)
{
	static const struct {
		struct str start, type;
	} kinds[] = {
		{STR("iVBORw0KGgo"), STR("image/png")},
		{STR("/9j/"), STR("image/jpeg")},
		{STR("R0lGOD"), STR("image/gif")},
		{STR("UklGR"), STR("image/webp")},
	};
	bool plain = a->type.len > 0 && a->type.len <= 64;

	for (size_t i = 0; plain && i < a->type.len; i++)
		plain = a->type.data[i] > ' ' && a->type.data[i] < 127 && !strchr("<>&'\"", a->type.data[i]);
	if (plain)
		return a->type;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (str_starts(a->text, kinds[i].start))
			return kinds[i].type;
	return STR("image/png");
}

void avatar_put_data(struct buf *out, const struct avatar *a)
{
	buf_lit(out, "<data xmlns='urn:xmpp:avatar:data'>");
	buf_str(out, a->text);
	buf_lit(out, "</data>");
}

void avatar_put_metadata(struct buf *out, const struct avatar *a)
{
	buf_lit(out, "<metadata xmlns='urn:xmpp:avatar:metadata'");
	if (!a) {
		buf_lit(out, "/>");
		return;
	}
	buf_printf(out, "><info bytes='%zu' id='%.*s' type='%.*s'/></metadata>", a->bytes, STR_FMT(a->id),
		STR_FMT(type_of(a)));
}

/* ---- cards ---- */

static const struct str card_end = STR("</PHOTO></vCard>");
static const struct str photo_start = STR("<PHOTO><TYPE>");

static void photos_remove(struct node *card)
{
	struct node *photo;

	while ((photo = node_child(card, STR("PHOTO"), NS_VCARD)))
		node_remove(photo);
}

bool avatar_put_card(struct buf *out, const struct node *vcard, const struct avatar *a, struct arena *arena)
{
	struct node *card = vcard ? node_copy(arena, vcard) : node_new(arena, STR("vCard"), NS_VCARD);
	struct node *photo, *type;

	if (!card)
		return false;
	photos_remove(card);
	photo = a ? node_add(arena, card, STR("PHOTO"), NS_VCARD) : NULL;
	type = photo ? node_add(arena, photo, STR("TYPE"), NS_VCARD) : NULL;
	if (type)
		node_add_text(arena, type, type_of(a));
	xml_put(out, card, NS_CLIENT);
	return !arena_is_full(arena);
}

/* Where the end that has no picture begins; card.len: it is another card. */
static size_t apart_at(struct str card)
{
	size_t end = card.len >= card_end.len ? card.len - card_end.len : 0, at = card.len, next;

	if (!end || !str_eq(str_cut(card, end, card.len), card_end))
		return card.len;
	for (size_t from = 0; from < end; from = next + 1) {
		next = str_find(card, '<', from);
		if (str_starts(str_cut(card, next, card.len), photo_start))
			at = next;
	}
	if (at == card.len || !str_eq(str_cut(card, end - 7, end), STR("</TYPE>")))
		return card.len;
	return str_find(card, '<', at + photo_start.len) == end - 7 ? at : card.len;
}

bool avatar_is_apart(struct str card)
{
	return apart_at(card) < card.len;
}

void avatar_join_card(struct buf *out, struct str card, struct str payload)
{
	size_t at = apart_at(card), from = str_find(payload, '>', 0), to = payload.len;

	while (to > from && payload.data[to - 1] != '<')
		to--;
	if (at == card.len) {
		buf_str(out, card);
	} else if (from + 1 >= to) {
		buf_str(out, str_cut(card, 0, at));
		buf_lit(out, "</vCard>");
	} else {
		buf_str(out, str_cut(card, 0, card.len - card_end.len));
		buf_lit(out, "<BINVAL>");
		buf_str(out, str_cut(payload, from + 1, to - 1));
		buf_lit(out, "</BINVAL>");
		buf_str(out, card_end);
	}
}

/* ---- presence ---- */

/* Takes out all the client said. *empty: he said that he shows none. */
static bool update_take(struct node *presence, bool *empty)
{
	struct node *next;
	bool any = false;

	*empty = false;
	for (struct node *n = node_first_element(presence); n; n = next) {
		const struct node *photo;

		next = node_next_element(n);
		if (!str_eq(n->ns, NS_VCARD_UPDATE))
			continue;
		photo = node_child(n, STR("photo"), NS_VCARD_UPDATE);
		*empty |= photo && !photo->first;
		any = true;
		node_remove(n);
	}
	return any;
}

static void update_put(struct node *presence, struct str hash, struct arena *arena)
{
	struct node *x = node_add(arena, presence, STR("x"), NS_VCARD_UPDATE);
	struct node *photo = x ? node_add(arena, x, STR("photo"), NS_VCARD_UPDATE) : NULL;

	if (photo && hash.len)
		node_add_text(arena, photo, arena_dup(arena, hash));
}

bool avatar_stamp(struct node *presence, struct str hash, struct arena *arena)
{
	bool empty, any = update_take(presence, &empty);

	if (any || hash.len)
		update_put(presence, empty ? STR("") : hash, arena);
	return any || hash.len;
}

void avatar_stamp_again(struct node *presence, struct str hash, struct arena *arena)
{
	bool empty;

	update_take(presence, &empty);
	update_put(presence, hash, arena);
}
