#include "cli/places.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The folder of this executable, without a slash at the end. */
static bool own_folder(char *out)
{
	char path[PLACE_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash;

	if (n <= 0)
		return false;
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (!slash)
		return false;
	*slash = '\0';
	strcpy(out, path);
	return true;
}

static bool try_place(char *out, const char *folder, const char *below, const char *name)
{
	int n = snprintf(out, PLACE_MAX, "%s%s%s%s", folder, below, name[0] ? "/" : "", name);

	return n > 0 && n < PLACE_MAX && access(out, R_OK) == 0;
}

bool place_libexec(const char *name, char *out)
{
	const char *set = getenv("GATEHOUSE_LIBEXEC");
	char own[PLACE_MAX];

	if (set && set[0])
		return try_place(out, set, "", name);
	if (own_folder(own) &&
		(try_place(out, own, "/../libexec/gatehouse", name) || try_place(out, own, "/../proc", name)))
		return true;
	return try_place(out, GATEHOUSE_LIBEXECDIR, "", name);
}

bool place_rules(char *out)
{
	const char *set = getenv("GATEHOUSE_DATA");
	char own[PLACE_MAX];

	if (set && set[0])
		return try_place(out, set, "/rules", "");
	if (own_folder(own) && try_place(out, own, "/../share/gatehouse/rules", ""))
		return true;
	return try_place(out, GATEHOUSE_DATADIR, "/rules", "") ||
	       try_place(out, GATEHOUSE_SOURCEDIR, "/rules", "");
}
