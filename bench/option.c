/* The command line of the generator, from one table; see option.h. */
#include "option.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum option_kind { KIND_TEXT, KIND_NUMBER, KIND_REAL, KIND_FLAG, KIND_SERVER, KIND_STEPS };

struct option_row {
	const char *name;
	enum option_kind kind;
	size_t offset;
	const char *text;
};

#define ROW(name, kind, field, text)                                                                         \
	{                                                                                                    \
		name, kind, offsetof(struct option_set, field), text                                         \
	}

static const struct option_row rows[] = {
	ROW("server", KIND_SERVER, server, "127.0.0.1:5223: where it listens; only 127.x.x.x is accepted"),
	ROW("starttls", KIND_FLAG, starttls, "negotiate TLS (port 5222) instead of starting with it"),
	ROW("floor", KIND_FLAG, floor, "the server is bench/floor: no XMPP login"),
	ROW("domain", KIND_TEXT, domain, "example.org: domain of the accounts"),
	ROW("mechanism", KIND_TEXT, mechanism, "SCRAM-SHA-256, SCRAM-SHA-1 or PLAIN"),
	ROW("user", KIND_TEXT, user, "u: accounts are u0, u1, ..."),
	ROW("password", KIND_TEXT, password, "of every account"),
	ROW("keys", KIND_TEXT, keys, "file that keeps salted keys between runs; one for each password"),
	ROW("first", KIND_NUMBER, first, "number of the first account used"),
	ROW("accounts", KIND_NUMBER, accounts, "how many accounts there are; sessions go round them"),
	ROW("roster", KIND_FLAG, roster, "ask for the roster and send presence at login"),
	ROW("connections", KIND_NUMBER, connections, "400: sessions (chat: in pairs)"),
	ROW("window", KIND_NUMBER, window, "1: messages under way from each sender (closed loop)"),
	ROW("concurrency", KIND_NUMBER, concurrency, "16: logins under way at one time"),
	ROW("furnished", KIND_FLAG, furnished,
		"idle: with carbons, stream management, client state and eventing"),
	ROW("background", KIND_NUMBER, background,
		"login: idle sessions held meanwhile; shut: those that are shut out"),
	ROW("product", KIND_TEXT, product, "shut: the program that those are, by their own word"),
	ROW("contacts", KIND_NUMBER, contacts, "20: presence: contacts of each person"),
	ROW("occupants", KIND_NUMBER, occupants, "100: room: of each room"),
	ROW("service", KIND_TEXT, service, "rooms: room, join: the service is SERVICE.DOMAIN"),
	ROW("pad", KIND_NUMBER, pad, "room: bytes added to each message (the floor adds none itself)"),
	ROW("rate", KIND_REAL, rate, "messages a second in all (open loop); 0: closed loop"),
	ROW("warm", KIND_REAL, warm, "1: seconds before measuring"),
	ROW("seconds", KIND_REAL, seconds, "5: seconds measured"),
	ROW("drain", KIND_REAL, drain, "10: seconds to wait for what is under way at the end"),
	ROW("settle", KIND_REAL, settle, "2: idle: seconds of rest before memory is read"),
	ROW("steps", KIND_STEPS, steps, "idle: 1000,10000: numbers of connections at which memory is read"),
	ROW("shortest", KIND_NUMBER, shortest, "20: shortest body in bytes"),
	ROW("longest", KIND_NUMBER, longest, "300: longest body in bytes"),
	ROW("per-source", KIND_NUMBER, per_source, "100: connections from each address 127.0.x.y"),
	ROW("limit", KIND_NUMBER, limit, "300: seconds after which the run is given up"),
	ROW("watch", KIND_TEXT, watch, "name:pid,...: processes of the server whose CPU and memory are read"),
	ROW("core", KIND_NUMBER, core, "0: core of the server, whose load is read"),
	ROW("quiet", KIND_FLAG, quiet, "print the JSON object only"),
};

_Noreturn static void usage(const char *why, const char *what)
{
	fprintf(stderr, "load: %s%s\nusage: load chat|idle|login|presence|room|join|shut [options]\n", why,
		what);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		fprintf(stderr, "  --%-12s %s\n", rows[i].name, rows[i].text);
	exit(2);
}

static bool server_read(const char *text, struct sockaddr_in *out)
{
	char address[32];
	int port;

	if (sscanf(text, "%31[0-9.]:%d", address, &port) != 2 || port < 1 || port > 65535)
		return false;
	out->sin_family = AF_INET;
	out->sin_port = htons((uint16_t)port);
	if (inet_pton(AF_INET, address, &out->sin_addr) != 1)
		return false;
	return ntohl(out->sin_addr.s_addr) >> 24 == 127;
}

static bool steps_read(const char *text, struct option_set *out)
{
	while (*text && out->step_count < OPTION_STEPS) {
		char *end;
		unsigned long step = strtoul(text, &end, 10);

		if (end == text || (*end && *end != ',') || !step || step > 1000000)
			return false;
		out->steps[out->step_count++] = (unsigned)step;
		text = *end ? end + 1 : end;
	}
	return !*text && out->step_count;
}

static bool row_set(const struct option_row *row, const char *value, struct option_set *out)
{
	void *field = (char *)out + row->offset;
	char *end = NULL;

	switch (row->kind) {
	case KIND_FLAG:
		*(bool *)field = true;
		return true;
	case KIND_TEXT:
		*(const char **)field = value;
		return true;
	case KIND_NUMBER:
		*(unsigned *)field = (unsigned)strtoul(value, &end, 10);
		return end != value && !*end;
	case KIND_REAL:
		*(double *)field = strtod(value, &end);
		return end != value && !*end && *(double *)field >= 0;
	case KIND_SERVER:
		return server_read(value, field);
	case KIND_STEPS:
		return steps_read(value, out);
	}
	return false;
}

static const struct option_row *row_find(const char *argument)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (!strncmp(argument, "--", 2) && !strcmp(argument + 2, rows[i].name))
			return &rows[i];
	}
	usage("unknown option ", argument);
}

static void option_check(struct option_set *out)
{
	if (out->server.sin_family != AF_INET)
		usage("--server is missing", "");
	if (!out->connections || !out->window || !out->concurrency || !out->per_source || !out->occupants)
		usage("--connections, --window, --concurrency, --per-source and --occupants must not be 0",
			"");
	if (out->shortest < 20 || out->longest < out->shortest || out->longest > 8000)
		usage("bodies have 20 to 8000 bytes", "");
	if (out->step_count)
		out->connections = out->steps[out->step_count - 1];
	if (!out->accounts)
		out->accounts = out->connections + out->background;
}

void option_read(struct option_set *out, int argc, char **argv)
{
	*out = (struct option_set){
		.domain = "example.org",
		.mechanism = "SCRAM-SHA-256",
		.user = "u",
		.password = "",
		.connections = 400,
		.window = 1,
		.concurrency = 16,
		.contacts = 20,
		.occupants = 100,
		.service = "rooms",
		.warm = 1,
		.seconds = 5,
		.drain = 10,
		.settle = 2,
		.shortest = 20,
		.longest = 300,
		.per_source = 100,
		.limit = 300,
	};
	if (argc < 2)
		usage("what is to be done?", "");
	out->mode = argv[1];
	for (int i = 2; i < argc; i++) {
		const struct option_row *row = row_find(argv[i]);
		const char *value = "";

		if (row->kind != KIND_FLAG && ++i == argc)
			usage("a value is missing after --", row->name);
		if (row->kind != KIND_FLAG)
			value = argv[i];
		if (!row_set(row, value, out))
			usage("not a value for this option: ", value);
	}
	option_check(out);
}
