#include "parcel/parting.h"

void parting_answer(struct parting *p, bool there)
{
	p->there = there;
	loop_post(p->back, &p->task);
}
