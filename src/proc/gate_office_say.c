/* What administrators say to everybody (XEP-0133 4.23 to 4.28), and how they end it all (4.30, 4.31). Each act has its line in
 * the record before it is done; the line names the form, which holds the words, by its id. */
#include "base/log.h"
#include "ipc/control.h"
#include "proc/gate_office.h"

enum { DELAY_DEFAULT = 30 }; /* seconds, where the form names none */

/* ---- one step, recorded, then done ---- */

static struct job *job_of(struct gate_request *r)
{
	return r->replied;
}

static void act(struct gate_request *r, bool protects, void (*done)(struct gate_request *r))
{
	if (gate_act_add(r, STR_NONE, str_from(job_of(r)->ask->parcel->record_id)))
		gate_act_begin(r, protects, done);
	else
		gate_request_fail(r, "internal", "out of memory", "");
}

static void one_step(struct job *j, const char *command, void (*run)(struct gate_request *r))
{
	j->command = command;
	j->run = run;
	json_array_append_new(j->steps, json_object());
	job_step(j);
}

/* ---- announcements ---- */

static bool announce(struct job *j)
{
	bool any = form_text(j->ask->values, "announcement", &j->text) && !buf_failed(&j->text);

	if (any)
		route_announce(j->gate->route, j->ask->parcel, buf_view(&j->text));
	return any;
}

static void announced(struct gate_request *r)
{
	announce(job_of(r));
	gate_request_done(r, control_ok());
}

static void run_announce(struct gate_request *r)
{
	act(r, false, announced);
}

void office_announce(struct job *j)
{
	one_step(j, "announce", run_announce);
}

/* ---- message of the day, welcome ---- */

static void on_posted(void *owner, int result)
{
	struct gate_request *r = owner;

	if (result)
		gate_request_fail(r, "internal", "the store could not keep it", "the gate's log says why");
	else
		gate_request_done(r, control_ok());
}

static void post(struct gate_request *r, enum route_posting which, const char *var)
{
	struct job *j = job_of(r);

	if (var)
		form_text(j->ask->values, var, &j->text);
	route_posting_set(j->gate->route, which, j->ask->parcel, buf_view(&j->text), on_posted, r);
}

static void motd_set(struct gate_request *r)
{
	post(r, ROUTE_MOTD, "motd");
}

static void motd_deleted(struct gate_request *r)
{
	post(r, ROUTE_MOTD, NULL);
}

static void welcome_set(struct gate_request *r)
{
	post(r, ROUTE_WELCOME, "welcome");
}

static void welcome_deleted(struct gate_request *r)
{
	post(r, ROUTE_WELCOME, NULL);
}

static void run_motd(struct gate_request *r)
{
	act(r, false, motd_set);
}

static void run_motd_delete(struct gate_request *r)
{
	act(r, false, motd_deleted);
}

static void run_welcome(struct gate_request *r)
{
	act(r, false, welcome_set);
}

static void run_welcome_delete(struct gate_request *r)
{
	act(r, false, welcome_deleted);
}

/* The form, with the lines that are there now. */
static void show_posting(struct job *j, enum route_posting which, const char *var)
{
	struct str text = route_posting_get(j->gate->route, which);

	for (size_t from = 0, to; from < text.len; from = to + 1) {
		to = str_find(text, '\n', from);
		shown_add(j, var, str_cut(text, from, to));
	}
	job_answer(j, &(struct office_result){.values = json_incref(j->shown)});
}

void office_motd(struct job *j)
{
	if (j->ask->prepare)
		show_posting(j, ROUTE_MOTD, "motd");
	else
		one_step(j, j->ask->command->name, run_motd);
}

void office_delete_motd(struct job *j)
{
	one_step(j, "delete-motd", run_motd_delete);
}

void office_welcome(struct job *j)
{
	if (j->ask->prepare)
		show_posting(j, ROUTE_WELCOME, "welcome");
	else
		one_step(j, "set-welcome", run_welcome);
}

void office_delete_welcome(struct job *j)
{
	one_step(j, "delete-welcome", run_welcome_delete);
}

/* ---- the end ---- */

static void on_end(struct timer *timer)
{
	struct gate *g = container_of(timer, struct gate, end);

	if (g->end_restarts)
		gate_stop(g);
	else if (supervise_send(&g->supervise, SUPERVISE_STOP, 0, STR_NONE, -1))
		log_error("the supervisor cannot be asked to shut the server down");
}

static void end_later(struct gate_request *r, bool restarts)
{
	struct job *j = job_of(r);
	struct gate *g = j->gate;
	struct str delay = form_first(j->ask->values, "delay");
	unsigned long long seconds = DELAY_DEFAULT;

	if (delay.len && !str_to_u64(delay, 3600, &seconds))
		seconds = DELAY_DEFAULT;
	announce(j);
	log_info("%s asked with a client to %s the server in %llu s", LOG_STR(j->ask->parcel->origin->jid.bare),
			restarts ? "restart" : "shut down", seconds);
	g->end_restarts = restarts;
	timer_init(&g->end, on_end);
	timer_start(g->loop[0], &g->end, (unsigned)seconds);
	gate_request_done(r, control_ok());
}

static void restart_later(struct gate_request *r)
{
	end_later(r, true);
}

static void shutdown_later(struct gate_request *r)
{
	end_later(r, false);
}

static void run_restart(struct gate_request *r)
{
	act(r, true, restart_later);
}

static void run_shutdown(struct gate_request *r)
{
	act(r, true, shutdown_later);
}

/* One end at a time: what was announced holds. */
static void office_end(struct job *j, const char *command, void (*run)(struct gate_request *r))
{
	if (j->gate->end.due)
		job_fail(j, "the server is about to be restarted or shut down already");
	else
		one_step(j, command, run);
}

void office_restart(struct job *j)
{
	office_end(j, "restart", run_restart);
}

void office_shutdown(struct job *j)
{
	office_end(j, "shutdown", run_shutdown);
}
