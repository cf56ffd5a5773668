#include "route/headline.h"

#include "account/directory.h"
#include "base/phrase.h"
#include "route/deliver.h"
#include "stanza/xml_out.h"

struct str headline_language(const struct session *s)
{
	return s->origin->person ? s->origin->person->language : STR("");
}

void headline_put_help(struct buf *out, const struct settings *s, enum language language)
{
	const struct settings_strings *help = s->contact_security.len ? &s->contact_security : &s->contact_support;

	if (help->len)
		phrase_put(out, PHRASE_HELP_AFTER, language, (struct phrase_word[]){{"help", help->items[0]}, {}});
	else
		buf_putc(out, '.');
}

void headline_give(struct session *s, struct str text, struct str lang)
{
	struct buf out = BUF_INIT(0);

	if (!text.len)
		return;
	buf_lit(&out, "<message type='headline' from='");
	xml_escape(&out, s->origin->jid.domain);
	buf_lit(&out, "' to='");
	xml_escape(&out, s->origin->jid.full);
	if (lang.len) {
		buf_lit(&out, "' xml:lang='");
		xml_escape(&out, lang);
	}
	buf_lit(&out, "'><body>");
	xml_escape(&out, text);
	buf_lit(&out, "</body></message>");
	if (!buf_failed(&out))
		deliver_own_bytes(s, buf_view(&out));
	buf_done(&out);
}

static bool is_reader(const struct session *s, const struct session *but)
{
	return s != but && session_is_available(s);
}

unsigned headline_readers(const struct user *u, const struct session *but)
{
	unsigned there = 0;

	session_each(s, u) there += is_reader(s, but);
	return there;
}

unsigned headline_tell(struct user *u, const struct session *but, struct str text, struct str lang)
{
	unsigned told = 0;

	session_each(s, u)
	{
		if (!is_reader(s, but))
			continue;
		headline_give(s, text, lang);
		told++;
	}
	return told;
}
