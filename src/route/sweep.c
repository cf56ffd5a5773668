#include "route/sweep.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "route/home.h"

enum {
	STEP_ROWS = 500, /* some ten milliseconds of the writer */
	REST_SECONDS =
		30, /* between looks when there was nothing to do, and at first, when everybody logs in */
};

struct sweep {
	struct route *route;
	struct store_req req;
	unsigned rest; /* seconds until the next step */
};

static void on_swept(struct store_req *req, int result)
{
	struct sweep *s = req->owner;

	if (result)
		log_warn("old history could not be cleared away (%d); trying again", result);
	if (result || req->number == 0)
		s->rest = REST_SECONDS;
	store_req_release(req);
}

struct sweep *sweep_new(struct route *r)
{
	struct sweep *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->route = r;
	s->rest = REST_SECONDS;
	store_req_init(&s->req, on_swept, s);
	return s;
}

struct sweep *sweep_free(struct sweep *s)
{
	if (s && !s->req.pending)
		store_req_release(&s->req);
	free(s);
	return NULL;
}

void sweep_tick(struct sweep *s)
{
	uint64_t days = s->route->settings->history_days, now = clock_utc_us();
	uint64_t age = days * UINT64_C(86400000000);

	if (s->req.pending || s->route->replay)
		return;
	if (s->rest) {
		s->rest--;
		return;
	}
	if (store_archive_sweep(s->route->env.store, &s->req, days && now > age ? now - age : 0, STEP_ROWS))
		s->rest = REST_SECONDS;
}
