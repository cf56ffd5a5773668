/* Order, loops, locks, and what is left after a crash. */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib.h"

enum {
	ASKS = 200,
};

/* One loop on its own thread that asks ASKS times without waiting: a write, and a read of what was written.
 */
struct asker {
	struct loop *loop;
	struct store *store;
	struct task start;
	struct store_req puts[ASKS], loads[ASKS];
	char owner[32];
	unsigned put_answers, load_answers, wrong;
};

static void finish(struct asker *a)
{
	if (a->put_answers + a->load_answers == 2 * ASKS)
		loop_stop(a->loop);
}

static void put_done(struct store_req *req, int result)
{
	struct asker *a = req->owner;

	a->wrong += result != 0 || req != &a->puts[a->put_answers] || loop_current() != a->loop;
	a->put_answers++;
	finish(a);
}

static void load_done(struct store_req *req, int result)
{
	struct asker *a = req->owner;
	size_t i = (size_t)(req - a->loads);

	/* It sees its own write, which is answered already; later ones may be there, too. */
	a->wrong += result != 0 || i != a->load_answers || a->put_answers <= i || loop_current() != a->loop;
	a->wrong += result == 0 && req->roster->version < i + 1;
	a->load_answers++;
	finish(a);
}

static void ask_all(struct task *task)
{
	struct asker *a = container_of(task, struct asker, start);
	struct store_roster_item item = {.contact = STR("c@example.org")};

	for (size_t i = 0; i < ASKS; i++) {
		store_req_init(&a->puts[i], put_done, a);
		store_req_init(&a->loads[i], load_done, a);
		a->wrong += store_roster_put(a->store, &a->puts[i], str_from(a->owner), &item, 1, i + 1) != 0;
		a->wrong += store_roster_load(a->store, &a->loads[i], str_from(a->owner)) != 0;
	}
}

static void *run_loop(void *arg)
{
	loop_run(arg);
	return NULL;
}

static void answers_come_in_order_on_the_asking_loop(void **state)
{
	static struct asker askers[3];
	pthread_t threads[3];
	struct fixture f;

	(void)state;
	fixture_open(&f, FAKE_SLOW);
	for (unsigned i = 0; i < 3; i++) {
		askers[i] = (struct asker){.store = f.store, .start.run = ask_all};
		snprintf(askers[i].owner, sizeof(askers[i].owner), "o%u@example.org", i);
		assert_int_equal(loop_new(&askers[i].loop, i), 0);
		loop_post(askers[i].loop, &askers[i].start);
		assert_int_equal(pthread_create(&threads[i], NULL, run_loop, askers[i].loop), 0);
	}
	for (unsigned i = 0; i < 3; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(askers[i].wrong, 0);
		loop_free(askers[i].loop);
		for (size_t k = 0; k < ASKS; k++) {
			store_req_release(&askers[i].puts[k]);
			store_req_release(&askers[i].loads[k]);
		}
	}
	fixture_close(&f);
}

static void add_account(struct fixture *f)
{
	struct store_account row = {.person_id = STR("a"), .jid = STR("a@x")};

	assert_int_equal(ASK(f, store_account_add, &row, 1), 0);
}

static uint64_t logins(struct fixture *f)
{
	assert_int_equal(ASK(f, store_visit_get, STR("a@x")), 0);
	return f->req.visit->logins;
}

static void notes_are_seen_by_who_asks_for_them(void **state)
{
	enum { MANY = 1500 }; /* more than one transaction takes */
	struct store_stats stats;
	struct fixture f;

	(void)state;
	fixture_open(&f, FAKE_PLAIN);
	add_account(&f);
	store_visit_note(f.store, STR("a@x"), 1);
	assert_int_equal(logins(&f), 1);
	for (unsigned i = 0; i < MANY; i++)
		store_visit_note(f.store, STR("a@x"), i + 2);
	assert_int_equal(logins(&f), MANY + 1);
	assert_int_equal(f.req.visit->login_us, MANY + 1);
	store_stats(f.store, &stats);
	assert_int_equal(stats.writes, 0);
	fixture_close(&f);
}

/* As another connection finds it in the file. */
static int64_t logins_on_the_disk(const struct fixture *f)
{
	return fixture_number(f->path, "SELECT coalesce(sum(logins), 0) FROM visit");
}

static void notes_go_with_the_next_write_or_alone(void **state)
{
	struct store_roster_item item = {.contact = STR("c@x")};
	struct fixture f;

	(void)state;
	fixture_open(&f, FAKE_PLAIN);
	add_account(&f);
	store_visit_note(f.store, STR("a@x"), 1);
	assert_int_equal(ASK(&f, store_roster_put, STR("a@x"), &item, 1, 1), 0);
	assert_int_equal(logins_on_the_disk(&f), 1);
	store_visit_note(f.store, STR("a@x"), 2);
	while (logins_on_the_disk(&f) != 2)
		usleep(20000);
	fixture_close(&f);
}

