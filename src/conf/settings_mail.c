/* Checks of the settings about mail. */
#include <arpa/inet.h>
#include <errno.h>

#include "base/log.h"
#include "conf/settings.h"
#include "conf/settings_value.h"
#include "mail/address.h"

enum { HOST_MAX = 253 };

static bool is_network_address(struct str s)
{
	char text[INET6_ADDRSTRLEN] = "";
	struct in6_addr address;

	if (s.len >= sizeof(text))
		return false;
	memcpy(text, s.data, s.len);
	return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1;
}

static bool is_name(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.data[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

		if (!letter && (i == 0 || (c != '-' && c != '.')))
			return false;
	}
	return s.len <= HOST_MAX;
}

int check_host(const void *value, struct err *err)
{
	const struct str *s = value;

	if (!s->len || is_network_address(*s) || is_name(*s))
		return 0;
	return err_set(err, -EINVAL, "'%s' found; accepted: a name such as mail.example.org, or a network address, without port",
		LOG_STR(*s));
}

static int check_one(struct str text, struct err *err)
{
	struct str name, address;
	bool ok;

	mail_mailbox_split(text, &name, &address);
	ok = mail_address_is_plain(address);
	for (size_t i = 0; i < name.len; i++)
		ok = ok && (unsigned char)name.data[i] >= ' ' && name.data[i] != 0x7f;
	return ok ? 0
		  : err_set(err, -EINVAL,
			    "'%s' found; accepted: it@example.org, or \"Gatehouse <it@example.org>\"; an international domain in its "
			    "ASCII form (xn--..)",
			    LOG_STR(text));
}

int check_mailbox(const void *value, struct err *err)
{
	const struct str *s = value;

	return s->len ? check_one(*s, err) : 0;
}

int check_mailboxes(const void *value, struct err *err)
{
	const struct settings_strings *list = value;
	int r = 0;

	for (size_t i = 0; i < list->len && !r; i++)
		r = check_one(list->items[i], err);
	return r;
}
