#include "room/picture.h"

#include <openssl/evp.h>

#include "base/text.h"
#include "room/say.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

enum {
	VCARD_MAX = 128 << 10, /* bytes as XML */
	HASHES_MAX = 8,
};

enum room_outcome picture_get(struct room *r, struct room_sink *sink)
{
	if (r->vcard.len == 0)
		sink->result(sink, STR("<vCard xmlns='vcard-temp'/>"));
	else
		sink->result(sink, r->vcard);
	return ROOM_OK;
}

/* ---- the hash ---- */

static bool put_hash(struct buf *out, struct str base64)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	struct buf plain = BUF_INIT(VCARD_MAX), picture = BUF_INIT(VCARD_MAX);
	unsigned len = 0;
	bool ok;

	for (size_t i = 0; i < base64.len; i++)
		if (base64.data[i] != ' ' && base64.data[i] != '\n' && base64.data[i] != '\r' && base64.data[i] != '\t')
			buf_putc(&plain, base64.data[i]);
	ok = !buf_failed(&plain) && base64_parse(buf_view(&plain), &picture) && picture.len &&
	     EVP_Digest(picture.data, picture.len, hash, &len, EVP_sha1(), NULL);
	if (ok)
		hex_put(out, hash, len);
	buf_done(&plain);
	buf_done(&picture);
	return ok;
}

/* The hashes, a space behind each. */
static void put_hashes(struct buf *out, const struct node *vcard, struct arena *arena)
{
	unsigned n = 0;

	node_each (photo, vcard) {
		const struct node *data =
			photo->kind == NODE_ELEMENT && node_is(photo, STR("PHOTO"), NS_VCARD)
				? node_child(photo, STR("BINVAL"), NS_VCARD)
				: NULL;

		if (data && n++ < HASHES_MAX && put_hash(out, node_text(data, arena)))
			buf_putc(out, ' ');
	}
}

bool picture_put_hashes(struct buf *out, const struct room *r)
{
	for (size_t from = 0, to; from < r->picture.len; from = to + 1) {
		to = str_find(r->picture, ' ', from);
		buf_lit(out, "<value>");
		buf_str(out, str_cut(r->picture, from, to));
		buf_lit(out, "</value>");
	}
	return r->picture.len > 0;
}

/* ---- setting ---- */

bool room_set_vcard(struct room *r, const struct node *vcard, struct arena *arena)
{
	struct buf xml = BUF_INIT(VCARD_MAX), hashes = BUF_INIT(0);
	bool ok;

	if (node_first_element(vcard))
		xml_put(&xml, vcard, STR(""));
	put_hashes(&hashes, vcard, arena);
	ok = !buf_failed(&xml) && !buf_failed(&hashes) && room_set_text(&r->vcard, buf_view(&xml)) &&
	     room_set_text(&r->picture, buf_view(&hashes));
	buf_done(&xml);
	buf_done(&hashes);
	return ok;
}

static void put_presence(struct buf *out, const struct room *r)
{
	size_t first = str_find(r->picture, ' ', 0);

	buf_lit(out, "<presence from='");
	xml_escape(out, r->jid);
	buf_lit(out, "'><x xmlns='vcard-temp:x:update'><photo>");
	buf_str(out, str_cut(r->picture, 0, first));
	buf_lit(out, "</photo></x></presence>");
}

void picture_show(const struct room *r, const struct seat *to, struct room_sink *sink)
{
	struct buf out = BUF_INIT(0);

	if (r->picture.len == 0)
		return;
	put_presence(&out, r);
	if (!buf_failed(&out))
		sink->send(sink, &to, 1, buf_view(&out), &(struct room_stamp){.seq = 0}, ROOM_GOODS_PRESENCE);
	buf_done(&out);
}

enum room_outcome picture_set(
	struct room *r, const struct node *vcard, const struct room_request *rq, struct room_sink *sink)
{
	struct buf out = BUF_INIT(0);
	unsigned code = 104;
	size_t n = 0;

	if (room_affiliation_of(r, rq) != AFFILIATION_OWNER)
		return ROOM_E_FORBIDDEN;
	if (!room_set_vcard(r, vcard, rq->arena))
		return ROOM_E_LIMIT;
	r->changed = true;
	sink->result(sink, STR(""));
	say_codes(r, &code, 1, sink, &rq->stamp);
	put_presence(&out, r);
	room_each_occupant(o, r) occupant_each_seat(s, o) r->targets[n++] = s;
	if (n && !buf_failed(&out))
		sink->send(sink, r->targets, n, buf_view(&out), &rq->stamp, ROOM_GOODS_PRESENCE);
	buf_done(&out);
	return ROOM_OK;
}
