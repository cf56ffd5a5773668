/* A switch as requests, answers and the record have it: ipc/control.h. */
#include "proc/gate_lockdown.h"
#include "rule/payload.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/rand.h"
#include "ipc/control.h"

enum {
	SECONDS_MAX = 366 * 24 * 3600,
};

json_t *gate_switch_json(const struct lockdown_switch *s)
{
	return json_pack("{so ss ss so so so so so so so}", "id", control_text(s->id), "what", lockdown_what_names[s->what], "scope",
			lockdown_scope_names[s->scope], "name", control_text(s->name), "versions", control_text(s->versions), "reason",
			control_text(s->reason), "by", control_text(s->by), "except", control_text(s->except), "start",
			control_time(s->start_us), "end", s->end_us ? control_time(s->end_us) : json_null());
}

/* ---- a request ---- */

int gate_word_of(struct str text, const char *const *names, int len)
{
	for (int i = 0; i < len; i++)
		if (str_eq(text, str_from(names[i])))
			return i;
	return -1;
}

/* It stands in stanzas, in the record and on terminals. */
static bool is_printable(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.data[i] < ' ' || s.data[i] == 0x7f)
			return false;
	return true;
}

static bool see_member(const struct person *person, void *owner)
{
	(void)person;
	*(bool *)owner = true;
	return false;
}

static bool has_members(struct gate *g, struct str group)
{
	bool any = false;

	directory_each_member(g->directory, group, see_member, &any);
	return any;
}

static const char *take_account(struct gate_request *r, struct lockdown_switch *s)
{
	const struct person *person;
	struct jid jid;

	if (jid_parse(&jid, s->name, r->arena) || jid_is_domain(&jid) || !jid_is_bare(&jid))
		return "this is no account's address";
	person = directory_get(r->gate->directory, jid.bare);
	person_unref(person);
	s->name = jid.bare;
	return person ? NULL : "there is no such account";
}

/* A full address, or the id of an installation: a UUID. */
static const char *take_device(struct gate_request *r, struct lockdown_switch *s)
{
	struct jid jid;

	if (str_find(s->name, '/', 0) == s->name.len)
		return s->name.len == 36 && str_find(s->name, '@', 0) == s->name.len ? NULL
			: "a device is a full address (with a resource) or the id of an installation";
	if (jid_parse(&jid, s->name, r->arena) || !jid.resource.len || !jid.local.len)
		return "this is no full address";
	s->name = jid.full;
	return NULL;
}

/* In the form in which it is looked for. */
static const char *take_payload(struct gate_request *r, struct lockdown_switch *s)
{
	struct buf out = BUF_INIT(PAYLOAD_MAX);
	bool known = payload_read(&out, s->name);

	s->name = arena_dup(r->arena, buf_view(&out));
	buf_done(&out);
	if (s->what != LOCKDOWN_LINKS && s->what != LOCKDOWN_FILES)
		return "one link or file is switched off with links or files";
	if (!known)
		return "this is no link, no hash such as sha-256:..., and no file:NAME:SIZE";
	return payload_is_file(s->name) == (s->what == LOCKDOWN_FILES) ? NULL : "links are switched off with links, files with files";
}

static const char *take_name(struct gate_request *r, struct lockdown_switch *s)
{
	s->name = control_member(r->args, "name");
	if (s->scope == LOCKDOWN_ALL)
		return s->name.len ? "a switch for all names nobody" : NULL;
	if (!s->name.len || s->name.len > LOCKDOWN_NAME_MAX || !is_printable(s->name))
		return "say for whom: a group, product, account or device";
	if (s->scope == LOCKDOWN_GROUP && !has_members(r->gate, s->name))
		return "nobody is in this group";
	if (s->scope == LOCKDOWN_ACCOUNT)
		return take_account(r, s);
	if (s->scope == LOCKDOWN_PAYLOAD)
		return take_payload(r, s);
	return s->scope == LOCKDOWN_DEVICE ? take_device(r, s) : NULL;
}

