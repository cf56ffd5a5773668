/* What administrators who are there are told at once, by a headline: each member of admin.group on the loop of his sessions. */
#include <stdlib.h>

#include "account/directory.h"
#include "base/log.h"
#include "parcel/blob.h"
#include "route/headline.h"
#include "route/user.h"

struct alert {
	struct task task;
	struct home *home;
	struct blob *text; /* counted */
	struct str lang;   /* static */
	size_t len;
	char bare[];
};

/* To all of them. */
struct alarm {
	struct route *route;
	struct blob *text;
	struct str lang;
};

static void run_alert(struct task *task)
{
	struct alert *a = container_of(task, struct alert, task);
	struct user *u = user_find(a->home, str_of(a->bare, a->len));

	if (u)
		headline_tell(u, NULL, blob_view(a->text), a->lang);
	blob_unref(a->text);
	free(a);
}

static bool alert_member(const struct person *person, void *owner)
{
	const struct alarm *all = owner;
	struct home *h = home_of(all->route, person->jid);
	struct alert *a = malloc(sizeof(*a) + person->jid.len);

	if (!a) {
		log_error("memory is out: not all administrators are told");
		return false;
	}
	*a = (struct alert){.task = {.run = run_alert},
		.home = h,
		.text = blob_ref(all->text),
		.lang = all->lang,
		.len = person->jid.len};
	memcpy(a->bare, person->jid.data, person->jid.len);
	loop_post(h->loop, &a->task);
	return true;
}

void route_alert(struct route *r, struct str text, struct str lang)
{
	const struct settings *settings = home_here(r)->settings;
	struct alarm all = {.route = r, .text = blob_new(text), .lang = lang};

	if (!all.text)
		log_error("memory is out: administrators are not told");
	else if (settings->admin_group.len)
		directory_each_member(r->env.directory, settings->admin_group, alert_member, &all);
	blob_unref(all.text);
}
