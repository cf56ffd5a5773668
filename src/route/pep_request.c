/* Requests about nodes: one table of verbs. */
#include "route/answer.h"
#include "route/bookmarks.h"
#include "route/iq.h"
#include "route/pep_act.h"
#include "route/sight.h"

static pep_verb_fn *const verbs[] = {
	[VERB_PUBLISH] = pep_verb_publish,
	[VERB_RETRACT] = pep_verb_retract,
	[VERB_ITEMS] = pep_verb_items,
	[VERB_SUBSCRIBE] = pep_verb_subscribe,
	[VERB_UNSUBSCRIBE] = pep_verb_unsubscribe,
	[VERB_SUBSCRIPTIONS] = pep_verb_subscriptions,
	[VERB_AFFILIATIONS] = pep_verb_affiliations,
	[VERB_CREATE] = pep_verb_create,
	[VERB_CONFIGURATION] = pep_verb_configuration,
	[VERB_CONFIGURE] = pep_verb_configure,
	[VERB_DEFAULT] = pep_verb_default,
	[VERB_DELETE] = pep_verb_delete,
	[VERB_PURGE] = pep_verb_purge,
	[VERB_SUBSCRIBERS] = pep_verb_subscribers,
	[VERB_SET_SUBSCRIBERS] = pep_verb_set_subscribers,
	[VERB_AFFILIATED] = pep_verb_affiliated,
	[VERB_AFFILIATE] = pep_verb_affiliate,
};

/* PUBSUB_OK: it has been answered, or will be. */
static enum pubsub_fault act_run(struct act *a)
{
	struct parcel *p = a->parcel;
	pep_verb_fn *verb;
	enum pubsub_fault fault;

	if (!a->owner && !may_see(a->user->home, a->who, a->user->bare))
		return PUBSUB_E_UNAVAILABLE;
	if (!pep_of(a->user))
		return PUBSUB_E_FAILED;
	fault = pubsub_request_read(&a->rq, iq_payload(p), str_is(p->type, "set"), p->arena);
	if (fault != PUBSUB_OK)
		return fault;
	verb = bookmarks_verb(a);
	return verb ? verb(a) : verbs[a->rq.verb](a);
}

static void run_request(struct task *task)
{
	struct parcel *p = parcel_of(task);
	struct act *a = act_new(p->user, p);
	enum pubsub_fault fault = a ? act_run(a) : PUBSUB_OK;

	if (fault != PUBSUB_OK)
		act_refuse(a, fault);
}

void pep_request(struct user *u, struct parcel *p)
{
	p->user = u;
	p->task.run = run_request;
	pep_when_ready(u, &p->task);
}
