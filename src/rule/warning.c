#include "rule/warning.h"

#include "base/language.h"

static const struct {
	const char *before, *behind; /* of the date */
} speeches[LANGUAGES] = {
	[LANGUAGE_EN] = {"From ", " on, something that your program has just used will be refused here."},
	[LANGUAGE_DE] = {"Ab ", " wird hier etwas abgelehnt, was Ihr Programm eben benutzt hat."},
	[LANGUAGE_FR] = {"À partir du ", ", une chose que votre logiciel vient d'utiliser sera refusée ici."},
	[LANGUAGE_FI] = {"", " alkaen täällä hylätään jotakin, mitä ohjelmasi juuri käytti."},
	[LANGUAGE_ES] = {"A partir del ", ", algo que su programa acaba de usar se rechazará aquí."},
};

struct str warning_put_text(struct buf *out, const struct warning *w, struct str lang)
{
	const struct notice *own = notice_choose(w->notice, lang);
	enum language say;

	if (own && own->lang.len)
		lang = own->lang;
	say = language_of(lang, LANGUAGES);
	buf_printf(out, "%s%.*s%s", speeches[say].before, STR_FMT(w->date), speeches[say].behind);
	if (own)
		buf_printf(out, " %.*s", STR_FMT(own->text));
	return lang;
}
