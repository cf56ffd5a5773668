/* Requests of the control socket that the gate answers; see ipc/control.h for the commands. */
#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "ipc/control.h"
#include "proc/gate.h"

struct command {
	const char *name;
	void (*run)(struct gate_request *r);
};

static const struct command commands[] = {
		{"clients.dry_run", gate_clients_dry_run},
		{"clients.hash", gate_clients_hash},
		{"clients.hashes", gate_clients_hashes},
		{"clients.list", gate_clients_list},
		{"clients.posture", gate_clients_posture},
		{"clients.refused", gate_clients_refused},
		{"clients.rule", gate_clients_rule},
		{"clients.show", gate_clients_show},
		{"devices.list", gate_devices_list},
		{"devices.logout", gate_devices_logout},
		{"devices.revoke", gate_devices_revoke},
		{"devices.waiting", gate_devices_waiting},
		{"devices.confirm", gate_devices_confirm},
		{"export", gate_act_export},
		{"flood.list", gate_flood_list},
		{"flood.release", gate_flood_release},
		{"flood.silence", gate_flood_silence},
		{"invite.create", gate_invite_create},
		{"invite.list", gate_invite_list},
		{"invite.revoke", gate_invite_revoke},
		{"mail.drop", gate_mail_drop},
		{"mail.list", gate_mail_list},
		{"mail.retry", gate_mail_retry},
		{"mail.show", gate_mail_show},
		{"mail.test", gate_mail_test},
		{"lockdown.extend", gate_lockdown_extend},
		{"lockdown.off", gate_lockdown_off},
		{"lockdown.on", gate_lockdown_on},
		{"lockdown.rehearse", gate_lockdown_rehearse},
		{"lockdown.status", gate_lockdown_status},
		{"record.admin", gate_act_tell},
		{"session.close", gate_session_close},
		{"session.list", gate_session_list},
		{"status", gate_status},
		{"user.add", gate_user_add},
		{"user.change", gate_user_change},
		{"user.disable", gate_user_disable},
		{"user.enable", gate_user_enable},
		{"user.import", gate_user_import},
		{"user.list", gate_user_list},
		{"user.password", gate_user_password},
		{"user.remove", gate_user_remove},
		{"user.show", gate_user_show},
};

void gate_answer(struct gate *g, uint32_t id, json_t *answer)
{
	struct buf line = BUF_INIT(CONTROL_ANSWER_MAX);

	if (!answer || control_line(answer, &line) || buf_failed(&line))
		log_error("out of memory while answering a control request");
	else if (supervise_send(&g->supervise, SUPERVISE_CONTROL, id, buf_view(&line), -1))
		log_warn("an answer could not be handed to the supervisor");
	json_decref(answer);
	buf_done(&line);
}

void gate_answer_error(struct gate *g, uint32_t id, const char *code, const char *text, const char *remedy)
{
	gate_answer(g, id, control_error(code, text, remedy));
}

struct gate_request *gate_request_new(struct gate *g, uint32_t id, json_t *root, json_t *args, const char *command)
{
	struct gate_request *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->arena = arena_new(64 << 20);
	if (!r->arena) {
		free(r);
		return NULL;
	}
	r->gate = g;
	r->id = id;
	r->root = root;
	r->args = args;
	r->command = command;
	list_init(&r->acts);
	timer_init(&r->act_timer, NULL);
	store_req_init(&r->req, NULL, r);
	return r;
}

void gate_request_free(struct gate_request *r)
{
	timer_stop(&r->act_timer);
	store_req_release(&r->req);
	json_decref(r->answer);
	json_decref(r->root);
	arena_free(r->arena);
	free(r);
}

void gate_request_done(struct gate_request *r, json_t *answer)
{
	r->answered = true;
	if (r->reply)
		r->reply(r, answer);
	else
		gate_answer(r->gate, r->id, answer);
	if (!r->acts_waiting)
		gate_request_free(r);
}

void gate_request_fail(struct gate_request *r, const char *code, const char *text, const char *remedy)
{
	gate_act_failed(r, text);
	gate_request_done(r, control_error(code, text, remedy));
}

static const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

void gate_control(struct gate *g, uint32_t id, struct str request)
{
	const struct command *command;
	struct gate_request *r;
	const char *name;
	json_t *root, *args;

	if (control_request_parse(request, &root, &name, &args)) {
		gate_answer(g, id, root);
		return;
	}
	command = command_find(name);
	if (!command || !g->ready || g->stopping) {
		if (command)
			gate_answer_error(g, id, "unavailable", "the server is starting or stopping", "try again in a moment");
		else
			gate_answer_error(g, id, "unknown_command", name, "see 'gatehouse help'");
		json_decref(root);
		return;
	}
	r = gate_request_new(g, id, root, args, command->name);
	if (!r) {
		gate_answer_error(g, id, "internal", "out of memory", "");
		json_decref(root);
		return;
	}
	command->run(r);
}
