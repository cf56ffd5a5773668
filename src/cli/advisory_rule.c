/* The rule that an advisory proposes, as the file that is written. */
#include <string.h>

#include "base/text.h"
#include "cli/advisory.h"

enum { LIMB_MAX = 64 /* of a slug */ };

struct str advisory_slug(struct str id, struct arena *arena)
{
	char slug[LIMB_MAX] = "advisory-";
	size_t len = strlen(slug);

	for (size_t i = 0; i < id.len && len < 56; i++) {
		char c = id.data[i];

		c = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			slug[len++] = c;
		else if (slug[len - 1] != '-')
			slug[len++] = '-';
	}
	while (len && slug[len - 1] == '-')
		len--;
	return arena_dup(arena, str_of(slug, len));
}

/* JSON's strings are YAML's, but for DEL and C1, which YAML does not take as they are. */
void yaml_quote(struct buf *out, struct str text)
{
	size_t at = 0;

	buf_putc(out, '"');
	while (at < text.len) {
		size_t from = at;
		uint32_t c = utf8_next(text, &at);

		if ((c >= 0x7f && c < 0xa0) || c == 0xfeff || c == 0x2028 || c == 0x2029)
			buf_printf(out, "\\u%04x", (unsigned)c);
		else
			json_escape(out, str_cut(text, from, at));
	}
	buf_putc(out, '"');
}

static void put_member(struct buf *out, const char *name, struct str value)
{
	if (!value.len)
		return;
	buf_printf(out, "    %s: ", name);
	yaml_quote(out, value);
	buf_putc(out, '\n');
}

/* What people read: why, in their language. */
static void put_reason(struct buf *out, const struct advisory *a)
{
	static const struct {
		const char *lang, *known, *fixed;
	} words[] = {
		{"en", "a security flaw is known in it", "mended in"},
		{"de", "darin ist eine Sicherheitslücke bekannt", "behoben in"},
		{"fr", "une faille de sécurité y est connue", "corrigée dans"},
		{"fi", "siinä on tunnettu tietoturva-aukko", "korjattu versiossa"},
		{"es", "tiene un fallo de seguridad conocido", "corregido en"},
	};

	buf_lit(out, "    reason:\n");
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		struct buf text = BUF_INIT(1024);

		buf_printf(&text, "%s (%.*s)", words[i].known, STR_FMT(a->id));
		if (a->fixed.len)
			buf_printf(&text, ", %s %.*s", words[i].fixed, STR_FMT(a->fixed));
		buf_putc(&text, '.');
		buf_printf(out, "      %s: ", words[i].lang);
		yaml_quote(out, buf_view(&text));
		buf_putc(out, '\n');
		buf_done(&text);
	}
}

static void put_rule(struct buf *out, const struct advisory *a, size_t i, struct str slug)
{
	const struct advisory_package *p = &a->packages[i];
	struct buf purpose = BUF_INIT(1024);

	buf_printf(out, "  - id: %.*s", STR_FMT(slug));
	if (i)
		buf_printf(out, "-%zu", i + 1);
	buf_printf(&purpose, "%.*s%s%.*s", STR_FMT(a->id), a->summary.len ? ": " : "", STR_FMT(a->summary));
	buf_lit(out, "\n    purpose: ");
	yaml_quote(out, buf_view(&purpose));
	buf_lit(out, "\n    clients: { product: ");
	yaml_quote(out, p->product);
	buf_lit(out, ", versions: ");
	yaml_quote(out, p->affected);
	buf_lit(out, " }\n    effect: deny\n    mode: observe\n");
	put_reason(out, a);
	put_member(out, "reference", a->reference);
	buf_done(&purpose);
}

void advisory_put_rule(struct buf *out, const struct advisory *a, struct str slug, struct str imported, struct str by)
{
	buf_printf(out, "# Proposed by an advisory; it only observes. 'gatehouse clients enforce %.*s' makes it live.\n",
		STR_FMT(slug));
	buf_lit(out, "advisories:\n  - id: ");
	yaml_quote(out, a->id);
	buf_putc(out, '\n');
	put_member(out, "aliases", a->aliases);
	put_member(out, "summary", a->summary);
	put_member(out, "severity", a->severity);
	put_member(out, "product", a->packages[0].product);
	put_member(out, "affected", a->packages[0].affected);
	put_member(out, "fixed", a->fixed);
	put_member(out, "reference", a->reference);
	put_member(out, "published", a->published);
	put_member(out, "modified", a->modified);
	put_member(out, "imported", imported);
	put_member(out, "by", by);
	buf_lit(out, "rules:\n");
	for (size_t i = 0; i < a->count; i++)
		put_rule(out, a, i, slug);
}
