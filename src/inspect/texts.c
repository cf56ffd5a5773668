#include "inspect/texts.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/fold.h"
#include "inspect/odd.h"

enum {
	RUN_ROOM_MIN = 1024,
	PARTS_ROOM_MIN = 16,
};

void texts_done(struct texts *t)
{
	free(t->parts);
	free(t->joined.data);
	free(t->odd);
	for (size_t i = 0; i < VIEW_COUNT; i++)
		free(t->view[i].data);
	*t = (struct texts){};
}

void texts_reset(struct texts *t, size_t ceiling)
{
	t->count = 0;
	t->joined.len = 0;
	t->bytes = 0;
	t->ceiling = ceiling;
	t->digits_max = 0;
	t->digits_width = 0;
	memset(t->folded, 0, sizeof(t->folded));
	t->failed = CANNOT_TELL_NONE;
}

static bool texts_fail(struct texts *t, enum cannot_tell why)
{
	t->failed = why;
	return false;
}

/* Room for `len` bytes in all. */
static bool run_grow(struct texts *t, struct text_run *run, size_t len)
{
	size_t room = run->room ? run->room : RUN_ROOM_MIN;
	char *data;

	if (len <= run->room)
		return true;
	while (room < len)
		room *= 2;
	data = realloc(run->data, room);
	if (!data)
		return texts_fail(t, CANNOT_TELL_MEMORY);
	run->data = data;
	run->room = room;
	return true;
}

/* Every text counts one more than its bytes, so that many empty-looking ones are bounded too. */
static bool texts_charge(struct texts *t, size_t len)
{
	if (t->failed)
		return false;
	if (len >= t->ceiling - t->bytes)
		return texts_fail(t, CANNOT_TELL_CEILING);
	t->bytes += len;
	return true;
}

static struct text_part *part_add(struct texts *t, enum text_kind kind)
{
	struct text_part *part;

	if (t->count == t->room) {
		size_t room = t->room ? t->room * 2 : PARTS_ROOM_MIN;

		part = reallocarray(t->parts, room, sizeof(*part));
		if (!part) {
			texts_fail(t, CANNOT_TELL_MEMORY);
			return NULL;
		}
		t->parts = part;
		t->room = room;
	}
	part = &t->parts[t->count++];
	part->kind = kind;
	part->lacks_number = part->lacks_run = SIZE_MAX;
	return part;
}

void texts_add(struct texts *t, enum text_kind kind, struct str text)
{
	struct text_part *part;

	if (text.len == 0 || !texts_charge(t, text.len + 1))
		return;
	part = part_add(t, kind);
	if (!part)
		return;
	part->text = text;
	part->joined_at = SIZE_MAX;
}

void texts_open(struct texts *t)
{
	struct text_part *part = part_add(t, KIND_NONE);

	if (part) {
		part->text = STR_NONE;
		part->joined_at = t->joined.len;
	}
}

void texts_put(struct texts *t, struct str piece)
{
	if (!texts_charge(t, piece.len) || !run_grow(t, &t->joined, t->joined.len + piece.len + 1))
		return;
	memcpy(t->joined.data + t->joined.len, piece.data ? piece.data : "", piece.len);
	t->joined.len += piece.len;
}

void texts_close(struct texts *t, enum text_kind kind)
{
	struct text_part *part = t->count ? &t->parts[t->count - 1] : NULL;

	if (t->failed || !part)
		return;
	part->kind = kind;
	part->text.len = t->joined.len - part->joined_at;
	if (part->text.len == 0)
		t->count--;
	else
		(void)!texts_charge(t, 1);
}

static void part_fold(struct texts *t, struct text_part *part, enum view view)
{
	struct text_run *run = &t->view[view];
	struct fold_stats stats;

	if (part->joined_at != SIZE_MAX)
		part->text.data = t->joined.data + part->joined_at;
	part->at[view] = run->len;
	if (view == VIEW_WORD) {
		part->len[view] = fold_word(part->text, run->data + run->len, &stats);
		part->digits = stats.digits;
		part->ascii = stats.ascii;
		part->same[view] = stats.same;
	} else if (part->ascii) {
		memcpy(run->data + run->len, part->text.data, part->text.len);
		part->len[view] = part->text.len;
		part->same[view] = true;
	} else {
		part->len[view] = (view == VIEW_LIGHT ? fold_light : fold_narrow)(
			part->text, run->data + run->len, &stats);
		part->same[view] = false;
	}
	run->len += part->len[view];
	run->data[run->len++] = '\n';
}

size_t text_part_width(const struct text_part *part)
{
	return part->ascii ? part->text.len : part->text.len * FOLD_GROWTH;
}

static void digits_note(struct texts *t, const struct text_part *part)
{
	size_t width = text_part_width(part);

	t->digits_max = part->digits > t->digits_max ? part->digits : t->digits_max;
	t->digits_width = width > t->digits_width ? width : t->digits_width;
}

bool texts_fold(struct texts *t, enum view view)
{
	struct text_run *run = &t->view[view];

	if (t->folded[view] || t->failed)
		return !t->failed;
	if (!run_grow(t, run, t->bytes * FOLD_GROWTH + t->count + ODD_SLACK + 1))
		return false;
	run->len = 0;
	for (size_t i = 0; i < t->count; i++) {
		part_fold(t, &t->parts[i], view);
		if (t->parts[i].digits)
			digits_note(t, &t->parts[i]);
	}
	memset(run->data + run->len, '\n', ODD_SLACK);
	t->folded[view] = true;
	return true;
}

bool texts_mark_odd(struct texts *t)
{
	struct str view = texts_view(t, VIEW_WORD);
	size_t room = view.len / ODD_WORD + 2;

	if (room > t->odd_room) {
		uint64_t *odd = reallocarray(t->odd, room * 2, sizeof(*odd));

		if (!odd)
			return texts_fail(t, CANNOT_TELL_MEMORY);
		t->odd = odd;
		t->odd_room = room * 2;
	}
	return odd_mark(view, t->odd);
}

struct str texts_view(const struct texts *t, enum view view)
{
	return str_of(t->view[view].data, t->view[view].len);
}

struct str texts_part(const struct texts *t, enum view view, size_t part)
{
	return str_of(t->view[view].data + t->parts[part].at[view], t->parts[part].len[view]);
}

size_t texts_part_at(const struct texts *t, enum view view, size_t offset)
{
	size_t low = 0, high = t->count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (t->parts[middle].at[view] <= offset)
			low = middle;
		else
			high = middle;
	}
	return low;
}

size_t text_part_origin(const struct text_part *part, enum view view, size_t offset)
{
	if (part->same[view])
		return offset < part->text.len ? offset : part->text.len;
	if (view == VIEW_WORD)
		return fold_word_origin(part->text, offset);
	return view == VIEW_LIGHT ? fold_light_origin(part->text, offset)
				  : fold_narrow_origin(part->text, offset);
}
