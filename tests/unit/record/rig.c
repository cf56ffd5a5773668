#include "rig.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ipc/frame.h"
#include "record/segment.h"

void rig_make(struct rig *rig, uint64_t segment_bytes)
{
	strcpy(rig->dir, "/tmp/gatehouse-record-XXXXXX");
	rig->segment_bytes = segment_bytes;
	assert(mkdtemp(rig->dir));
}

void rig_clear(struct rig *rig)
{
	DIR *d = opendir(rig->dir);
	struct dirent *e;

	while ((e = readdir(d)))
		if (e->d_name[0] != '.' && strcmp(e->d_name, "key") != 0)
			unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
}

void rig_remove(struct rig *rig)
{
	char key[128];

	rig_clear(rig);
	snprintf(key, sizeof(key), "%s/key", rig->dir);
	unlink(key);
	rmdir(rig->dir);
}

int rig_open(struct rig *rig, struct journal **out, struct err *err)
{
	struct journal_config c = {
		.dir_fd = open(rig->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		.copy_fd = -1,
		.outside_fd = -1,
		.syslog_fd = -1,
		.origin = "example.org/record/test",
		.version = "test",
		.segment_bytes = rig->segment_bytes,
	};
	char key[128];

	snprintf(key, sizeof(key), "%s/key", rig->dir);
	if (access(key, F_OK) == 0)
		assert(note_key_load(&c.key, key, err) == 0);
	else
		assert(note_key_create(&c.key, key, err) == 0);
	return journal_open(out, &c, err);
}

void rig_read(const struct rig *rig, uint64_t serial, struct buf *out)
{
	char path[128], name[SEGMENT_NAME];
	ssize_t n = 1;
	int fd;

	segment_name(name, serial, SEGMENT_RAW);
	snprintf(path, sizeof(path), "%s/%s", rig->dir, name);
	fd = open(path, O_RDONLY);
	assert(fd >= 0);
	while (n > 0) {
		char *to = buf_room(out, 65536);

		n = read(fd, to, 65536);
		out->len += n > 0 ? (size_t)n : 0;
	}
	close(fd);
}

void rig_write(const struct rig *rig, const char *name, struct str data)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", rig->dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert(fd >= 0 && write(fd, data.data, data.len) == (ssize_t)data.len);
	close(fd);
}

void rig_content(struct buf *fields, const char *text, const char *conv)
{
	buf_clear(fields);
	field_put(fields, KEY_ID, STR("0123456789012345678901"));
	field_put(fields, KEY_CONV, str_from(conv));
	field_put(fields, KEY_STANZA, str_from(text));
}

uint64_t rig_add(struct journal *j, const char *text, const char *conv)
{
	struct buf fields = BUF_INIT(0);
	uint64_t seq = 0;
	static unsigned n;
	char src[32];

	snprintf(src, sizeof(src), "00000000.0.%u", ++n);
	rig_content(&fields, text, conv);
	assert(journal_append(j, EVENT_CONTENT, str_from(src), buf_view(&fields), &seq) == 0);
	buf_done(&fields);
	return seq;
}
