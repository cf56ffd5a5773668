#include "base/clock.h"

#include <time.h>

static uint64_t clock_us(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

uint64_t clock_mono_ms(void)
{
	return clock_us(CLOCK_MONOTONIC) / 1000;
}

uint64_t clock_mono_us(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

uint64_t clock_utc_us(void)
{
	return clock_us(CLOCK_REALTIME);
}

static void digits(char *to, unsigned width, uint64_t value)
{
	while (width--) {
		to[width] = (char)('0' + value % 10);
		value /= 10;
	}
}

/* Date and time to the second, remembered per thread: gmtime once a second, not once a line. */
static const char *second_text(uint64_t seconds)
{
	static _Thread_local uint64_t known = UINT64_MAX;
	static _Thread_local char text[20];
	time_t t = (time_t)seconds;
	struct tm tm;

	if (seconds == known)
		return text;
	gmtime_r(&t, &tm);
	memcpy(text, "0000-00-00T00:00:00", 20);
	digits(text, 4, (uint64_t)tm.tm_year + 1900);
	digits(text + 5, 2, (uint64_t)tm.tm_mon + 1);
	digits(text + 8, 2, (uint64_t)tm.tm_mday);
	digits(text + 11, 2, (uint64_t)tm.tm_hour);
	digits(text + 14, 2, (uint64_t)tm.tm_min);
	digits(text + 17, 2, (uint64_t)tm.tm_sec);
	known = seconds;
	return text;
}

void clock_put_us(struct buf *b, uint64_t utc_us)
{
	char *to = buf_room(b, 27);

	if (!to)
		return;
	memcpy(to, second_text(utc_us / 1000000), 19);
	to[19] = '.';
	digits(to + 20, 6, utc_us % 1000000);
	to[26] = 'Z';
	b->len += 27;
}

void clock_put(struct buf *b, uint64_t utc_us)
{
	buf_put(b, second_text(utc_us / 1000000), 19);
	buf_putc(b, 'Z');
}
