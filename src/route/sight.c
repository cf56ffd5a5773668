#include "route/sight.h"

/* Everybody on one server is a colleague; walls stop talking (policy/), they do not hide. */
bool may_see(struct str viewer, struct str shown)
{
	(void)viewer;
	(void)shown;
	return true;
}
