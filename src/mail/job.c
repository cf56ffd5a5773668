#include "mail/job.h"

#include <errno.h>

#include "ipc/frame.h"
#include "mail/address.h"

enum {
	LINE_MAX_BYTES = 998, /* RFC 5321 section 4.5.3.1.6, without CRLF */
	NAME_MAX_BYTES = 255,
};

/* Field n of a frame is its n-th part. */
struct part {
	struct str *text; /* NULL: a number */
	uint64_t *number;
	size_t max; /* bytes, or the number */
};

static int read_parts(struct str payload, const struct part *parts, size_t len)
{
	unsigned seen = 0;
	struct str value;
	size_t at = 0;
	uint16_t key;
	int r;

	while ((r = field_next(payload, &at, &key, &value)) == 1) {
		const struct part *p;

		if (key == 0 || key > len || seen & 1u << key)
			return -EPROTO;
		seen |= 1u << key;
		p = &parts[key - 1];
		if (p->text && value.len <= p->max)
			*p->text = value;
		else if (p->text || field_u64(value, p->number) || *p->number > p->max)
			return -EPROTO;
	}
	return r == 0 && seen == (1u << (len + 1)) - 2 ? 0 : -EPROTO;
}

static void put_parts(struct buf *out, enum mail_frame type, const struct part *parts, size_t len)
{
	size_t start = frame_begin(out, (uint16_t)type);

	for (size_t i = 0; i < len; i++)
		if (parts[i].text)
			field_put(out, (uint16_t)(i + 1), *parts[i].text);
		else
			field_put_u64(out, (uint16_t)(i + 1), *parts[i].number);
	frame_end(out, start);
}

static bool is_printable(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.data[i] < ' ' || s.data[i] > '~')
			return false;
	return true;
}

/* ---- hello ---- */

void mail_hello_put(struct buf *out, struct str confinement)
{
	put_parts(out, MAIL_HELLO, &(struct part){.text = &confinement}, 1);
}

int mail_hello_read(struct str payload, struct str *confinement)
{
	int r = read_parts(payload, &(struct part){.text = confinement, .max = MAIL_TEXT_MAX}, 1);

	return r ? r : is_printable(*confinement) ? 0 : -EPROTO;
}

/* ---- job ---- */

enum { JOB_PARTS = 4 };

static void job_parts(struct mail_job *j, struct part out[JOB_PARTS])
{
	out[0] = (struct part){.text = &j->id, .max = MAIL_ID_MAX};
	out[1] = (struct part){.text = &j->from, .max = MAIL_ADDRESS_MAX};
	out[2] = (struct part){.text = &j->to, .max = MAIL_ADDRESS_MAX};
	out[3] = (struct part){.text = &j->message, .max = MAIL_MESSAGE_MAX};
}

void mail_job_put(struct buf *out, const struct mail_job *job)
{
	struct mail_job copy = *job;
	struct part parts[JOB_PARTS];

	job_parts(&copy, parts);
	put_parts(out, MAIL_JOB, parts, JOB_PARTS);
}

/* Lines as SMTP has them: CR and LF only together, none too long. */
static bool is_message(struct str s)
{
	size_t line = 0;

	for (size_t i = 0; i < s.len; i++, line++) {
		if (s.data[i] == '\r' && i + 1 < s.len && s.data[i + 1] == '\n') {
			line = (size_t)-1;
			i++;
		} else if (s.data[i] == '\r' || s.data[i] == '\n' || s.data[i] == '\0' || line == LINE_MAX_BYTES) {
			return false;
		}
	}
	return s.len && line == 0;
}

int mail_job_read(struct str payload, struct mail_job *out)
{
	struct part parts[JOB_PARTS];

	job_parts(out, parts);
	if (read_parts(payload, parts, JOB_PARTS))
		return -EPROTO;
	return out->id.len && is_printable(out->id) && mail_address_is_plain(out->from) && mail_address_is_plain(out->to) &&
			       is_message(out->message)
		       ? 0
		       : -EPROTO;
}

/* ---- answer ---- */

enum { ANSWER_PARTS = 3 };

static void answer_parts(struct mail_answer *a, uint64_t *outcome, struct part out[ANSWER_PARTS])
{
	out[0] = (struct part){.text = &a->id, .max = MAIL_ID_MAX};
	out[1] = (struct part){.number = outcome, .max = MAIL_OUTCOMES - 1};
	out[2] = (struct part){.text = &a->text, .max = MAIL_TEXT_MAX};
}

void mail_answer_put(struct buf *out, const struct mail_answer *answer)
{
	struct mail_answer copy = *answer;
	struct part parts[ANSWER_PARTS];
	uint64_t outcome = answer->outcome;

	answer_parts(&copy, &outcome, parts);
	put_parts(out, MAIL_ANSWER, parts, ANSWER_PARTS);
}

int mail_answer_read(struct str payload, struct mail_answer *out)
{
	struct part parts[ANSWER_PARTS];
	uint64_t outcome;

	answer_parts(out, &outcome, parts);
	if (read_parts(payload, parts, ANSWER_PARTS))
		return -EPROTO;
	out->outcome = (enum mail_outcome)outcome;
	return out->id.len && is_printable(out->id) && is_printable(out->text) ? 0 : -EPROTO;
}

/* ---- outlet ---- */

enum { OUTLET_PARTS = 9 };

static void outlet_parts(struct mail_outlet *o, uint64_t numbers[2], struct part out[OUTLET_PARTS])
{
	out[0] = (struct part){.text = &o->server, .max = NAME_MAX_BYTES};
	out[1] = (struct part){.text = &o->name, .max = NAME_MAX_BYTES};
	out[2] = (struct part){.text = &o->user, .max = NAME_MAX_BYTES};
	out[3] = (struct part){.text = &o->password, .max = MAIL_PASSWORD_MAX};
	out[4] = (struct part){.text = &o->ca, .max = MAIL_CA_MAX};
	out[5] = (struct part){.number = &o->port, .max = 65535};
	out[6] = (struct part){.number = &o->seconds, .max = 86400};
	out[7] = (struct part){.number = &numbers[0], .max = MAIL_TLS_NEVER};
	out[8] = (struct part){.number = &numbers[1], .max = 1};
}

void mail_outlet_put(struct buf *out, const struct mail_outlet *outlet)
{
	uint64_t numbers[2] = {outlet->tls, outlet->anywhere};
	struct mail_outlet copy = *outlet;
	struct part parts[OUTLET_PARTS];

	outlet_parts(&copy, numbers, parts);
	put_parts(out, MAIL_OUTLET, parts, OUTLET_PARTS);
}

int mail_outlet_read(struct str payload, struct mail_outlet *out)
{
	struct part parts[OUTLET_PARTS];
	uint64_t numbers[2];

	outlet_parts(out, numbers, parts);
	if (read_parts(payload, parts, OUTLET_PARTS))
		return -EPROTO;
	out->tls = (enum mail_tls)numbers[0];
	out->anywhere = numbers[1];
	return out->server.len && out->port && out->seconds ? 0 : -EPROTO;
}

/* ---- what a server says ---- */

void mail_text_put(struct buf *out, struct str text)
{
	text = str_cut(str_trim(text), 0, MAIL_TEXT_MAX);
	for (size_t i = 0; i < text.len; i++)
		buf_putc(out, text.data[i] >= ' ' && text.data[i] <= '~' ? text.data[i] : '?');
}
