#include "room/history.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "room/archived.h"
#include "stanza/xml_out.h"

static void heard_drop(struct heard *h)
{
	room_drop_text(&h->xml);
	room_drop_text(&h->bare);
}

static void forget_oldest(struct room *r)
{
	struct heard *h = &r->history[r->history_first];

	r->history_bytes -= h->xml.len + h->bare.len;
	heard_drop(h);
	r->history_first = (r->history_first + 1) % HISTORY_MAX;
	r->history_len--;
}

void room_forget(struct room *r)
{
	while (r->history_len)
		forget_oldest(r);
}

/* What is too long for all of it takes nobody's place. */
void history_add(struct room *r, struct str xml, struct str bare, const struct room_stamp *stamp)
{
	size_t bytes = xml.len + bare.len;
	struct heard *h;

	if (bytes > r->history_bytes_max)
		return;
	while (r->history_len && (r->history_len == HISTORY_MAX || r->history_bytes > r->history_bytes_max - bytes))
		forget_oldest(r);
	h = &r->history[(r->history_first + r->history_len) % HISTORY_MAX];
	if (!room_set_text(&h->xml, xml) || !room_set_text(&h->bare, bare)) {
		heard_drop(h);
		return;
	}
	h->stamp = *stamp;
	r->history_bytes += bytes;
	r->history_len++;
}

static const struct heard *heard_at(const struct room *r, unsigned i)
{
	return &r->history[(r->history_first + i) % HISTORY_MAX];
}

bool history_retract(struct room *r, const struct room_retraction *t)
{
	for (unsigned i = 0; i < r->history_len; i++) {
		struct heard *h = &r->history[(r->history_first + i) % HISTORY_MAX];
		size_t was = h->xml.len;
		struct buf out = BUF_INIT(0);
		bool ok;

		if (!str_eq(str_of(h->stamp.id, STAMP_ID), t->id))
			continue;
		ok = archived_put_tombstone(&out, h->xml, t) && room_set_text(&h->xml, buf_view(&out));
		r->history_bytes = r->history_bytes - was + h->xml.len;
		buf_done(&out);
		return ok;
	}
	return false;
}

void room_recall(struct room *r, struct str xml, const struct room_stamp *stamp)
{
	struct buf out = BUF_INIT(0);
	struct archived a;

	if (!archived_read(xml, &a) || !archived_is_shown(&a))
		return;
	archived_put_live(&out, r, &a, stamp);
	if (!buf_failed(&out))
		history_add(r, buf_view(&out), a.bare, stamp);
	buf_done(&out);
}

/* ---- what is asked for ---- */

static bool digits(struct str text, size_t at, size_t n, int *out)
{
	unsigned long long v;

	if (at + n > text.len || !str_to_u64(str_cut(text, at, at + n), 9999, &v))
		return false;
	*out = (int)v;
	return true;
}

static bool parse_zone(struct str zone, long *out_seconds)
{
	int hours, minutes;

	*out_seconds = 0;
	if (str_is(zone, "Z"))
		return true;
	if (zone.len != 6 || (zone.data[0] != '+' && zone.data[0] != '-') || zone.data[3] != ':' ||
		!digits(zone, 1, 2, &hours) || !digits(zone, 4, 2, &minutes))
		return false;
	*out_seconds = (hours * 60L + minutes) * 60L * (zone.data[0] == '-' ? -1 : 1);
	return true;
}

bool history_parse_time(struct str t, unsigned long long *out_us)
{
	struct tm tm = {.tm_isdst = 0};
	size_t at = 19;
	long zone;
	time_t seconds;

	if (t.len < 20 || t.data[4] != '-' || t.data[7] != '-' || t.data[10] != 'T' || t.data[13] != ':' ||
		t.data[16] != ':')
		return false;
	if (!digits(t, 0, 4, &tm.tm_year) || !digits(t, 5, 2, &tm.tm_mon) || !digits(t, 8, 2, &tm.tm_mday) ||
		!digits(t, 11, 2, &tm.tm_hour) || !digits(t, 14, 2, &tm.tm_min) ||
		!digits(t, 17, 2, &tm.tm_sec))
		return false;
	if (t.data[at] == '.')
		for (at++; at < t.len && t.data[at] >= '0' && t.data[at] <= '9';)
			at++;
	if (!parse_zone(str_cut(t, at, t.len), &zone) || tm.tm_year < 1970)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	seconds = timegm(&tm) - zone;
	if (seconds < 0)
		return false;
	*out_us = (unsigned long long)seconds * 1000000ULL;
	return true;
}

static unsigned long long number_of(const struct node *n, struct str name)
{
	unsigned long long v;

	return n && str_to_u64(node_attr(n, name), UINT32_MAX, &v) ? v : ~0ULL;
}

struct history_wish history_wish(const struct room *r, const struct node *n)
{
	struct history_wish w = {
		.stanzas = number_of(n, STR("maxstanzas")), .chars = number_of(n, STR("maxchars"))};
	unsigned long long seconds = number_of(n, STR("seconds")), since;
	uint64_t now = clock_utc_us();

	if (w.stanzas > r->config.history)
		w.stanzas = r->config.history;
	if (w.chars > r->history_bytes_max)
		w.chars = r->history_bytes_max;
	if (seconds != ~0ULL && seconds * 1000000ULL < now)
		w.since_us = now - seconds * 1000000ULL;
	if (n && history_parse_time(node_attr(n, STR("since")), &since) && since > w.since_us)
		w.since_us = since;
	return w;
}

/* ---- what is shown ---- */

void history_put_delay(struct buf *out, const struct room *r, const struct room_stamp *stamp)
{
	buf_lit(out, "<delay xmlns='urn:xmpp:delay' from='");
	xml_escape(out, r->jid);
	buf_lit(out, "' stamp='");
	clock_put_us(out, stamp->time_us);
	buf_lit(out, "'/>");
}

/* Our own serialiser wrote it, so it ends with </message>. */
static void show_one(
	const struct room *r, const struct heard *h, const struct seat *to, struct room_sink *sink)
{
	struct str end = STR("</message>");
	struct buf out = BUF_INIT(0);

	buf_put(&out, h->xml.data, h->xml.len - end.len);
	history_put_delay(&out, r, &h->stamp);
	buf_str(&out, end);
	if (!buf_failed(&out))
		sink->send(sink, &to, 1, buf_view(&out), &h->stamp, ROOM_GOODS_MESSAGE);
	buf_done(&out);
}

/* 7.2.14: what counts is the whole stanza. */
static size_t delay_len(const struct room *r, const struct heard *h)
{
	struct buf out = BUF_INIT(0);
	size_t len;

	history_put_delay(&out, r, &h->stamp);
	len = out.len;
	buf_done(&out);
	return len;
}

/* How many of the newest are wanted. */
static unsigned wanted(const struct room *r, const struct history_wish *w)
{
	unsigned long long chars = 0;
	unsigned n = 0;

	while (n < r->history_len && n < w->stanzas) {
		const struct heard *h = heard_at(r, r->history_len - 1 - n);

		chars += h->xml.len + delay_len(r, h);
		if (chars > w->chars || h->stamp.time_us < w->since_us)
			break;
		n++;
	}
	return n;
}

void history_show(
	const struct room *r, const struct history_wish *w, const struct seat *to, struct room_sink *sink)
{
	for (unsigned n = wanted(r, w), i = r->history_len - n; i < r->history_len; i++) {
		const struct heard *h = heard_at(r, i);

		if (h->bare.len == 0 || sink->may_meet(sink, to->jid.bare, h->bare))
			show_one(r, h, to, sink);
	}
}
