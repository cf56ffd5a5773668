/* Reads texts, one a line, from standard input and prints for each the rules that match it, separated by
 * commas, or an empty line. What bench/inspect/accuracy asks.
 *
 *   judge POLICY-DIR < LINES */
#include <stdio.h>
#include <stdlib.h>

#include "inspect/inspect.h"

static void judge(const struct policy_set *set, struct inspect_scratch *scratch, struct str line)
{
	struct arena *arena = arena_new(0);
	struct verdict v = {};

	if (!arena)
		exit(2);
	inspect_text(set, scratch, KIND_MESSAGE, line, NULL, NULL, arena, &v);
	for (const struct finding *f = v.findings; f; f = f->next)
		printf("%.*s%s", STR_FMT(f->rule), f->next ? "," : "");
	putchar('\n');
	arena_free(arena);
}

int main(int argc, char **argv)
{
	struct inspect_scratch *scratch = inspect_scratch_new();
	struct policy_set *set;
	struct err err = {};
	char *line = NULL;
	size_t room = 0;
	ssize_t n;

	if (argc != 2 || !scratch || policy_set_load(&set, argv[1], &inspect_engine, &err)) {
		fprintf(stderr, "%s\n", argc == 2 ? err.text : "usage: judge POLICY-DIR < LINES");
		return 2;
	}
	while ((n = getline(&line, &room, stdin)) > 0)
		judge(set, scratch, str_of(line, (size_t)n - (line[n - 1] == '\n')));
	free(line);
	policy_set_unref(set);
	inspect_scratch_free(scratch);
	return 0;
}
