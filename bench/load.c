/* The load generator: `load chat|idle|login|presence|room|join|shut --server 127.0.0.1:PORT ...`. It talks to
 * loopback only, prints one JSON object on stdout and one line on stderr, and ends within --limit seconds.
 * Exit code 0: everything arrived once and in order; 1: not everything; 2: bad options; 4: given up. */
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fatal.h"
#include "mode.h"

struct mode {
	const char *name;
	int (*run)(const struct option_set *opt, const struct watch *watch);
};

static const struct mode modes[] = {
	{"chat", chat_run},
	{"idle", idle_run},
	{"login", churn_run},
	{"presence", presence_run},
	{"room", talk_run},
	{"join", storm_run},
	{"shut", shut_run},
};

static void load_expired(int number)
{
	static const char text[] = "load: not finished within --limit seconds\n";

	(void)number;
	(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
	_exit(4);
}

/* As many descriptors as are allowed; wake-ups on time, not within the usual 50 us. */
static void load_prepare(unsigned limit)
{
	struct rlimit files;

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	prctl(PR_SET_TIMERSLACK, 1);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGALRM, load_expired);
	alarm(limit);
}

int main(int argc, char **argv)
{
	struct option_set opt;
	struct watch watch;

	option_read(&opt, argc, argv);
	load_prepare(opt.limit);
	watch_init(&watch, opt.watch, opt.core);
	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		if (!strcmp(opt.mode, modes[i].name))
			return modes[i].run(&opt, &watch);
	}
	fatal("load: '%s' is none of chat, idle, login, presence, room, join, shut", opt.mode);
}
