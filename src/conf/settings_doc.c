/* Prints what is made from the settings table when the program is built: settings-doc man|dictionary|yaml. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "conf/schema.h"
#include "conf/settings.h"

static bool print(const char *what, struct buf *out)
{
	if (strcmp(what, "man") == 0)
		settings_print_man(out);
	else if (strcmp(what, "dictionary") == 0)
		settings_print_dictionary(out);
	else if (strcmp(what, "yaml") == 0)
		settings_print(NULL, out);
	else
		return false;
	return true;
}

int main(int argc, char **argv)
{
	struct buf out = BUF_INIT(0);
	int r = 0;

	if (argc != 2 || !print(argv[1], &out)) {
		fprintf(stderr, "usage: settings-doc man|dictionary|yaml\n");
		return 2;
	}
	if (fwrite(out.data, 1, out.len, stdout) != out.len || fflush(stdout))
		r = 4;
	buf_done(&out);
	return r;
}
