/* A policy directory in a temporary folder, written from texts. */
#pragma once

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"

struct policy_dir {
	char path[64];
};

static inline void policy_dir_write(const struct policy_dir *d, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", d->path, name);
	f = fopen(path, "w");
	if (!f || fwrite(text, 1, strlen(text), f) != strlen(text) || fclose(f))
		abort();
}

#define POLICY_YAML "on_error: block\nnotice:\n  en: could not be checked\n"

/* With a policy.yaml, and rules/test.yaml unless `rules` is NULL. */
static inline struct policy_dir policy_dir_make(const char *rules)
{
	struct policy_dir d = {.path = "/tmp/gatehouse-policy-XXXXXX"};
	char path[128];

	if (!mkdtemp(d.path))
		abort();
	snprintf(path, sizeof(path), "%s/rules", d.path);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/dictionaries", d.path);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/clients", d.path);
	mkdir(path, 0700);
	policy_dir_write(&d, "policy.yaml", POLICY_YAML);
	if (rules)
		policy_dir_write(&d, "rules/test.yaml", rules);
	return d;
}

static inline void policy_dir_remove(const struct policy_dir *d)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", d->path);
	if (system(command))
		abort();
}
