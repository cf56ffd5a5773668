#include "rule/who.h"

static bool term_has_group(struct str name, const struct subject *person)
{
	for (size_t i = 0; i < person->group_count; i++)
		if (str_eq_nocase(person->groups[i], name))
			return true;
	return false;
}

static bool term_has(const struct who_term *term, const struct subject *person)
{
	switch (term->kind) {
	case WHO_ANYONE:
		return true;
	case WHO_INSIDE:
		return person->inside;
	case WHO_OUTSIDE:
		return !person->inside;
	case WHO_PERSON:
		return str_eq(term->name, person->jid);
	case WHO_GROUP:
		return term_has_group(term->name, person);
	case WHO_DOMAIN:
		return str_eq(term->name, person->domain);
	}
	return false;
}

bool who_has(const struct who *who, const struct subject *person)
{
	for (size_t i = 0; i < who->count; i++)
		if (term_has(&who->terms[i], person))
			return true;
	return false;
}

static bool term_named(struct str text, struct str prefix, enum who_kind kind, struct who_term *out)
{
	if (!str_starts(text, prefix) || text.len == prefix.len)
		return false;
	*out = (struct who_term){.kind = kind, .name = str_cut(text, prefix.len, text.len)};
	return true;
}

bool who_term_parse(struct str text, struct who_term *out)
{
	static const struct {
		struct str word;
		enum who_kind kind;
	} words[] = {
		{STR("anyone"), WHO_ANYONE},
		{STR("inside"), WHO_INSIDE},
		{STR("outside"), WHO_OUTSIDE},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (str_eq(text, words[i].word)) {
			*out = (struct who_term){.kind = words[i].kind};
			return true;
		}
	}
	return term_named(text, STR("person:"), WHO_PERSON, out) ||
	       term_named(text, STR("group:"), WHO_GROUP, out) ||
	       term_named(text, STR("domain:"), WHO_DOMAIN, out);
}

struct subject subject_of(struct str jid, bool inside)
{
	size_t at = str_find(jid, '@', 0);

	return (struct subject){
		.jid = jid,
		.domain = at < jid.len ? str_cut(jid, at + 1, jid.len) : jid,
		.inside = inside,
	};
}
