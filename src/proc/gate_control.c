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
		{"session.close", gate_session_close},
		{"session.list", gate_session_list},
		{"status", gate_status},
		{"user.add", gate_user_add},
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
	store_req_init(&r->req, NULL, r);
	return r;
}

static void request_free(struct gate_request *r)
{
	store_req_release(&r->req);
	json_decref(r->answer);
	json_decref(r->root);
	arena_free(r->arena);
	free(r);
}

void gate_request_done(struct gate_request *r, json_t *answer)
{
	gate_answer(r->gate, r->id, answer);
	request_free(r);
}

void gate_request_fail(struct gate_request *r, const char *code, const char *text, const char *remedy)
{
	gate_request_done(r, control_error(code, text, remedy));
}

void gate_record_admin(struct gate_request *r, struct str target, struct str text)
{
	json_t *by = json_object_get(r->root, "by");
	const char *name = json_string_value(json_object_get(by, "name"));
	struct extra extra[] = {
			{.key = KEY_ACTOR, .text = str_from(name ? name : "unknown")},
			{.key = KEY_UID, .number = (uint64_t)json_integer_value(json_object_get(by, "uid"))},
			{.key = KEY_COMMAND, .text = str_from(r->command)},
			{.key = KEY_TARGET, .text = target},
	};
	struct entry entry = {
			.type = EVENT_ADMIN,
			.text = text,
			.extra = extra,
			.extra_len = sizeof(extra) / sizeof(extra[0]) - (target.len ? 0 : 1),
	};

	if (record_append(r->gate->record[0], &entry, NULL))
		log_warn("an administrator's act could not be queued for the record");
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
