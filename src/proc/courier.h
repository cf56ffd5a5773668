/* The courier's parts, for the files of this process only. One thread, but for those in which libcurl asks for names. */
#pragma once

#include <curl/curl.h>

#include "base/buf.h"
#include "base/err.h"
#include "mail/job.h"

/* ---- courier_smtp.c: one mail at a time per connection, several connections ---- */

struct smtp;

/* `outlet` is borrowed and outlives it. `answer` is called from smtp_step(), once for each mail. */
[[nodiscard]] int smtp_new(struct smtp **out, const struct mail_outlet *outlet,
	void (*answer)(void *owner, const struct mail_answer *answer), void *owner, struct err *err);
struct smtp *smtp_free(struct smtp *s); /* accepts NULL, returns NULL */

/* Begins to send; what `job` points to is copied. -EBUSY: MAIL_FLIGHT are under way. 0 or -errno. */
[[nodiscard]] int smtp_send(struct smtp *s, const struct mail_job *job);
unsigned smtp_busy(const struct smtp *s);

/* Waits until something happens, also on `fd`, or for at most `ms`; then works on what is under way. */
void smtp_step(struct smtp *s, struct curl_waitfd *fd, int ms);
