#include "conf/settings_value.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/un.h>

#include "base/log.h"
#include "base/network.h"
#include "base/text.h"
#include "conf/address.h"
#include "conf/nearest.h"
#include "conf/settings.h"

enum {
	TEXT_MAX = 250, /* bytes of a member of a list of texts */
};

/* What one reading needs beside the node. */
struct reading {
	const struct setting *row;
	struct str dir;
	struct arena *arena;
	struct err *err;
};

int setting_word_index(const char *words, struct str word)
{
	struct str w;

	for (int i = 0; (w = setting_word(words, i)).data; i++)
		if (str_eq(w, word))
			return i;
	return -1;
}

struct str setting_word(const char *words, int index)
{
	struct str all = str_from(words);
	size_t from = 0, to;

	for (int i = 0; from < all.len; i++) {
		to = str_find(all, '|', from);
		if (i == index)
			return str_cut(all, from, to);
		from = to + 1;
	}
	return STR_NONE;
}

static int refuse(const struct reading *rd, const struct yml_node *node)
{
	struct buf accepts = BUF_INIT(400);
	const char *found = "nothing";

	setting_accepts(rd->row, &accepts);
	if (node->kind != YML_SCALAR)
		err_set(rd->err, -EINVAL, "a %s found; accepted: %s", yml_kind_name(node->kind),
			buf_cstr(&accepts));
	else if (yml_is_null(node))
		err_set(rd->err, -EINVAL, "%s found; accepted: %s", found, buf_cstr(&accepts));
	else
		err_set(rd->err, -EINVAL, "'%s' found; accepted: %s", LOG_STR(node->text),
			buf_cstr(&accepts));
	buf_done(&accepts);
	return -EINVAL;
}

static int read_bool(const struct reading *rd, const struct yml_node *node, bool *field)
{
	return yml_bool(node, field) ? 0 : refuse(rd, node);
}

/* The word that stands for 0: ":auto" gives "auto". */
static struct str zero_word(const struct setting *row)
{
	return row->words[0] == ':' ? str_from(row->words + 1) : STR_NONE;
}

static int read_int(const struct reading *rd, const struct yml_node *node, uint32_t *field)
{
	struct str zero = zero_word(rd->row);
	unsigned long long v;

	if (zero.len && node->kind == YML_SCALAR && str_eq(node->text, zero)) {
		*field = 0;
		return 0;
	}
	if (!yml_u64(node, rd->row->high, &v) || v < rd->row->low || (zero.len && v == 0))
		return refuse(rd, node);
	*field = (uint32_t)v;
	return 0;
}

struct unit {
	const char *name;
	unsigned long long factor;
};

/* Digits, then a unit or none: 64 KiB, 5min. */
static bool read_quantity(struct str text, const struct unit *units, size_t n, unsigned long long *out)
{
	unsigned long long v;
	struct str unit;
	size_t digits = 0;

	while (digits < text.len &&
		(text.data[digits] == '_' || (text.data[digits] >= '0' && text.data[digits] <= '9')))
		digits++;
	struct yml_node number = {.kind = YML_SCALAR, .text = str_cut(text, 0, digits)};

	if (!yml_u64(&number, ~0ull >> 1, &v))
		return false;
	unit = str_trim(str_cut(text, digits, text.len));
	for (size_t i = 0; i < n; i++)
		if (str_eq(unit, str_from(units[i].name)))
			return !__builtin_mul_overflow(v, units[i].factor, out);
	return false;
}

