/* Memory is out between two loops. */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "parcel/port.h"
#include "parcel/standing.h"

static bool scarce;

void *__real_malloc(size_t n);
void *__wrap_malloc(size_t n);

void *__wrap_malloc(size_t n)
{
	return scarce ? NULL : __real_malloc(n);
}

struct far {
	struct port port; /* must be first */
	const char *closed;
	unsigned writes, judged, frees;
};

static void on_write(struct port *port, struct str bytes)
{
	(void)bytes;
	((struct far *)port)->writes++;
}

static void on_close(struct port *port, const char *condition, struct str text, struct str lang,
	struct parting *parting)
{
	(void)text;
	(void)lang;
	(void)parting;
	((struct far *)port)->closed = condition;
}

static void on_judge(struct port *port, struct standing *standing)
{
	(void)standing;
	((struct far *)port)->judged++;
}

static void on_free(struct port *port)
{
	((struct far *)port)->frees++;
}

static const struct port_ops ops = {on_write, on_close, on_judge, on_free};

static struct far far_new(struct loop *loop)
{
	return (struct far){.port = {.refs = 1, .loop = loop, .ops = &ops}};
}

/* What is posted is handed over in one pass, and done in one. */
static void turn(struct loop *loop)
{
	loop_run(loop);
	loop_run(loop);
}

enum call { JUDGE, WRITE, CLOSE, CLOSE_TOLD, CLOSE_TEXT, CALLS };

static void make(struct port *p, enum call call, struct standing *st, struct blob *b)
{
	switch (call) {
	case JUDGE: port_judge(p, st); break;
	case WRITE: port_write(p, b); break;
	case CLOSE: port_close(p, "conflict", NULL); break;
	case CLOSE_TOLD: port_close_told(p, "policy-violation", st); break;
	default: port_close_text(p, "policy-violation", STR("x"), STR("en")); break;
	}
}

static void what_cannot_travel_closes_the_stream(void **state)
{
	struct client_decision d = {.effect = CLIENT_DENY};

	(void)state;
	for (enum call call = 0; call < CALLS; call++) {
		struct loop *loop;
		struct far f;
		struct standing *st = standing_new(NULL, &d, STR_NONE, STR_NONE);
		struct blob *b = blob_new(STR("x"));

		assert_int_equal(loop_new(&loop, 0), 0);
		loop_stop(loop); /* each loop_run is one pass */
		f = far_new(loop);
		scarce = true;
		make(&f.port, call, st, b);
		make(&f.port, call, st, b); /* again, while the first is under way */
		scarce = false;
		turn(loop);
		assert_non_null(f.closed);
		assert_string_equal(f.closed, "resource-constraint");
		assert_int_equal(f.writes + f.judged, 0);
		assert_int_equal(f.port.refs, 1);
		scarce = true;
		port_unref(&f.port); /* from elsewhere: it travels without memory */
		scarce = false;
		assert_int_equal(f.frees, 0);
		turn(loop);
		assert_int_equal(f.frees, 1);
		standing_unref(st);
		blob_unref(b);
		loop_free(loop);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_cannot_travel_closes_the_stream),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
