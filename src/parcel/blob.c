#include "parcel/blob.h"

#include <stdlib.h>

struct blob *blob_new(struct str bytes)
{
	struct blob *b;

	if (bytes.len > UINT32_MAX)
		return NULL;
	b = malloc(sizeof(*b) + bytes.len);
	if (!b)
		return NULL;
	b->refs = 1;
	b->matter = 0;
	b->len = (uint32_t)bytes.len;
	if (bytes.len)
		memcpy(b->data, bytes.data, bytes.len);
	return b;
}

struct blob *blob_ref(struct blob *b)
{
	b->refs++;
	return b;
}

struct blob *blob_unref(struct blob *b)
{
	if (b && --b->refs == 0)
		free(b);
	return NULL;
}
