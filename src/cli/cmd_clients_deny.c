/* clients deny, clients allow: a rule of one command, in a file of its own. */
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/advisory.h"
#include "cli/clients_change.h"
#include "cli/commands.h"
#include "cli/product_hint.h"

enum {
	EXCEPTION_DAYS = 30,
	FILE_MAX = 64 << 10,
};

struct making {
	struct cli *cli;
	struct clients clients;
	struct buf text;
	struct str id, product, range;
	const char *head; /* "deny", "allow" */
};

static void put_line(struct making *m, const char *name, struct str value)
{
	if (!value.len)
		return;
	buf_printf(&m->text, "    %s: ", name);
	yaml_quote(&m->text, value);
	buf_putc(&m->text, '\n');
}

/* A list as options gather it, with commas. */
static void put_list(struct making *m, struct str list)
{
	size_t from = 0;

	buf_putc(&m->text, '[');
	while (from <= list.len) {
		size_t to = str_find(list, ',', from);

		if (from)
			buf_lit(&m->text, ", ");
		yaml_quote(&m->text, str_trim(str_cut(list, from, to)));
		from = to + 1;
	}
	buf_putc(&m->text, ']');
}

static void put_named_list(struct making *m, const char *name, const char *option)
{
	struct str list = str_from(cli_value(m->cli, option));

	if (!list.len)
		return;
	buf_printf(&m->text, "    %s: ", name);
	put_list(m, list);
	buf_putc(&m->text, '\n');
}

static void put_part(struct making *m, const char *name, struct str value, bool *first)
{
	if (!value.len)
		return;
	buf_printf(&m->text, "%s%s: ", *first ? "" : ", ", name);
	yaml_quote(&m->text, value);
	*first = false;
}

static void put_clients(struct making *m)
{
	struct str os = str_from(cli_value(m->cli, "--os")), class = str_from(cli_value(m->cli, "--class"));
	bool first = true;

	if (str_is(m->product, "any") && !m->range.len && !os.len && !class.len) {
		buf_lit(&m->text, "    clients: any\n");
		return;
	}
	buf_lit(&m->text, "    clients: { ");
	if (!str_is(m->product, "any"))
		put_part(m, "product", m->product, &first);
	put_part(m, "versions", m->range, &first);
	put_part(m, "os", os, &first);
	put_part(m, "class", class, &first);
	buf_lit(&m->text, " }\n");
}

static void put_exceptions(struct making *m)
{
	struct str who = str_from(cli_value(m->cli, "--except")), until = str_from(cli_value(m->cli, "--except-until"));
	struct buf day = BUF_INIT(64);

	if (who.len) {
		clock_put(&day, clock_utc_us() + UINT64_C(86400000000) * EXCEPTION_DAYS);
		buf_lit(&m->text, "    exceptions:\n      - { who: ");
		put_list(m, who);
		buf_lit(&m->text, ", until: ");
		yaml_quote(&m->text, until.len ? until : str_cut(buf_view(&day), 0, 10));
		buf_lit(&m->text, ", owner: ");
		yaml_quote(&m->text, str_from(clients_user()));
		buf_lit(&m->text, ", reason: \"named when the rule was made\" }\n");
	}
	buf_done(&day);
}

static void put_head(struct making *m)
{
	struct buf purpose = BUF_INIT(2048), now = BUF_INIT(64);

	clock_put(&now, clock_utc_us());
	buf_printf(&m->text, "# Made by 'gatehouse clients %s' at %s by %s; 'gatehouse clients drop %.*s' takes it away.\n", m->head,
		buf_cstr(&now), clients_user(), STR_FMT(m->id));
	buf_printf(&m->text, "rules:\n  - id: %.*s\n    purpose: ", STR_FMT(m->id));
	buf_printf(&purpose, "%s %.*s%s%.*s", m->head, STR_FMT(m->product), m->range.len ? " " : "", STR_FMT(m->range));
	yaml_quote(&m->text, buf_view(&purpose));
	buf_putc(&m->text, '\n');
	buf_done(&purpose);
	buf_done(&now);
}

