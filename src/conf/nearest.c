#include "conf/nearest.h"

enum {
	LETTERS = 63,
};

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static unsigned smaller(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

unsigned nearest_distance(struct str a, struct str b)
{
	unsigned rows[3][LETTERS + 1]; /* the row before the last, the last, the current one */
	unsigned *before = rows[0], *last = rows[1], *now = rows[2], *spare;

	a = str_cut(a, 0, LETTERS);
	b = str_cut(b, 0, LETTERS);
	for (unsigned j = 0; j <= b.len; j++)
		last[j] = j;
	for (unsigned i = 1; i <= a.len; i++) {
		now[0] = i;
		for (unsigned j = 1; j <= b.len; j++) {
			char x = lower(a.data[i - 1]), y = lower(b.data[j - 1]);

			now[j] = smaller(smaller(last[j] + 1, now[j - 1] + 1), last[j - 1] + (x != y));
			if (i > 1 && j > 1 && x == lower(b.data[j - 2]) && lower(a.data[i - 2]) == y)
				now[j] = smaller(now[j], before[j - 2] + 1);
		}
		spare = before;
		before = last;
		last = now;
		now = spare;
	}
	return last[b.len];
}

const char *nearest_word(struct str found, const char *const *words, size_t n)
{
	unsigned best = (unsigned)found.len / 3 + 1; /* farther off it was no slip of the fingers */
	const char *word = NULL;

	for (size_t i = 0; i < n; i++) {
		unsigned d = nearest_distance(found, str_from(words[i]));

		if (d < best || (d == best && !word && d < found.len)) {
			best = d;
			word = words[i];
		}
	}
	return word;
}
