#include "way/stages.h"

#include <stdatomic.h>

#include "account/directory.h"
#include "base/log.h"
#include "base/map.h"
#include "conf/service.h"
#include "conf/settings.h"
#include "policy/limit.h"
#include "policy/policy.h"
#include "route/route.h"
#include "rule/matter.h"
#include "rule/namespace.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"
#include "way/names.h"
#include "way/quota.h"
#include "way/spread.h"

/* ---- policy and inspect: the parcel's people as rules see them ---- */

struct subject way_subject(const struct person *person, struct str resource)
{
	return (struct subject){
			.jid = person->jid,
			.domain = jid_split(person->jid).domain,
			.resource = resource,
			.groups = person->groups,
			.group_count = person->groups_len,
			.inside = true,
	};
}

static struct subject subject_outside(const struct jid *jid, const struct way_loop *wl)
{
	struct subject s = subject_of(jid->bare, settings_is_inside(wl->settings, jid->domain));

	s.resource = jid->resource;
	return s;
}

/* An account, or whoever it is that a component speaks for. */
static struct subject subject_of_sender(const struct parcel *p, const struct way_loop *wl)
{
	const struct origin *o = p->origin;

	return o->person ? way_subject(o->person, o->jid.resource) : subject_outside(&o->jid, wl);
}

/* Does it go to a component? To the domain itself, too: that is no part of this server. */
static bool is_for_component(const struct parcel *p, const struct way_loop *wl)
{
	return p->has_to && settings_is_component(wl->settings, p->to.domain);
}

/* The one other person it is for; false when there is none (broadcast presence, our own server, one's own account). */
static bool subject_of_recipient(const struct parcel *p, const struct way_loop *wl, struct subject *out)
{
	bool server = jid_is_domain(&p->to) && !is_for_component(p, wl), room;

	if (!p->has_to || server || str_eq(p->to.bare, p->origin->jid.bare))
		return false;
	room = settings_is_rooms(wl->settings, p->to.domain);
	if (!p->recipient && room)
		return false; /* a room is nobody: route asks about each who is in it */
	*out = p->recipient ? way_subject(p->recipient, room ? STR("") : p->to.resource) : subject_outside(&p->to, wl);
	return true;
}

/* Who is meant: in a room, for what is for one occupant alone, the account behind him. */
static const struct person *recipient_of(struct parcel *p, const struct way_loop *wl)
{
	if (!p->has_to || jid_is_domain(&p->to))
		return NULL;
	p->to_hash = map_hash(p->to.bare);
	if (!settings_is_rooms(wl->settings, p->to.domain))
		return directory_get_hashed(wl->directory, p->to.bare, p->to_hash);
	if (p->kind == PARCEL_PRESENCE || p->to.resource.len == 0)
		return NULL;
	return route_room_person(wl->route, &p->to);
}

static struct matter_case matter_case_of(const struct parcel *p, const struct way_loop *wl)
{
	bool room = p->has_to && settings_is_rooms(wl->settings, p->to.domain);
	bool server = !p->has_to || (jid_is_domain(&p->to) && !is_for_component(p, wl));
	bool itself = p->has_to && str_eq(p->to.bare, p->origin->jid.bare);

	return (struct matter_case){
			.stanza = p->stanza,
			.content = p->class == CLASS_CONTENT,
			/* presence without an address is for all who see him */
			.own = (server && p->kind != PARCEL_PRESENCE) || itself,
			.room = room,
			.outside = (p->has_to && !room && !settings_is_inside(wl->settings, p->to.domain)) ||
				   (!p->origin->person && !settings_is_inside(wl->settings, p->origin->jid.domain)),
	};
}

/* The bits that switches, channels, the limits of the session and what is counted (route/inventory.h) depend on. */
static unsigned wanted_of(const struct parcel *p, const struct way_loop *wl)
{
	unsigned counted = p->class == CLASS_CONTENT ? MATTER_FILE | MATTER_CALL | MATTER_LINK : 0;

	return stop_wanted(wl->policy, &wl->channels) | counted | (p->standing ? limit_wanted(p->standing->limits) : 0);
}

