/* Sending by SMTP with libcurl. What a mail server says decides:
 *
 *   accepted                                                  MAIL_SENT
 *   5xx to RCPT, DATA or the text: this mail is not wanted    MAIL_REFUSED
 *   all else (4xx, no connection, no TLS, no login, too slow) MAIL_LATER
 *
 * A 5xx to anything before is about us, not about the mail: an administrator may mend it, and the mail waits. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "mail/address.h"
#include "proc/courier.h"

enum {
	REPLY_MAX = 512,
	CONNECT_SECONDS = 30,
};

/* How far the talk has come: what was said last. */
enum phase {
	PHASE_BEFORE,
	PHASE_RECIPIENT,
	PHASE_TEXT,
	PHASE_OVER, /* what is said behind QUIT is about that */
};

struct sending {
	struct smtp *smtp;
	CURL *curl; /* NULL: free */
	struct curl_slist *to;
	char id[MAIL_ID_MAX + 1];
	char from[MAIL_ADDRESS_MAX + 3];
	char *message;
	size_t len, at;
	enum phase phase, last; /* last: before it was over */
	unsigned code;        /* of the last reply */
	char reply[REPLY_MAX]; /* its last line */
	char error[CURL_ERROR_SIZE];
};

struct smtp {
	const struct mail_outlet *outlet;
	CURLM *multi;
	struct curl_blob ca;
	char url[700], user[300], password[MAIL_PASSWORD_MAX + 1];
	struct sending sending[MAIL_FLIGHT];
	unsigned busy;
	void (*answer)(void *owner, const struct mail_answer *answer);
	void *owner;
};

/* ---- what libcurl asks ---- */

static size_t on_read(char *to, size_t size, size_t n, void *owner)
{
	struct sending *m = owner;
	size_t left = m->len - m->at, take = size * n < left ? size * n : left;

	memcpy(to, m->message + m->at, take);
	m->at += take;
	return take;
}

/* Each line of a reply. */
static size_t on_reply(char *data, size_t size, size_t n, void *owner)
{
	struct str line = str_trim(str_of(data, size * n));
	struct sending *m = owner;
	unsigned long long code;

	if (m->phase != PHASE_OVER && line.len >= 3 && str_to_u64(str_cut(line, 0, 3), 999, &code)) {
		m->code = (unsigned)code;
		snprintf(m->reply, sizeof(m->reply), "%.*s", STR_FMT(str_cut(line, 0, sizeof(m->reply) - 1)));
	}
	return size * n;
}

/* Commands, of which only the verb is looked at: one of them carries the password. */
static int on_debug(CURL *curl, curl_infotype type, char *data, size_t size, void *owner)
{
	struct str command = str_of(data, size);
	struct sending *m = owner;

	(void)curl;
	if (type != CURLINFO_HEADER_OUT)
		return 0;
	if (str_starts(command, STR("QUIT")))
		m->phase = PHASE_OVER;
	else if (str_starts(command, STR("RCPT")))
		m->phase = m->last = PHASE_RECIPIENT;
	else if (str_starts(command, STR("DATA")))
		m->phase = m->last = PHASE_TEXT;
	else
		m->phase = m->last = PHASE_BEFORE;
	return 0;
}

static bool is_this_machine(const struct sockaddr *a)
{
	if (a->sa_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)(const void *)a)->sin_addr.s_addr) >> 24 == 127;
	return a->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr);
}

