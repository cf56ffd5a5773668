/* What a person is told about his client: the rule's own words or the built-in ones, in his language, with everything that he
 * needs: why, from when on, where a newer one is, whom to ask, and that trying again will not help. */
#include "rule/client_reader.h"

#include "base/buf.h"
#include "base/language.h"
#include "base/log.h"
#include "conf/nearest.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

enum {
	TEXT_MAX = 8192,
	WORD_MAX = 16,
};

enum sentence {
	SAY_LATER_DENY,     /* before its campaign's last date: {client}, {date} */
	SAY_LATER_RESTRICT, /* {client}, {date}, {limits} */
	SAY_REPLACE,        /* it is advised against: {client} */
	SAY_RESTRICTED,     /* {client}, {limits} */
	SAY_DENIED,         /* {client} */
	SAY_DATE,           /* alone: {date} */
	SAY_REASON,
	SAY_LINK,
	SAY_HELP,
	SAY_NO_RETRY,
	SAY_YOURS, /* in the place of {client}, when it is not known */
	SAY_WAY,   /* in the place of {client}, when it is how it logs in: the name of that comes behind */
	SAY_LIMIT_SPEAK,
	SAY_LIMIT_FILES,
	SAY_LIMIT_OUTSIDE,
	SENTENCES,
};

static const struct speech {
	const char *says[SENTENCES];
} speeches[LANGUAGES] = {
	[LANGUAGE_EN] = {{"From {date} on, {client} will no longer be accepted here.",
		       "From {date} on, {client} may only be used here with limits: {limits}.",
		       "Please replace {client} with a newer or another program.",
		       "{client} may only be used here with limits: {limits}.",
		       "{client} is not accepted here.", "Date: {date}.", "Reason: {reason}",
		       "Download: {link}", "Help: {help}",
		       "Trying again with the same program will not help.", "the program you use",
		       "logging in with ", "nothing can be sent to other people", "no files",
		       "nothing to or from other domains"}},
	[LANGUAGE_DE] = {{"Ab {date} wird {client} hier nicht mehr angenommen.",
		       "Ab {date} kann {client} hier nur eingeschränkt benutzt werden: {limits}.",
		       "Bitte ersetzen Sie {client} durch eine neuere Version oder ein anderes Programm.",
		       "{client} kann hier nur eingeschränkt benutzt werden: {limits}.",
		       "{client} wird hier nicht angenommen.", "Datum: {date}.", "Grund: {reason}",
		       "Herunterladen: {link}", "Hilfe: {help}",
		       "Es mit demselben Programm noch einmal zu versuchen, hilft nicht.",
		       "das Programm, das Sie benutzen,", "die Anmeldung mit ",
		       "nichts kann an andere gesendet werden", "keine Dateien",
		       "nichts von und nach anderen Domänen"}},
	[LANGUAGE_FR] = {{"À partir du {date}, {client} ne sera plus accepté ici.",
		       "À partir du {date}, {client} ne pourra être utilisé ici qu'avec des limites : "
		       "{limits}.",
		       "Veuillez remplacer {client} par une version plus récente ou par un autre logiciel.",
		       "{client} ne peut être utilisé ici qu'avec des limites : {limits}.",
		       "{client} n'est pas accepté ici.", "Date : {date}.", "Raison : {reason}",
		       "Téléchargement : {link}", "Aide : {help}",
		       "Réessayer avec le même logiciel ne servira à rien.", "le logiciel que vous utilisez",
		       "l'accès avec ", "rien ne peut être envoyé aux autres", "pas de fichiers",
		       "rien vers d'autres domaines, ni de ceux-ci"}},
	[LANGUAGE_FI] = {{"{date} alkaen {client} ei enää kelpaa täällä.",
		       "{date} alkaen {client} on käytettävissä täällä vain rajoitetusti: {limits}.",
		       "Vaihda {client} uudempaan tai toiseen ohjelmaan.",
		       "{client} on käytettävissä täällä vain rajoitetusti: {limits}.",
		       "{client} ei kelpaa täällä.", "Päivä: {date}.", "Syy: {reason}", "Lataa: {link}",
		       "Apua: {help}", "Uusi yritys samalla ohjelmalla ei auta.", "käyttämäsi ohjelma",
		       "kirjautuminen tavalla ", "muille ei voi lähettää mitään", "ei tiedostoja",
		       "ei mitään muihin verkkotunnuksiin eikä niistä"}},
	[LANGUAGE_ES] = {{"A partir del {date}, {client} ya no se aceptará aquí.",
		       "A partir del {date}, {client} solo podrá usarse aquí con límites: {limits}.",
		       "Sustituya {client} por una versión más reciente o por otro programa.",
		       "{client} solo puede usarse aquí con límites: {limits}.",
		       "{client} no se acepta aquí.", "Fecha: {date}.", "Motivo: {reason}",
		       "Descarga: {link}", "Ayuda: {help}",
		       "Intentarlo de nuevo con el mismo programa no servirá de nada.", "el programa que usa",
		       "el acceso con ", "no se puede enviar nada a otras personas", "sin archivos",
		       "nada hacia otros dominios ni desde ellos"}},
};