/* Is that kind of thing switched off, or would it go a weaker way? */
static void stop_parcel(struct parcel *p, struct way_loop *wl, const struct subject *from, const struct subject *to)
{
	const struct judgement *client = p->standing ? p->standing->client : NULL;
	struct lockdown_party sender = {.person = from, .agent = p->origin->agent_id, .client = client}, recipient = {.person = to};

	stop_decide(wl->policy, &wl->channels, p->stanza, p->matter, &sender, to ? &recipient : NULL, p->arena, &p->verdict);
}

/* Of a session that the rules about clients restrict. */
static void limit(struct parcel *p, const struct matter_case *c)
{
	const struct standing *st = p->standing;
	struct limit_rule rule = {.limits = st->limits, .rule = st->rule, .text = st->text, .lang = st->lang};

	policy_limit(&rule, c, p->matter, p->arena, &p->verdict);
}

/* It is marked, and its turn to be ended has not come yet. What the policy stops is recorded as that. */
static bool is_too_late(const struct parcel *p)
{
	return atomic_load_explicit(&p->origin->ending, memory_order_relaxed) && !verdict_blocks(&p->verdict);
}

static enum stage_result too_late(struct parcel *p)
{
	p->refusal = (struct refusal){
		.condition = STANZA_POLICY_VIOLATION, .text = STR("This session is being ended.")};
	return STAGE_REFUSE;
}

enum stage_result stage_policy(struct parcel *p, struct way_loop *wl)
{
	struct subject from = subject_of_sender(p, wl), to, *other;
	unsigned wanted = wanted_of(p, wl);
	bool limited = p->standing && p->standing->limits;
	struct matter_case c;

	p->recipient = recipient_of(p, wl);
	other = subject_of_recipient(p, wl, &to) ? &to : NULL;
	if (wanted || limited) {
		c = matter_case_of(p, wl);
		p->matter = matter_of(&c, wanted);
	}
	if (p->matter)
		stop_parcel(p, wl, &from, other);
	policy_stanza(wl->policy, p->stanza, &from, other, p->arena, &p->verdict);
	names_decide(p, wl);
	if (limited)
		limit(p, &c);
	return is_too_late(p) ? too_late(p) : STAGE_NEXT;
}

/* Who enters where there is no room gives the room its name: it stands in addresses, lists and invitations. */
static bool names_room(const struct parcel *p, struct way_loop *wl)
{
	if (p->kind != PARCEL_PRESENCE || p->type.len || !p->to.resource.len || !settings_is_rooms(wl->settings, p->to.domain))
		return false;
	buf_clear(&wl->members);
	return !route_room_members(wl->route, &p->to, &wl->members);
}

/* The localpart of an address at a component is a name from elsewhere: of a room, of somebody, chosen by nobody here. */
static void inspect_name(struct parcel *p, struct way_loop *wl, struct str name, const struct subject *from,
		const struct subject *to)
{
	if (name.len)
		inspect_text(wl->policy, wl->scratch, KIND_RESOURCE, name, from, to, p->arena, &p->verdict);
}

static void count_passed(struct parcel *p, struct way_loop *wl)
{
	if (p->class != CLASS_CONTENT)
		return;
	traffic_count(&wl->traffic, p, wl->settings);
	spread_watch(p, wl);
}

/* A signal has no text by the table that made it one. */
enum stage_result stage_inspect(struct parcel *p, struct way_loop *wl)
{
	struct subject from, to, *other;

	if (p->class == CLASS_SIGNAL)
		return STAGE_NEXT;
	from = subject_of_sender(p, wl);
	other = subject_of_recipient(p, wl, &to) ? &to : NULL;
	inspect_stanza(wl->policy, wl->scratch, p->stanza, &from, other, p->arena, &p->verdict);
	if (!p->origin->person)
		inspect_name(p, wl, p->origin->jid.local, &from, other);
	if (is_for_component(p, wl) || names_room(p, wl))
		inspect_name(p, wl, p->to.local, &from, other);
	way_count(&wl->stats.verdicts[p->verdict.action], 1);
	if (verdict_blocks(&p->verdict))
		way_count(&wl->stats.blocked, 1);
	else
		count_passed(p, wl);
	return STAGE_NEXT;
}

