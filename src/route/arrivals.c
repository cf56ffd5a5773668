#include "route/arrivals.h"

#include "route/home.h"

void arrivals_init(struct arrivals *a)
{
	list_init(&a->here);
	list_init(&a->waiting);
	a->number = 0;
}

static bool concerns(const struct parcel *p, struct str owner)
{
	return str_eq(p->to.bare, owner) || str_eq(p->origin->jid.bare, owner);
}

static bool must_wait(const struct arrivals *a, const struct arrivals_wait *w)
{
	list_each (it, &a->here) {
		const struct parcel *p = container_of(it, struct parcel, arriving);

		if (p->arrival > w->last)
			break;
		if (concerns(p, w->owner))
			return true;
	}
	return false;
}

void arrivals_add(struct home *h, struct parcel *p)
{
	p->arrival = ++h->arrivals.number;
	list_append(&h->arrivals.here, &p->arriving);
}

void arrivals_done(struct home *h, struct parcel *p)
{
	list_remove(&p->arriving);
	list_each_safe (it, &h->arrivals.waiting) {
		struct arrivals_wait *w = container_of(it, struct arrivals_wait, link);

		if (p->arrival > w->last || !concerns(p, w->owner) || must_wait(&h->arrivals, w))
			continue;
		list_remove(&w->link);
		w->done(w);
	}
}

void arrivals_await(struct home *h, struct arrivals_wait *w)
{
	list_init(&w->link);
	w->last = h->arrivals.number;
	if (must_wait(&h->arrivals, w))
		list_append(&h->arrivals.waiting, &w->link);
	else
		w->done(w);
}
