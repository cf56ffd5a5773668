#include "route/search.h"

#include <stdlib.h>

#include "account/directory.h"
#include "base/fold.h"
#include "route/answer.h"
#include "route/iq.h"
#include "route/sight.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

enum {
	FIELDS = 4,
	CANDIDATES = 4, /* as many are looked at as may be told: walls may hide some */
};

/* The fields the specification knows, in its order. `last` is the name's last word, `first` what is before it. */
static const char *const fields[FIELDS] = {"first", "last", "nick", "email"};
static const char *const labels[FIELDS] = {"First name", "Family name", "Name in the address", "Mail address"};

/* ---- what can be asked for ---- */

static void refuse(struct parcel *p, enum stanza_condition condition)
{
	answer_error(p, condition, NULL);
	parcel_end(p);
}

void search_fields(struct session *s, struct parcel *p)
{
	struct buf text = BUF_INIT(0);

	if (!s->user->home->settings->search_results) {
		refuse(p, STANZA_SERVICE_UNAVAILABLE);
		return;
	}
	iq_put_result(&text, p);
	buf_lit(&text, "<query xmlns='jabber:iq:search'><instructions>Fill in the beginning of one or more of these."
		       "</instructions>");
	for (size_t i = 0; i < FIELDS; i++)
		buf_printf(&text, "<%s/>", fields[i]);
	buf_lit(&text, "<x xmlns='jabber:x:data' type='form'><title>People</title><instructions>Fill in the beginning of one "
		       "or more of these.</instructions><field var='FORM_TYPE' type='hidden'><value>jabber:iq:search"
		       "</value></field>");
	for (size_t i = 0; i < FIELDS; i++)
		buf_printf(&text, "<field var='%s' type='text-single' label='%s'/>", fields[i], labels[i]);
	buf_lit(&text, "</x></query></iq>");
	answer_text(p, &text);
	parcel_end(p);
}

/* ---- a search ---- */

struct search {
	uv_work_t work;
	struct home *home;
	struct parcel *parcel;
	struct str domain;
	struct str wanted[FIELDS]; /* folded, on the parcel's arena; all empty: nobody is found */
	bool form;                 /* asked, and answered, with a data form */
	const struct person **found; /* counted, by address */
	size_t len, max;
	struct buf scratch;
};

/* `with` is folded: capitals, accents and width make no difference. */
static bool begins(struct search *s, struct str text, struct str with)
{
	struct fold_stats stats;
	char *room;

	if (!with.len)
		return true;
	buf_clear(&s->scratch);
	room = buf_room(&s->scratch, text.len * FOLD_GROWTH + 1);
	return room && str_starts(str_of(room, fold_word(text, room, &stats)), with);
}

static void names_of(const struct person *p, struct str out[FIELDS])
{
	struct str name = str_trim(p->name);
	size_t at = name.len;

	while (at > 0 && name.data[at - 1] != ' ')
		at--;
	out[0] = at ? str_trim(str_cut(name, 0, at)) : name;
	out[1] = at ? str_cut(name, at, name.len) : STR_NONE;
	out[2] = jid_split(p->jid).local;
	out[3] = p->mail;
}

static bool is_wanted(const struct person *p, void *owner)
{
	struct search *s = owner;
	struct str is[FIELDS];

	if (p->disabled || !str_eq(jid_split(p->jid).domain, s->domain))
		return true;
	names_of(p, is);
	for (size_t i = 0; i < FIELDS; i++)
		if (!begins(s, is[i], s->wanted[i]))
			return true;
	s->found[s->len++] = person_ref(p);
	return s->len < s->max;
}

static int by_jid(const void *a, const void *b)
{
	const struct person *const *x = a, *const *y = b;

	return str_cmp((*x)->jid, (*y)->jid);
}

static void on_search(uv_work_t *work)
{
	struct search *s = container_of(work, struct search, work);
	bool any = false;

	for (size_t i = 0; i < FIELDS; i++)
		any = any || s->wanted[i].len;
	if (any)
		directory_each(s->home->route->env.directory, is_wanted, s);
	if (s->len)
		qsort(s->found, s->len, sizeof(*s->found), by_jid);
}

/* ---- the answer ---- */

static void put_value(struct buf *text, bool form, const char *name, struct str value)
{
	buf_printf(text, form ? "<field var='%s'><value>" : "<%s>", name);
	xml_escape(text, value);
	if (form)
		buf_lit(text, "</value></field>");
	else
		buf_printf(text, "</%s>", name);
}