/* In the clear only to this machine, whatever its name leads to. */
static curl_socket_t on_socket(void *owner, curlsocktype purpose, struct curl_sockaddr *a)
{
	const struct smtp *s = owner;

	(void)purpose;
	if (s->outlet->tls == MAIL_TLS_NEVER && !s->outlet->anywhere && !is_this_machine(&a->addr))
		return CURL_SOCKET_BAD;
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

/* ---- one mail ---- */

static void set_transport(struct sending *m)
{
	const struct mail_outlet *o = m->smtp->outlet;
	CURL *c = m->curl;

	curl_easy_setopt(c, CURLOPT_URL, m->smtp->url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_USE_SSL, (long)(o->tls == MAIL_TLS_NEVER ? CURLUSESSL_NONE : CURLUSESSL_ALL));
	curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
	if (o->ca.len) {
		curl_easy_setopt(c, CURLOPT_CAINFO, NULL);
		curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
		curl_easy_setopt(c, CURLOPT_CAINFO_BLOB, &m->smtp->ca);
	}
	if (o->user.len) {
		curl_easy_setopt(c, CURLOPT_USERNAME, m->smtp->user);
		curl_easy_setopt(c, CURLOPT_PASSWORD, m->smtp->password);
	}
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)(o->seconds * 1000));
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)(o->seconds < CONNECT_SECONDS ? o->seconds : CONNECT_SECONDS));
	curl_easy_setopt(c, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)o->seconds);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, m->smtp);
}

static void set_mail(struct sending *m)
{
	CURL *c = m->curl;

	curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(c, CURLOPT_MAIL_FROM, m->from);
	curl_easy_setopt(c, CURLOPT_MAIL_RCPT, m->to);
	curl_easy_setopt(c, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(c, CURLOPT_READDATA, m);
	curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE, (curl_off_t)m->len);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_reply);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, m);
	curl_easy_setopt(c, CURLOPT_VERBOSE, 1L);
	curl_easy_setopt(c, CURLOPT_DEBUGFUNCTION, on_debug);
	curl_easy_setopt(c, CURLOPT_DEBUGDATA, m);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, m->error);
	curl_easy_setopt(c, CURLOPT_PRIVATE, m);
}

static void sending_clear(struct sending *m)
{
	curl_easy_cleanup(m->curl);
	curl_slist_free_all(m->to);
	free(m->message);
	*m = (struct sending){.smtp = m->smtp};
}

static struct sending *find_free(struct smtp *s)
{
	for (size_t i = 0; i < MAIL_FLIGHT; i++)
		if (!s->sending[i].curl)
			return &s->sending[i];
	return NULL;
}

static bool sending_fill(struct sending *m, const struct mail_job *job)
{
	char to[MAIL_ADDRESS_MAX + 3];

	snprintf(m->id, sizeof(m->id), "%.*s", STR_FMT(job->id));
	snprintf(m->from, sizeof(m->from), "<%.*s>", STR_FMT(job->from));
	snprintf(to, sizeof(to), "<%.*s>", STR_FMT(job->to));
	m->message = str_dupz(job->message);
	m->len = job->message.len;
	m->to = curl_slist_append(NULL, to);
	m->curl = curl_easy_init();
	return m->message && m->to && m->curl;
}

int smtp_send(struct smtp *s, const struct mail_job *job)
{
	struct sending *m = find_free(s);

	if (!m)
		return -EBUSY;
	if (!sending_fill(m, job)) {
		sending_clear(m);
		return -ENOMEM;
	}
	set_transport(m);
	set_mail(m);
	if (curl_multi_add_handle(s->multi, m->curl) != CURLM_OK) {
		sending_clear(m);
		return -ENOMEM;
	}
	s->busy++;
	return 0;
}

/* ---- its end ---- */

/* Only what was said to the end of a line counts, and only if it was the answer to what was said last. */
static bool is_refusal(const struct sending *m, CURLcode result)
{
	bool answered = result == CURLE_SEND_ERROR || result == CURLE_WEIRD_SERVER_REPLY || result == CURLE_QUOTE_ERROR ||
			result == CURLE_RECV_ERROR || result == CURLE_UPLOAD_FAILED;

	return answered && m->last != PHASE_BEFORE && m->code >= 500 && m->code <= 599;
}

