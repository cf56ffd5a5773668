#include "cli/tally.h"

#include <inttypes.h>
#include <string.h>

#include "cli/table.h"

static const char *const names[TALLY_KINDS] = {"accounts", "passwords", "contacts", "requests", "blocked",
	"offline", "vcards", "private", "published", "history", "preferences", "rooms", "other"};

void tally_left(struct tally *t, enum tally_kind kind, uint64_t n, const char *why)
{
	size_t i = 0;

	while (i < t->reasons_len && (t->reasons[i].kind != kind || strcmp(t->reasons[i].text, why)))
		i++;
	if (n == 0)
		return;
	if (i == TALLY_REASONS)
		i--;
	if (i == t->reasons_len)
		t->reasons[t->reasons_len++] = (struct tally_reason){.kind = kind, .text = why};
	t->reasons[i].n += n;
}

json_t *tally_carried_json(const struct tally *t)
{
	json_t *carried = json_object();

	for (int kind = 0; kind < TALLY_KINDS; kind++)
		json_object_set_new(carried, names[kind], json_integer((json_int_t)t->carried[kind]));
	return carried;
}

json_t *tally_left_json(const struct tally *t)
{
	json_t *left = json_array();

	for (size_t i = 0; i < t->reasons_len; i++)
		json_array_append_new(
			left, json_pack("{s:s, s:I, s:s}", "kind", names[t->reasons[i].kind], "count",
				      (json_int_t)t->reasons[i].n, "why", t->reasons[i].text));
	return left;
}

void tally_print(const struct tally *t)
{
	static const char *const heads[] = {"WHAT", "CARRIED", "LEFT BEHIND", "WHY", NULL};
	struct table table;

	table_init(&table, heads);
	for (enum tally_kind kind = 0; kind < TALLY_KINDS; kind++) {
		if (t->carried[kind]) {
			table_addf(&table, "%s", names[kind]);
			table_addf(&table, "%" PRIu64, t->carried[kind]);
			table_addf(&table, "%s", "");
			table_addf(&table, "%s", "");
		}
		for (size_t i = 0; i < t->reasons_len; i++) {
			if (t->reasons[i].kind != kind)
				continue;
			table_addf(&table, "%s", names[kind]);
			table_addf(&table, "%s", "");
			table_addf(&table, "%" PRIu64, t->reasons[i].n);
			table_addf(&table, "%s", t->reasons[i].text);
		}
	}
	table_print(&table);
	table_done(&table);
}
