#include "conf/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/text.h"

static bool host_text(struct str text, char out[INET6_ADDRSTRLEN])
{
	if (text.len == 0 || text.len >= INET6_ADDRSTRLEN || memchr(text.data, '\0', text.len))
		return false;
	memcpy(out, text.data, text.len);
	out[text.len] = '\0';
	return true;
}

static bool parse_v6(struct str host, unsigned port, struct sockaddr_storage *out, socklen_t *out_len)
{
	struct sockaddr_in6 in = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
	char text[INET6_ADDRSTRLEN];

	if (!host_text(host, text) || inet_pton(AF_INET6, text, &in.sin6_addr) != 1)
		return false;
	memset(out, 0, sizeof(*out));
	memcpy(out, &in, sizeof(in));
	*out_len = sizeof(in);
	return true;
}

static bool parse_v4(struct str host, unsigned port, struct sockaddr_storage *out, socklen_t *out_len)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	char text[INET6_ADDRSTRLEN];

	if (!host_text(host, text) || inet_pton(AF_INET, text, &in.sin_addr) != 1)
		return false;
	memset(out, 0, sizeof(*out));
	memcpy(out, &in, sizeof(in));
	*out_len = sizeof(in);
	return true;
}

bool address_parse(struct str text, struct sockaddr_storage *out, socklen_t *out_len)
{
	bool v6 = text.len && text.data[0] == '[';
	size_t end = str_find(text, v6 ? ']' : ':', 0);
	size_t colon = v6 ? end + 1 : end;
	unsigned long long port;

	if (colon >= text.len || text.data[colon] != ':' ||
		!str_to_u64(str_cut(text, colon + 1, text.len), 65535, &port) || port == 0)
		return false;
	if (v6)
		return parse_v6(str_cut(text, 1, end), (unsigned)port, out, out_len);
	return parse_v4(str_cut(text, 0, end), (unsigned)port, out, out_len);
}

static bool label_is_valid(struct str label)
{
	if (label.len == 0 || label.len > 63 || label.data[0] == '-' || label.data[label.len - 1] == '-')
		return false;
	for (size_t i = 0; i < label.len; i++) {
		unsigned char c = (unsigned char)label.data[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c < 0x80)
			return false;
	}
	return true;
}

bool domain_is_valid(struct str name)
{
	size_t from = 0, to;

	if (name.len == 0 || name.len > 253 || !utf8_is_valid(name))
		return false;
	do {
		to = str_find(name, '.', from);
		if (!label_is_valid(str_cut(name, from, to)))
			return false;
		from = to + 1;
	} while (to < name.len);
	return true;
}
