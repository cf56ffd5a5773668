/* Runs a fuzz target over the files of its corpus, once each, without a fuzzing engine: so that what a fuzzer
 * found stays found in every build. Arguments are files or folders; finding no file at all is a failure. */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned files;

static void fail(const char *path)
{
	fprintf(stderr, "%s: %s\n", path, strerror(errno));
	exit(2);
}

/* The input goes to the target in a block of exactly its size, so that a read behind its end is noticed. */
static void replay_bytes(const struct buf *content)
{
	uint8_t *exact = malloc(content->len ? content->len : 1);

	if (!exact)
		abort();
	if (content->len)
		memcpy(exact, content->data, content->len);
	LLVMFuzzerTestOneInput(exact, content->len);
	free(exact);
}

static void replay_file(const char *path)
{
	struct buf content = BUF_INIT(0);
	FILE *in = fopen(path, "rb");
	char *to;
	size_t n;

	if (!in)
		fail(path);
	while ((to = buf_room(&content, 65536)) && (n = fread(to, 1, 65536, in)) > 0)
		content.len += n;
	if (ferror(in) || buf_failed(&content))
		fail(path);
	fclose(in);
	fprintf(stderr, "%s\n", path);
	replay_bytes(&content);
	files++;
	buf_done(&content);
}

static void replay(const char *path);

static void replay_folder(const char *path)
{
	struct dirent **names;
	int n = scandir(path, &names, NULL, alphasort);

	if (n < 0)
		fail(path);
	for (int i = 0; i < n; i++) {
		struct buf member = BUF_INIT(0);

		buf_printf(&member, "%s/%s", path, names[i]->d_name);
		if (names[i]->d_name[0] != '.')
			replay(buf_cstr(&member));
		buf_done(&member);
		free(names[i]);
	}
	free(names);
}

static void replay(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		fail(path);
	if (S_ISDIR(st.st_mode))
		replay_folder(path);
	else
		replay_file(path);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	printf("%u inputs replayed\n", files);
	return files ? 0 : 1;
}
