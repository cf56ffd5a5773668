/* Reason text for people, made where something fails and carried to the border that prints it (configuration,
 * TLS, command line, administration). Functions return 0, a negative errno for what was not planned for, or a
 * positive outcome their header lists. `e` may be NULL everywhere. */
#pragma once

struct err {
	char text[512];
};

/* Each returns `code` (or -errno), so that a caller writes: return err_set(e, -EINVAL, "..."). */
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
int err_errno(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Puts a prefix and ": " before the text that is there. */
int err_wrap(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
