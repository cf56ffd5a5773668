/* Scope cleanup: AUTO(fn) runs fn(&variable) when the variable leaves its scope; TAKE(variable) moves it out. */
#pragma once

#include <stdlib.h>
#include <unistd.h>

#define AUTO(fn) __attribute__((cleanup(fn)))
#define TAKE(p)                                                                                                        \
	({                                                                                                             \
		__auto_type take_ = (p);                                                                               \
		(p) = NULL;                                                                                            \
		take_;                                                                                                 \
	})

static inline void auto_free(void *p)
{
	free(*(void **)p);
}

static inline void auto_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
