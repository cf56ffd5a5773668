/* Invitations that are made with a client (XEP-0401 section 3.4): the same as those of the command (gate_invites.c), for the
 * domain of who asks. The name that an invitation is for is reserved until it is used, is revoked or ends. */
#include "base/clock.h"
#include "proc/gate_office.h"

enum { INVITE_SECONDS = 3 * 24 * 3600 };

/* What it says is in the answer alone: only its hash is kept. */
static void take(struct job *j, const json_t *answer)
{
	const json_t *invite = json_object_get(answer, "invite");

	shown_add(j, "uri", str_from(json_string_value(json_object_get(invite, "uri"))));
	shown_add(j, "expire", str_from(json_string_value(json_object_get(invite, "expires"))));
}

static void begin(struct job *j)
{
	const struct jid *asker = &j->ask->parcel->origin->jid;
	struct str username = form_first(j->ask->values, "username");
	json_t *args = json_pack("{s:s%, s:i, s:[]}", "domain", asker->domain.data, asker->domain.len, "expires_seconds",
			INVITE_SECONDS, "groups");
	struct jid jid;

	if (username.len) {
		if (jid_make(&jid, username, asker->domain, STR(""), j->ask->parcel->arena)) {
			json_decref(args);
			job_fail(j, "This is not a username.");
			return;
		}
		json_object_set_new(args, "jid", json_stringn(jid.bare.data, jid.bare.len));
	}
	j->command = "invite.create";
	j->run = gate_invite_create;
	j->take = take;
	json_array_append_new(j->steps, args);
	job_step(j);
}

static void on_counted(struct store_req *req, int result)
{
	struct job *j = req->owner;
	struct str who = j->ask->parcel->origin->jid.bare;
	size_t open = 0;

	for (size_t i = 0; result == 0 && i < req->invites->len; i++) {
		const struct store_invite *v = &req->invites->rows[i];

		open += str_eq(v->made_by, who) && !v->used_us && !v->revoked_us && v->expires_us > clock_utc_us();
	}
	if (result)
		job_fail(j, "the store could not tell; the gate's log says why");
	else if (open >= j->gate->settings->invites_max_by_person)
		job_fail(j, "You have as many open invitations as one may have.");
	else
		begin(j);
}

void office_invite(struct job *j)
{
	struct str group = j->gate->settings->admin_group;

	if (group.len && person_in_group(j->ask->parcel->origin->person, group)) {
		begin(j);
		return;
	}
	store_req_release(&j->req);
	store_req_init(&j->req, on_counted, j);
	if (store_invite_all(j->gate->store, &j->req))
		job_fail(j, "the store could not tell");
}
