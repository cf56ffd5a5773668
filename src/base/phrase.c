#include "base/phrase.h"

static const struct {
	const char *in[LANGUAGES];
} phrases[PHRASES] = {
	[PHRASE_DEVICE_NEW] = {{
		[LANGUAGE_EN] = "New device: {device} has logged in to your account ({time}, from {address}). If that was you, there is "
				"nothing to do. If not: change your password now, end that device's access, and get help{help}",
		[LANGUAGE_DE] = "Neues Gerät: {device} hat sich bei Ihrem Konto angemeldet ({time}, von {address}). Waren Sie das, ist nichts "
				"zu tun. Wenn nicht: Ändern Sie sofort Ihr Passwort, beenden Sie den Zugang des Geräts und holen Sie sich "
				"Hilfe{help}",
		[LANGUAGE_FR] = "Nouvel appareil : {device} s'est connecté à votre compte ({time}, depuis {address}). Si c'était vous, il n'y "
				"a rien à faire. Sinon : changez immédiatement votre mot de passe, mettez fin à l'accès de cet appareil et "
				"demandez de l'aide{help}",
		[LANGUAGE_ES] = "Nuevo dispositivo: {device} ha iniciado sesión en su cuenta ({time}, desde {address}). Si ha sido usted, no "
				"tiene que hacer nada. Si no: cambie ahora mismo su contraseña, ponga fin al acceso de ese dispositivo y "
				"pida ayuda{help}",
		[LANGUAGE_FI] = "Uusi laite: {device} on kirjautunut tilillesi ({time}, osoitteesta {address}). Jos se olit sinä, sinun ei "
				"tarvitse tehdä mitään. Jos et: vaihda heti salasanasi, poista laitteen käyttöoikeus ja pyydä apua{help}",
	}},
	[PHRASE_DEVICE_SUBJECT] = {{
		[LANGUAGE_EN] = "New device at your account",
		[LANGUAGE_DE] = "Neues Gerät bei Ihrem Konto",
		[LANGUAGE_FR] = "Nouvel appareil sur votre compte",
		[LANGUAGE_ES] = "Nuevo dispositivo en su cuenta",
		[LANGUAGE_FI] = "Uusi laite tililläsi",
	}},
	[PHRASE_DEVICE_NAMELESS] = {{
		[LANGUAGE_EN] = "a program that does not say which it is",
		[LANGUAGE_DE] = "ein Programm, das nicht sagt, welches es ist,",
		[LANGUAGE_FR] = "un logiciel qui ne dit pas lequel il est",
		[LANGUAGE_ES] = "un programa que no dice cuál es",
		[LANGUAGE_FI] = "ohjelma, joka ei kerro nimeään,",
	}},
	[PHRASE_DEVICE_ON] = {{
		[LANGUAGE_EN] = " on \"{name}\"",
		[LANGUAGE_DE] = " auf \"{name}\"",
		[LANGUAGE_FR] = " sur \"{name}\"",
		[LANGUAGE_ES] = " en \"{name}\"",
		[LANGUAGE_FI] = " laitteella \"{name}\"",
	}},
	[PHRASE_HELP_AFTER] = {{
		[LANGUAGE_EN] = ": {help}",
		[LANGUAGE_DE] = ": {help}",
		[LANGUAGE_FR] = " : {help}",
		[LANGUAGE_ES] = ": {help}",
		[LANGUAGE_FI] = ": {help}",
	}},
};

struct str phrase(enum phrase p, enum language language)
{
	return str_from(phrases[p].in[language]);
}

static const struct phrase_word *word_of(const struct phrase_word *words, struct str name)
{
	for (; words && words->name; words++)
		if (str_eq(name, str_from(words->name)))
			return words;
	return NULL;
}

void phrase_put(struct buf *out, enum phrase p, enum language language, const struct phrase_word *words)
{
	struct str text = phrase(p, language);

	for (size_t at = 0, open, close; at < text.len; at = close + 1) {
		const struct phrase_word *word;

		open = str_find(text, '{', at);
		buf_str(out, str_cut(text, at, open));
		if (open >= text.len)
			return;
		close = str_find(text, '}', open);
		word = word_of(words, str_cut(text, open + 1, close));
		buf_str(out, word ? word->value : str_cut(text, open, close + 1));
	}
}
