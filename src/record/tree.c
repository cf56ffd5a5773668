#include "record/tree.h"

#include <openssl/evp.h>
#include <stdlib.h>

#include "base/log.h"

/* Fetched once: looking the algorithm up for each hash costs as much as the hash. */
static _Thread_local EVP_MD_CTX *context;
static _Thread_local EVP_MD *algorithm;

__attribute__((noreturn)) static void tree_die(void)
{
	log_error("SHA-256 is not available");
	abort();
}

static EVP_MD_CTX *tree_context(void)
{
	if (context)
		return context;
	algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
	context = EVP_MD_CTX_new();
	if (!algorithm || !context)
		tree_die();
	return context;
}

void tree_drain(void)
{
	EVP_MD_CTX_free(context);
	EVP_MD_free(algorithm);
	context = NULL;
	algorithm = NULL;
}

static void tree_digest(struct str head, struct str data, unsigned char out[TREE_HASH])
{
	EVP_MD_CTX *c = tree_context();

	if (EVP_DigestInit_ex2(c, algorithm, NULL) != 1 || EVP_DigestUpdate(c, head.data, head.len) != 1 ||
		EVP_DigestUpdate(c, data.data, data.len) != 1 || EVP_DigestFinal_ex(c, out, NULL) != 1)
		tree_die();
}

void tree_init(struct tree *t)
{
	t->size = 0;
	t->peaks_len = 0;
}

void tree_leaf(struct str line, unsigned char out[TREE_HASH])
{
	tree_digest(str_of("\0", 1), line, out);
}

void tree_sha256(struct str data, unsigned char out[TREE_HASH])
{
	tree_digest(STR_NONE, data, out);
}

static void tree_node(const unsigned char *left, const unsigned char *right, unsigned char out[TREE_HASH])
{
	char both[1 + 2 * TREE_HASH] = {1};

	memcpy(both + 1, left, TREE_HASH);
	memcpy(both + 1 + TREE_HASH, right, TREE_HASH);
	tree_digest(STR_NONE, str_of(both, sizeof(both)), out);
}

void tree_append(struct tree *t, const unsigned char leaf[TREE_HASH])
{
	unsigned char *top = t->peaks[t->peaks_len];

	memcpy(top, leaf, TREE_HASH);
	t->peaks_len++;
	for (uint64_t bit = t->size; bit & 1; bit >>= 1) {
		t->peaks_len--;
		top = t->peaks[t->peaks_len - 1];
		tree_node(top, t->peaks[t->peaks_len], top);
	}
	t->size++;
}

void tree_root(const struct tree *t, unsigned char out[TREE_HASH])
{
	if (t->peaks_len == 0) {
		tree_sha256(STR_NONE, out);
		return;
	}
	memcpy(out, t->peaks[t->peaks_len - 1], TREE_HASH);
	for (unsigned i = t->peaks_len - 1; i > 0; i--)
		tree_node(t->peaks[i - 1], out, out);
}

bool tree_resume(struct tree *t, uint64_t size, const unsigned char (*peaks)[TREE_HASH], unsigned n)
{
	if ((unsigned)__builtin_popcountll(size) != n)
		return false;
	t->size = size;
	t->peaks_len = n;
	memcpy(t->peaks, peaks, (size_t)n * TREE_HASH);
	return true;
}
