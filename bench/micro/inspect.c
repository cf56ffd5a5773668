/* What inspection costs a message: 500 words and 50 expressions over lines of chat, one core.
 *
 *   inspect LINES POLICY-DIR
 *
 * LINES is a file of one message a line, POLICY-DIR a policy folder (bench/inspect/make-policy writes the one
 * with 500 words and 50 expressions). Each line is put into a stanza as a client sends it and passed through
 * inspect_stanza(); prints nanoseconds of CPU a message (median of the rounds), folding alone and the whole.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/fold.h"
#include "inspect/inspect.h"
#include "stanza/ns.h"

enum {
	ROUNDS = 9,
	LINES_MAX = 200000,
	SAMPLE = 600, /* messages in the run, evenly taken: in the server a stanza is in the cache when it is
			 inspected */
	REPEAT = 40,
	LINE_MIN = 20,
	LINE_MAX = 300,
};

static struct node *stanzas[LINES_MAX];
static struct str lines[LINES_MAX];
static size_t count, bytes;

/* CPU time, so that other work on the machine counts less. */
static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static struct node *stanza_of(struct arena *arena, struct str text, size_t i)
{
	struct node *m = node_new(arena, STR("message"), NS_CLIENT);

	node_set_attr(arena, m, STR("from"), STR("alice@example.org/Gajim.1A2B3C"));
	node_set_attr(arena, m, STR("to"), STR("bob@example.org"));
	node_set_attr(arena, m, STR("type"), STR("chat"));
	node_set_attr(arena, m, STR("id"), arena_printf(arena, "%08zx-7c1d-4a5e-9b2f-0a1b2c3d4e5f", i));
	node_add_text(arena, node_add(arena, m, STR("body"), NS_CLIENT), text);
	node_add(arena, m, STR("active"), NS_CHATSTATES);
	return m;
}

static void sample(struct arena *arena)
{
	size_t n = count < SAMPLE ? count : SAMPLE;

	for (size_t i = 0; i < n; i++) {
		lines[i] = lines[i * count / n];
		bytes += lines[i].len;
		stanzas[i] = stanza_of(arena, lines[i], i);
	}
	count = n;
}

static void lines_read(const char *path, struct arena *arena)
{
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t room = 0;
	ssize_t n;

	if (!f) {
		perror(path);
		exit(2);
	}
	while (count < LINES_MAX && (n = getline(&line, &room, f)) > 0) {
		n -= line[n - 1] == '\n';
		if (n < LINE_MIN || n > LINE_MAX)
			continue;
		lines[count] = arena_dup(arena, str_of(line, (size_t)n));
		count++;
	}
	free(line);
	fclose(f);
	sample(arena);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *v)
{
	qsort(v, ROUNDS, sizeof(*v), compare);
	return v[ROUNDS / 2];
}

static double run_fold(void)
{
	static char out[LINE_MAX * FOLD_GROWTH];
	double took[ROUNDS];

	for (int r = 0; r < ROUNDS; r++) {
		double start = now();

		for (size_t i = 0; i < count * REPEAT; i++) {
			struct fold_stats stats;

			fold_word(lines[i % count], out, &stats);
			__asm__ volatile("" ::"r"(out) : "memory");
		}
		took[r] = (now() - start) / (double)(count * REPEAT);
	}
	return median(took);
}

static double run_inspect(const struct policy_set *set, size_t *hits)
{
	struct inspect_scratch *scratch = inspect_scratch_new();
	struct arena *arena = arena_new(0);
	struct subject alice = subject_of(STR("alice@example.org"), true);
	struct subject bob = subject_of(STR("bob@example.org"), true);
	double took[ROUNDS];

	for (int r = 0; r < ROUNDS; r++) {
		double start = now();

		*hits = 0;
		for (size_t i = 0; i < count * REPEAT; i++) {
			struct verdict v = {};

			inspect_stanza(set, scratch, stanzas[i % count], &alice, &bob, arena, &v);
			*hits += i < count && v.count > 0;
		}
		took[r] = (now() - start) / (double)(count * REPEAT);
	}
	arena_free(arena);
	inspect_scratch_free(scratch);
	return median(took);
}

int main(int argc, char **argv)
{
	struct arena *arena = arena_new(0);
	struct policy_set *set;
	struct policy_counts counts;
	struct err err = {};
	size_t hits;
	double start, ns;

	if (argc != 3 || !arena) {
		fprintf(stderr, "usage: %s LINES POLICY-DIR\n", argv[0]);
		return 2;
	}
	lines_read(argv[1], arena);
	start = now();
	if (count == 0 || policy_set_load(&set, argv[2], &inspect_engine, &err)) {
		fprintf(stderr, "%s\n", count ? err.text : "no lines");
		return 2;
	}
	counts = policy_set_counts(set);
	printf("%zu words, %zu expressions: loaded in %.1f ms\n", counts.words, counts.regexes,
		(now() - start) / 1e6);
	printf("%zu messages, mean %.1f bytes\n", count, (double)bytes / (double)count);
	printf("fold alone      %7.1f ns\n", run_fold());
	ns = run_inspect(set, &hits);
	printf("inspect_stanza  %7.1f ns, %zu with findings\n", ns, hits);
	policy_set_unref(set);
	arena_free(arena);
	return 0;
}
