/* The server's settings: gatehouse.yaml of a data directory, read through the one table of settings_table.h.
 * A loaded set is immutable and may be read from any thread; a reload makes a new set and swaps it. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

struct settings_address {
	struct str text; /* as written */
	struct sockaddr_storage addr;
	socklen_t addr_len;
};

struct settings_addresses {
	const struct settings_address *items;
	size_t len;
};

bool settings_address_is_loopback(const struct settings_address *a);

struct settings_strings {
	const struct str *items;
	size_t len;
};

/* tls.min_version, record.flush: positions among the words of their rows. log.level is an enum log_level. */
enum settings_tls {
	SETTINGS_TLS_1_2,
	SETTINGS_TLS_1_3,
};

enum settings_flush {
	SETTINGS_FLUSH_AUTO,
	SETTINGS_FLUSH_DIRECT,
	SETTINGS_FLUSH_BUFFERED,
};

enum settings_channel {
	SETTINGS_CHANNEL_REFUSE,
	SETTINGS_CHANNEL_REPORT,
	SETTINGS_CHANNEL_ALLOW,
};

enum settings_outbreak { /* outbreak.action */
	SETTINGS_OUTBREAK_OFF,
	SETTINGS_OUTBREAK_TELL,
	SETTINGS_OUTBREAK_HOLD,
};

enum settings_clients { /* tls.client_certificates */
	SETTINGS_CLIENTS_NEVER,
	SETTINGS_CLIENTS_OPTIONAL,
	SETTINGS_CLIENTS_REQUIRED,
};

enum settings_mail { /* mail.tls */
	SETTINGS_MAIL_REQUIRED,
	SETTINGS_MAIL_DIRECT,
	SETTINGS_MAIL_NEVER,
};

/* sasl.scram_sha_*: when SCRAM with this hash is offered. */
enum settings_offer {
	SETTINGS_OFFER_AUTO, /* as long as no account that may log in lacks its verifier */
	SETTINGS_OFFER_ALWAYS,
	SETTINGS_OFFER_NEVER,
};

enum settings_reach { /* privacy.reach, from the strictest */
	SETTINGS_REACH_CONTACTS,
	SETTINGS_REACH_ORGANISATION,
	SETTINGS_REACH_ANYONE,
};

enum settings_last_activity { /* privacy.last_activity, from the strictest */
	SETTINGS_LAST_NOBODY,
	SETTINGS_LAST_CONTACTS,
};

enum settings_strangers { /* privacy.strangers */
	SETTINGS_STRANGERS_HOLD,
	SETTINGS_STRANGERS_REFUSE,
};

enum settings_names { /* names.* */
	SETTINGS_NAMES_REFUSE,
	SETTINGS_NAMES_MARK,
	SETTINGS_NAMES_ALLOW,
};

enum settings_takeover { /* clients.takeover */
	SETTINGS_TAKEOVER_NEVER,
	SETTINGS_TAKEOVER_PRESENT,
	SETTINGS_TAKEOVER_ALWAYS,
};

enum settings_confirm { /* devices.confirm */
	SETTINGS_CONFIRM_OFF,
	SETTINGS_CONFIRM_NEW,
	SETTINGS_CONFIRM_EVERY,
};

enum settings_unconfirmed { /* devices.unconfirmed */
	SETTINGS_UNCONFIRMED_INSIDE,
	SETTINGS_UNCONFIRMED_LISTEN,
	SETTINGS_UNCONFIRMED_NOTHING,
};

enum settings_parallel { /* clients.parallel */
	SETTINGS_PARALLEL_OFF,
	SETTINGS_PARALLEL_RECORD,
	SETTINGS_PARALLEL_TELL,
};

enum settings_resume { /* sm.resume_from */
	SETTINGS_RESUME_ANY,
	SETTINGS_RESUME_SAME_CLASS,
	SETTINGS_RESUME_SAME_NETWORK,
};

/* sasl.tokens */
enum settings_tokens {
	SETTINGS_TOKENS_NEVER,
	SETTINGS_TOKENS_BOUND,
	SETTINGS_TOKENS_ALWAYS,
};

#define SETTINGS_BOOL bool
#define SETTINGS_INT uint32_t
#define SETTINGS_SIZE uint64_t
#define SETTINGS_SECONDS uint32_t
#define SETTINGS_STRING struct str
#define SETTINGS_PATH struct str
#define SETTINGS_ENUM int
#define SETTINGS_ADDRESSES struct settings_addresses
#define SETTINGS_DOMAINS struct settings_strings
#define SETTINGS_TEXTS struct settings_strings

/* One field a row, named as the setting with _ for dots: listen_starttls, limits_stanza_bytes ... Every
 * struct str has a NUL behind it (s.data may be passed as a C string); paths are absolute, or empty where the
 * setting is "". */
struct settings {
	struct str dir;  /* the data directory, absolute, no slash at the end */
	struct str file; /* dir/gatehouse.yaml */
#define SECTION(prefix, text)
#define SETTING(kind, name, field, preset, low, high, words, change, check, text) SETTINGS_##kind field;
#include "conf/settings_table.h"
#undef SETTING
#undef SECTION
	struct arena *arena; /* owns all of it */
};

/* Reads dir/gatehouse.yaml. On failure *err names file, line, setting, the value found, what is accepted and
 * the nearest known word, and the code is -EINVAL; -errno when the file cannot be read. Checks the text only:
 * whether ports are free and files are there is seen where they are opened. */
[[nodiscard]] int settings_load(struct settings **out, const char *dir, struct err *err);

/* The same from a text; `name` stands for the file in errors. */
[[nodiscard]] int settings_parse(
	struct settings **out, const char *dir, struct str text, const char *name, struct err *err);

struct settings *settings_free(struct settings *s); /* accepts NULL, returns NULL */
void settings_freep(struct settings **s);           /* for AUTO() */

/* Commented YAML of the whole table: with the values of `s`, or with the presets when `s` is NULL. */
void settings_print(const struct settings *s, struct buf *out);
/* One JSON object, dotted names as keys. */
void settings_print_json(const struct settings *s, struct buf *out);

/* The commented gatehouse.yaml that init writes: `values` are lines "name", "yaml text" that differ from the
 * presets. */
struct settings_pair {
	const char *name;
	const char *text;
};
void settings_write(const struct settings_pair *values, size_t n, struct buf *out);

/* The names of settings that differ between two sets and take effect only at a restart, ", " between them. */
void settings_restart_needed(const struct settings *old, const struct settings *new, struct buf *out);

/* Takes back in `s` what takes effect only at a restart: it stays as in `old`, whose memory must last as long as `s`. */
void settings_keep(struct settings *s, const struct settings *old);

/* The word of a row of privacy.groups as enum settings_reach; -1: it is none. */
int settings_privacy_reach(struct str word);
