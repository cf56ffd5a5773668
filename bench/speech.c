/* Bodies with numbers; see speech.h. */
#include "speech.h"

#include <openssl/rand.h>

#include "clock.h"
#include "fatal.h"

/* Ordinary office talk. It must match none of the rules that a benchmark adds. */
static const char talk[] = "good morning, the minutes of the meeting are in the usual folder, could you look "
			   "at the second page before "
			   "noon? the delivery for the branch in the north was late again, so we moved the "
			   "call to thursday. thanks for "
			   "the quick answer, i will write to the customer and copy you. lunch at one? the "
			   "lift is still broken, take "
			   "the stairs on the left. please send me the draft when it is ready, there is no "
			   "hurry, tomorrow is fine. we "
			   "agreed on the blue cover and the larger type, the printer needs it by friday "
			   "evening at the latest. ";

void speech_init(struct speech *s, unsigned shortest, unsigned longest)
{
	unsigned char noise[sizeof(s->random) + 3];

	if (RAND_bytes(noise, sizeof(noise)) != 1)
		fatal("no random bytes");
	*s = (struct speech){.shortest = shortest, .longest = longest, .zero_ns = clock_now()};
	memcpy(&s->random, noise, sizeof(s->random));
	s->random |= 1;
	for (int i = 0; i < 3; i++)
		s->tag[i] = (char)('a' + noise[sizeof(s->random) + (size_t)i] % 26);
}

uint64_t speech_random(struct speech *s)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	return s->random;
}

static void letters_write(char *to, uint64_t value, int count)
{
	for (int i = count - 1; i >= 0; i--, value >>= 4)
		to[i] = (char)('a' + (value & 15));
}

static bool letters_read(const char *from, int count, uint64_t *out)
{
	uint64_t value = 0;

	for (int i = 0; i < count; i++) {
		if (from[i] < 'a' || from[i] > 'p')
			return false;
		value = value << 4 | (uint64_t)(from[i] - 'a');
	}
	*out = value;
	return true;
}

void speech_head_add(const struct speech *s, struct speech_head head, struct buf *out)
{
	char *to = buf_reserve(out, SPEECH_HEAD);

	memcpy(to, s->tag, 3);
	to[3] = '-';
	letters_write(to + 4, head.seq, 6);
	to[10] = '-';
	letters_write(to + 11, (head.at_ns - s->zero_ns) / NS_PER_US, 8);
	out->len += SPEECH_HEAD;
}

void speech_add(struct speech *s, struct speech_head head, struct buf *out)
{
	uint64_t random = speech_random(s);
	size_t length = s->shortest + random % (s->longest - s->shortest + 1);
	size_t rest = length > SPEECH_HEAD ? length - SPEECH_HEAD : 0;
	size_t from = (random >> 32) % (sizeof(talk) - 1);

	speech_head_add(s, head, out);
	if (rest) {
		buf_add(out, STR(" "));
		rest--;
	}
	while (rest) {
		size_t part = sizeof(talk) - 1 - from;

		if (part > rest)
			part = rest;
		buf_add(out, (struct str){talk + from, part});
		rest -= part;
		from = 0;
	}
}

bool speech_read(const struct speech *s, struct str body, struct speech_head *out)
{
	uint64_t seq, us;

	if (body.len < SPEECH_HEAD || memcmp(body.data, s->tag, 3) || body.data[3] != '-' ||
		body.data[10] != '-')
		return false;
	if (!letters_read(body.data + 4, 6, &seq) || !letters_read(body.data + 11, 8, &us))
		return false;
	*out = (struct speech_head){(uint32_t)seq, s->zero_ns + us * NS_PER_US};
	return true;
}
