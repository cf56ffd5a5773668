/* What gate and courier say to each other: frames (ipc/frame.h) over a stream socket pair.
 *
 *   HELLO   courier -> gate   how it is confined, as text; first, once
 *   JOB     gate -> courier   one mail to one recipient; at most MAIL_FLIGHT are under way
 *   ANSWER  courier -> gate   what became of it
 *
 * And what the supervisor gives the courier to begin with: an OUTLET frame in a file without a name. Reading is strict: a part
 * that is missing, twice, too long, or not of its kind is -EPROTO, which ends the link and, with it, the courier; it is
 * started again. All views are into what was read. */
#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

enum mail_frame {
	MAIL_HELLO = 1,
	MAIL_JOB,
	MAIL_ANSWER,
	MAIL_OUTLET,
};

enum {
	MAIL_FLIGHT = 4,
	MAIL_ID_MAX = 64,
	MAIL_MESSAGE_MAX = 256 << 10,
	MAIL_TEXT_MAX = 400,
	MAIL_CA_MAX = 2 << 20,
	MAIL_PASSWORD_MAX = 1000,
};

struct mail_job {
	struct str id;
	struct str from, to; /* as of mail_address_put() */
	struct str message;  /* lines of at most 998 bytes that end in CRLF, no NUL */
};

enum mail_outcome {
	MAIL_SENT,
	MAIL_REFUSED, /* for good: it will not be taken the next time either */
	MAIL_LATER,
	MAIL_OUTCOMES,
};

struct mail_answer {
	struct str id;
	enum mail_outcome outcome;
	struct str text; /* why not, one line of printable ASCII; with MAIL_SENT what the server said */
};

enum mail_tls {
	MAIL_TLS_REQUIRED, /* STARTTLS, or nothing is sent */
	MAIL_TLS_DIRECT,
	MAIL_TLS_NEVER,
};

/* Where mails go out. */
struct mail_outlet {
	struct str server; /* a name, or a network address without brackets */
	struct str name;   /* who we are, in EHLO */
	struct str user, password;
	struct str ca;     /* PEM; empty: what the system trusts */
	uint64_t port;
	uint64_t seconds;  /* for one mail */
	enum mail_tls tls;
	bool anywhere;     /* MAIL_TLS_NEVER: also to a server that is not on this machine */
};

void mail_hello_put(struct buf *out, struct str confinement);
void mail_job_put(struct buf *out, const struct mail_job *job);
void mail_answer_put(struct buf *out, const struct mail_answer *answer);
void mail_outlet_put(struct buf *out, const struct mail_outlet *outlet);

/* Of a frame's payload. 0 or -EPROTO. */
[[nodiscard]] int mail_hello_read(struct str payload, struct str *confinement);
[[nodiscard]] int mail_job_read(struct str payload, struct mail_job *out);
[[nodiscard]] int mail_answer_read(struct str payload, struct mail_answer *out);
[[nodiscard]] int mail_outlet_read(struct str payload, struct mail_outlet *out);

/* Appends the text as one line of printable ASCII, at most MAIL_TEXT_MAX bytes of it: what a mail server said is
 * shown to administrators. */
void mail_text_put(struct buf *out, struct str text);