static void put_person(struct buf *text, bool form, const struct person *p)
{
	struct str is[FIELDS];

	names_of(p, is);
	if (form) {
		buf_lit(text, "<item>");
		put_value(text, true, "jid", p->jid);
	} else {
		buf_lit(text, "<item jid='");
		xml_escape(text, p->jid);
		buf_lit(text, "'>");
	}
	for (size_t i = 0; i < FIELDS; i++)
		put_value(text, form, fields[i], is[i]);
	buf_lit(text, "</item>");
}

static void put_reported(struct buf *text)
{
	buf_lit(text, "<x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='hidden'><value>jabber:iq:search"
		      "</value></field><reported><field var='jid' type='jid-single' label='Address'/>");
	for (size_t i = 0; i < FIELDS; i++)
		buf_printf(text, "<field var='%s' type='text-single' label='%s'/>", fields[i], labels[i]);
	buf_lit(text, "</reported>");
}

static void answer(struct search *s)
{
	struct str who = s->parcel->origin->jid.bare;
	uint32_t left = s->home->settings->search_results;
	struct buf text = BUF_INIT(0);

	iq_put_result(&text, s->parcel);
	buf_lit(&text, "<query xmlns='jabber:iq:search'>");
	if (s->form)
		put_reported(&text);
	for (size_t i = 0; i < s->len && left; i++)
		if (may_see(s->home, who, s->found[i]->jid)) {
			put_person(&text, s->form, s->found[i]);
			left--;
		}
	if (s->form)
		buf_lit(&text, "</x>");
	buf_lit(&text, "</query></iq>");
	answer_text(s->parcel, &text);
	parcel_end(s->parcel);
}

static void search_free(struct search *s)
{
	buf_done(&s->scratch);
	for (size_t i = 0; i < s->len; i++)
		person_unref(s->found[i]);
	free(s->found);
	free(s);
}

static void on_searched(uv_work_t *work, int status)
{
	struct search *s = container_of(work, struct search, work);

	s->home->searching = false;
	if (status == 0)
		answer(s);
	else
		refuse(s->parcel, STANZA_INTERNAL_SERVER_ERROR);
	search_free(s);
}

/* ---- the question ---- */

static struct str folded(const struct node *n, struct arena *arena)
{
	struct str text = str_trim(node_text(n, arena));
	char *out = arena_alloc(arena, text.len * FOLD_GROWTH + 1);
	struct fold_stats stats;

	return out ? str_of(out, fold_word(text, out, &stats)) : STR_NONE;
}

static void take_form(struct search *s, const struct node *form)
{
	for (const struct node *f = node_first_element(form); f; f = node_next_element(f)) {
		const struct node *value = node_child(f, STR("value"), NS_DATA_FORMS);

		for (size_t i = 0; value && i < FIELDS; i++)
			if (str_eq(node_attr(f, STR("var")), str_from(fields[i])))
				s->wanted[i] = folded(value, s->parcel->arena);
	}
}

static void take_fields(struct search *s, const struct node *query)
{
	for (size_t i = 0; i < FIELDS; i++) {
		const struct node *n = node_child(query, str_from(fields[i]), NS_SEARCH);

		if (n)
			s->wanted[i] = folded(n, s->parcel->arena);
	}
}

static struct search *search_new(struct home *h, struct parcel *p)
{
	const struct node *query = iq_payload(p), *form = node_child(query, STR("x"), NS_DATA_FORMS);
	struct search *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->max = (size_t)h->settings->search_results * CANDIDATES;
	s->found = calloc(s->max, sizeof(*s->found));
	if (!s->found) {
		free(s);
		return NULL;
	}
	s->home = h;
	s->parcel = p;
	s->domain = p->to.domain;
	s->form = form != NULL;
	if (form)
		take_form(s, form);
	else
		take_fields(s, query);
	return s;
}

void search_ask(struct session *session, struct parcel *p)
{
	struct home *h = session->user->home;
	struct search *s;

	if (!h->settings->search_results) {
		refuse(p, STANZA_SERVICE_UNAVAILABLE);
		return;
	}
	if (h->searching) {
		answer_error_as(p, STANZA_RESOURCE_CONSTRAINT, STANZA_TYPE_WAIT, "Another search is under way.");
		parcel_end(p);
		return;
	}
	s = search_new(h, p);
	if (s && uv_queue_work(loop_uv(h->loop), &s->work, on_search, on_searched) == 0) {
		h->searching = true;
		return;
	}
	if (s)
		search_free(s);
	refuse(p, STANZA_RESOURCE_CONSTRAINT);
}
