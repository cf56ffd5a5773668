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

void clock_put_minute(struct buf *b, uint64_t utc_us)
{
	const char *text = second_text(utc_us / 1000000);

	buf_put(b, text, 10);
	buf_putc(b, ' ');
	buf_put(b, text + 11, 5);
	buf_lit(b, " UTC");
}

/* ---- reading ---- */

/* Takes `width` digits off the front. */
static bool take_number(struct str *s, size_t width, int64_t *out)
{
	int64_t n = 0;

	if (s->len < width)
		return false;
	for (size_t i = 0; i < width; i++) {
		if (s->data[i] < '0' || s->data[i] > '9')
			return false;
		n = n * 10 + (s->data[i] - '0');
	}
	*s = str_cut(*s, width, s->len);
	*out = n;
	return true;
}

static bool take_char(struct str *s, char c)
{
	if (s->len == 0 || s->data[0] != c)
		return false;
	*s = str_cut(*s, 1, s->len);
	return true;
}

/* Days from 1970-01-01, the year beginning in March so that the leap day is its last. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
	int64_t y = year - (month <= 2), m = (month + 9) % 12;

	return y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 - 719468;
}

static bool take_date(struct str *s, int64_t *out_days)
{
	int64_t year, month, day;

	if (!take_number(s, 4, &year) || !take_char(s, '-') || !take_number(s, 2, &month) || !take_char(s, '-') ||
		!take_number(s, 2, &day))
		return false;
	if (year < 1 || month < 1 || month > 12 || day < 1 || day > 31)
		return false;
	*out_days = days_of(year, month, day);
	return month == 12 || *out_days < days_of(year, month + 1, 1);
}

/* Fractions beyond microseconds are cut off. */
static bool take_fraction(struct str *s, int64_t *out_us)
{
	int64_t unit = 100000, digit;
	bool any = false;

	*out_us = 0;
	if (!take_char(s, '.'))
		return true;
	for (; take_number(s, 1, &digit); unit /= 10, any = true)
		*out_us += digit * unit;
	return any;
}

static bool take_time(struct str *s, int64_t *out_us)
{
	int64_t hour, minute, second, fraction;

	if (!take_number(s, 2, &hour) || !take_char(s, ':') || !take_number(s, 2, &minute) || !take_char(s, ':') ||
		!take_number(s, 2, &second) || !take_fraction(s, &fraction))
		return false;
	*out_us = ((hour * 60 + minute) * 60 + second) * 1000000 + fraction;
	return hour < 24 && minute < 60 && second <= 60;
}

static bool take_zone(struct str *s, int64_t *out_us)
{
	int64_t hour, minute, sign = 1;

	*out_us = 0;
	if (take_char(s, 'Z'))
		return true;
	if (take_char(s, '-'))
		sign = -1;
	else if (!take_char(s, '+'))
		return false;
	if (!take_number(s, 2, &hour) || !take_char(s, ':') || !take_number(s, 2, &minute))
		return false;
	*out_us = sign * (hour * 60 + minute) * 60000000;
	return hour < 24 && minute < 60;
}

bool clock_parse(struct str text, uint64_t *out_us)
{
	int64_t days, time, zone, us;

	if (!take_date(&text, &days) || !take_char(&text, 'T') || !take_time(&text, &time) ||
		!take_zone(&text, &zone) || text.len)
		return false;
	us = days * INT64_C(86400000000) + time - zone;
	*out_us = us < 1 ? 1 : (uint64_t)us;
	return true;
}