static void a_note_just_before_the_end_is_written(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, FAKE_PLAIN);
	add_account(&f);
	store_visit_note(f.store, STR("a@x"), 7);
	fixture_reopen(&f);
	assert_int_equal(logins(&f), 1);
	assert_int_equal(f.req.visit->login_us, 7);
	fixture_close(&f);
}

static void a_second_process_is_told_who_has_the_store(void **state)
{
	struct store_options options;
	struct store *second;
	struct fixture f;
	struct err err;
	char pid[32];

	(void)state;
	fixture_open(&f, FAKE_PLAIN);
	options = (struct store_options){.path = f.path};
	assert_int_equal(store_open(&second, &options, &err), STORE_E_BUSY);
	snprintf(pid, sizeof(pid), "process %d", (int)getpid());
	assert_non_null(strstr(err.text, pid));
	assert_non_null(strstr(err.text, f.path));
	fixture_close(&f);
}

static void a_missing_file_is_not_made_unless_asked(void **state)
{
	struct store_options options = {.path = "/tmp/test-store-none/x.db"};
	struct store *s;
	struct err err;

	(void)state;
	assert_int_equal(store_open(&s, &options, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/tmp/test-store-none/x.db"));
}

static void the_file_is_private(void **state)
{
	struct stat st;
	struct fixture f;

	(void)state;
	fixture_open(&f, FAKE_PLAIN);
	assert_int_equal(stat(f.path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	fixture_close(&f);
}

static void a_newer_file_is_refused(void **state)
{
	struct store_options options;
	struct fixture f;
	struct err err;

	(void)state;
	fixture_open(&f, FAKE_PLAIN);
	f.store = store_close(f.store);
	fixture_sql(f.path, "INSERT INTO schema VALUES (99, 0)");
	options = (struct store_options){.path = f.path};
	assert_int_equal(store_open(&f.store, &options, &err), STORE_E_NEWER);
	assert_non_null(strstr(err.text, "99"));
	assert_true(store_schema_version() >= 1 && store_schema_version() < 99);
	fixture_close(&f);
}

/* Schema 1 is brought up to date, and what was in it stays. */
static void an_older_file_gets_its_new_tables(void **state)
{
	struct store_affiliation owner = {.jid = STR("a@x"), .affiliation = 4};
	struct store_room room = {.jid = STR("r@rooms.x"), .affiliations = &owner, .affiliations_len = 1};
	struct fixture f;

	(void)state;
	fixture_open(&f, FAKE_PLAIN);
	fixture_from_first_version(&f, "UPDATE meta SET value = 7 WHERE name = 'applied_seq'");
	assert_int_equal(store_applied_seq(f.store), 7);
	assert_int_equal(ASK(&f, store_room_all), 0);
	assert_int_equal(f.req.rooms->len, 0);
	assert_int_equal(ASK(&f, store_room_put, &room), 0);
	assert_int_equal(ASK(&f, store_room_all), 0);
	assert_int_equal(f.req.rooms->len, 1);
	fixture_close(&f);
}

static void a_file_that_is_no_database_is_refused(void **state)
{
	static const char noise[] =
		"this is not a database, it is a note about one, long enough to be read as a header";
	struct store_options options;
	struct fixture f;
	struct err err;
	int fd;

	(void)state;
	fixture_open(&f, FAKE_PLAIN);
	f.store = store_close(f.store);
	fd = open(f.path, O_WRONLY | O_TRUNC);
	assert_int_equal(write(fd, noise, sizeof(noise)), sizeof(noise));
	close(fd);
	options = (struct store_options){.path = f.path};
	assert_int_equal(store_open(&f.store, &options, &err), -EIO);
	assert_non_null(strstr(err.text, f.path));
	fixture_close(&f);
}

/* The child writes until it is killed and says through a pipe what was answered. */
static void write_until_killed(const char *path, int out)
{
	struct store_options options = {.path = path, .create = true};
	struct store *s;
	struct err err;

	if (store_open(&s, &options, &err))
		_exit(1);
	for (uint64_t i = 1;; i++) {
		struct store_message m = {
			.owner = STR("o@x"), .seq = i, .from = STR("f@x"), .xml = STR("<m/>")};
		struct store_req req;
		char id[32];

		snprintf(id, sizeof(id), "m%llu", (unsigned long long)i);
		m.id = str_from(id);
		store_req_init(&req, NULL, NULL);
		if (store_message_put(s, &req, STORE_OFFLINE, &m, 1, 0, i) || store_wait(&req) ||
			write(out, &i, sizeof(i)) != sizeof(i))
			_exit(1);
		store_req_release(&req);
	}
}

static void what_was_answered_outlives_a_kill(void **state)
{
	struct fixture f;
	uint64_t last = 0, i;
	int pipes[2], status;
	pid_t child;

	(void)state;
	fixture_open(&f, FAKE_PLAIN);
	f.store = store_close(f.store);
	assert_int_equal(pipe(pipes), 0);
	child = fork();
	if (child == 0)
		write_until_killed(f.path, pipes[1]);
	close(pipes[1]);
	while (last < 50 && read(pipes[0], &i, sizeof(i)) == sizeof(i))
		last = i;
	kill(child, SIGKILL);
	while (read(pipes[0], &i, sizeof(i)) == sizeof(i))
		last = i;
	waitpid(child, &status, 0);
	close(pipes[0]);
	assert_true(last >= 50);
	fixture_reopen(&f);
	assert_true(store_applied_seq(f.store) >= last);
	assert_int_equal(ASK(&f, store_message_count, STORE_OFFLINE, STR("o@x")), 0);
	assert_int_equal(f.req.number, store_applied_seq(f.store)); /* rows and number are one transaction */
	fixture_close(&f);
}

/* A limit on the size of files stands for the full disk: writing fails, reading goes on, later all is well
 * again. */
static void a_disk_that_takes_no_more_is_survived(void **state)
{
	struct rlimit old, small;
	struct store_message m = {.owner = STR("o@x"), .seq = 1, .id = STR("m1"), .from = STR("f@x")};
	static char xml[400000];
	struct fixture f;

	(void)state;
	fixture_open(&f, FAKE_PLAIN);
	memset(xml, 'x', sizeof(xml));
	m.xml = str_of(xml, sizeof(xml));
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	small = (struct rlimit){.rlim_cur = 150000, .rlim_max = old.rlim_max};
	setrlimit(RLIMIT_FSIZE, &small);
	assert_int_equal(ASK(&f, store_message_put, STORE_OFFLINE, &m, 1, 0, 1), STORE_E_FAILED);
	assert_int_equal(ASK(&f, store_message_count, STORE_OFFLINE, STR("o@x")), 0);
	assert_int_equal(f.req.number, 0);
	setrlimit(RLIMIT_FSIZE, &old);
	assert_int_equal(ASK(&f, store_message_put, STORE_OFFLINE, &m, 1, 0, 1), 0);
	assert_int_equal(ASK(&f, store_message_count, STORE_OFFLINE, STR("o@x")), 0);
	assert_int_equal(f.req.number, 1);
	fixture_close(&f);
}

static void many_accounts_are_added_and_read_in_one_go(void **state)
{
	enum { MANY = 5000 };
	struct store_account *rows = calloc(MANY, sizeof(*rows));
	char(*names)[40] = calloc(MANY, sizeof(*names));
	struct fixture f;

	(void)state;
	fixture_open(&f, FAKE_PLAIN);
	for (size_t i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof(names[i]), "user%05zu@example.org", i);
		rows[i] = (struct store_account){.person_id = str_from(names[i]), .jid = str_from(names[i])};
	}
	assert_int_equal(ASK(&f, store_account_add, rows, MANY), 0);
	assert_int_equal(ASK(&f, store_account_all), 0);
	assert_int_equal(f.req.accounts->len, MANY);
	assert_str(f.req.accounts->rows[4999].jid, "user04999@example.org");
	fixture_close(&f);
	free(rows);
	free(names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_come_in_order_on_the_asking_loop),
		cmocka_unit_test(notes_are_seen_by_who_asks_for_them),
		cmocka_unit_test(notes_go_with_the_next_write_or_alone),
		cmocka_unit_test(a_note_just_before_the_end_is_written),
		cmocka_unit_test(a_second_process_is_told_who_has_the_store),
		cmocka_unit_test(a_missing_file_is_not_made_unless_asked),
		cmocka_unit_test(the_file_is_private),
		cmocka_unit_test(a_newer_file_is_refused),
		cmocka_unit_test(an_older_file_gets_its_new_tables),
		cmocka_unit_test(a_file_that_is_no_database_is_refused),
		cmocka_unit_test(what_was_answered_outlives_a_kill),
		cmocka_unit_test(a_disk_that_takes_no_more_is_survived),
		cmocka_unit_test(many_accounts_are_added_and_read_in_one_go),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