/* ---- record ---- */

/* A parcel that waits for its receipt; lives in the parcel's arena. */
struct record_wait {
	struct waiter waiter;
	struct list link; /* wl->waiting */
	struct parcel *parcel;
	uint64_t since_ms;
};

static void on_receipt(struct waiter *waiter, const struct receipt *receipt)
{
	struct record_wait *w = container_of(waiter, struct record_wait, waiter);
	struct parcel *p = w->parcel;
	struct way_loop *wl = p->way;

	list_remove(&w->link);
	way_count(&wl->stats.waiting, -1);
	durations_add(&wl->stats.receipts, (loop_ms(wl->loop) - w->since_ms) * 1000);
	if (!receipt)
		return; /* the gate is stopping: neither delivered nor acknowledged */
	p->receipt = receipt_keep(p->arena, receipt);
	if (!p->receipt) {
		p->refusal = (struct refusal){.condition = STANZA_RESOURCE_CONSTRAINT, .type = STANZA_TYPE_WAIT};
		p->resume(p, STAGE_REFUSE);
		return;
	}
	p->resume(p, STAGE_NEXT);
}

/* Who has no id because a component speaks for him is called by his address. */
static struct str name_of_sender(const struct parcel *p)
{
	return p->origin->person ? p->origin->person->id : p->origin->jid.bare;
}

static struct str name_of_recipient(const struct parcel *p, const struct way_loop *wl)
{
	if (p->recipient)
		return p->recipient->id;
	return is_for_component(p, wl) ? p->to.bare : STR_NONE;
}

/* Both directions of a conversation have one name: the two person ids in order. What concerns one person alone has
 * that person's; what is said in a room, the room's address. */
static struct str conversation(const struct parcel *p, struct way_loop *wl, bool room)
{
	struct str a = name_of_sender(p), b = name_of_recipient(p, wl);
	bool in_order = str_cmp(a, b) < 0;

	if (room && !b.len)
		return p->to.bare;
	if (!b.len || str_eq(a, b))
		return a;
	buf_clear(&wl->conv);
	buf_str(&wl->conv, in_order ? a : b);
	buf_putc(&wl->conv, '~');
	buf_str(&wl->conv, in_order ? b : a);
	return buf_view(&wl->conv);
}

struct str way_kind_name(enum parcel_kind kind)
{
	switch (kind) {
	case PARCEL_MESSAGE:
		return STR("message");
	case PARCEL_PRESENCE:
		return STR("presence");
	case PARCEL_IQ:
		break;
	}
	return STR("iq");
}

static void name_add(struct str *names, size_t *len, struct str name)
{
	for (size_t i = 0; i < *len; i++)
		if (str_eq(names[i], name))
			return;
	if (*len < RULES_MAX && name.len)
		names[(*len)++] = name;
}

static void rule_names_fill(struct rule_names *names, const struct verdict *v)
{
	names->enforced_len = names->observed_len = 0;
	name_add(names->enforced, &names->enforced_len, v->rule);
	for (const struct finding *f = v->findings; f; f = f->next)
		if (f->mode == MODE_ENFORCE)
			name_add(names->enforced, &names->enforced_len, f->rule);
		else
			name_add(names->observed, &names->observed_len, f->rule);
}

static enum stage_result record_no_space(struct parcel *p, int why)
{
	p->refusal = (struct refusal){
			.condition = STANZA_RESOURCE_CONSTRAINT,
			.type = STANZA_TYPE_WAIT,
			.text = why == RECORD_E_FULL ? STR("The record has no space at the moment. Try again later.")
						     : STR("The record cannot take more at the moment. Try again later."),
	};
	if (why == RECORD_E_LARGE)
		p->refusal = (struct refusal){.condition = STANZA_POLICY_VIOLATION,
				.text = STR("The stanza is too large to be recorded.")};
	if (why < 0)
		p->refusal = (struct refusal){.condition = STANZA_NOT_ACCEPTABLE,
				.text = STR("The stanza cannot be recorded.")};
	return STAGE_REFUSE;
}

