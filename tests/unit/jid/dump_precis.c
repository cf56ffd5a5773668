/* Prints the character table for check_precis.py: code point, class, Bidi class, property bits, lower case,
 * width; then, for each line of standard input, the two profiles' results in hex ("-" when refused). */
#include <stdio.h>

#include "base/text.h"
#include "jid/precis_table.h"

static void print_profile(struct str line, int (*profile)(struct str, struct buf *))
{
	struct buf made = BUF_INIT(0), hex = BUF_INIT(0);

	if (profile(line, &made) == 0)
		hex_put(&hex, made.data, made.len);
	else
		buf_putc(&hex, '-');
	printf(" %.*s", STR_FMT(buf_view(&hex)));
	buf_done(&made);
	buf_done(&hex);
}

int main(void)
{
	char text[4096];

	printf("%s\n", precis_unicode_version());
	for (uint32_t cp = 0; cp <= 0x10FFFF; cp++) {
		uint16_t word = precis_word(cp);

		printf("%d %d %d %d %X %X\n", precis_class_of(cp), precis_word_bidi(word),
			(word & PRECIS_VIRAMA) != 0, (word & PRECIS_SPACE) != 0, precis_map_lower(cp),
			precis_map_width(cp));
	}
	while (fgets(text, sizeof(text), stdin)) {
		struct str line = str_of(text, strcspn(text, "\n"));

		print_profile(line, precis_username);
		print_profile(line, precis_opaque);
		putchar('\n');
	}
	return 0;
}
