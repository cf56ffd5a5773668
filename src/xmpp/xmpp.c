/* All streams of the gate: what each loop holds for them, reloads, stopping. */
#include "xmpp/xmpp.h"

#include <errno.h>
#include <stdlib.h>

#include "account/component_secrets.h"
#include "base/log.h"
#include "conf/settings.h"
#include "xmpp/stream.h"

enum {
	FAREWELL_MS = 10, /* between two looks at whether all connections are gone */
};

void xmpp_accept(void *xmpp, unsigned loop, int fd, enum conn_kind kind, struct budget_entry *place)
{
	struct xmpp *x = xmpp;

	stream_accept(&x->loops[loop], fd, kind, place);
}

static void limits_fill(struct xmpp_loop *xl)
{
	const struct settings *c = xl->settings;

	xl->after = (struct xml_limits){
			.stanza_bytes = c->limits_stanza_bytes,
			.depth = c->limits_depth,
			.attributes = c->limits_attributes,
			.attribute_bytes = (unsigned)c->limits_attribute_bytes,
			.name_bytes = (unsigned)c->limits_name_bytes,
			.children = c->limits_children,
			.nodes = c->limits_nodes,
			.arena_bytes = c->limits_parcel_bytes,
	};
	xl->before = xl->after;
	xl->before.stanza_bytes = c->limits_stanza_bytes_before_login;
}

static void settings_take(struct xmpp_loop *xl, const struct settings *settings)
{
	xl->settings = settings;
	limits_fill(xl);
	buf_clear(&xl->features);
	if (xl->xmpp->env.features)
		xl->xmpp->env.features(&xl->features, settings);
}

static int xmpp_loop_init(struct xmpp *x, unsigned i, const struct settings *settings)
{
	struct xmpp_loop *xl = &x->loops[i];
	int r;

	xl->xmpp = x;
	xl->loop = x->env.loops->loop[i];
	list_init(&xl->streams);
	list_init(&xl->slowed);
	list_init(&xl->partings);
	buf_init(&xl->scratch, 1 << 20);
	buf_init(&xl->features, 1 << 12);
	settings_take(xl, settings);
	r = charge_init(xl);
	return r ? r : net_loop_new(&xl->net, xl->loop, x->env.budget, settings->limits_output_bytes);
}

int xmpp_new(struct xmpp **out, const struct xmpp_env *env, const struct settings *settings)
{
	struct xmpp *x = calloc(1, sizeof(*x));

	if (!x)
		return -ENOMEM;
	x->env = *env;
	x->loops = calloc(env->loops->count, sizeof(*x->loops));
	if (!x->loops) {
		free(x);
		return -ENOMEM;
	}
	for (unsigned i = 0; i < env->loops->count; i++) {
		int r = xmpp_loop_init(x, i, settings);

		if (r) {
			xmpp_free(x);
			return r;
		}
	}
	*out = x;
	return 0;
}

struct xmpp *xmpp_free(struct xmpp *x)
{
	if (!x)
		return NULL;
	for (unsigned i = 0; i < x->env.loops->count; i++) {
		charge_done(&x->loops[i]);
		net_loop_free(x->loops[i].net);
		component_secrets_unref(x->loops[i].secrets);
		buf_done(&x->loops[i].scratch);
		buf_done(&x->loops[i].features);
	}
	free(x->loops);
	free(x);
	return NULL;
}

/* Something for every loop: sent as one task each. */
struct word {
	struct task task;
	struct xmpp_loop *xl;
	struct tls *tls;
	struct component_secrets *secrets;
	const struct settings *settings;
};

static void run_word(struct task *task)
{
	struct word *w = container_of(task, struct word, task);

	if (w->tls)
		net_loop_set_tls(w->xl->net, w->tls);
	if (w->settings) {
		settings_take(w->xl, w->settings);
		net_loop_set_output_max(w->xl->net, w->settings->limits_output_bytes);
	}
	if (w->secrets) {
		component_secrets_unref(w->xl->secrets);
		w->xl->secrets = component_secrets_ref(w->secrets);
	}
	if (!w->tls && !w->settings && !w->secrets) {
		list_each_safe(it, &w->xl->streams)
			stream_error(container_of(it, struct stream, link), "system-shutdown", NULL);
		partings_stop(w->xl);
	}
	tls_unref(w->tls);
	component_secrets_unref(w->secrets);
	free(w);
}

