/* What of addresses needs no tables: settings and frames are judged by it, in processes that have no libidn2. */
#include "mail/address.h"

enum {
	DOMAIN_MAX = 253,
	LABEL_MAX = 63,
};

static bool is_letter_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* RFC 5322 section 3.2.3. */
static bool is_atext(char c)
{
	return is_letter_digit(c) || (c && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

bool mail_local_is_plain(struct str s)
{
	char before = '.';

	for (size_t i = 0; i < s.len; before = s.data[i++])
		if (s.data[i] == '.' ? before == '.' : !is_atext(s.data[i]))
			return false;
	return s.len && before != '.';
}

static bool is_label(struct str s)
{
	if (!s.len || s.len > LABEL_MAX || !is_letter_digit(s.data[0]) || !is_letter_digit(s.data[s.len - 1]))
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!is_letter_digit(s.data[i]) && s.data[i] != '-')
			return false;
	return true;
}

bool mail_host_is_plain(struct str s)
{
	size_t from = 0, to;

	if (!s.len || s.len > DOMAIN_MAX)
		return false;
	for (; from <= s.len; from = to + 1) {
		to = str_find(s, '.', from);
		if (!is_label(str_cut(s, from, to)))
			return false;
	}
	return true;
}

/* Behind the last @; the whole text when there is none. */
size_t mail_local_len(struct str text)
{
	size_t at = text.len;

	while (at && text.data[at - 1] != '@')
		at--;
	return at ? at - 1 : text.len;
}

bool mail_address_is_plain(struct str text)
{
	size_t at = mail_local_len(text);

	return text.len <= MAIL_ADDRESS_MAX && at <= MAIL_LOCAL_MAX && mail_local_is_plain(str_cut(text, 0, at)) &&
	       mail_host_is_plain(str_cut(text, at + 1, text.len));
}

void mail_mailbox_split(struct str text, struct str *name, struct str *address)
{
	size_t open;

	text = str_trim(text);
	open = str_find(text, '<', 0);
	if (open == text.len || text.data[text.len - 1] != '>') {
		*name = STR_NONE;
		*address = text;
		return;
	}
	*name = str_trim(str_cut(text, 0, open));
	*address = str_cut(text, open + 1, text.len - 1);
	if (name->len >= 2 && name->data[0] == '"' && name->data[name->len - 1] == '"')
		*name = str_cut(*name, 1, name->len - 1);
}
