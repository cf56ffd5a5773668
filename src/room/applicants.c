#include "room/applicants.h"

#include <stdlib.h>

#define each_applicant(a, r)                                                                                 \
	list_each (a##_, &(r)->applicants)                                                                   \
	with_container(struct applicant, a, a##_)

struct applicant *applicant_by(const struct room *r, struct str bare)
{
	each_applicant(a, r)
	{
		if (str_eq(a->jid, bare))
			return a;
	}
	return NULL;
}

struct applicant *applicant_for(const struct room *r, struct str nick)
{
	each_applicant(a, r)
	{
		if (str_eq(a->nick, nick))
			return a;
	}
	return NULL;
}

void applicant_drop(struct room *r, struct applicant *a)
{
	if (!a)
		return;
	list_remove(&a->link);
	r->applicant_count--;
	free(a);
}

bool applicant_add(struct room *r, struct str bare, struct str nick)
{
	struct applicant *a = malloc(sizeof(*a) + bare.len + nick.len);

	if (!a)
		return false;
	applicant_drop(r, applicant_by(r, bare));
	if (r->applicant_count == APPLICANTS_MAX)
		applicant_drop(r, container_of(r->applicants.next, struct applicant, link));
	memcpy(a->text, bare.data, bare.len);
	memcpy(a->text + bare.len, nick.data, nick.len);
	a->jid = str_of(a->text, bare.len);
	a->nick = str_of(a->text + bare.len, nick.len);
	list_append(&r->applicants, &a->link);
	r->applicant_count++;
	return true;
}