/* An array of strings as the link wants it: length and bytes of each. */
static struct str list_encode(struct buf *b, const struct str *items, size_t len)
{
	buf_clear(b);
	for (size_t i = 0; i < len; i++) {
		uint16_t n = (uint16_t)items[i].len;
		unsigned char head[2] = {(unsigned char)n, (unsigned char)(n >> 8)};

		buf_put(b, head, sizeof(head));
		buf_put(b, items[i].data, n);
	}
	return buf_view(b);
}

enum { EXTRAS = 3 };

static void entry_add(struct entry *entry, struct extra *extras, enum event_key key, struct str text)
{
	extras[entry->extra_len++] = (struct extra){.key = key, .text = text};
	entry->extra = extras;
}

static void entry_add_findings(struct entry *entry, struct extra *extras, struct way_loop *wl,
		const struct verdict *v)
{
	struct rule_names *names = &wl->rules;

	rule_names_fill(names, v);
	entry->rules = names->enforced;
	entry->rules_len = names->enforced_len;
	if (v->cannot_tell)
		entry->reason = str_from(cannot_tell_names[v->cannot_tell]);
	if (names->observed_len)
		entry_add(entry, extras, KEY_OBSERVED, list_encode(&wl->names, names->observed, names->observed_len));
}

/* Which room, and whom it was for at this moment. */
static void entry_add_room(struct entry *entry, struct extra *extras, struct way_loop *wl, const struct parcel *p)
{
	struct jid whom = p->kind == PARCEL_PRESENCE ? jid_split(p->to.bare) : p->to;

	buf_clear(&wl->members);
	entry_add(entry, extras, KEY_ROOM, p->to.bare);
	buf_clear(&wl->nick);
	if (route_room_nick(wl->route, &p->to, p->origin->jid.full, &wl->nick))
		entry->nick = buf_view(&wl->nick);
	if (route_room_members(wl->route, &whom, &wl->members) && wl->members.len)
		entry_add(entry, extras, KEY_MEMBERS, buf_view(&wl->members));
}

/* As accepted; and as delivered, where the verdict takes something out. From here on the parcel is the latter. */
static int stanza_put(struct parcel *p, struct way_loop *wl, struct entry *entry)
{
	bool changed;

	buf_clear(&wl->stanza);
	xml_put(&wl->stanza, p->stanza, NS_CLIENT);
	if (buf_failed(&wl->stanza))
		return -ENOMEM;
	entry->stanza = buf_view(&wl->stanza);
	quota_pay(p, wl, wl->stanza.len);
	p->xml = arena_dup(p->arena, entry->stanza);
	changed = namespace_strip(&p->verdict, p->stanza);
	changed = names_mark(p) || changed;
	if (!changed)
		return 0;
	buf_clear(&wl->deliver);
	xml_put(&wl->deliver, p->stanza, NS_CLIENT);
	if (buf_failed(&wl->deliver))
		return -ENOMEM;
	entry->deliver = buf_view(&wl->deliver);
	p->xml = arena_dup(p->arena, entry->deliver);
	return 0;
}

static int record_put(struct parcel *p, struct way_loop *wl, enum event type, struct waiter *waiter)
{
	const struct origin *o = p->origin;
	struct extra extras[EXTRAS];
	bool room = p->has_to && !jid_is_domain(&p->to) && settings_is_rooms(wl->settings, p->to.domain);
	struct entry entry = {
			.type = type,
			.id = str_from(p->record_id),
			.conv = conversation(p, wl, room),
			.from = o->jid.full,
			.from_id = o->person ? o->person->id : STR_NONE,
			.to = p->has_to ? p->to.full : STR_NONE,
			.to_id = p->recipient ? p->recipient->id : STR_NONE,
			.kind = way_kind_name(p->kind),
			.policy = str_from(p->verdict.policy_version),
			.retention = wl->settings->record_retention_class,
			.session = o->session,
			.address = o->address,
			.sm = p->has_h ? o->session : STR_NONE,
			.sm_h = p->h,
	};

	if (stanza_put(p, wl, &entry))
		return -ENOMEM;
	entry.action = str_from(action_names[p->verdict.action]);
	if (p->verdict.findings || p->verdict.cannot_tell)
		entry_add_findings(&entry, extras, wl, &p->verdict);
	if (room)
		entry_add_room(&entry, extras, wl, p);
	if (buf_failed(&wl->conv) || buf_failed(&wl->members) || buf_failed(&wl->nick))
		return -ENOMEM;
	return record_append(wl->record, &entry, waiter);
}

