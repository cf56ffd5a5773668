/* What a person wants kept in his history (XEP-0441): for nobody else to see, so it has no line in the record. */
#include "cli/intake_private.h"

#include "store/prefs.h"

static int is_set(struct intake *in, bool *out)
{
	int r = store_prefs_load(in->people.store, &in->req, in->jid.bare);

	if (!r)
		r = store_wait(&in->req);
	*out = !r && in->req.prefs;
	store_req_release(&in->req);
	return r ? intake_failed(in, "the store's preferences cannot be read") : 0;
}

static size_t take_list(struct intake *in, const struct str *list, size_t len, struct str *out)
{
	struct jid jid;
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		if (intake_address(in, list[i], &jid))
			out[n++] = jid.full;
	return n;
}

static int put(struct intake *in, const struct store_prefs *prefs)
{
	int r = store_prefs_put(in->people.store, &in->req, in->jid.bare, prefs);

	if (!r)
		r = store_wait(&in->req);
	store_req_release(&in->req);
	in->tally.carried[TALLY_PREFERENCES] += r == 0;
	return r ? intake_failed(in, "the store does not take preferences") : 0;
}

int intake_prefs(struct intake *in, struct str fallback, const struct str *always, size_t always_len,
	const struct str *never, size_t never_len)
{
	struct str addresses[PREFS_ADDRESSES_MAX];
	struct store_prefs prefs = {.fallback = str_is(fallback, "never")  ? STORE_KEEP_NONE
						: str_is(fallback, "roster") ? STORE_KEEP_ROSTER
									     : STORE_KEEP_ALL,
		.always = addresses};
	bool there;
	int r = is_set(in, &there);

	if (r)
		return r;
	if (there || always_len + never_len > PREFS_ADDRESSES_MAX) {
		intake_left(in, TALLY_PREFERENCES, 1, there ? "they were set here already" : "they name too many addresses");
		return 0;
	}
	prefs.always_len = take_list(in, always, always_len, addresses);
	prefs.never = addresses + prefs.always_len;
	prefs.never_len = take_list(in, never, never_len, addresses + prefs.always_len);
	return put(in, &prefs);
}
