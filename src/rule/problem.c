#include "rule/problem.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

static struct str __attribute__((format(printf, 2, 0)))
problem_text(struct arena *arena, const char *fmt, va_list args)
{
	char text[512];
	int n = vsnprintf(text, sizeof(text), fmt, args);

	if (n < 0)
		return STR_NONE;
	return arena_dup(arena, str_of(text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1));
}

void problem_add(struct problems *p, struct str file, unsigned line, unsigned column, const char *fmt, ...)
{
	struct problem *problem;
	va_list args;

	if (p->count++ >= PROBLEMS_MAX)
		return;
	problem = arena_zalloc(p->arena, sizeof(*problem));
	if (!problem)
		return;
	problem->file = arena_dup(p->arena, file);
	problem->line = line;
	problem->column = column;
	va_start(args, fmt);
	problem->text = problem_text(p->arena, fmt, args);
	va_end(args);
	if (p->last)
		p->last->next = problem;
	else
		p->first = problem;
	p->last = problem;
}

int problems_to_err(const struct problems *p, struct err *err)
{
	const struct problem *first = p->first;
	char more[64] = "", place[64] = "";

	if (p->count == 0)
		return 0;
	if (!first)
		return err_set(err, -ENOMEM, "out of memory");
	if (p->count > 1)
		snprintf(more, sizeof(more), " (and %zu more)", p->count - 1);
	if (first->line && first->column)
		snprintf(place, sizeof(place), "%u:%u: ", first->line, first->column);
	else if (first->line)
		snprintf(place, sizeof(place), "%u: ", first->line);
	return err_set(err, -EINVAL, "%.*s:%s%s%.*s%s", STR_FMT(first->file), first->line ? "" : " ", place,
		STR_FMT(first->text), more);
}
