/* Invitations that are made with a client (XEP-0401 section 3.4): the same as those of the command (gate_invites.c), for the
 * domain of who asks. The name that an invitation is for is reserved until it is used, is revoked or ends. */
#include "proc/gate_office.h"

enum { INVITE_SECONDS = 3 * 24 * 3600 };

/* What it says is in the answer alone: only its hash is kept. */
static void take(struct job *j, const json_t *answer)
{
	const json_t *invite = json_object_get(answer, "invite");

	shown_add(j, "uri", str_from(json_string_value(json_object_get(invite, "uri"))));
	shown_add(j, "expire", str_from(json_string_value(json_object_get(invite, "expires"))));
}

/* Who does not administer has a share of his own: it is asked for where the invitation is made. */
static json_t *arguments(const struct job *j)
{
	const struct origin *asker = j->ask->parcel->origin;
	struct str group = j->gate->settings->admin_group;
	json_t *args = json_pack("{s:s%, s:i, s:[]}", "domain", asker->jid.domain.data, asker->jid.domain.len,
			"expires_seconds", INVITE_SECONDS, "groups");

	if (!group.len || !person_in_group(asker->person, group))
		json_object_set_new(args, "max_by_person", json_integer(j->gate->settings->invites_max_by_person));
	return args;
}

void office_invite(struct job *j)
{
	struct str username = form_first(j->ask->values, "username"), domain = j->ask->parcel->origin->jid.domain;
	json_t *args = arguments(j);
	struct jid jid;

	if (username.len) {
		if (jid_make(&jid, username, domain, STR(""), j->ask->parcel->arena)) {
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
