#include "mail/address.h"

#include <errno.h>
#include <idn2.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"

static void auto_idn2_free(char **p)
{
	idn2_free(*p);
}

static bool is_ascii(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.data[i] >= 0x80)
			return false;
	return true;
}

static int refuse(struct err *err, struct str text, const char *why)
{
	return err_set(err, -EINVAL, "'%s' is no mail address that can be used: %s", LOG_STR(text), why);
}

static int put_domain(struct buf *out, struct str text, struct str domain, struct err *err)
{
	AUTO(auto_free) char *copy = NULL;
	AUTO(auto_idn2_free) char *ascii = NULL;
	int r;

	if (domain.len && domain.data[0] == '[')
		return refuse(err, text, "a domain is wanted behind the @, not a network address");
	if (!domain.len || memchr(domain.data, '\0', domain.len) || !utf8_is_valid(domain))
		return refuse(err, text, "there is no domain behind the @");
	copy = str_dupz(domain);
	if (!copy)
		return -ENOMEM;
	r = idn2_to_ascii_8z(copy, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
	if (r == IDN2_MALLOC)
		return -ENOMEM;
	if (r != IDN2_OK || !mail_host_is_plain(str_from(ascii)))
		return refuse(err, text, "what stands behind the @ is no domain");
	buf_printf(out, "%s", ascii);
	return 0;
}

int mail_address_put(struct buf *out, struct str text, struct err *err)
{
	size_t at = mail_local_len(text), start = out->len;
	struct str local = str_cut(text, 0, at);
	int r;

	if (at == text.len)
		return refuse(err, text, "there is no @ in it");
	if (!is_ascii(local))
		return refuse(err, text, "letters beyond ASCII before the @ need SMTPUTF8, which not every mail server has");
	if (!mail_local_is_plain(local))
		return refuse(err, text, "before the @ stand letters, digits and marks, with single dots between them");
	if (local.len > MAIL_LOCAL_MAX)
		return refuse(err, text, "more than 64 characters stand before the @");
	buf_str(out, local);
	buf_putc(out, '@');
	r = put_domain(out, text, str_cut(text, at + 1, text.len), err);
	if (!r && out->len - start > MAIL_ADDRESS_MAX)
		r = refuse(err, text, "it is longer than 254 characters");
	return r ? r : buf_failed(out) ? -ENOMEM : 0;
}