/* What a notice may name. `part`: the sentence that is added where a notice does not. */
static const char *const word_names[] = {
	"client", "product", "version", "reason", "date", "link", "help", "limits", "reference"};

enum word {
	WORD_CLIENT,
	WORD_PRODUCT,
	WORD_VERSION,
	WORD_REASON,
	WORD_DATE,
	WORD_LINK,
	WORD_HELP,
	WORD_LIMITS,
	WORD_REFERENCE,
	WORDS,
};

struct filling {
	const struct client_decision *d;
	const struct speech *speech;
	struct str value[WORDS];
	unsigned used; /* bits of enum word */
	struct buf out;
	struct arena *arena;
};

/* {name} at `at`: its end behind the brace, and the name; 0: there is none. */
static size_t word_at(struct str text, size_t at, struct str *out_name)
{
	size_t end = at + 1;

	if (text.data[at] != '{')
		return 0;
	while (end < text.len && end - at <= WORD_MAX && text.data[end] >= 'a' && text.data[end] <= 'z')
		end++;
	if (end == text.len || end == at + 1 || text.data[end] != '}')
		return 0;
	*out_name = str_cut(text, at + 1, end);
	return end + 1;
}

static int word_find(struct str name)
{
	for (int i = 0; i < WORDS; i++)
		if (str_eq(name, str_from(word_names[i])))
			return i;
	return -1;
}

const char *client_notice_fault(struct str text, struct arena *arena)
{
	struct str name;

	for (size_t i = 0; i < text.len; i++) {
		const char *near;

		if (!word_at(text, i, &name) || word_find(name) >= 0)
			continue;
		near = nearest_word(name, word_names, WORDS);
		return arena_printf(arena,
			"found '{%s}'; %s%s%saccepted: {client}, {product}, {version}, {reason}, {date}, {link}, {help}, {limits}, "
			"{reference}%c",
			LOG_STR(name), near ? "did you mean '{" : "", near ? near : "", near ? "}'? " : "", 0)
			.data;
	}
	return NULL;
}

static void put_filled(struct filling *f, struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		struct str name;
		size_t end = word_at(text, i, &name);
		int word = end ? word_find(name) : -1;

		if (word < 0) {
			buf_putc(&f->out, text.data[i]);
			continue;
		}
		buf_str(&f->out, f->value[word]);
		f->used |= 1u << word;
		i = end - 1;
	}
}

/* What stands for a program's name in the middle of one language's sentence may stand at the begin of another's. */
static void put_sentence(struct filling *f, enum sentence s)
{
	size_t from = f->out.len;

	if (from && f->out.data[from - 1] != ' ')
		buf_putc(&f->out, ' ');
	from = f->out.len;
	put_filled(f, str_from(f->speech->says[s]));
	if (!buf_failed(&f->out) && from < f->out.len && f->out.data[from] >= 'a' && f->out.data[from] <= 'z' &&
		(f->d->way.len || !(f->d->client && f->d->client->product.len)))
		f->out.data[from] = (char)(f->out.data[from] - 32);
}

static struct str limits_text(const struct filling *f, unsigned limits)
{
	struct buf out = BUF_INIT(1024);
	struct str text;

