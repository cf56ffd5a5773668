/* What a person has, thing by thing: waiting messages, the vCard, private XML. */
#include "cli/intake_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "pubsub/avatar.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

int intake_record(struct intake *in, const char *command, const struct buf *xml, uint64_t *out_seq)
{
	struct buf copy = BUF_INIT(ITEM_BYTES + 1);
	struct buf target = BUF_INIT(4096);
	struct err err = {};
	int r;

	buf_str(&copy, buf_view(xml));
	buf_str(&target, in->jid.bare);
	r = witness_put(in->witness,
		&(struct witness_act){
			.command = command, .target = buf_cstr(&target), .text = buf_cstr(&copy)},
		out_seq, &err);
	buf_done(&copy);
	buf_done(&target);
	if (r)
		in->failed = true;
	return r ? cli_fail(in->cli, CLI_INTERNAL, "every act is recorded before it is done", "%s", err.text) : 0;
}

void intake_id(const struct intake *in, struct str xml, uint64_t time_us, char out[INTAKE_ID + 1])
{
	unsigned char sum[32];
	char time[32];
	struct buf b = {.data = out, .cap = INTAKE_ID, .max = INTAKE_ID};
	EVP_MD_CTX *hash = EVP_MD_CTX_new();

	snprintf(time, sizeof(time), "%" PRIu64, time_us);
	if (!hash || EVP_DigestInit_ex(hash, EVP_sha256(), NULL) != 1 ||
		EVP_DigestUpdate(hash, in->jid.bare.data, in->jid.bare.len) != 1 ||
		EVP_DigestUpdate(hash, time, strlen(time)) != 1 || EVP_DigestUpdate(hash, xml.data, xml.len) != 1 ||
		EVP_DigestFinal_ex(hash, sum, NULL) != 1)
		abort();
	EVP_MD_CTX_free(hash);
	base64url_put(&b, sum, 16);
	out[INTAKE_ID] = '\0';
}

/* Takes the delay of the server that kept it out: ours is written from the row. */
static uint64_t take_delay(struct node *message)
{
	struct node *delay = node_child(message, STR("delay"), STR("urn:xmpp:delay"));
	uint64_t time_us = 0;

	if (!delay || !clock_parse(node_attr(delay, STR("stamp")), &time_us))
		return 0;
	node_remove(delay);
	return time_us;
}

static int put_offline(struct intake *in, struct buf *xml, struct str from, uint64_t time_us)
{
	char id[INTAKE_ID + 1];
	uint64_t seq;
	int r = intake_record(in, "import.item", xml, &seq);

	if (r)
		return r;
	intake_id(in, buf_view(xml), time_us, id);
	r = store_message_put(in->people.store, &in->req, STORE_OFFLINE,
		&(struct store_message){.owner = in->jid.bare,
			.seq = seq,
			.id = str_of(id, INTAKE_ID),
			.time_us = time_us,
			.from = from,
			.xml = buf_view(xml)},
		1, in->people.settings->offline_max, 0);
	if (!r)
		r = store_wait(&in->req);
	store_req_release(&in->req);
	if (r == STORE_E_FULL)
		intake_left(in, TALLY_OFFLINE, 1, "too many wait (offline.max)");
	else
		in->tally.carried[TALLY_OFFLINE] += r == 0;
	return r && r != STORE_E_FULL ? intake_failed(in, "the store does not take a waiting message") : 0;
}

int intake_offline(struct intake *in, const struct node *given, uint64_t time_us)
{
	struct node *message = node_copy(in->arena, given);
	struct xml_stamp stamp = {};
	struct buf xml = BUF_INIT(ITEM_BYTES);
	struct jid from;
	uint64_t stamped;
	int r = 0;

	if (!message || !str_is(message->name, "message") ||
		!intake_address(in, node_attr(message, STR("from")), &from)) {
		intake_left(in, TALLY_OFFLINE, 1, "it is no message, or says not whose");
		return 0;
	}
	stamped = take_delay(message);
	if (!time_us)
		time_us = stamped ? stamped : clock_utc_us();
	message->ns = NS_CLIENT;
	stamp.from = from.full;
	stamp.to = in->jid.bare;
	xml_put_stamped(&xml, message, NS_CLIENT, &stamp);
	if (buf_failed(&xml))
		intake_left(in, TALLY_OFFLINE, 1, "it is too long");
	else
		r = put_offline(in, &xml, from.full, time_us);
	buf_done(&xml);
	return r;
}

static int put_vcard(struct intake *in, struct buf *xml, struct str photo)
{
	char id[INTAKE_ID + 1];
	uint64_t seq;
	int r = intake_record(in, "import.item", xml, &seq);

	if (r)
		return r;
	intake_id(in, buf_view(xml), 0, id);
	r = store_vcard_put(in->people.store, &in->req, in->jid.bare,
		&(struct store_vcard){.xml = buf_view(xml),
			.photo = photo,
			.stamp = {.seq = seq, .time_us = clock_utc_us(), .id = str_of(id, INTAKE_ID)}});
	if (!r)
		r = store_wait(&in->req);
	store_req_release(&in->req);
	in->tally.carried[TALLY_VCARDS] += r == 0;
	return r ? intake_failed(in, "the store does not take a vCard") : 0;
}

int intake_vcard(struct intake *in, const struct node *vcard)
{
	struct buf xml = BUF_INIT(in->people.settings->personal_vcard_bytes);
	struct avatar avatar = {};
	int r = 0;

	if (!avatar_of_vcard(&avatar, vcard, in->arena))
		avatar.id = STR("");
	xml_put(&xml, vcard, NS_CLIENT);
	if (buf_failed(&xml) || xml.len > ITEM_BYTES)
		intake_left(in, TALLY_VCARDS, 1, "it is too long (personal.vcard_bytes)");
	else
		r = put_vcard(in, &xml, avatar.id);
	buf_done(&xml);
	return r;
}

int intake_private(struct intake *in, const struct node *element)
{
	struct buf xml = BUF_INIT(in->people.settings->personal_private_bytes);
	int r = STORE_E_FULL;

	xml_put(&xml, element, NS_CLIENT);
	if (!buf_failed(&xml)) {
		r = store_private_put(in->people.store, &in->req, in->jid.bare,
			&(struct store_private){.ns = element->ns, .name = element->name, .xml = buf_view(&xml)}, 1,
			in->people.settings->personal_private_bytes);
		if (!r)
			r = store_wait(&in->req);
		store_req_release(&in->req);
	}
	buf_done(&xml);
	if (r == STORE_E_FULL)
		intake_left(in, TALLY_PRIVATE, 1, "too much of it (personal.private_bytes)");
	in->tally.carried[TALLY_PRIVATE] += r == 0;
	return r && r != STORE_E_FULL ? intake_failed(in, "the store does not take private data") : 0;
}
