/* Log lines for operators on standard error: time, level, process, text; one write(2) a line. Never a message's
 * content, never a secret. Text that came from outside goes through LOG_STR(), which escapes it. Thread-safe. */
#pragma once

#include "base/str.h"

enum log_level {
	LOG_ERROR,
	LOG_WARN,
	LOG_INFO,
	LOG_DEBUG,
};

/* `process` is shown in each line and must stay valid ("gate", "recorder"). */
void log_init(const char *process, enum log_level level);
void log_set_level(enum log_level level);
void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)

/* Escaped and cut to 200 bytes, in one of eight per-thread buffers: for the arguments of one log call. */
const char *log_str(struct str s);
#define LOG_STR(s) log_str(s)
