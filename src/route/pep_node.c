/* Nodes themselves: made, set, emptied, deleted (XEP-0060 8.1 to 8.5). */
#include "route/crew.h"
#include "route/pep_act.h"

enum {
	GROUPS_OFFERED_MAX = 4096, /* bytes of their names; a node takes OPTIONS_TEXT_MAX of them */
};

enum pubsub_fault pep_verb_create(struct act *a)
{
	struct place *p;
	enum pubsub_fault fault;

	if (!a->owner)
		return PUBSUB_E_FORBIDDEN;
	if (act_place(a))
		return PUBSUB_E_EXISTS;
	if (!a->rq.node.len)
		a->rq.node = act_random_name(a);
	fault = act_place_add(a, &p, options_take_form);
	if (fault != PUBSUB_OK)
		return fault;
	buf_lit(&a->answer, "<pubsub xmlns='http://jabber.org/protocol/pubsub'><create");
	pubsub_attr_put(&a->answer, "node", p->name);
	buf_lit(&a->answer, "/></pubsub>");
	return act_save(a, p);
}

/* False: enough of them. */
static bool offer(struct buf *list, struct str group)
{
	struct str all = buf_view(list);

	if (all.len + 1 + group.len > GROUPS_OFFERED_MAX)
		return false;
	if (group.len == 0 || list_holds(all, group))
		return true;
	if (all.len)
		buf_putc(list, GROUPS_BETWEEN);
	buf_str(list, group);
	return true;
}

/* The groups that the user's roster has, each once: those that are shown in it by themselves, then his own. */
static void offer_groups(struct buf *list, const struct user *u)
{
	struct contact c;
	struct str group;

	for (size_t i = 0; u->person && i < u->person->groups_len; i++)
		if (crew_label(u->home->settings, u->person->groups[i], &group) && !offer(list, group))
			return;
	for (uint32_t at = 0; contacts_next(&u->roster, &at, &c);)
		while (list_next(&c.groups, &group))
			if (!offer(list, group))
				return;
}

static void form_put(struct act *a, const char *what, struct str node, const struct node_options *o)
{
	struct buf *b = &a->answer, groups = BUF_INIT(0);

	offer_groups(&groups, a->user);
	buf_printf(b, "<pubsub xmlns='http://jabber.org/protocol/pubsub#owner'><%s", what);
	if (node.len)
		pubsub_attr_put(b, "node", node);
	buf_lit(b, "><x xmlns='jabber:x:data' type='form'>");
	options_put_form(b, o, buf_view(&groups));
	buf_printf(b, "</x></%s></pubsub>", what);
	buf_done(&groups);
}

enum pubsub_fault pep_verb_configuration(struct act *a)
{
	struct place *p;
	enum pubsub_fault fault = act_own_place(a, &p);

	if (fault != PUBSUB_OK)
		return fault;
	form_put(a, "configure", p->name, &p->options);
	act_answer(a);
	return PUBSUB_OK;
}

enum pubsub_fault pep_verb_default(struct act *a)
{
	struct node_options o;

	options_init(&o);
	form_put(a, "default", STR(""), &o);
	options_done(&o);
	act_answer(a);
	return PUBSUB_OK;
}

enum pubsub_fault pep_verb_configure(struct act *a)
{
	struct buf event = BUF_INIT(0);
	struct node_options o;
	struct place *p;
	enum pubsub_fault fault = act_own_place(a, &p);

	if (fault != PUBSUB_OK)
		return fault;
	if (str_is(node_attr(a->rq.form, STR("type")), "cancel")) {
		act_answer(a);
		return PUBSUB_OK;
	}
	if (!options_copy(&o, &p->options))
		return PUBSUB_E_FAILED;
	fault = options_take_form(&o, a->rq.form, a->parcel->arena);
	if (fault == PUBSUB_OK)
		fault = place_allows(p, &o, pep_widest(a->user));
	if (fault != PUBSUB_OK) {
		options_done(&o);
		return fault;
	}
	options_done(&p->options);
	p->options = o;
	act_part(a, p);
	if (o.notify_config) {
		event_put_configuration(&event, a->user->bare, act_event_id(a), p);
		act_event(a, p->name, &event);
	}
	return act_save(a, p);
}

/* The event goes out first: afterwards nobody knows who would hear it. */
enum pubsub_fault pep_verb_delete(struct act *a)
{
	struct buf event = BUF_INIT(0);
	struct place *p;
	enum pubsub_fault fault = act_own_place(a, &p);

	if (fault != PUBSUB_OK)
		return fault;
	a->changed = true;
	store_req_init(&a->req, act_on_written, a);
	if (store_pep_node_delete(act_store(a), &a->req, a->user->bare, p->name))
		return PUBSUB_E_FAILED;
	if (p->options.notify_delete) {
		event_put_delete(&event, a->user->bare, act_event_id(a), p);
		act_event(a, p->name, &event);
		act_tell(a);
	}
	map_del(&a->user->pep->places, p->name);
	place_free(p);
	return PUBSUB_OK;
}

enum pubsub_fault pep_verb_purge(struct act *a)
{
	struct buf event = BUF_INIT(0);
	struct place *p;
	enum pubsub_fault fault = act_kept_place(a, &p);

	if (fault != PUBSUB_OK)
		return fault;
	event_put_purge(&event, a->user->bare, act_event_id(a), p);
	act_event(a, p->name, &event);
	return act_items_delete(a, p, STR(""));
}