/* With nothing at all: the streams end. */
static void xmpp_tell(struct xmpp *x, struct tls *tls, const struct settings *settings, struct component_secrets *secrets)
{
	for (unsigned i = 0; i < x->env.loops->count; i++) {
		struct word *w = calloc(1, sizeof(*w));

		if (!w) {
			log_error("out of memory: loop %u keeps its old settings", i);
			continue;
		}
		*w = (struct word){.task.run = run_word,
				.xl = &x->loops[i],
				.tls = tls ? tls_ref(tls) : NULL,
				.secrets = component_secrets_ref(secrets),
				.settings = settings};
		loop_post(x->env.loops->loop[i], &w->task);
	}
}

void xmpp_set_tls(struct xmpp *x, struct tls *tls)
{
	xmpp_tell(x, tls, NULL, NULL);
}

void xmpp_set_secrets(struct xmpp *x, struct component_secrets *secrets)
{
	xmpp_tell(x, NULL, NULL, secrets);
}

void xmpp_set_settings(struct xmpp *x, const struct settings *settings)
{
	xmpp_tell(x, NULL, settings, NULL);
}

void xmpp_set_lacking(struct xmpp *x, unsigned kinds)
{
	x->lacking = kinds;
}

void xmpp_set_inviting(struct xmpp *x, uint64_t until_us)
{
	x->inviting_until_us = until_us;
}

/* ---- stopping ---- */

/* Looks often whether all connections are gone; then a task goes round all loops twice, behind what the streams' ends have sent
 * to other loops. */
struct farewell {
	uv_timer_t timer;
	struct task task;
	struct xmpp *xmpp;
	uint64_t until_ms;
	unsigned hops;
	void (*on_done)(void *owner);
	void *owner;
};

static void farewell_free(uv_handle_t *handle)
{
	free(handle->data);
}

static void run_farewell(struct task *task)
{
	struct farewell *f = container_of(task, struct farewell, task);
	const struct loops *loops = f->xmpp->env.loops;

	if (f->hops++ < 2 * loops->count) {
		loop_post(loops->loop[f->hops % loops->count], task);
		return;
	}
	f->on_done(f->owner);
	uv_close((uv_handle_t *)&f->timer, farewell_free);
}

static void on_farewell(uv_timer_t *timer)
{
	struct farewell *f = timer->data;
	struct loop *first = f->xmpp->env.loops->loop[0];
	struct xmpp_stats stats;

	xmpp_stats(f->xmpp, &stats);
	if (stats.connections && loop_ms(first) < f->until_ms)
		return;
	uv_timer_stop(timer);
	f->task.run = run_farewell;
	loop_post(first, &f->task);
}

void xmpp_shutdown(struct xmpp *x, unsigned seconds, void (*on_done)(void *owner), void *owner)
{
	struct loop *first = x->env.loops->loop[0];
	struct farewell *f = calloc(1, sizeof(*f));

	if (!f) {
		on_done(owner);
		return;
	}
	xmpp_tell(x, NULL, NULL, NULL);
	f->xmpp = x;
	f->until_ms = loop_ms(first) + seconds * 1000ULL;
	f->on_done = on_done;
	f->owner = owner;
	uv_timer_init(loop_uv(first), &f->timer);
	f->timer.data = f;
	uv_timer_start(&f->timer, on_farewell, FAREWELL_MS, FAREWELL_MS);
}

void xmpp_stats(const struct xmpp *x, struct xmpp_stats *out)
{
	*out = (struct xmpp_stats){0};
	for (unsigned i = 0; i < x->env.loops->count; i++) {
		const struct xmpp_stats *s = &x->loops[i].stats;

		out->connections += __atomic_load_n(&s->connections, __ATOMIC_RELAXED);
		out->unjudged += __atomic_load_n(&s->unjudged, __ATOMIC_RELAXED);
		out->logged_in += __atomic_load_n(&s->logged_in, __ATOMIC_RELAXED);
		out->stanzas += __atomic_load_n(&s->stanzas, __ATOMIC_RELAXED);
		out->logins += __atomic_load_n(&s->logins, __ATOMIC_RELAXED);
		out->login_failures += __atomic_load_n(&s->login_failures, __ATOMIC_RELAXED);
		out->slowed += __atomic_load_n(&s->slowed, __ATOMIC_RELAXED);
	}
}

void xmpp_traffic(const struct xmpp *x, struct net_traffic out[NET_PEERS])
{
	memset(out, 0, NET_PEERS * sizeof(out[0]));
	for (unsigned i = 0; i < x->env.loops->count; i++)
		net_loop_traffic(x->loops[i].net, out);
}
