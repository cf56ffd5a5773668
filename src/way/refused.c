#include "way/refused.h"

#include "account/directory.h"
#include "base/log.h"
#include "conf/settings.h"
#include "rule/verdict.h"
#include "stanza/stanza_error.h"

static void refused_append(struct way_loop *wl, const struct entry *entry)
{
	if (record_append(wl->record, entry, NULL))
		log_warn("a refusal could not be recorded");
}

void refused_stanza(struct way_loop *wl, const struct parcel *p)
{
	const struct origin *o = p->origin;
	uint64_t now = loop_seconds(wl->loop) + 1; /* never 0 */
	struct extra count = {.key = KEY_COUNT, .number = ++wl->refusals};

	struct entry entry = {
		.type = EVENT_REFUSED,
		.from = o->jid.full,
		.from_id = o->person ? o->person->id : STR_NONE,
		.kind = way_kind_name(p->kind),
		.session = o->session,
		.address = o->address,
		.reason = stanza_condition_name(p->refusal.condition),
		.text = p->refusal.text,
		.retention = wl->settings->record_retention_class,
		.extra = &count,
		.extra_len = 1,
	};

	if (wl->refused_at == now)
		return;
	wl->refused_at = now;
	wl->refusals = 0;
	refused_append(wl, &entry);
}

static void refused_by_policy(struct way_loop *wl, struct entry *entry, const struct verdict *v)
{
	entry->type = EVENT_REFUSED;
	entry->reason = STR("policy-violation");
	entry->action = str_from(action_names[v->action]);
	entry->rules = &v->rule;
	entry->rules_len = v->rule.len ? 1 : 0;
	entry->policy = str_from(v->policy_version);
	entry->retention = wl->settings->record_retention_class;
	refused_append(wl, entry);
}

void refused_resource(struct way_loop *wl, const struct errand *e, const struct verdict *v)
{
	struct entry entry = {
		.from = e->bare.bare,
		.from_id = e->person->id,
		.kind = STR("resource"),
		.address = e->address,
		.text = e->resource,
	};

	refused_by_policy(wl, &entry, v);
}

void refused_name(struct way_loop *wl, struct str bare, struct str address, const struct verdict *v)
{
	struct entry entry = {.from = bare, .kind = STR("account"), .address = address, .text = jid_split(bare).local};

	refused_by_policy(wl, &entry, v);
}
