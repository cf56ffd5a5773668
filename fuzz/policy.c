/* A policy directory as an administrator may have written it. The input is its files, separated by lines
 * "%%%": the rules, a dictionary "words", policy.yaml, rules about clients; missing ones are empty (policy.yaml: a good one).
 * Holds: what is refused names a problem, what is accepted compiles or is refused by the engine with a
 * problem, and then answers every sample. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "inspect/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[] = "/tmp/gatehouse-fuzz-XXXXXX";

static void need(bool holds)
{
	if (!holds)
		abort();
}

static void remove_dir(void)
{
	char command[80];

	snprintf(command, sizeof(command), "rm -r %s", dir);
	(void)!system(command);
}

static void prepare(void)
{
	static bool ready;
	char path[64];

	if (ready)
		return;
	need(mkdtemp(dir));
	atexit(remove_dir);
	snprintf(path, sizeof(path), "%s/rules", dir);
	need(mkdir(path, 0700) == 0);
	snprintf(path, sizeof(path), "%s/dictionaries", dir);
	need(mkdir(path, 0700) == 0);
	snprintf(path, sizeof(path), "%s/clients", dir);
	need(mkdir(path, 0700) == 0);
	ready = true;
}

static void write_file(const char *name, struct str text)
{
	char path[200];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	need(f && (text.len == 0 || fwrite(text.data, 1, text.len, f) == text.len) && fclose(f) == 0);
}

static struct str next_file(struct str *rest)
{
	static const struct str mark = STR("\n%%%\n");
	struct str all = *rest;

	for (size_t i = 0; i < all.len; i++) {
		if (!str_starts(str_cut(all, i, all.len), mark))
			continue;
		*rest = str_cut(all, i + mark.len, all.len);
		return str_cut(all, 0, i + 1);
	}
	*rest = STR_NONE;
	return all;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = str_of((const char *)data, size), policy;
	struct policy_report report;
	struct arena *arena = arena_new(0);
	int ret;

	prepare();
	write_file("rules/r.yaml", next_file(&rest));
	write_file("dictionaries/words.txt", next_file(&rest));
	policy = next_file(&rest);
	write_file("policy.yaml", policy.len ? policy : STR("on_error: allow\n"));
	write_file("clients/c.yaml", next_file(&rest));
	ret = policy_check(dir, arena, &report);
	need(ret >= 0);
	need((ret == 1) == (report.errors.count > 0));
	need(ret == 1 || report.samples_passed == report.counts.samples);
	for (const struct problem *p = report.errors.first; p; p = p->next)
		need(p->file.len && p->text.len);
	arena_free(arena);
	return 0;
}
