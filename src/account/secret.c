#include "account/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/rand.h"
#include "base/text.h"

enum {
	TEXT_LEN = 2 * sizeof(struct account_secret), /* hex, then a newline */
};

static int secret_read(struct account_secret *out, int fd, const char *path, struct err *err)
{
	char text[TEXT_LEN + 2];
	struct stat st;
	ssize_t n;
	bool good;

	if (fstat(fd, &st))
		return err_errno(err, "'%s'", path);
	if (!S_ISREG(st.st_mode) || (st.st_mode & 077))
		return err_set(
			err, -EPERM, "'%s' must be a file that only its owner can read (chmod 600)", path);
	n = read(fd, text, sizeof(text));
	good = n == TEXT_LEN + 1 && text[TEXT_LEN] == '\n' &&
	       hex_parse(str_of(text, TEXT_LEN), out->bytes, sizeof(out->bytes));
	OPENSSL_cleanse(text, sizeof(text));
	return good ? 0
		    : err_set(err, -EBADMSG,
			      "'%s' is damaged: 64 hexadecimal digits and a newline are expected", path);
}

static int secret_write(const struct account_secret *secret, int fd)
{
	struct buf text = BUF_INIT(0);
	bool good;

	hex_put(&text, secret->bytes, sizeof(secret->bytes));
	buf_putc(&text, '\n');
	good = !buf_failed(&text) && write(fd, text.data, text.len) == (ssize_t)text.len && fsync(fd) == 0;
	if (text.data)
		OPENSSL_cleanse(text.data, text.len);
	buf_done(&text);
	return good ? 0 : -EIO;
}

/* Under another name first, so that a crash leaves no half file in its place. */
static int secret_make(struct account_secret *out, const char *path, struct err *err)
{
	AUTO(auto_free) char *fresh = NULL;
	AUTO(auto_close) int fd = -1;

	if (asprintf(&fresh, "%s.new", path) < 0) {
		fresh = NULL;
		return err_set(err, -ENOMEM, "no memory");
	}
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(err, "'%s'", fresh);
	rand_bytes(out->bytes, sizeof(out->bytes));
	if (secret_write(out, fd) || rename(fresh, path)) {
		int r = err_errno(err, "'%s'", path);

		unlink(fresh);
		account_secret_wipe(out);
		return r;
	}
	return 0;
}

int account_secret_load_or_make(struct account_secret *out, const char *path, struct err *err)
{
	AUTO(auto_close) int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0)
		return secret_read(out, fd, path, err);
	return errno == ENOENT ? secret_make(out, path, err) : err_errno(err, "'%s'", path);
}

void account_secret_wipe(struct account_secret *secret)
{
	OPENSSL_cleanse(secret, sizeof(*secret));
}

int account_secret_derive(
	const struct account_secret *secret, const char *label, struct str text, uint8_t out[32])
{
	struct buf input = BUF_INIT(0);
	unsigned len = 32;
	int r = -EIO;

	buf_put(&input, label, strlen(label) + 1);
	buf_str(&input, text);
	if (!buf_failed(&input) && HMAC(EVP_sha256(), secret->bytes, sizeof(secret->bytes),
					   (const unsigned char *)input.data, input.len, out, &len))
		r = 0;
	buf_done(&input);
	return r;
}
