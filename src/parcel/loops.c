#include "parcel/loops.h"

#include "jid/jid.h"

struct loop *loops_home(const struct loops *l, struct str bare)
{
	return l->loop[jid_home(bare, l->count)];
}
