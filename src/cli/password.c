#include "cli/password.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "account/verifier.h"
#include "base/log.h"
#include "base/rand.h"

enum {
	SYLLABLES = 12, /* of 64 each: 72 bits */
};

void password_wipe(struct password *p)
{
	OPENSSL_cleanse(p, sizeof(*p));
}

void password_generate(struct password *out)
{
	static const char consonants[] = "bdfghklmnprstvwz", vowels[] = "aeio";
	unsigned char bytes[SYLLABLES];

	rand_bytes(bytes, sizeof(bytes));
	out->len = 0;
	for (size_t i = 0; i < SYLLABLES; i++) {
		if (i && i % 3 == 0)
			out->text[out->len++] = '-';
		out->text[out->len++] = consonants[bytes[i] & 15];
		out->text[out->len++] = vowels[bytes[i] >> 4 & 3];
	}
	out->text[out->len] = '\0';
	OPENSSL_cleanse(bytes, sizeof(bytes));
}

/* One line; false when it is longer than a password may be or nothing came. */
static bool read_line(int fd, struct password *out)
{
	ssize_t n;
	char c;

	out->len = 0;
	for (;;) {
		n = read(fd, &c, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || c == '\n')
			break;
		if (out->len == PASSWORD_BYTES)
			return false;
		out->text[out->len++] = c;
	}
	if (out->len && out->text[out->len - 1] == '\r')
		out->len--;
	out->text[out->len] = '\0';
	return out->len > 0;
}

static bool prompt(int tty, const char *question, struct password *out)
{
	struct termios shown, hidden;
	bool ok;

	if (tcgetattr(tty, &shown))
		return false;
	hidden = shown;
	hidden.c_lflag &= ~(tcflag_t)ECHO;
	dprintf(tty, "%s", question);
	if (tcsetattr(tty, TCSAFLUSH, &hidden))
		return false;
	ok = read_line(tty, out);
	tcsetattr(tty, TCSAFLUSH, &shown);
	dprintf(tty, "\n");
	return ok;
}

static int ask_twice(const struct cli *cli, const char *jid, struct password *out)
{
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC);
	struct password again;
	char question[256];
	bool ok, same;

	if (tty < 0)
		return cli_fail(cli, CLI_USAGE, "use --password-stdin or --generate",
			"there is no terminal to ask for a password");
	snprintf(question, sizeof(question), "Password for %s: ", LOG_STR(str_from(jid)));
	ok = prompt(tty, question, out) && prompt(tty, "Once more: ", &again);
	same = ok && out->len == again.len && CRYPTO_memcmp(out->text, again.text, out->len) == 0;
	password_wipe(&again);
	close(tty);
	if (!ok)
		return cli_fail(cli, CLI_USAGE, "try again", "no password was given");
	return same ? 0 : cli_fail(cli, CLI_USAGE, "try again", "the two passwords differ");
}

int password_get(const struct cli *cli, const char *jid, size_t min, struct password *out)
{
	int r = 0;

	*out = (struct password){};
	if (cli_has(cli, "--generate"))
		password_generate(out);
	else if (!cli_has(cli, "--password-stdin"))
		r = ask_twice(cli, jid, out);
	else if (!read_line(STDIN_FILENO, out))
		r = cli_fail(cli, CLI_USAGE, "write the password and a line break to standard input",
			"no password of 1 to %d bytes came from standard input", PASSWORD_BYTES);
	if (r)
		return r;
	r = verifier_policy(str_of(out->text, out->len), str_from(jid), min);
	if (!r)
		return 0;
	password_wipe(out);
	return cli_fail(cli, CLI_USAGE, "choose another one, or use --generate",
		"this password cannot be used: %s", verifier_text(r));
}
