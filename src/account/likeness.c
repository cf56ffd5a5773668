#include "account/likeness.h"

#include "jid/jid.h"
#include "jid/skeleton.h"

static bool is_loosely(struct str text, struct str name)
{
	struct buf a = BUF_INIT(0), b = BUF_INIT(0);
	bool same = skeleton_put_name(text, SKELETON_LOOSE, &a) == 0 && skeleton_put_name(name, SKELETON_LOOSE, &b) == 0 &&
		    a.len && str_eq(buf_view(&a), buf_view(&b));

	buf_done(&a);
	buf_done(&b);
	return same;
}

/* The name is in his address, or he is one of those whose it is. */
static bool may_be_called(const struct settings *s, const struct likeness_ask *ask, struct str reserved)
{
	const struct person *p = ask->person;

	return p && ((s->names_reserved_group.len && person_in_group(p, s->names_reserved_group)) ||
			    is_loosely(jid_split(p->jid).local, reserved));
}

static bool is_reserved(const struct settings *s, const struct likeness_ask *ask)
{
	for (size_t i = 0; i < s->names_reserved.len; i++)
		if (is_loosely(ask->text, s->names_reserved.items[i]) && !may_be_called(s, ask, s->names_reserved.items[i]))
			return true;
	return false;
}

struct likeness likeness_find(struct directory *d, const struct settings *s, const struct likeness_ask *ask)
{
	struct likeness l = {};

	if (ask->text.len == 0)
		return l;
	if (is_reserved(s, ask)) {
		l.kind = LIKENESS_RESERVED;
		return l;
	}
	l.person = directory_namesake(d, ask->text, ask->self, ask->may, ask->owner);
	if (l.person)
		l.kind = LIKENESS_COLLEAGUE;
	else if (likeness_is_mixed(s, ask))
		l.kind = LIKENESS_MIXED;
	return l;
}

bool likeness_is_mixed(const struct settings *s, const struct likeness_ask *ask)
{
	const struct person *p = ask->person;

	if (s->names_mixed_scripts == SETTINGS_NAMES_ALLOW || !skeleton_is_mixed(ask->text))
		return false;
	return !p || !(str_eq(ask->text, p->name) || str_eq(ask->text, jid_split(p->jid).local));
}

void likeness_done(struct likeness *l)
{
	l->person = person_unref(l->person);
}

static bool is_neighbour(const struct person *p, void *owner)
{
	const struct str *jid = owner;
	struct jid a = jid_split(*jid), b = jid_split(p->jid);

	return str_eq(a.domain, b.domain) && !str_eq(a.local, b.local) && skeleton_is_same_name(a.local, b.local);
}

const struct person *likeness_neighbour(struct directory *d, struct str jid)
{
	return directory_namesake(d, jid_split(jid).local, STR(""), is_neighbour, &jid);
}
