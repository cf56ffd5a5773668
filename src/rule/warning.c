#include "rule/warning.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const struct {
	const char *lang, *before, *behind; /* of the date */
} speeches[] = {
	{"en", "From ", " on, something that your program has just used will be refused here."},
	{"de", "Ab ", " wird hier etwas abgelehnt, was Ihr Programm eben benutzt hat."},
	{"fr", "À partir du ", ", une chose que votre logiciel vient d'utiliser sera refusée ici."},
	{"fi", "", " alkaen täällä hylätään jotakin, mitä ohjelmasi juuri käytti."},
	{"es", "A partir del ", ", algo que su programa acaba de usar se rechazará aquí."},
};

/* By the primary subtag; English where we do not speak it. */
static size_t speech_of(struct str lang)
{
	struct str primary = str_cut(lang, 0, str_find(lang, '-', 0));

	for (size_t i = 0; i < COUNT(speeches); i++)
		if (str_eq_nocase(primary, str_from(speeches[i].lang)))
			return i;
	return 0;
}

struct str warning_put_text(struct buf *out, const struct warning *w, struct str lang)
{
	const struct notice *own = notice_choose(w->notice, lang);
	size_t say;

	if (own && own->lang.len)
		lang = own->lang;
	say = speech_of(lang);
	buf_printf(out, "%s%.*s%s", speeches[say].before, STR_FMT(w->date), speeches[say].behind);
	if (own)
		buf_printf(out, " %.*s", STR_FMT(own->text));
	return lang;
}
