#include "record/note.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/text.h"

#define EM_DASH "\xe2\x80\x94"

enum {
	KEY_FILE_MAX = 4096,
	TYPE_ED25519 = 1,
	SIGNATURE_LEN = 64,
};

bool note_origin_is_valid(struct str origin)
{
	if (origin.len == 0 || origin.len > NOTE_ORIGIN_MAX)
		return false;
	for (size_t i = 0; i < origin.len; i++)
		if (origin.data[i] <= ' ' || origin.data[i] >= 0x7f || origin.data[i] == '+')
			return false;
	return true;
}

static int note_key_set(struct note_key *out, EVP_PKEY *key)
{
	size_t len = sizeof(out->public_key);

	if (!key || EVP_PKEY_get_base_id(key) != EVP_PKEY_ED25519 ||
		EVP_PKEY_get_raw_public_key(key, out->public_key, &len) != 1) {
		EVP_PKEY_free(key);
		return -EINVAL;
	}
	out->key = key;
	return 0;
}

static EVP_PKEY *note_key_parse(const unsigned char *data, size_t len)
{
	BIO *bio;
	EVP_PKEY *key;

	if (len == 32)
		return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, data, len);
	bio = BIO_new_mem_buf(data, (int)len);
	key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
	BIO_free(bio);
	return key;
}

int note_key_load(struct note_key *out, const char *path, struct err *err)
{
	AUTO(auto_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	unsigned char data[KEY_FILE_MAX];
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, "key of the record '%s'", path);
	if (st.st_mode & 077)
		return err_set(err, -EPERM,
			"key of the record '%s' may be read by others (mode %04o): chmod 0600", path,
			(unsigned)(st.st_mode & 07777));
	n = read(fd, data, sizeof(data));
	if (n < 0)
		return err_errno(err, "key of the record '%s'", path);
	if (note_key_set(out, note_key_parse(data, (size_t)n)) < 0)
		err_set(err, n = -EINVAL, "key of the record '%s' is no Ed25519 key (PEM, or 32 bytes)",
			path);
	explicit_bzero(data, sizeof(data));
	return n < 0 ? (int)n : 0;
}

static int note_key_write(EVP_PKEY *key, const char *path, struct err *err)
{
	AUTO(auto_close) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	BIO *bio;
	int ok;

	if (fd < 0)
		return err_errno(err, "key of the record '%s'", path);
	bio = BIO_new_fd(fd, BIO_NOCLOSE);
	ok = bio && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1;
	BIO_free(bio);
	if (!ok || fsync(fd) < 0)
		return err_set(err, -EIO, "key of the record '%s' cannot be written", path);
	return 0;
}

int note_key_create(struct note_key *out, const char *path, struct err *err)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	int r;

	if (!key)
		return err_set(err, -EIO, "no Ed25519 key can be made");
	r = note_key_write(key, path, err);
	if (r) {
		EVP_PKEY_free(key);
		return r;
	}
	return note_key_set(out, key);
}

void note_key_done(struct note_key *k)
{
	EVP_PKEY_free(k->key);
	k->key = NULL;
}

/* The first four bytes of SHA-256(name, newline, type, key). */
static void note_key_id(struct str origin, const unsigned char public_key[32], unsigned char out[4])
{
	struct buf b = BUF_INIT(0);
	unsigned char hash[TREE_HASH];

	buf_str(&b, origin);
	buf_putc(&b, '\n');
	buf_putc(&b, TYPE_ED25519);
	buf_put(&b, public_key, 32);
	tree_sha256(buf_view(&b), hash);
	memcpy(out, hash, 4);
	buf_done(&b);
}

void note_put_verifier(struct buf *b, struct str origin, const unsigned char public_key[32])
{
	unsigned char id[4], typed[33] = {TYPE_ED25519};

	note_key_id(origin, public_key, id);
	memcpy(typed + 1, public_key, 32);
	buf_str(b, origin);
	buf_putc(b, '+');
	hex_put(b, id, sizeof(id));
	buf_putc(b, '+');
	base64_put(b, typed, sizeof(typed));
}

