/* clients judge: what is held of a client that shows these signals. Works without a server; by the shipped table and what
 * --known adds. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cli/commands.h"
#include "cli/cli.h"
#include "cli/lines.h"
#include "cli/signals_reader.h"
#include "cli/table.h"
#include "client/judge.h"

enum {
	LINE_MAX_BYTES = 256 * 1024, /* of a line of signals */
	BAD_SHOWN = 20,              /* lines of which standard error tells */
};

/* --- the table --- */

/* Rows of --known; their texts live in `kept`. */
struct known {
	struct client_row *rows;
	size_t count, cap;
	json_t *kept;
};

static int known_add(struct known *k, json_t *object, struct err *err)
{
	struct client_row row;
	int ret = signals_read_row(&row, object, err);

	if (!ret && k->count == k->cap) {
		size_t cap = k->cap ? 2 * k->cap : 64;
		struct client_row *rows = realloc(k->rows, cap * sizeof(*rows));

		if (!rows)
			return err_set(err, -ENOMEM, "out of memory");
		k->rows = rows;
		k->cap = cap;
	}
	if (!ret && json_array_append(k->kept, object))
		return err_set(err, -ENOMEM, "out of memory");
	if (!ret)
		k->rows[k->count++] = row;
	return ret;
}

static json_t *parse_line(struct str text, struct err *err)
{
	json_error_t error;
	json_t *value = json_loadb(text.data ? text.data : "", text.len, 0, &error);

	if (!value)
		(void)err_set(err, -EINVAL, "it is no JSON: %s (column %d)", error.text, error.column);
	return value;
}

static int read_known(const struct cli *cli, struct known *k, FILE *file)
{
	struct lines l;
	int r = CLI_OK;

	lines_init(&l, file, LINE_MAX_BYTES);
	while (!r && lines_next(&l)) {
		struct err err = {.text = "it is too long"};
		json_t *object = NULL;

		if (!l.too_long && str_trim(buf_view(&l.line)).len == 0)
			continue;
		if (!l.too_long)
			object = parse_line(buf_view(&l.line), &err);
		if (!object || known_add(k, object, &err))
			r = cli_fail(cli, CLI_USAGE,
				"a line is {\"caps_hash\":\"sha-1\",\"caps_ver\":..,\"product\":..,\"version\":..}",
				"%s:%lu: %s", cli_value(cli, "--known"), l.number, LOG_STR(str_from(err.text)));
		json_decref(object);
	}
	lines_done(&l);
	return r;
}

static int make_table(const struct cli *cli, struct client_table **out)
{
	const char *path = cli_value(cli, "--known");
	struct known k = {.kept = json_array()};
	FILE *file = path ? fopen(path, "re") : NULL;
	struct err err = {};
	int r = CLI_OK;

	if (path && !file)
		r = cli_fail(cli, CLI_USAGE, NULL, "%s: %s", path, strerror(errno));
	else if (file)
		r = read_known(cli, &k, file);
	if (!r && client_table_new(out, k.rows, k.count, &err))
		r = cli_fail(cli, CLI_USAGE, NULL, "%s: %s", path ? path : "the table of clients",
			LOG_STR(str_from(err.text)));
	if (file)
		fclose(file);
	free(k.rows);
	json_decref(k.kept);
	return r;
}

/* --- one client --- */

static void add_row(struct table *t, const char *name, struct str value)
{
	if (!value.len)
		return;
	table_add(t, str_from(name));
	table_add(t, value);
}

