/* Skeletons of names. The input is made valid UTF-8 first, as the tokenizer does it for us. Holds: a skeleton is valid
 * and the same each time; a name is the same as itself, in any form, unless nothing of it is shown; whether two halves look alike
 * does not depend on which is asked first. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "jid/skeleton.h"
#include "valid_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_standard(struct str text)
{
	struct buf once = BUF_INIT(0), twice = BUF_INIT(0);

	if (skeleton_put(text, &once) == 0) {
		need(utf8_is_valid(once.len ? buf_view(&once) : STR("")));
		need(skeleton_put(text, &twice) == 0 && once.len == twice.len && (!once.len || str_eq(buf_view(&once), buf_view(&twice))));
	} else {
		need(text.len > SKELETON_MAX / 64);
	}
	buf_done(&once);
	buf_done(&twice);
}

static void check_forms(struct str text)
{
	for (int form = 0; form < SKELETON_FORMS; form++) {
		struct buf out = BUF_INIT(0);
		int r = skeleton_put_name(text, (enum skeleton_form)form, &out);

		need(r == 0 || r == SKELETON_E_LONG);
		need(r || utf8_is_valid(out.len ? buf_view(&out) : STR("")));
		if (r == 0 && form == SKELETON_SHOWN && out.len)
			need(skeleton_is_same_name(text, text));
		buf_done(&out);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf valid = BUF_INIT(0);
	struct str text = valid_text(data, size, &valid), a, b;
	size_t half = text.len / 2;

	while (half < text.len && ((uint8_t)text.data[half] & 0xc0) == 0x80)
		half++;
	a = str_cut(text, 0, half);
	b = str_cut(text, half, text.len);
	check_standard(text);
	check_forms(text);
	need(skeleton_is_same_name(a, b) == skeleton_is_same_name(b, a));
	(void)skeleton_is_one_script(text);
	need(!skeleton_is_mixed(text) || !skeleton_is_one_script(text));
	buf_done(&valid);
	return 0;
}
