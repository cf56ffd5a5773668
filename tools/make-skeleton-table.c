/* Writes src/jid/skeleton_data.c: what characters look like (UTS 39 section 4), for src/jid/skeleton.c.
 *
 *   meson compile -C build make-skeleton-table && build/src/jid/make-skeleton-table > src/jid/skeleton_data.c
 *
 * The table is committed, not made at build time: whether two names are taken for one must not change because a machine has
 * another ICU. The test `skeleton table` compares the committed file with a fresh one where the ICU is the one named in it.
 *
 * Only characters that stay as they are under NFD have a row: skeleton.c decomposes first. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/uspoof.h>
#include <unicode/ustring.h>
#include <unicode/utf16.h>

enum {
	CODE_POINTS = 0x110000,
	TEXT_MAX = 128,
	A_LINE = 12,
};

static const UNormalizer2 *nfd;
static USpoofChecker *spoof;

static void need(UErrorCode error, const char *what)
{
	if (U_SUCCESS(error))
		return;
	fprintf(stderr, "%s: %s\n", what, u_errorName(error));
	exit(1);
}

/* What it looks like, if that is not itself; its length, else 0. */
static int32_t look(UChar32 c, UChar *out)
{
	UErrorCode error = U_ZERO_ERROR;
	UChar text[2];
	int32_t len = 0, n;

	if (c >= 0xd800 && c <= 0xdfff)
		return 0;
	U16_APPEND_UNSAFE(text, len, c);
	if (!unorm2_isNormalized(nfd, text, len, &error))
		return 0;
	n = uspoof_getSkeleton(spoof, 0, text, len, out, TEXT_MAX, &error);
	need(error, "skeleton");
	return u_strCompare(text, len, out, n, 0) ? n : 0;
}

int main(void)
{
	UErrorCode error = U_ZERO_ERROR;
	UChar out[TEXT_MAX];
	unsigned at = 0, rows = 0, longest = 0;

	nfd = unorm2_getNFDInstance(&error);
	spoof = uspoof_open(&error);
	need(error, "ICU");
	printf("/* Written by tools/make-skeleton-table.c from ICU %s, Unicode %s. Do not edit: change the tool. */\n",
		U_ICU_VERSION, U_UNICODE_VERSION);
	printf("/* clang-format off */\n#include \"jid/skeleton_data.h\"\n\n");
	printf("const uint16_t skeleton_pool[] = {\n\t");
	for (UChar32 c = 0; c < CODE_POINTS; c++) {
		int32_t n = look(c, out);

		for (int32_t i = 0; i < n; i++)
			printf("0x%x,%s", out[i], ++at % A_LINE ? "" : "\n\t");
	}
	printf("\n};\n\nconst struct skeleton_row skeleton_rows[] = {\n\t");
	at = 0;
	for (UChar32 c = 0; c < CODE_POINTS; c++) {
		int32_t n = look(c, out);

		if (n == 0)
			continue;
		printf("{0x%x,%u,%d},%s", (unsigned)c, at, n, ++rows % (A_LINE / 2) ? "" : "\n\t");
		at += (unsigned)n;
		longest = (unsigned)n > longest ? (unsigned)n : longest;
	}
	printf("\n};\n\nconst size_t skeleton_rows_len = %u;\n_Static_assert(%u <= SKELETON_GROWTH, \"the longest row\");\n",
		rows, longest);
	uspoof_close(spoof);
	return 0;
}
