#include "conf/service.h"

/* "rooms.<domain>" stands for one name a domain. */
#define PLACE STR(".<domain>")

static bool is_among(const struct settings_strings *list, struct str domain)
{
	for (size_t i = 0; i < list->len; i++)
		if (str_eq(list->items[i], domain))
			return true;
	return false;
}

struct str settings_ours(const struct settings *s, struct str domain)
{
	for (size_t i = 0; i < s->domains.len; i++)
		if (str_eq(s->domains.items[i], domain))
			return s->domains.items[i];
	return STR_NONE;
}

bool settings_is_ours(const struct settings *s, struct str domain)
{
	return settings_ours(s, domain).data;
}

/* The labels before ".<domain>"; the whole name when it has no such end. */
static struct str head_of(struct str name)
{
	return str_ends(name, PLACE) ? str_cut(name, 0, name.len - PLACE.len) : name;
}

static bool stands_for(const struct settings *s, struct str name, struct str domain)
{
	struct str head;

	if (!domain.len || !name.len || domain.data[0] != name.data[0]) /* nearly always: this is asked for each stanza */
		return false;
	head = head_of(name);
	if (head.len == name.len)
		return str_eq(name, domain);
	return domain.len > head.len && str_starts(domain, head) && domain.data[head.len] == '.' &&
	       settings_is_ours(s, str_cut(domain, head.len + 1, domain.len));
}

bool settings_is_rooms(const struct settings *s, struct str domain)
{
	for (size_t i = 0; i < s->rooms_service.len; i++)
		if (stands_for(s, s->rooms_service.items[i], domain))
			return !settings_is_ours(s, domain);
	return false;
}

void settings_each_rooms(const struct settings *s, struct str domain,
	void (*each)(void *owner, struct str service), void *owner)
{
	for (size_t i = 0; i < s->rooms_service.len; i++) {
		struct str name = s->rooms_service.items[i], head = head_of(name);
		struct buf text = BUF_INIT(0);

		buf_str(&text, head);
		if (head.len != name.len) {
			buf_putc(&text, '.');
			buf_str(&text, domain);
		}
		if (!buf_failed(&text) && !settings_is_ours(s, buf_view(&text)))
			each(owner, buf_view(&text));
		buf_done(&text);
	}
}

/* ---- components ---- */

bool settings_is_inside(const struct settings *s, struct str domain)
{
	return settings_is_ours(s, domain) || is_among(&s->components_inside, domain);
}

bool settings_is_component(const struct settings *s, struct str domain)
{
	return is_among(&s->components_outside, domain) || is_among(&s->components_inside, domain);
}

struct str settings_component(const struct settings *s, size_t i)
{
	if (i < s->components_outside.len)
		return s->components_outside.items[i];
	i -= s->components_outside.len;
	return i < s->components_inside.len ? s->components_inside.items[i] : STR_NONE;
}