static int change(struct making *m, bool protects, bool observes)
{
	struct str file = arena_printf(m->clients.arena, "clients/%.*s.yaml", STR_FMT(m->id));
	struct str reason = str_from(cli_value(m->cli, "--reason"));
	struct buf why = BUF_INIT(4096);
	int r;

	buf_printf(&why, "%s %.*s%s%.*s%s%.*s", m->head, STR_FMT(m->product), m->range.len ? " " : "", STR_FMT(m->range),
		reason.len ? ": " : "", STR_FMT(reason));
	if (!file.data || buf_failed(&m->text) || buf_failed(&why))
		r = cli_fail(m->cli, CLI_USAGE, NULL, "the options are too long");
	else
		r = clients_change(&m->clients,
			&(struct policy_change){.file = file, .text = buf_view(&m->text)},
			&(struct clients_act){.name = m->head,
				.target = m->id.data,
				.text = buf_cstr(&why),
				.protects = protects,
				.observes = observes,
				.dry_run = cli_has(m->cli, "--dry-run")});
	buf_done(&why);
	return r;
}

static int words_check(const struct making *m)
{
	if (!utf8_is_valid(m->product) || !utf8_is_valid(m->range) || !utf8_is_valid(str_from(cli_value(m->cli, "--reason"))))
		return cli_fail(m->cli, CLI_USAGE, NULL, "the words are not UTF-8");
	if (!m->product.len)
		return cli_fail(m->cli, CLI_USAGE, "name a product, a pattern such as 'Psi*', or any", "which product?");
	product_hint(m->clients.set, m->product);
	return 0;
}

/* A rule or exception that ended before it began helps nobody. What is no date is named with all else that is
 * wrong. */
static int end_check(const struct cli *cli, const char *option)
{
	const char *text = cli_value(cli, option);
	uint64_t end_us;

	if (!text || !client_date_parse(str_from(text), &end_us) || end_us > clock_utc_us())
		return 0;
	return cli_fail(cli, CLI_USAGE, "name a time to come; a day is its begin in UTC", "%s: %s has passed",
		option, LOG_STR(str_from(text)));
}

static int begin(struct making *m, struct cli *cli, const char *head)
{
	int r;

	*m = (struct making){.cli = cli, .head = head, .text = BUF_INIT(FILE_MAX), .product = str_from(cli->args[0])};
	if (cli->args_len > 1)
		m->range = str_from(cli->args[1]);
	r = clients_open(&m->clients, cli);
	if (!r)
		r = end_check(cli, "--expires");
	if (!r)
		r = words_check(m);
	if (r)
		return r;
	m->id = clients_id_make(&m->clients, head, m->product);
	return m->id.data ? 0 : cli_fail(cli, CLI_INTERNAL, NULL, "there are too many rules of this name");
}

static void end(struct making *m)
{
	buf_done(&m->text);
	clients_close(&m->clients);
}

int cmd_clients_deny(struct cli *cli)
{
	struct str limits = str_from(cli_value(cli, "--restrict"));
	struct making m;
	int r;

	if (!cli_has(cli, "--reason"))
		return cli_fail(cli, CLI_USAGE, "add --reason TEXT; people read it", "why is it denied?");
	r = begin(&m, cli, "deny");
	if (!r)
		r = end_check(cli, "--except-until");
	if (!r) {
		put_head(&m);
		put_clients(&m);
		put_named_list(&m, "from", "--from");
		put_line(&m, "effect", limits.len ? STR("restrict") : STR("deny"));
		if (limits.len)
			put_named_list(&m, "restrict", "--restrict");
		buf_printf(&m.text, "    mode: %s\n    emergency: true\n", cli_has(cli, "--observe") ? "observe" : "enforce");
		put_line(&m, "expires", str_from(cli_value(cli, "--expires")));
		put_line(&m, "reason", str_from(cli_value(cli, "--reason")));
		put_line(&m, "reference", str_from(cli_value(cli, "--reference")));
		put_line(&m, "link", str_from(cli_value(cli, "--link")));
		put_exceptions(&m);
		r = change(&m, true, cli_has(cli, "--observe"));
	}
	end(&m);
	return r;
}

int cmd_clients_allow(struct cli *cli)
{
	struct making m;
	int r = begin(&m, cli, "allow");

	if (!r) {
		put_head(&m);
		put_clients(&m);
		put_named_list(&m, "from", "--from");
		buf_lit(&m.text, "    effect: allow\n    mode: enforce\n");
		if (cli_has(cli, "--emergency"))
			buf_lit(&m.text, "    emergency: true\n");
		put_line(&m, "expires", str_from(cli_value(cli, "--expires")));
		put_line(&m, "reason", str_from(cli_value(cli, "--reason")));
		r = change(&m, false, false);
	}
	end(&m);
	return r;
}
