#include "pubsub/avatar.h"

#include <openssl/evp.h>

#include "base/text.h"
#include "stanza/ns.h"

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
