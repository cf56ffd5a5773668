/* Policies with rules about clients, and cases to ask them about. */
#pragma once

#include "base/arena.h"
#include "base/clock.h"
#include "policy_dir.h"
#include "rule/client_set.h"
#include "rule/rule_set.h"

static inline uint64_t day(const char *date)
{
	uint64_t us = 0;

	if (!clock_parse(str_from(date), &us))
		abort();
	return us;
}

/* With clients/test.yaml; a problem ends the test. */
static inline struct policy_set *clients_load(const char *text)
{
	struct policy_dir d = policy_dir_make(NULL);
	struct policy_set *set = NULL;
	struct err err = {};

	policy_dir_write(&d, "clients/test.yaml", text);
	if (policy_set_load(&set, d.path, NULL, &err))
		fail_msg("%s", err.text);
	policy_dir_remove(&d);
	return set;
}

static inline struct judgement client_named(const char *product, const char *version, const char *os)
{
	return (struct judgement){.class = CLIENT_NAMED, .product = str_from(product), .version = str_from(version),
		.os = str_from(os)};
}
