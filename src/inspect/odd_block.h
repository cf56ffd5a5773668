/* What the bytes of a block are, as bits. odd.c includes this once for each width of register: BYTES is the
 * vector, BITS_OF() the top bits of its bytes, BLOCK_FN() a name of that width, TARGET what to compile for.
 */

#define EQUALS(c) (v == (c))
#define BETWEEN(first, last) ((v >= (first)) & (v <= (last)))

TARGET static inline void BLOCK_FN(glance_add)(struct glance *g, const char *bytes, unsigned at)
{
	BYTES v, next, letter;

	memcpy(&v, bytes, sizeof(v));
	memcpy(&next, bytes + 1, sizeof(next));
	letter = BETWEEN('a', 'z');
	g->letter |= BITS_OF(letter) << at;
	g->same |= BITS_OF(letter & (v == next)) << at;
	g->blank |= BITS_OF(EQUALS(' ') | EQUALS('\n') | EQUALS('"') | BETWEEN('\'', ')')) << at;
	g->ending |= BITS_OF(BETWEEN(',', '/') | BETWEEN(':', '?') | EQUALS('!')) << at;
}

TARGET static inline void BLOCK_FN(masks_add)(struct masks *m, const char *bytes, unsigned at)
{
	BYTES v, next, letter, leet, sign;

	memcpy(&v, bytes, sizeof(v));
	memcpy(&next, bytes + 1, sizeof(next));
	letter = BETWEEN('a', 'z');
	leet = BETWEEN('0', '9') | BETWEEN('#', '$') | BETWEEN('*', '+') | EQUALS('@') | EQUALS('|') |
	       EQUALS('_');
	sign = leet | EQUALS('!') | BETWEEN('%', '&') | BETWEEN(',', '/') | BETWEEN(':', ';') |
	       BETWEEN('=', '?') | EQUALS('~') | EQUALS('^');
	m->letter |= BITS_OF(letter) << at;
	m->same |= BITS_OF(letter & (v == next)) << at;
	m->space |= BITS_OF(EQUALS(' ') | BETWEEN('\t', '\r') | EQUALS('"') | BETWEEN('\'', ')') |
			    EQUALS('[') | EQUALS(']'))
		    << at;
	m->line |= BITS_OF(EQUALS('\n')) << at;
	m->sign |= BITS_OF(sign) << at;
	m->joint |= BITS_OF(leet | BETWEEN('-', '/') | EQUALS('!') | EQUALS('~')) << at;
	m->leet |= BITS_OF(leet) << at;
	m->wide |= BITS_OF(EQUALS((signed char)0xc2) | EQUALS((signed char)0xc3) | EQUALS((signed char)0xe2))
		   << at;
}

/* The odd bits of the 64 bytes there, the byte behind them readable too. */
TARGET static inline uint64_t BLOCK_FN(block_odd)(const char *bytes, uint64_t start)
{
	struct glance g = {};
	struct masks m = {};

	for (unsigned i = 0; i < BLOCK; i += sizeof(BYTES))
		BLOCK_FN(glance_add)(&g, bytes + i, i);
	if (!glance_is_odd(&g))
		return 0;
	for (unsigned i = 0; i < BLOCK; i += sizeof(BYTES))
		BLOCK_FN(masks_add)(&m, bytes + i, i);
	return masks_odd(&m, start);
}

/* Each block answers for STEP bytes behind its first, which only the first block answers for too. */
TARGET static bool BLOCK_FN(blocks_mark)(struct str folded, uint64_t *bits)
{
	bool any = false;

	for (size_t at = 0; at < folded.len; at += STEP) {
		uint64_t odd = BLOCK_FN(block_odd)(folded.data + at, at == 0);
		unsigned shift = at % ODD_WORD;

		odd &= (UINT64_C(1) << (STEP + BEFORE)) - (at ? 2 : 1);
		if (!odd)
			continue;
		any = true;
		bits[at / ODD_WORD] |= odd << shift;
		if (shift)
			bits[at / ODD_WORD + 1] |= odd >> (ODD_WORD - shift);
	}
	return any;
}

#undef EQUALS
#undef BETWEEN
#undef BYTES
#undef BITS_OF
#undef BLOCK_FN
#undef TARGET
