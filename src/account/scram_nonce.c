/* On its own, so that tests can put the nonces of the RFCs in its place. */
#include "account/scram_message.h"
#include "base/rand.h"
#include "base/text.h"

void scram_nonce_put(struct buf *out)
{
	unsigned char bytes[18];

	rand_pooled(bytes, sizeof(bytes));
	base64_put(out, bytes, sizeof(bytes));
}