const char *gate_switch_take_end(struct gate_request *r, uint64_t now_us, uint64_t *end_us)
{
	json_t *seconds = json_object_get(r->args, "seconds");
	struct str until = control_member(r->args, "until");

	if (seconds && (!json_is_integer(seconds) || json_integer_value(seconds) < 1 || json_integer_value(seconds) > SECONDS_MAX))
		return "it lasts one second at least and 366 days at most";
	if (seconds)
		*end_us = now_us + (uint64_t)json_integer_value(seconds) * 1000000;
	if (until.len && (!clock_parse(until, end_us) || *end_us <= now_us))
		return "the end must be a time to come, such as 2026-11-23T18:00:00Z";
	return NULL;
}

/* Short enough to be said on the telephone. */
static struct str make_id(struct gate_request *r)
{
	static const char letters[] = "abcdefghjkmnpqrstuvwxyz23456789";
	char id[LOCKDOWN_ID + 1] = "L-";
	unsigned char random[LOCKDOWN_ID - 2];

	do {
		rand_bytes(random, sizeof(random));
		for (size_t i = 0; i < sizeof(random); i++)
			id[2 + i] = letters[random[i] % (sizeof(letters) - 1)];
	} while (lockdown_find(r->gate->lockdown, str_of(id, LOCKDOWN_ID)));
	return arena_dup(r->arena, str_of(id, LOCKDOWN_ID));
}

static const char *take_switch(struct gate_request *r, struct lockdown_switch *s, bool needs_reason)
{
	int what = gate_word_of(control_member(r->args, "what"), lockdown_what_names, LOCKDOWN_WHATS);
	int scope = gate_word_of(control_member(r->args, "scope"), lockdown_scope_names, LOCKDOWN_SCOPES);
	const char *fault;

	if (what < 0)
		return "what is to be off: everything, messages, files, links, calls, rooms or outside";
	if (scope < 0)
		return "for whom, or what: all, group, product, account, device or payload";
	s->what = (enum lockdown_what)what;
	s->scope = (enum lockdown_scope)scope;
	s->versions = control_member(r->args, "versions");
	s->reason = control_member(r->args, "reason");
	s->except = control_member(r->args, "except");
	s->by = control_member(json_object_get(r->root, "by"), "name");
	s->id = make_id(r);
	if ((needs_reason && !s->reason.len) || s->reason.len > LOCKDOWN_REASON_MAX || !is_printable(s->reason))
		return "say why in at most 500 bytes: people are told, and it goes into the record";
	if (s->versions.len && s->scope != LOCKDOWN_PRODUCT)
		return "only products have versions";
	if (s->except.len && !has_members(r->gate, s->except))
		return "nobody is in the group that is to be left out";
	fault = take_name(r, s);
	s->start_us = clock_utc_us();
	return fault ? fault : gate_switch_take_end(r, s->start_us, &s->end_us);
}

/* The switch a request describes, in force beside the others. On failure the request has been answered. */
struct lockdown *gate_switch_take(struct gate_request *r, struct lockdown_switch *s, const struct lockdown *beside, bool needs_reason)
{
	const char *fault = take_switch(r, s, needs_reason);
	struct lockdown *l = NULL;
	int code = fault ? 0 : gate_lockdown_make(&l, beside, STR_NONE, s, r->gate->settings->lockdown_break_glass_group);

	if (fault)
		gate_request_fail(r, "bad_request", fault, "see 'gatehouse help lockdown'");
	else if (code == -EINVAL)
		gate_request_fail(r, "bad_request", "the range of versions cannot be read", "write it as '<1.8' or '>=2.0, <2.14.12'");
	else if (code == -E2BIG)
		gate_request_fail(r, "limit", "a hundred switches are on", "'gatehouse lockdown off' switches some on again");
	else if (code)
		gate_request_fail(r, "internal", "out of memory", "");
	return l;
}

bool gate_switch_act(struct gate_request *r, const struct lockdown_switch *s)
{
	struct buf scope = BUF_INIT(STEP_TEXT_MAX);
	json_t *v = gate_switch_json(s);
	char *text = v ? json_dumps(v, JSON_COMPACT) : NULL;
	bool ok;

	lockdown_put_scope(&scope, s);
	ok = text && !buf_failed(&scope) &&
			gate_act_add(r, arena_dup(r->arena, buf_view(&scope)), arena_dup(r->arena, str_from(text)));
	buf_done(&scope);
	json_decref(v);
	free(text);
	return ok && !arena_is_full(r->arena);
}