static const struct unit size_units[] = {
	{"", 1}, {"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}};
static const struct unit time_units[] = {{"", 1}, {"s", 1}, {"min", 60}, {"h", 3600}, {"d", 86400}};

static int read_size(const struct reading *rd, const struct yml_node *node, uint64_t *field)
{
	unsigned long long v;

	if (node->kind != YML_SCALAR || !read_quantity(node->text, size_units, 5, &v) || v < rd->row->low ||
		v > rd->row->high)
		return refuse(rd, node);
	*field = v;
	return 0;
}

static int read_seconds(const struct reading *rd, const struct yml_node *node, uint32_t *field)
{
	unsigned long long v;

	if (node->kind != YML_SCALAR || !read_quantity(node->text, time_units, 5, &v) || v < rd->row->low ||
		v > rd->row->high)
		return refuse(rd, node);
	*field = (uint32_t)v;
	return 0;
}

static int copy_text(const struct reading *rd, struct str head, struct str text, struct str *field)
{
	struct str s;

	if (head.len)
		s = arena_printf(rd->arena, "%.*s/%.*s%c", STR_FMT(head), STR_FMT(text), 0);
	else
		s = arena_printf(rd->arena, "%.*s%c", STR_FMT(text), 0);
	if (!s.data)
		return err_set(rd->err, -ENOMEM, "out of memory");
	*field = str_of(s.data, s.len - 1);
	return 0;
}

static bool has_control_bytes(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.data[i] < 0x20 || s.data[i] == 0x7f)
			return true;
	return false;
}

static int read_string(const struct reading *rd, const struct yml_node *node, struct str *field)
{
	if (node->kind != YML_SCALAR || yml_is_null(node) || node->text.len < rd->row->low ||
		node->text.len > rd->row->high || has_control_bytes(node->text))
		return refuse(rd, node);
	return copy_text(rd, STR_NONE, node->text, field);
}

static int read_path(const struct reading *rd, const struct yml_node *node, struct str *field)
{
	struct str head = rd->dir;

	if (node->kind != YML_SCALAR || yml_is_null(node) || node->text.len > 3000 ||
		has_control_bytes(node->text))
		return refuse(rd, node);
	if (node->text.len == 0 || node->text.data[0] == '/')
		head = STR_NONE;
	return copy_text(rd, head, node->text, field);
}

static int read_enum(const struct reading *rd, const struct yml_node *node, int *field)
{
	int i = node->kind == YML_SCALAR ? setting_word_index(rd->row->words, node->text) : -1;

	if (i < 0)
		return refuse(rd, node);
	*field = i;
	return 0;
}

static int check_count(const struct reading *rd, const struct yml_node *node)
{
	if (node->kind != YML_LIST || node->len > rd->row->high)
		return refuse(rd, node);
	return 0;
}

static int read_addresses(
	const struct reading *rd, const struct yml_node *node, struct settings_addresses *field)
{
	struct settings_address *items;
	size_t n = 0;
	int r = check_count(rd, node);

	if (r)
		return r;
	items = arena_zalloc(rd->arena, (node->len + 1) * sizeof(*items));
	if (!items)
		return err_set(rd->err, -ENOMEM, "out of memory");
	yml_each(child, node)
	{
		struct settings_address *a = &items[n++];

		if (child->kind != YML_SCALAR || !address_parse(child->text, &a->addr, &a->addr_len))
			return refuse(rd, child);
		r = copy_text(rd, STR_NONE, child->text, &a->text);
		if (r)
			return r;
	}
	*field = (struct settings_addresses){.items = items, .len = n};
	return 0;
}

/* A row whose words are "<domain>" takes "NAME.<domain>" as well. */
static bool domain_is_accepted(const struct setting *row, struct str text)
{
	struct str place = str_from(row->words);

	if (place.len && str_ends(text, place) && text.len > place.len + 1 &&
		text.data[text.len - place.len - 1] == '.')
		text = str_cut(text, 0, text.len - place.len - 1);
	return domain_is_valid(text);
}

static bool text_is_accepted(const struct setting *row, struct str text)
{
	(void)row;
	return text.len > 0 && text.len <= TEXT_MAX && !has_control_bytes(text);
}

/* Each member once. */
static int read_list(const struct reading *rd, const struct yml_node *node,
	bool (*accepts)(const struct setting *row, struct str text), struct settings_strings *field)
{
	struct str *items;
	size_t n = 0;
	int r = check_count(rd, node);

	if (r)
		return r;
	items = arena_zalloc(rd->arena, (node->len + 1) * sizeof(*items));
	if (!items)
		return err_set(rd->err, -ENOMEM, "out of memory");
	yml_each(child, node)
	{
		if (child->kind != YML_SCALAR || !accepts(rd->row, child->text))
			return refuse(rd, child);
		for (size_t i = 0; i < n; i++)
			if (str_eq(items[i], child->text))
				return err_set(rd->err, -EINVAL, "'%s' stands in the list twice; keep one",
					LOG_STR(child->text));
		r = copy_text(rd, STR_NONE, child->text, &items[n++]);
		if (r)
			return r;
	}
	*field = (struct settings_strings){.items = items, .len = n};
	return 0;
}

static int read_kind(const struct reading *rd, const struct yml_node *node, void *field)
{
	switch (rd->row->kind) {
	case SETTING_BOOL:
		return read_bool(rd, node, field);
	case SETTING_INT:
		return read_int(rd, node, field);
	case SETTING_SIZE:
		return read_size(rd, node, field);
	case SETTING_SECONDS:
		return read_seconds(rd, node, field);
	case SETTING_STRING:
		return read_string(rd, node, field);
	case SETTING_PATH:
		return read_path(rd, node, field);
	case SETTING_ENUM:
		return read_enum(rd, node, field);
	case SETTING_ADDRESSES:
		return read_addresses(rd, node, field);
	case SETTING_DOMAINS:
		return read_list(rd, node, domain_is_accepted, field);
	case SETTING_TEXTS:
		return read_list(rd, node, text_is_accepted, field);
	}
	abort();
}

int setting_read(const struct setting *row, const struct yml_node *node, struct str dir, struct arena *arena,
	void *field, struct err *err)
{
	struct reading rd = {.row = row, .dir = dir, .arena = arena, .err = err};
	int r = read_kind(&rd, node, field);

	return !r && row->check ? row->check(field, err) : r;
}

/* ---- checks ---- */

bool settings_address_is_loopback(const struct settings_address *a)
{
	if (a->addr.ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)&a->addr;

		return ntohl(in->sin_addr.s_addr) >> 24 == 127;
	}
	return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)&a->addr)->sin6_addr);
}

