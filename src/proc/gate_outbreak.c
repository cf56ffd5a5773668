/* What is done about an outbreak (account/outbreak.h): the record has it, and when it has, the administrators are told by mail and
 * those who are there by a headline; the log says it, and with outbreak.action: hold the link or file is switched off
 * for a while (rule/lockdown.h), as if somebody had asked for it. Who switches it on again says that it does no harm. */
#include <stdlib.h>
#include <string.h>

#include "account/outbreak.h"
#include "base/log.h"
#include "ipc/control.h"
#include "proc/gate.h"
#include "route/post.h"
#include "rule/lockdown.h"
#include "rule/payload.h"

enum {
	TEXT_MAX = 4096,
	EXCUSE_MS = 24 * 3600 * 1000,
};

struct news {
	struct outbreak_sight sight;
	size_t len;
	char payload[PAYLOAD_MAX];
};

struct batch {
	size_t len;
	struct news news[OUTBREAK_WAITING];
};

static struct str payload_of(const struct news *n)
{
	return str_of(n->payload, n->len);
}

static void collect(struct str payload, const struct outbreak_sight *sight, void *owner)
{
	struct batch *b = owner;
	struct news *n = &b->news[b->len++];

	n->sight = *sight;
	n->len = payload.len;
	memcpy(n->payload, payload.data, payload.len);
}

/* How it stands: for the record, the log and whoever is told why. */
static void put_sight(struct buf *out, const struct gate *g, const struct outbreak_sight *s)
{
	buf_printf(out, "%u people got it from %u within %lld s", s->recipients, s->senders,
			(long long)g->settings->outbreak_seconds);
	if (s->relays)
		buf_printf(out, ", %u of them passed it on", s->relays);
}

/* What administrators are told, when the record has it: the link or file is something people wrote. One block of memory. */
struct alert {
	struct waiter noted;
	struct gate *gate;
	struct str payload, text; /* text: how it stands */
	bool holds;
	char bytes[];
};

static void mail(const struct alert *a)
{
	struct buf body = BUF_INIT(TEXT_MAX);
	struct post post = {.purpose = STR("outbreak"), .about = a->payload, .subject = STR("A link or file spreads as worms do"),
			.language = STR("en"), .since_us = POST_ALWAYS};

	buf_printf(&body, "It spreads from person to person: ");
	payload_put_harmless(&body, a->payload);
	buf_printf(&body, "\n\n%.*s.\n%s\n\n"
			  "It does no harm:  gatehouse lockdown off ID   ('gatehouse lockdown status' shows the id)\n"
			  "It is to stay off: gatehouse lockdown on %s --payload ADDRESS --reason TEXT\n"
			  "Who sent it first: gatehouse record show --word ADDRESS\n",
			STR_FMT(a->text), a->holds ? "It is switched off for a while." : "It goes on: outbreak.action is tell.",
			payload_is_file(a->payload) ? "files" : "links");
	post.body = buf_view(&body);
	if (buf_failed(&body) || post_admins(a->gate->store, a->gate->settings, &post) < 0)
		log_error("memory is out: administrators got no mail about an outbreak");
	buf_done(&body);
}

static void tell(const struct alert *a)
{
	struct buf text = BUF_INIT(TEXT_MAX);

	buf_lit(&text, "A link or file spreads from person to person as worms do: ");
	payload_put_harmless(&text, a->payload);
	buf_printf(&text, " (%.*s). ", STR_FMT(a->text));
	if (a->holds)
		buf_lit(&text, "It is switched off for a while; 'gatehouse lockdown status' shows it, and 'gatehouse lockdown off ID' "
			       "lets it pass, if it does no harm.");
	else
		buf_printf(&text, "It goes on; 'gatehouse lockdown on %s --payload ADDRESS --reason TEXT' switches it off.",
				payload_is_file(a->payload) ? "files" : "links");
	if (buf_failed(&text))
		log_error("memory is out: administrators who are there are not told of an outbreak");
	else
		route_alert(a->gate->route, buf_view(&text), STR("en"));
	buf_done(&text);
}

static void on_noted(struct waiter *w, const struct receipt *receipt)
{
	struct alert *a = container_of(w, struct alert, noted);

	if (receipt) {
		mail(a);
		tell(a);
	}
	free(a);
}

static struct alert *alert_new(struct gate *g, struct str payload, struct str text, bool holds)
{
	struct alert *a = malloc(sizeof(*a) + payload.len + text.len);

	if (!a)
		return NULL;
	*a = (struct alert){.noted.done = on_noted,
			.gate = g,
			.payload = str_of(a->bytes, payload.len),
			.text = str_of(a->bytes + payload.len, text.len),
			.holds = holds};
	memcpy(a->bytes, payload.data, payload.len);
	memcpy(a->bytes + payload.len, text.data, text.len);
	return a;
}

static void note(struct gate *g, struct str payload, struct str text, bool holds)
{
	const struct extra extra[] = {{.key = KEY_TARGET, .text = payload}};
	struct entry entry = {.type = EVENT_ALARM, .reason = STR("outbreak"), .text = text, .extra = extra, .extra_len = 1};
	struct alert *a = alert_new(g, payload, text, holds);

	if (a && record_append(g->record[0], &entry, &a->noted) == 0)
		return;
	free(a);
	log_error("an outbreak could not be queued for the record: administrators are not told");
}

static void on_held(struct gate_request *r, json_t *answer)
{
	const char *code, *text, *remedy;

	(void)r;
	if (control_failed(answer, &code, &text, &remedy) && strcmp(code, "exists") != 0)
		log_error("an outbreak could not be held: %s", text);
	json_decref(answer);
}

static void hold(struct gate *g, struct str payload, struct str why)
{
	json_t *args = json_pack("{s:s, s:s, s:s%, s:s%, s:I}", "what", payload_is_file(payload) ? "files" : "links", "scope", "payload",
			"name", payload.data, payload.len, "reason", why.data, why.len, "seconds",
			(json_int_t)g->settings->outbreak_hold_seconds);
	json_t *root = args ? json_pack("{s:{s:s}, s:o}", "by", "name", "gatehouse", "args", args) : NULL;
	struct gate_request *r = root ? gate_request_new(g, 0, root, args, "lockdown.on") : NULL;

	if (!r) {
		log_error("an outbreak could not be held: memory is out");
		json_decref(root);
		return;
	}
	r->reply = on_held;
	gate_lockdown_on(r);
}

static void act(struct gate *g, const struct news *n)
{
	bool holds = g->settings->outbreak_action == SETTINGS_OUTBREAK_HOLD;
	struct buf text = BUF_INIT(TEXT_MAX);

	put_sight(&text, g, &n->sight);
	log_warn("an outbreak: %.*s (%s)", STR_FMT(buf_view(&text)), holds ? "held" : "only told");
	note(g, payload_of(n), buf_view(&text), holds);
	if (holds) {
		buf_clear(&text);
		buf_str(&text, STR("It spreads from person to person as worms do; administrators look at it. "));
		put_sight(&text, g, &n->sight);
		hold(g, payload_of(n), buf_view(&text));
	}
	buf_done(&text);
}

void gate_outbreak_tick(struct gate *g)
{
	static struct batch batch; /* loop 0 alone */

	if (!g->ready || g->stopping)
		return;
	batch.len = 0;
	outbreak_take(g->outbreak, collect, &batch);
	for (size_t i = 0; i < batch.len; i++)
		act(g, &batch.news[i]);
}

void gate_outbreak_excuse(struct gate *g, struct str payload)
{
	outbreak_excuse(g->outbreak, payload, loop_ms(g->loop[0]) + EXCUSE_MS);
}