static enum stage_result record_content(struct parcel *p, struct way_loop *wl)
{
	struct record_wait *w = arena_zalloc(p->arena, sizeof(*w));
	int r;

	if (!w)
		return record_no_space(p, RECORD_E_BUSY);
	w->waiter.done = on_receipt;
	w->parcel = p;
	w->since_ms = loop_ms(wl->loop);
	record_id(p->record_id);
	r = record_put(p, wl, EVENT_CONTENT, &w->waiter);
	if (r)
		return record_no_space(p, r);
	list_append(&wl->waiting, &w->link);
	p->waits_for = "record";
	p->deadline_ms = w->since_ms + wl->settings->limits_record_seconds * 1000ULL;
	way_count(&wl->stats.content, 1);
	way_count(&wl->stats.waiting, 1);
	return STAGE_WAIT;
}

static enum record_signal signal_kind(const struct parcel *p)
{
	if (p->kind == PARCEL_PRESENCE)
		return SIGNAL_PRESENCE;
	if (p->kind == PARCEL_IQ)
		return SIGNAL_PING;
	node_each(c, p->stanza) {
		if (c->kind != NODE_ELEMENT)
			continue;
		if (str_eq(c->ns, NS_RECEIPTS))
			return SIGNAL_RECEIPT;
		if (str_eq(c->ns, NS_CHAT_MARKERS))
			return SIGNAL_MARKER;
	}
	return SIGNAL_CHAT_STATE;
}

/* Questions to the server or one's own account need not wait for what was said to others. */
static bool may_overtake(const struct parcel *p, const struct way_loop *wl)
{
	return p->kind == PARCEL_IQ && str_is(p->type, "get") && !is_for_component(p, wl) &&
			(!p->has_to || jid_is_domain(&p->to) || str_eq(p->to.bare, p->origin->jid.bare));
}

static enum stage_result record_in_turn(struct parcel *p, const struct way_loop *wl)
{
	if (p->pending.prev == p->queue || p->ahead || may_overtake(p, wl))
		return STAGE_NEXT;
	p->held = true;
	p->waits_for = "an earlier stanza of the same stream";
	return STAGE_WAIT;
}

enum stage_result stage_record(struct parcel *p, struct way_loop *wl)
{
	if (p->class == CLASS_CONTENT)
		return record_content(p, wl);
	if (p->class == CLASS_EVENT) {
		int r = record_put(p, wl, EVENT_ROSTER, NULL);

		if (r)
			return record_no_space(p, r);
		way_count(&wl->stats.events, 1);
		p->receipt = record_signal(wl->record, SIGNAL_SERVER);
	} else {
		namespace_strip(&p->verdict, p->stanza);
		way_count(&wl->stats.signals, 1);
		p->receipt = record_signal(wl->record, signal_kind(p));
	}
	return record_in_turn(p, wl);
}

void stages_watch(struct way_loop *wl)
{
	struct record_wait *oldest;
	uint64_t now = loop_ms(wl->loop);
	bool late = false;

	if (!list_is_empty(&wl->waiting)) {
		oldest = container_of(wl->waiting.next, struct record_wait, link);
		late = now > oldest->parcel->deadline_ms;
		if (late && !wl->late)
			log_warn("stanzas wait for the %s for more than %llu s: is the recorder running, is its disk well?",
					oldest->parcel->waits_for,
					(unsigned long long)(now - oldest->since_ms) / 1000);
	}
	if (wl->late && !late)
		log_info("the record answers again");
	wl->late = late;
}