static void add_contradictions(struct table *t, unsigned bits)
{
	static const char *const texts[] = {
		"the hash of its capabilities, or its identity, belongs to another product than a name says",
		"the node of its capabilities belongs to another product", "SASL2's software is another product",
		"the resource is one of another product", "its TLS library is none that the product is built with",
		"signals name different versions", "what it answers does not hash to the capabilities it shows"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (bits & 1u << i)
			add_row(t, "contradiction", str_from(texts[i]));
}

static void print_judgement(const struct judgement *j)
{
	static const char *const columns[] = {"", "", NULL};
	struct table t;

	table_init(&t, columns);
	add_row(&t, "class", str_from(client_class_names[j->class]));
	add_row(&t, "product", j->product);
	add_row(&t, "version", j->version);
	add_row(&t, "system", j->os);
	add_row(&t, "device", j->device);
	add_row(&t, "by", str_from(client_basis_names[j->basis]));
	table_add(&t, STR("confidence"));
	table_addf(&t, "%u %%", j->confidence);
	add_contradictions(&t, j->contradictions);
	add_row(&t, "capabilities", j->caps);
	add_row(&t, "node", j->node);
	add_row(&t, "installation", j->agent);
	add_row(&t, "tls", j->ja4);
	table_print(&t);
	table_done(&t);
}

/* `id`: what the line was named by; NULL: nothing. */
static int put_line(const struct judgement *j, const json_t *id)
{
	struct buf out = BUF_INIT(0), body = BUF_INIT(0);
	char *text = id ? json_dumps(id, JSON_ENCODE_ANY) : NULL;
	int r;

	judgement_put_json(&body, j);
	if (text)
		buf_printf(&out, "{\"id\":%s,", text);
	buf_str(&out, str_cut(buf_view(&body), text ? 1 : 0, body.len));
	buf_putc(&out, '\n');
	r = buf_failed(&out) || buf_failed(&body) || fwrite(out.data, 1, out.len, stdout) != out.len ? CLI_INTERNAL
												     : CLI_OK;
	buf_done(&out);
	buf_done(&body);
	free(text);
	return r;
}

static int judge_one(const struct cli *cli, const struct client_table *table, const struct client_signals *signals)
{
	struct judgement *j = client_judge(table, signals);
	int r = CLI_OK;

	if (!j)
		return cli_fail(cli, CLI_INTERNAL, NULL, "out of memory");
	if (cli->json)
		r = put_line(j, NULL);
	else
		print_judgement(j);
	judgement_unref(j);
	return r;
}

static int judge_words(const struct cli *cli, const struct client_table *table)
{
	struct client_signals signals = {};
	struct err err;

	for (int i = 0; i < cli->args_len; i++)
		if (signals_set(&signals, str_from(cli->args[i]), &err))
			return cli_fail(cli, CLI_USAGE, "'gatehouse help clients judge' lists the fields", "%s",
				LOG_STR(str_from(err.text)));
	return judge_one(cli, table, &signals);
}

static int judge_object(const struct cli *cli, const struct client_table *table, FILE *file)
{
	json_error_t error;
	json_t *object = json_loadf(file, 0, &error);
	struct arena *arena = arena_new(LINE_MAX_BYTES);
	struct client_signals signals;
	struct err err = {};
	int r;

	if (!object)
		r = cli_fail(cli, CLI_USAGE, "--batch reads many, one a line", "line %d: it is no JSON: %s",
			error.line, LOG_STR(str_from(error.text)));
	else if (!arena || signals_read(&signals, object, arena, &err))
		r = cli_fail(cli, CLI_USAGE, NULL, "%s", arena ? LOG_STR(str_from(err.text)) : "out of memory");
	else
		r = judge_one(cli, table, &signals);
	json_decref(object);
	arena_free(arena);
	return r;
}

/* --- many --- */

struct batch {
	const struct client_table *table;
	struct arena *arena;
	unsigned long bad;
};

static int batch_line(struct batch *b, struct str text, struct err *err)
{
	struct client_signals signals;
	struct judgement *j = NULL;
	json_t *object = parse_line(text, err), *id;
	int r = object ? 0 : -EINVAL;

	if (!r)
		r = signals_read(&signals, object, b->arena, err);
	if (!r && !(j = client_judge(b->table, &signals)))
		r = err_set(err, -ENOMEM, "out of memory");
	id = json_object_get(object, "id");
	if (!r && put_line(j, json_is_string(id) || json_is_integer(id) ? id : NULL))
		r = err_set(err, -EIO, "the judgement cannot be written");
	judgement_unref(j);
	json_decref(object);
	return r;
}

/* The place of a bad line is kept in the output, so that the lines of both belong together. */
static void bad_line(struct batch *b, unsigned long number, const char *text)
{
	json_t *line = json_pack("{sI ss}", "line", (json_int_t)number, "error", text);
	char *shown = line ? json_dumps(line, JSON_COMPACT) : NULL;

	if (shown)
		printf("%s\n", shown);
	if (b->bad++ < BAD_SHOWN)
		fprintf(stderr, "gatehouse: line %lu: %s\n", number, LOG_STR(str_from(text)));
	free(shown);
	json_decref(line);
}

/* json_pack takes UTF-8 alone. */
static const char *clean(struct err *err)
{
	for (char *c = err->text; *c; c++)
		if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
			*c = '?';
	return err->text;
}

static int judge_batch(const struct cli *cli, const struct client_table *table, FILE *file)
{
	struct batch b = {.table = table};
	struct lines l;
	int r = CLI_OK;

	lines_init(&l, file, LINE_MAX_BYTES);
	while (!r && lines_next(&l)) {
		struct str text = str_trim(buf_view(&l.line));
		struct err err = {};

		if (l.number == 1 && str_starts(text, STR("\xEF\xBB\xBF")))
			text = str_cut(text, 3, text.len);
		if (!l.too_long && text.len == 0)
			continue;
		b.arena = arena_new(LINE_MAX_BYTES);
		if (!b.arena)
			r = cli_fail(cli, CLI_INTERNAL, NULL, "out of memory");
		else if (l.too_long)
			bad_line(&b, l.number, "it has more than 256 KiB");
		else if (batch_line(&b, text, &err))
			bad_line(&b, l.number, clean(&err));
		b.arena = arena_free(b.arena);
		if (ferror(stdout))
			r = cli_fail(cli, CLI_INTERNAL, NULL, "the judgements cannot be written");
	}
	lines_done(&l);
	if (!r && ferror(file))
		r = cli_fail(cli, CLI_USAGE, NULL, "line %lu: it cannot be read", l.number + 1);
	if (b.bad > BAD_SHOWN)
		fprintf(stderr, "gatehouse: and %lu more lines that cannot be read\n", b.bad - BAD_SHOWN);
	return r || !b.bad ? r : CLI_USAGE;
}

int cmd_clients_judge(struct cli *cli)
{
	bool has_words = cli->args_len && strchr(cli->args[0], '=');
	const char *path = !has_words && cli->args_len && strcmp(cli->args[0], "-") ? cli->args[0] : NULL;
	struct client_table *table = NULL;
	FILE *file = stdin;
	int r;

	if (!has_words && cli->args_len > 1)
		return cli_fail(cli, CLI_USAGE, NULL, "one file can be read, or words FIELD=VALUE");
	if (has_words && cli_has(cli, "--batch"))
		return cli_fail(cli, CLI_USAGE, NULL, "--batch reads a file, or standard input");
	r = make_table(cli, &table);
	if (r)
		return r;
	if (path && !(file = fopen(path, "re")))
		r = cli_fail(cli, CLI_USAGE, NULL, "%s: %s", LOG_STR(str_from(path)), strerror(errno));
	else if (has_words)
		r = judge_words(cli, table);
	else
		r = cli_has(cli, "--batch") ? judge_batch(cli, table, file) : judge_object(cli, table, file);
	if (path && file)
		fclose(file);
	client_table_unref(table);
	return fflush(stdout) && !r ? CLI_INTERNAL : r;
}
