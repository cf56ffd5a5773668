#include "rule/warning.h"

#include "base/phrase.h"

struct str warning_put_text(struct buf *out, const struct warning *w, struct str lang)
{
	const struct notice *own = notice_choose(w->notice, lang);

	if (own && own->lang.len)
		lang = own->lang;
	phrase_put(out, PHRASE_RETIRED, language_of(lang), (struct phrase_word[]){{"date", w->date}, {}});
	if (own)
		buf_printf(out, " %.*s", STR_FMT(own->text));
	return lang;
}
