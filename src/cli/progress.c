#include "cli/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

enum {
	SILENT_MS = 2000,
	TERMINAL_MS = 200,
	FILE_MS = 10000,
};

void progress_begin(struct progress *p, const char *what, size_t total, bool quiet)
{
	*p = (struct progress){.what = what,
		.total = total,
		.started_ms = clock_mono_ms(),
		.quiet = quiet,
		.terminal = isatty(STDERR_FILENO)};
}

void progress_at(struct progress *p, size_t done)
{
	uint64_t now = clock_mono_ms(), spent = now - p->started_ms;

	if (p->quiet || spent < SILENT_MS || now - p->shown_ms < (p->terminal ? TERMINAL_MS : FILE_MS))
		return;
	p->shown_ms = now;
	p->shown = true;
	fprintf(stderr, "%s%zu", p->terminal ? "\r" : "", done);
	if (p->total)
		fprintf(stderr, " of %zu", p->total);
	fprintf(stderr, " %s", p->what);
	if (p->total && done)
		fprintf(stderr, ", %llu s left ",
			(unsigned long long)(spent * (p->total - done) / done / 1000));
	fprintf(stderr, "%s", p->terminal ? " " : "\n");
}

void progress_end(struct progress *p)
{
	if (p->shown && p->terminal)
		fprintf(stderr, "\n");
}