static void put_reason(struct buf *out, const struct sending *m, CURLcode result)
{
	if (result == CURLE_OK)
		mail_text_put(out, str_from(m->reply));
	else if (result == CURLE_USE_SSL_FAILED)
		mail_text_put(out, STR("the mail server does not offer STARTTLS, which mail.tls: required asks for; nothing was sent"));
	else if (result == CURLE_LOGIN_DENIED)
		mail_text_put(out, STR("the mail server refuses mail.user and its password"));
	else if (result == CURLE_COULDNT_CONNECT && m->smtp->outlet->tls == MAIL_TLS_NEVER && !m->smtp->outlet->anywhere)
		mail_text_put(out, STR("no connection: with mail.tls: never only to a server on this machine"));
	else if (m->code >= 400)
		mail_text_put(out, str_from(m->reply));
	else
		mail_text_put(out, str_from(m->error[0] ? m->error : curl_easy_strerror(result)));
}

static void sending_end(struct sending *m, CURLcode result)
{
	struct smtp *s = m->smtp;
	struct buf text = BUF_INIT(0);
	struct mail_answer answer = {.id = str_from(m->id)};

	put_reason(&text, m, result);
	answer.text = buf_view(&text);
	answer.outcome = result == CURLE_OK ? MAIL_SENT : is_refusal(m, result) ? MAIL_REFUSED : MAIL_LATER;
	curl_multi_remove_handle(s->multi, m->curl);
	s->busy--;
	s->answer(s->owner, &answer);
	buf_done(&text);
	sending_clear(m);
}

unsigned smtp_busy(const struct smtp *s)
{
	return s->busy;
}

void smtp_step(struct smtp *s, struct curl_waitfd *fd, int ms)
{
	const CURLMsg *message;
	int running, left;

	curl_multi_poll(s->multi, fd, 1, ms, NULL);
	curl_multi_perform(s->multi, &running);
	while ((message = curl_multi_info_read(s->multi, &left))) {
		struct sending *m = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &m);
		sending_end(m, message->data.result);
	}
}

/* ---- all of it ---- */

int smtp_new(struct smtp **out, const struct mail_outlet *o, void (*answer)(void *owner, const struct mail_answer *answer),
	void *owner, struct err *err)
{
	struct smtp *s = calloc(1, sizeof(*s));
	bool v6 = memchr(o->server.data, ':', o->server.len);

	if (!s)
		return -ENOMEM;
	s->outlet = o;
	s->answer = answer;
	s->owner = owner;
	for (size_t i = 0; i < MAIL_FLIGHT; i++)
		s->sending[i].smtp = s;
	s->ca = (struct curl_blob){.data = (void *)(uintptr_t)o->ca.data, .len = o->ca.len, .flags = CURL_BLOB_NOCOPY};
	snprintf(s->url, sizeof(s->url), "smtp%s://%s%.*s%s:%u/%.*s", o->tls == MAIL_TLS_DIRECT ? "s" : "", v6 ? "[" : "",
		STR_FMT(o->server), v6 ? "]" : "", (unsigned)o->port, STR_FMT(o->name));
	snprintf(s->user, sizeof(s->user), "%.*s", STR_FMT(o->user));
	snprintf(s->password, sizeof(s->password), "%.*s", STR_FMT(o->password));
	s->multi = curl_multi_init();
	if (!s->multi) {
		free(s);
		return err_set(err, -ENOMEM, "libcurl cannot be started");
	}
	curl_multi_setopt(s->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)MAIL_FLIGHT);
	*out = s;
	return 0;
}

struct smtp *smtp_free(struct smtp *s)
{
	if (!s)
		return NULL;
	for (size_t i = 0; i < MAIL_FLIGHT; i++)
		if (s->sending[i].curl) {
			curl_multi_remove_handle(s->multi, s->sending[i].curl);
			sending_clear(&s->sending[i]);
		}
	curl_multi_cleanup(s->multi);
	explicit_bzero(s, sizeof(*s));
	free(s);
	return NULL;
}
