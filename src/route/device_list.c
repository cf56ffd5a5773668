#include "route/device_list.h"

#include "base/clock.h"
#include "client/installation.h"
#include "route/inventory.h"

static struct str id_of(struct device_list *l, struct str key)
{
	struct buf id = BUF_INIT(0);
	struct str out;

	installation_id_put(&id, l->bare, key);
	out = arena_dup(l->arena, buf_view(&id));
	buf_done(&id);
	return out;
}

static struct route_device *row_add(struct device_list *l, const struct route_device *like)
{
	struct route_device *more;
	size_t cap = l->cap ? l->cap * 2 : 16;

	if (l->len == l->cap) {
		more = arena_alloc(l->arena, cap * sizeof(*more));
		if (!more)
			return NULL;
		if (l->len)
			memcpy(more, l->rows, l->len * sizeof(*more));
		l->rows = more;
		l->cap = cap;
	}
	l->rows[l->len] = *like;
	return &l->rows[l->len++];
}

static void take_row(struct device_list *l, const struct store_device *d)
{
	struct route_device row = {.key = arena_dup(l->arena, d->key),
		.product = arena_dup(l->arena, d->product),
		.version = arena_dup(l->arena, d->version),
		.os = arena_dup(l->arena, d->os),
		.device = arena_dup(l->arena, d->device),
		.agent = arena_dup(l->arena, d->agent),
		.address = arena_dup(l->arena, d->address),
		.first_us = d->first_us,
		.last_us = d->last_us,
		.token_us = d->token_us,
		.auth = (enum store_auth)d->auth,
		.has_been_there = d->sessions > 0};

	row.id = id_of(l, row.key);
	(void)row_add(l, &row);
}

static struct route_device *row_of(struct device_list *l, struct str key)
{
	for (size_t i = 0; i < l->len; i++)
		if (str_eq(l->rows[i].key, key))
			return &l->rows[i];
	return NULL;
}

/* Of a session that the inventory does not know yet. */
static struct route_device *row_made(struct device_list *l, const struct session *s, struct str key)
{
	const struct origin *o = s->origin;
	struct route_device row = {.key = arena_dup(l->arena, key),
		.product = arena_dup(l->arena, o->agent_software),
		.device = arena_dup(l->arena, o->agent_device),
		.agent = arena_dup(l->arena, o->agent_id),
		.first_us = s->connected_us};

	row.id = id_of(l, row.key);
	return row_add(l, &row);
}

static void take_session(struct device_list *l, const struct session *s)
{
	struct buf key = BUF_INIT(INSTALLATION_MAX);
	struct route_device *row;

	inventory_key_put(&key, s);
	row = row_of(l, buf_view(&key));
	if (!row)
		row = row_made(l, s, buf_view(&key));
	buf_done(&key);
	if (!row)
		return;
	row->sessions = row->sessions.len ? arena_printf(l->arena, "%.*s\n%.*s", STR_FMT(row->sessions), STR_FMT(s->origin->jid.full))
					  : arena_dup(l->arena, s->origin->jid.full);
	if (!row->product.len)
		row->product = arena_dup(l->arena, s->origin->agent_software);
	if (!row->device.len)
		row->device = arena_dup(l->arena, s->origin->agent_device);
	row->connected++;
	row->has_been_there = true;
	row->auth = inventory_auth(s->origin->mechanism);
	if (s->port)
		row->last_us = clock_utc_us();
	if (s->standing)
		row->limits |= s->standing->limits;
	if (row->last_us < s->connected_us)
		row->last_us = s->connected_us;
}

/* What has no way in any more stays in the inventory, not here. */
static bool has_access(const struct route_device *d)
{
	return d->connected || d->token_us || d->auth == STORE_AUTH_PASSWORD || d->auth == STORE_AUTH_CERTIFICATE;
}

void device_list_gather(struct device_list *l, const struct store_devices *all, const struct user *u)
{
	size_t len = 0;

	for (size_t i = 0; i < all->len; i++)
		take_row(l, &all->rows[i]);
	session_each(s, u) if (!session_is_ending(s)) take_session(l, s);
	for (size_t i = 0; i < l->len; i++)
		if (has_access(&l->rows[i]))
			l->rows[len++] = l->rows[i];
	l->len = len;
}

struct route_device *device_list_find(struct device_list *l, struct str id)
{
	for (size_t i = 0; i < l->len; i++)
		if (str_eq(l->rows[i].id, id))
			return &l->rows[i];
	return NULL;
}
