/* Lines of type `refused`: what came no further than charge and check, and names that policy forbids. For
 * the files of this folder only; on the loop of `wl`. */
#pragma once

#include "parcel/errand.h"
#include "way/stages.h"

/* A stanza that charge or check has refused. One line a second and loop: it says how many there were since
 * the one before. */
void refused_stanza(struct way_loop *wl, const struct parcel *p);

/* A resource somebody wished for, with the rules that forbid it. */
void refused_resource(struct way_loop *wl, const struct errand *e, const struct verdict *v);

/* The address of an account that somebody wished to make, likewise. */
void refused_name(struct way_loop *wl, struct str bare, struct str address, const struct verdict *v);
