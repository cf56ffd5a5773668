/* What gate and courier say to each other, and mail addresses: whatever the bytes, what is taken is plain, and written again
 * gives the same. A letter made of them has no header but ours. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ipc/frame.h"
#include "mail/address.h"
#include "mail/job.h"
#include "mail/letter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

static struct str payload_of(const struct buf *b)
{
	struct frame frame;
	size_t at = 0;

	check(frame_next(buf_view(b), &at, &frame) == 1 && at == b->len);
	return frame.payload;
}

static bool has_break(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.data[i] == '\r' || s.data[i] == '\n' || s.data[i] == '\0')
			return true;
	return false;
}

static void try_frames(struct str in)
{
	struct buf again = BUF_INIT(0);
	struct mail_answer answer, answer2;
	struct mail_outlet outlet;
	struct mail_job job, job2;
	struct str text;

	if (!mail_job_read(in, &job)) {
		check(!has_break(job.id) && !has_break(job.from) && !has_break(job.to) && mail_address_is_plain(job.to));
		mail_job_put(&again, &job);
		check(!mail_job_read(payload_of(&again), &job2) && str_eq(job.message, job2.message) && str_eq(job.to, job2.to));
	}
	buf_clear(&again);
	if (!mail_answer_read(in, &answer)) {
		check(!has_break(answer.text) && answer.outcome < MAIL_OUTCOMES);
		mail_answer_put(&again, &answer);
		check(!mail_answer_read(payload_of(&again), &answer2) && str_eq(answer.text, answer2.text));
	}
	if (!mail_hello_read(in, &text))
		check(!has_break(text));
	if (!mail_outlet_read(in, &outlet))
		check(outlet.tls <= MAIL_TLS_NEVER && outlet.port && outlet.port < 65536);
	buf_done(&again);
}

/* Lines before the empty one: a name of ours, or the next part of the one before. */
static void check_headers(struct str all)
{
	static const char *const names[] = {"Date: ", "From: ", "To: ", "Subject: ", "Message-ID: ", "Auto-Submitted: ",
		"X-Auto-Response-Suppress: ", "Content-Language: ", "MIME-Version: ", "Content-Type: ",
		"Content-Transfer-Encoding: ", " "};

	for (size_t from = 0, to; from < all.len; from = to + 1) {
		struct str line;
		bool ours = false;

		to = str_find(all, '\n', from);
		line = str_cut(all, from, to - 1);
		check(to < all.len && all.data[to - 1] == '\r' && !has_break(line) && line.len <= 998);
		if (!line.len)
			return;
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			ours = ours || str_starts(line, str_from(names[i]));
		check(ours);
	}
	check(false);
}

static void try_letter(struct str in)
{
	size_t third = in.len / 3;
	struct letter l = {.id = STR("k1"), .from = STR("it@example.org"), .to = STR("a@example.net"),
		.from_name = str_cut(in, 0, third), .subject = str_cut(in, third, third * 2), .language = str_cut(in, 0, third),
		.body = str_cut(in, third * 2, in.len)};
	struct mail_job job = {.id = l.id, .from = l.from, .to = l.to};
	struct buf out = BUF_INIT(0), frame = BUF_INIT(0);

	if (!letter_put(&out, &l, NULL)) {
		check_headers(buf_view(&out));
		job.message = buf_view(&out);
		mail_job_put(&frame, &job);
		check(out.len > MAIL_MESSAGE_MAX || !mail_job_read(payload_of(&frame), &job));
	}
	buf_done(&out);
	buf_done(&frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = str_of((const char *)data, size), name, address;
	struct buf out = BUF_INIT(0);

	try_frames(in);
	try_letter(in);
	mail_mailbox_split(in, &name, &address);
	if (!mail_address_put(&out, address, NULL))
		check(mail_address_is_plain(buf_view(&out)));
	buf_done(&out);
	return 0;
}