static int note_signature(const struct note_key *k, struct str text, unsigned char out[SIGNATURE_LEN])
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	size_t len = SIGNATURE_LEN;
	int ok = c && EVP_DigestSignInit(c, NULL, NULL, NULL, k->key) == 1 &&
		 EVP_DigestSign(c, out, &len, (const unsigned char *)text.data, text.len) == 1;

	EVP_MD_CTX_free(c);
	return ok ? 0 : -EIO;
}

int note_sign(struct buf *b, const struct note_key *k, const struct checkpoint *c)
{
	size_t start = b->len;
	unsigned char signature[4 + SIGNATURE_LEN];

	buf_str(b, c->origin);
	buf_putc(b, '\n');
	buf_u64(b, c->size);
	buf_putc(b, '\n');
	base64_put(b, c->root, TREE_HASH);
	buf_putc(b, '\n');
	if (buf_failed(b) || note_signature(k, str_of(b->data + start, b->len - start), signature + 4) < 0)
		return -EIO;
	note_key_id(c->origin, k->public_key, signature);
	buf_lit(b, "\n" EM_DASH " ");
	buf_str(b, c->origin);
	buf_putc(b, ' ');
	base64_put(b, signature, sizeof(signature));
	buf_putc(b, '\n');
	return buf_failed(b) ? -EIO : 0;
}

static bool note_line(struct str *rest, struct str *out)
{
	size_t end = str_find(*rest, '\n', 0);

	if (end == rest->len)
		return false;
	*out = str_cut(*rest, 0, end);
	*rest = str_cut(*rest, end + 1, rest->len);
	return true;
}

static bool note_hash(struct str text, unsigned char *out, size_t len)
{
	struct buf b = BUF_INIT(256);
	bool ok = base64_parse(text, &b) && b.len == len;

	if (ok)
		memcpy(out, b.data, len);
	buf_done(&b);
	return ok;
}

static bool note_body(struct str text, struct checkpoint *out)
{
	struct str size, root;
	unsigned long long n;

	if (!note_line(&text, &out->origin) || !note_line(&text, &size) || !note_line(&text, &root) ||
		text.len)
		return false;
	if (str_is_empty(size) || (size.len > 1 && size.data[0] == '0') || !str_to_u64(size, UINT64_MAX, &n))
		return false;
	out->size = n;
	return note_origin_is_valid(out->origin) && note_hash(root, out->root, TREE_HASH);
}

static bool note_is_signed(struct str text, const unsigned char *public_key, const unsigned char *signature)
{
	EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, 32);
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	bool ok = key && c && EVP_DigestVerifyInit(c, NULL, NULL, NULL, key) == 1 &&
		  EVP_DigestVerify(c, signature, SIGNATURE_LEN, (const unsigned char *)text.data, text.len) ==
			  1;

	EVP_MD_CTX_free(c);
	EVP_PKEY_free(key);
	return ok;
}

/* Is this signature line one of the given key, and does it verify? Lines of other keys do not count. */
static bool note_line_verifies(
	struct str line, struct str text, struct str origin, const unsigned char *public_key)
{
	unsigned char id[4], signature[4 + SIGNATURE_LEN];
	struct str prefix = STR(EM_DASH " ");

	if (!str_starts(line, prefix))
		return false;
	line = str_cut(line, prefix.len, line.len);
	if (line.len < origin.len + 1 || !str_starts(line, origin) || line.data[origin.len] != ' ')
		return false;
	if (!note_hash(str_cut(line, origin.len + 1, line.len), signature, sizeof(signature)))
		return false;
	note_key_id(origin, public_key, id);
	return memcmp(id, signature, 4) == 0 && note_is_signed(text, public_key, signature + 4);
}

int note_open(struct str note, const unsigned char public_key[32], struct checkpoint *out)
{
	struct checkpoint c;
	struct str text, rest, line;
	size_t split = 0;

	for (size_t i = 0; i + 1 < note.len; i++)
		if (note.data[i] == '\n' && note.data[i + 1] == '\n')
			split = i + 1;
	text = str_cut(note, 0, split);
	if (split == 0 || !note_body(text, &c))
		return -EINVAL;
	rest = str_cut(note, split + 1, note.len);
	while (note_line(&rest, &line))
		if (note_line_verifies(line, text, c.origin, public_key)) {
			*out = c;
			return 0;
		}
	return -EKEYREJECTED;
}