int check_loopback(const void *value, struct err *err)
{
	const struct settings_addresses *list = value;

	for (size_t i = 0; i < list->len; i++)
		if (!settings_address_is_loopback(&list->items[i]))
			return err_set(err, -EINVAL,
				"'%s' found; accepted: loopback addresses only (127.0.0.1:PORT, [::1]:PORT), "
				"because all would cross the network in the clear",
				LOG_STR(list->items[i].text));
	return 0;
}

/* "group" or "group=name in rosters"; a group stands once. */
int check_labels(const void *value, struct err *err)
{
	const struct settings_strings *list = value;

	for (size_t i = 0; i < list->len; i++) {
		struct str row = list->items[i];
		size_t end = str_find(row, '=', 0);

		if (end == 0 || end + 1 == row.len)
			return err_set(err, -EINVAL, "'%s' found; accepted: a group, or group=name in rosters", LOG_STR(row));
		for (size_t k = 0; k < i; k++) {
			struct str other = list->items[k];

			if (str_eq(str_cut(other, 0, str_find(other, '=', 0)), str_cut(row, 0, end)))
				return err_set(err, -EINVAL, "'%s' names a group a second time; keep one", LOG_STR(row));
		}
	}
	return 0;
}

int settings_privacy_reach(struct str word)
{
	return setting_word_index("contacts|organisation|anyone", word);
}

int check_reaches(const void *value, struct err *err)
{
	const struct settings_strings *list = value;

	for (size_t i = 0; i < list->len; i++) {
		struct str row = list->items[i];
		size_t end = str_find(row, '=', 0);

		if (end == 0 || end == row.len || settings_privacy_reach(str_cut(row, end + 1, row.len)) < 0)
			return err_set(err, -EINVAL, "'%s' found; accepted: group=contacts, group=organisation, group=anyone",
				LOG_STR(row));
	}
	return 0;
}

int check_choices(const void *value, struct err *err)
{
	const struct settings_strings *list = value;

	for (size_t i = 0; i < list->len; i++)
		if (!str_is(list->items[i], "reach") && !str_is(list->items[i], "last_activity"))
			return err_set(err, -EINVAL, "'%s' found; accepted: reach, last_activity", LOG_STR(list->items[i]));
	return 0;
}

int check_networks(const void *value, struct err *err)
{
	const struct settings_strings *list = value;
	struct network net;

	for (size_t i = 0; i < list->len; i++)
		if (!network_parse(list->items[i], &net))
			return err_set(err, -EINVAL, "'%s' found; accepted: networks such as 192.0.2.0/24 or 2001:db8::/32, and addresses",
				LOG_STR(list->items[i]));
	return 0;
}

/* The kinds of address people can do something with; whoever writes one of another kind has mistyped it. */
int check_uris(const void *value, struct err *err)
{
	static const char *const kinds[] = {"mailto:", "xmpp:", "https://", "http://", "tel:"};
	const struct settings_strings *list = value;

	for (size_t i = 0; i < list->len; i++) {
		bool known = false;

		for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
			known = known || (str_starts(list->items[i], str_from(kinds[k])) &&
						 str_find(list->items[i], ' ', 0) == list->items[i].len);
		if (!known)
			return err_set(err, -EINVAL,
				"'%s' found; accepted: addresses that begin with mailto:, xmpp:, https://, http:// or "
				"tel:",
				LOG_STR(list->items[i]));
	}
	return 0;
}

int check_nonempty(const void *value, struct err *err)
{
	const struct str *s = value;

	return s->len ? 0 : err_set(err, -EINVAL, "an empty text found; accepted: a path");
}

int check_word(const void *value, struct err *err)
{
	const struct str *s = value;

	for (size_t i = 0; i < s->len; i++) {
		char c = s->data[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '_')
			return err_set(err, -EINVAL, "'%s' found; accepted: small letters, digits, - and _",
				LOG_STR(*s));
	}
	return 0;
}

int check_socket_path(const void *value, struct err *err)
{
	const struct str *s = value;
	size_t max = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;

	if (s->len == 0)
		return err_set(err, -EINVAL, "an empty text found; accepted: a path");
	if (s->len > max)
		return err_set(err, -EINVAL,
			"'%s' has %zu bytes; accepted: at most %zu (a limit of unix sockets); use a shorter "
			"path such as "
			"/run/gatehouse.sock",
			LOG_STR(*s), s->len, max);
	return 0;
}

int check_account_name(const void *value, struct err *err)
{
	const struct str *s = value;

	for (size_t i = 0; i < s->len; i++) {
		unsigned char c = (unsigned char)s->data[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			     c == '_' || c == '.' || c == '@' || c >= 0x80 || (c == '-' && i) ||
			     (c == ' ' && i) || (c == '\\' && i);

		if (!plain)
			return err_set(err, -EINVAL,
				"'%s' found; accepted: the name of a system user or group", LOG_STR(*s));
	}
	return 0;
}
