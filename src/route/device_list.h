/* What has access to an account: the installations the store knows, and its sessions, also those the inventory does not know yet.
 * All strings and rows are the arena's; where it is full some are missing, which the caller finds by asking it. On the home loop. */
#pragma once

#include "base/arena.h"
#include "route/route.h"
#include "route/session.h"

struct device_list {
	struct arena *arena; /* borrowed */
	struct str bare;     /* whose */
	struct route_device *rows;
	size_t len, cap;
};

void device_list_gather(struct device_list *l, const struct store_devices *all, const struct user *u);
/* NULL: none has this id. */
struct route_device *device_list_find(struct device_list *l, struct str id);
