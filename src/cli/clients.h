/* What the subcommands of `gatehouse clients` share. */
#pragma once

#include "cli/people.h"
#include "cli/table.h"

/* Puts the filters that were given (FILTERS of commands_clients.c) into args. 0, or an exit code after saying why. */
[[nodiscard]] int clients_filter(const struct cli *cli, json_t *args);
/* The time that the option holds under this name, if it was given. */
[[nodiscard]] int clients_time(const struct cli *cli, const char *option, const char *name, json_t *args);

/* Opens, asks, and closes; `args` is stolen. 0, or an exit code after printing the error. */
[[nodiscard]] int clients_call(const struct cli *cli, const char *cmd, json_t *args, json_t **out);

/* A line for each row, made by add(), and how many there are, in words. `columns` ends with NULL. */
void clients_print(
	const char *const *columns, const json_t *rows, void (*add)(struct table *t, const json_t *row), const char *one,
	const char *many);

long long clients_number(const json_t *object, const char *name); /* 0 when it is not there */
const char *clients_member(const json_t *object, const char *name); /* "" when it is not there */
/* "2026-11-22 15:04" of a time as the control socket gives it. */
struct str clients_minute(char out[17], const char *time);
