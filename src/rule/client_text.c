/* What a person is told about his client: the rule's own words or the built-in ones, in his language, with everything that he
 * needs: why, from when on, where a newer one is, whom to ask, and that trying again will not help. */
#include "rule/client_reader.h"

#include "base/buf.h"
#include "base/log.h"
#include "base/phrase.h"
#include "conf/nearest.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

enum {
	TEXT_MAX = 8192,
	WORD_MAX = 16,
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
	enum language language;
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
static void put_sentence(struct filling *f, enum phrase p)
{
	size_t from = f->out.len;

	if (from && f->out.data[from - 1] != ' ')
		buf_putc(&f->out, ' ');
	from = f->out.len;
	put_filled(f, phrase(p, f->language));
	if (!buf_failed(&f->out) && from < f->out.len && f->out.data[from] >= 'a' && f->out.data[from] <= 'z' &&
		(f->d->way.len || !(f->d->client && f->d->client->product.len)))
		f->out.data[from] = (char)(f->out.data[from] - 32);
}

static void put_limits(struct buf *out, unsigned limits, enum language language)
{
	bool more = false;

	for (unsigned i = 0; i < COUNT(client_limit_names); i++)
		if (limits & 1u << i) {
			if (more)
				buf_lit(out, ", ");
			buf_str(out, phrase((enum phrase)(PHRASE_CLIENT_LIMIT_SPEAK + i), language));
			more = true;
		}
}

void client_limits_put(struct buf *out, unsigned limits, struct str lang)
{
	put_limits(out, limits, language_of(lang));
}

static struct str limits_text(const struct filling *f, unsigned limits)
{
	struct buf out = BUF_INIT(1024);
	struct str text;

	put_limits(&out, limits, f->language);
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

	f->value[WORD_PRODUCT] = j && j->product.len ? j->product : phrase(PHRASE_CLIENT_YOURS, f->language);
	f->value[WORD_VERSION] = j ? j->version : STR_NONE;
	f->value[WORD_CLIENT] = f->value[WORD_PRODUCT];
	if (j && j->product.len && j->version.len)
		f->value[WORD_CLIENT] = arena_printf(f->arena, "%.*s %.*s", STR_FMT(j->product), STR_FMT(j->version));
	if (d->way.len && !d->notice)
		f->value[WORD_CLIENT] = arena_printf(f->arena, "%.*s%.*s", STR_FMT(phrase(PHRASE_CLIENT_WAY, f->language)), STR_FMT(d->way));
	f->value[WORD_REASON] = reason ? reason->text : STR_NONE;
	f->value[WORD_DATE] = d->deny_from;
	f->value[WORD_LINK] = d->link;
	f->value[WORD_HELP] = d->help;
	f->value[WORD_LIMITS] = limits_text(f, is_later(d) ? d->coming_limits : d->limits);
	f->value[WORD_REFERENCE] = d->reference;
}

static enum phrase opening(const struct client_decision *d)
{
	if (is_later(d))
		return d->coming == CLIENT_RESTRICT ? PHRASE_CLIENT_LATER_RESTRICT : PHRASE_CLIENT_LATER_DENY;
	if (d->effect == CLIENT_DENY)
		return PHRASE_CLIENT_DENIED;
	return d->effect == CLIENT_RESTRICT ? PHRASE_CLIENT_RESTRICTED : PHRASE_CLIENT_REPLACE;
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
		enum phrase sentence;
	} parts[] = {
		{WORD_REASON, PHRASE_CLIENT_REASON},
		{WORD_DATE, PHRASE_CLIENT_DATE},
		{WORD_LINK, PHRASE_CLIENT_LINK},
		{WORD_HELP, PHRASE_HELP},
	};

	for (size_t i = 0; i < COUNT(parts); i++) {
		if (parts[i].word == WORD_DATE && !is_later(f->d))
			continue;
		if (f->value[parts[i].word].len && !(f->used & 1u << parts[i].word))
			put_sentence(f, parts[i].sentence);
	}
	if (f->d->effect == CLIENT_DENY)
		put_sentence(f, PHRASE_CLIENT_NO_RETRY);
}

struct str client_decision_text(const struct client_decision *d, struct str lang, struct arena *arena)
{
	const struct notice *own = d->notice ? notice_choose(d->notice, lang) : NULL;
	struct filling f = {.d = d, .arena = arena, .out = BUF_INIT(TEXT_MAX)};
	struct str text;

	if (d->effect == CLIENT_ALLOW)
		return STR_NONE;
	/* one notice without a language is for everybody; what is added follows the person's */
	f.language = language_of(own && own->lang.len ? own->lang : lang);
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
