/* The supervisor's first messages (ipc/supervise.h): how many loops, the listening sockets, the links to the recorder,
 * certificate, key, the secrets of components. Everything the gate needs rights for comes here as a descriptor. */
#include <errno.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <unistd.h>

#include "base/log.h"
#include "conf/service.h"
#include "proc/gate.h"

enum { FILE_MAX = 1 << 20 };

static bool listener_kind(const char *name, enum conn_kind *out)
{
	if (!strcmp(name, "starttls"))
		*out = CONN_STARTTLS;
	else if (!strcmp(name, "direct"))
		*out = CONN_DIRECT;
	else if (!strcmp(name, "plaintext"))
		*out = CONN_PLAINTEXT;
	else if (!strcmp(name, "component"))
		*out = CONN_COMPONENT;
	else
		return false;
	return true;
}

static int start_listener(struct gate_start *s, json_t *item)
{
	const char *kind = json_string_value(json_object_get(item, "kind"));
	const char *address = json_string_value(json_object_get(item, "address"));
	unsigned i = s->listeners_len;

	if (i == GATE_LISTENERS_MAX || !kind || !address || !listener_kind(kind, &s->listeners[i].kind))
		return -EPROTO;
	snprintf(s->listeners[i].address, sizeof(s->listeners[i].address), "%s", address);
	s->listeners[i].fd = -1;
	s->listeners_len++;
	return 0;
}

static int start_parse(struct gate_start *s, struct str text)
{
	json_t *root = json_loadb(text.data, text.len, 0, NULL), *item;
	size_t i;
	int r = 0;

	s->loops = (unsigned)json_integer_value(json_object_get(root, "loops"));
	if (s->loops == 0 || s->loops > GATE_LOOPS_MAX)
		r = -EPROTO;
	json_array_foreach(json_object_get(root, "listeners"), i, item)
		if (r == 0)
			r = start_listener(s, item);
	json_decref(root);
	return r;
}

static void read_file(int fd, struct buf *out)
{
	ssize_t n;

	if (out->data)
		OPENSSL_cleanse(out->data, out->len);
	buf_clear(out);
	out->max = FILE_MAX;
	for (;;) {
		char *to = buf_room(out, 16384);

		n = to ? pread(fd, to, 16384, (off_t)out->len) : 0;
		if (n <= 0)
			break;
		out->len += (size_t)n;
	}
}

/* The supervisor has looked at the file; what is no secret any more leaves the component without one. */
static void read_secret(struct gate_start *s, int fd, struct str domain)
{
	struct buf text = BUF_INIT(FILE_MAX);
	struct str secret;

	read_file(fd, &text);
	secret = component_secret_of(buf_view(&text));
	if (!s->secrets)
		s->secrets = component_secrets_new();
	if (!s->secrets || component_secrets_put(s->secrets, domain, secret))
		log_error("out of memory: a component's secret is not known");
	if (text.data)
		OPENSSL_cleanse(text.data, text.len);
	buf_done(&text);
}

void gate_start_key(struct gate *g, const struct supervise_message *m)
{
	if (m->fd < 0)
		return;
	if (str_starts(m->text, STR("component ")))
		read_secret(&g->start, m->fd, str_cut(m->text, strlen("component "), m->text.len));
	else if (str_is(m->text, "certificate"))
		read_file(m->fd, &g->start.certificate);
	else if (str_is(m->text, "client-ca"))
		read_file(m->fd, &g->start.client_ca);
	else if (str_is(m->text, "client-crl"))
		read_file(m->fd, &g->start.client_crl);
	else if (str_is(m->text, "settings"))
		read_file(m->fd, &g->start.settings);
	else
		read_file(m->fd, &g->start.key);
	close(m->fd);
}

static int start_message(struct gate *g, const struct supervise_message *m)
{
	struct gate_start *s = &g->start;

	switch (m->type) {
	case SUPERVISE_START:
		return start_parse(s, m->text);
	case SUPERVISE_KEY:
		gate_start_key(g, m);
		return 0;
	case SUPERVISE_LISTENER:
		if (m->number >= s->listeners_len || m->fd < 0)
			return -EPROTO;
		s->listeners[m->number].fd = m->fd;
		return 0;
	case SUPERVISE_LINK:
		if (m->number >= GATE_LOOPS_MAX || m->fd < 0)
			return -EPROTO;
		if (s->links[m->number] >= 0)
			close(s->links[m->number]);
		s->links[m->number] = m->fd;
		return 0;
	case SUPERVISE_STOP:
		return -ECANCELED;
	default:
		return -EPROTO;
	}
}

static bool start_is_complete(const struct gate_start *s, const struct settings *settings)
{
	if (!s->loops || !s->certificate.len || !s->key.len ||
			component_secrets_count(s->secrets) < settings_components_len(settings))
		return false;
	for (unsigned i = 0; i < s->listeners_len; i++)
		if (s->listeners[i].fd < 0)
			return false;
	for (unsigned i = 0; i < s->loops; i++)
		if (s->links[i] < 0)
			return false;
	return true;
}

int gate_start_read(struct gate *g, struct err *err)
{
	struct supervise_message m;
	int r;

	for (unsigned i = 0; i < GATE_LOOPS_MAX; i++)
		g->start.links[i] = -1;
	while (!start_is_complete(&g->start, g->settings)) {
		r = supervise_recv(&g->supervise, &m);
		if (r == 0) {
			struct pollfd wait = {.fd = g->supervise.fd, .events = POLLIN};

			poll(&wait, 1, -1);
			continue;
		}
		if (r > 0)
			r = start_message(g, &m);
		if (r < 0)
			return err_set(err, r, "the supervisor's first messages: %s", strerror(-r));
	}
	return 0;
}
