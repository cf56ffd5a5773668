/* What a person's client is answered about what has access to his account (XEP-0494). The parcel stays the caller's to end. */
#pragma once

#include "parcel/parcel.h"
#include "route/device_list.h"

void device_answer_list(struct parcel *p, const struct device_list *l);
/* How it ended, of what is no list. */
void device_answer(struct parcel *p, enum route_access_result result);
