#include "cli/lines.h"

void lines_init(struct lines *l, FILE *file, size_t max)
{
	*l = (struct lines){.file = file, .max = max};
	buf_init(&l->line, max);
}

void lines_done(struct lines *l)
{
	buf_done(&l->line);
}

bool lines_next(struct lines *l)
{
	int c = getc_unlocked(l->file);

	if (c == EOF)
		return false;
	buf_clear(&l->line);
	l->number++;
	for (; c != EOF && c != '\n'; c = getc_unlocked(l->file))
		buf_putc(&l->line, (char)c);
	l->too_long = buf_failed(&l->line);
	if (l->line.len && l->line.data[l->line.len - 1] == '\r')
		l->line.len--;
	return true;
}
