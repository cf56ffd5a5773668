#include "route/post.h"

#include <errno.h>
#include <stdlib.h>

#include "account/directory.h"
#include "base/clock.h"
#include "base/log.h"
#include "conf/settings.h"
#include "mail/address.h"
#include "record/record.h"
#include "store/store.h"

/* One mail on its way into the queue. */
struct posting {
	struct store_req req;
	void (*done)(void *owner, int result);
	void *owner;
};

static int outcome_of(int result)
{
	switch (result) {
	case STORE_E_EXISTS:
		return POST_TOLD;
	case STORE_E_FULL:
		return POST_FULL;
	default:
		return result > 0 ? -EIO : result;
	}
}

static void on_added(struct store_req *req, int result)
{
	struct posting *p = req->owner;
	int outcome = outcome_of(result);

	if (outcome == POST_FULL)
		log_error("a mail is not queued: as many wait as mail.queue_max allows ('gatehouse mail list' shows why)");
	else if (outcome < 0)
		log_error("a mail could not be queued");
	if (p->done)
		p->done(p->owner, outcome);
	store_req_release(&p->req);
	free(p);
}

static int add(struct store *store, const struct settings *settings, const struct store_mail *row, uint64_t since_us,
	void (*done)(void *owner, int result), void *owner)
{
	struct posting *p = malloc(sizeof(*p));
	int r;

	if (!p)
		return -ENOMEM;
	p->done = done;
	p->owner = owner;
	store_req_init(&p->req, on_added, p);
	r = store_mail_add(store, &p->req, row, since_us, settings->mail_queue_max);
	if (r) {
		store_req_release(&p->req);
		free(p);
	}
	return r;
}

static int post_row(struct store *store, const struct settings *settings, struct str address, const struct person *person,
	const struct post *post, void (*done)(void *owner, int result), void *owner)
{
	struct buf plain = BUF_INIT(0);
	struct str name, bare;
	char id[RECORD_ID];
	int r;

	if (!settings->mail_server.len)
		return POST_OFF;
	mail_mailbox_split(address, &name, &bare);
	r = mail_address_put(&plain, bare, NULL);
	do /* commands take it as a word, and what begins with "-" is none */
		record_id(id);
	while (id[0] == '-');
	if (!r)
		r = add(store, settings,
			&(struct store_mail){
				.id = str_of(id, sizeof(id)),
				.purpose = post->purpose,
				.about = post->about,
				.stage = post->stage,
				.person = person ? person->id : STR_NONE,
				.jid = person ? person->jid : STR_NONE,
				.address = buf_view(&plain),
				.language = post->language,
				.subject = post->subject,
				.body = post->body,
				.created_us = clock_utc_us(),
				.due_us = clock_utc_us(),
			},
			post->since_us, done, owner);
	else if (r == -EINVAL)
		r = POST_NO_ADDRESS;
	buf_done(&plain);
	return r;
}

int post_mail(struct store *store, const struct settings *settings, const struct person *to, const struct post *post,
	void (*done)(void *owner, int result), void *owner)
{
	return post_row(store, settings, to->mail, to, post, done, owner);
}

int post_to(struct store *store, const struct settings *settings, struct str address, const struct post *post,
	void (*done)(void *owner, int result), void *owner)
{
	return post_row(store, settings, address, NULL, post, done, owner);
}

int post_admins(struct store *store, const struct settings *settings, const struct post *post)
{
	int r = settings->mail_to_admins.len ? 0 : POST_OFF;

	for (size_t i = 0; i < settings->mail_to_admins.len && !r; i++)
		r = post_row(store, settings, settings->mail_to_admins.items[i], NULL, post, NULL, NULL);
	return r;
}
