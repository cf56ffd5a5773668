#include "cli/amount.h"

#include <stdio.h>

struct amount amount_of(unsigned long long n, const char *one, const char *many)
{
	struct amount a;

	snprintf(a.text, sizeof(a.text), "%llu %s", n, n == 1 ? one : many);
	return a;
}