	for (unsigned i = 0; i < COUNT(client_limit_names); i++)
		if (limits & 1u << i) {
			if (out.len)
				buf_lit(&out, ", ");
			buf_str(&out, str_from(f->speech->says[SAY_LIMIT_SPEAK + i]));
		}
	text = arena_dup(f->arena, buf_view(&out));
	buf_done(&out);
	return text;
}

static bool is_later(const struct client_decision *d)
{
	return d->deny_from_us && d->coming > d->effect;
}

static void values_gather(struct filling *f, struct str lang)
{
	const struct client_decision *d = f->d;
	const struct judgement *j = d->client;
	const struct notice *reason = d->reason ? notice_choose(d->reason, lang) : NULL;

	f->value[WORD_PRODUCT] = j && j->product.len ? j->product : str_from(f->speech->says[SAY_YOURS]);
	f->value[WORD_VERSION] = j ? j->version : STR_NONE;
	f->value[WORD_CLIENT] = f->value[WORD_PRODUCT];
	if (j && j->product.len && j->version.len)
		f->value[WORD_CLIENT] = arena_printf(f->arena, "%.*s %.*s", STR_FMT(j->product), STR_FMT(j->version));
	if (d->way.len && !d->notice)
		f->value[WORD_CLIENT] = arena_printf(f->arena, "%s%.*s", f->speech->says[SAY_WAY], STR_FMT(d->way));
	f->value[WORD_REASON] = reason ? reason->text : STR_NONE;
	f->value[WORD_DATE] = d->deny_from;
	f->value[WORD_LINK] = d->link;
	f->value[WORD_HELP] = d->help;
	f->value[WORD_LIMITS] = limits_text(f, is_later(d) ? d->coming_limits : d->limits);
	f->value[WORD_REFERENCE] = d->reference;
}

static enum sentence opening(const struct client_decision *d)
{
	if (is_later(d))
		return d->coming == CLIENT_RESTRICT ? SAY_LATER_RESTRICT : SAY_LATER_DENY;
	if (d->effect == CLIENT_DENY)
		return SAY_DENIED;
	return d->effect == CLIENT_RESTRICT ? SAY_RESTRICTED : SAY_REPLACE;
}

/* It begins with a capital; names of products are left as they are. */
static void put_opening(struct filling *f)
{
	const struct judgement *j = f->d->client;
	bool named = j && j->product.len && !f->d->way.len;

	put_sentence(f, opening(f->d));
	if (!named && f->out.len && f->out.data[0] >= 'a' && f->out.data[0] <= 'z')
		f->out.data[0] = (char)(f->out.data[0] - 'a' + 'A');
}

/* Each part that has something to say and has not been given a place. */
static void put_rest(struct filling *f)
{
	static const struct {
		enum word word;
		enum sentence sentence;
	} parts[] = {
		{WORD_REASON, SAY_REASON},
		{WORD_DATE, SAY_DATE},
		{WORD_LINK, SAY_LINK},
		{WORD_HELP, SAY_HELP},
	};

	for (size_t i = 0; i < COUNT(parts); i++) {
		if (parts[i].word == WORD_DATE && !is_later(f->d))
			continue;
		if (f->value[parts[i].word].len && !(f->used & 1u << parts[i].word))
			put_sentence(f, parts[i].sentence);
	}
	if (f->d->effect == CLIENT_DENY)
		put_sentence(f, SAY_NO_RETRY);
}

struct str client_decision_text(const struct client_decision *d, struct str lang, struct arena *arena)
{
	const struct notice *own = d->notice ? notice_choose(d->notice, lang) : NULL;
	struct filling f = {.d = d, .arena = arena, .out = BUF_INIT(TEXT_MAX)};
	struct str text;

	if (d->effect == CLIENT_ALLOW)
		return STR_NONE;
	/* one notice without a language is for everybody; what is added follows the person's */
	f.speech = &speeches[language_of(own && own->lang.len ? own->lang : lang, LANGUAGES)];
	values_gather(&f, lang);
	if (own)
		put_filled(&f, own->text);
	else
		put_opening(&f);
	put_rest(&f);
	text = buf_failed(&f.out) ? STR_NONE : arena_dup(arena, buf_view(&f.out));
	buf_done(&f.out);
	return text;
}
