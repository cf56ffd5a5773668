#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"

static const char *process_name = "gatehouse";
static _Atomic int threshold = LOG_INFO;
static const char *const level_names[] = {"error", "warn", "info", "debug"};

void log_init(const char *process, enum log_level level)
{
	process_name = process;
	threshold = (int)level;
}

void log_set_level(enum log_level level)
{
	threshold = (int)level;
}

void log_line(enum log_level level, const char *fmt, ...)
{
	struct buf line = BUF_INIT(8192);
	va_list args;

	if ((int)level > threshold)
		return;
	clock_put_us(&line, clock_utc_us());
	buf_printf(&line, " %-5s %s: ", level_names[level], process_name);
	va_start(args, fmt);
	buf_vprintf(&line, fmt, args);
	va_end(args);
	line.failed = false; /* a line that met the ceiling is printed as far as it goes */
	buf_putc(&line, '\n');
	if (line.len && write(STDERR_FILENO, line.data, line.len) < 0) {
		/* nobody is left to tell */
	}
	buf_done(&line);
}

const char *log_str(struct str s)
{
	static _Thread_local char slots[8][1024];
	static _Thread_local unsigned next;
	char *to = slots[next++ % 8];
	struct buf b = BUF_INIT(0);

	log_escape(&b, s, 200);
	snprintf(to, sizeof(slots[0]), "%.*s", STR_FMT(buf_view(&b)));
	buf_done(&b);
	return to;
}
