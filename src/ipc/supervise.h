/* The supervision socket between the supervisor and a child (gate, recorder): descriptor 3 of the child, one
 * end of a SOCK_SEQPACKET pair. One message is one packet: a type byte, then the payload. Numbers are little
 * endian.
 *
 *   type       from        to     payload                             descriptor
 *   START      supervisor  gate   JSON, see below                     -
 *   LISTENER   supervisor  gate   u32 index into "listeners"          listening socket, non-blocking
 *   LINK       supervisor  both   u32 index of the loop               stream socket to the other child
 *   COURIER    supervisor  gate   -                                   stream socket to the courier
 *   KEY        supervisor  gate   "certificate", "client-ca",         the file, open for reading
 *                                 "client-crl" or "key"
 *   READY      both        sup.   -                                   -
 *   RELOAD     supervisor  gate   -                                   -
 *   RELOAD     gate        sup.   "" done, or why it was refused      -
 *   STOP       supervisor  both   -                                   -
 *   STOP       gate        sup.   -: an administrator shuts it down   -
 *   CONTROL    both ways          u32 id, u8 more, JSON or a part     -
 *
 * Start of the recorder (`recorder --dir DIR`): one LINK for each loop; READY when the record is open.
 *
 * Start of the gate (`gate --dir DIR`): START with
 *
 *     {"loops":N,"listeners":[{"kind":K,"address":"ip:port"},...]}
 *
 * K one of "starttls", "direct", "plaintext"; then KEY "certificate", where the settings name them
 * KEY "client-ca" and "client-crl", KEY "key", one LISTENER for each
 * listener, one LINK for each loop; READY when it accepts clients.
 *
 * A LINK with an index that is linked already replaces that link: the other child was restarted. Before
 * RELOAD the supervisor sends the KEYs again, opened anew, and a KEY "settings", the file of settings: an editor may
 * have put another file in its place, to which the gate has no right. The gate reads a KEY with pread from offset 0 and
 * closes it; it needs no right to tls/ of its own. After STOP the child finishes what it promised and exits
 * with 0. End of file means the supervisor died: the same.
 *
 * A COURIER replaces the one before: that courier has ended (mail/job.h says what is spoken there).
 *
 * CONTROL carries the commands of ipc/control.h: a request down, its answer up with the same id. Text beyond
 * one packet goes in several, `more` 1 in all but the last; parts of one id are never mixed with a second
 * text of that id. The recorder knows "record.access", "record.admin" and
 * "status". While no server runs the command `gatehouse` starts a recorder alone in the same way, without a
 * LINK, has it record one act, and stops it.
 *
 * A malformed message from the peer is fatal: the child exits, the supervisor restarts the child. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/str.h"

enum {
	SUPERVISE_FD = 3,
	SUPERVISE_PACKET = 32768,      /* bytes of one packet, type included */
	SUPERVISE_TEXT_MAX = 64 << 20, /* bytes of one CONTROL text */
};

enum supervise_type {
	SUPERVISE_START = 'S',
	SUPERVISE_LISTENER = 'F',
	SUPERVISE_LINK = 'L',
	SUPERVISE_KEY = 'K',
	SUPERVISE_COURIER = 'M',
	SUPERVISE_READY = 'R',
	SUPERVISE_RELOAD = 'H',
	SUPERVISE_STOP = 'Q',
	SUPERVISE_CONTROL = 'C',
};

struct supervise_message {
	enum supervise_type type;
	uint32_t number; /* LISTENER, LINK: index; CONTROL: id; else 0 */
	struct str text; /* START, KEY, RELOAD, CONTROL: the whole text. Borrowed until the next call */
	int fd;          /* the receiver's from now on, close-on-exec; -1 where there is none */
};

/* One end. Embedded; not thread-safe: one thread owns it. Sending never blocks: what the socket does not take
 * waits in `queue` until supervise_flush(). */
struct supervise {
	int fd;
	char *packet;      /* receive buffer */
	struct list parts; /* CONTROL texts that are not complete yet */
	struct list queue;
	struct buf text; /* the last complete text */
};

/* Makes `fd` (owned from now on) non-blocking and close-on-exec. 0 or -errno. */
[[nodiscard]] int supervise_init(struct supervise *s, int fd);
void supervise_done(struct supervise *s); /* closes; also after a failed init */

/* A pair for a new child: out_fds[0] stays, out_fds[1] becomes SUPERVISE_FD of the child. 0 or -errno. */
[[nodiscard]] int supervise_pair(int out_fds[2]);

/* 1: *out has a message; 0: none is there now; -EPIPE: the peer has gone; -EPROTO: malformed; or another
 * -errno. */
[[nodiscard]] int supervise_recv(struct supervise *s, struct supervise_message *out);

/* Sends or queues. `fd` is duplicated where it has to wait, so it stays the caller's. 0, -EPIPE, -EMSGSIZE
 * (START, KEY and RELOAD texts must fit one packet) or -errno. */
[[nodiscard]] int supervise_send(
	struct supervise *s, enum supervise_type type, uint32_t number, struct str text, int fd);

/* Sends what waits. 0 (look at supervise_wants_write), -EPIPE or -errno. */
[[nodiscard]] int supervise_flush(struct supervise *s);
bool supervise_wants_write(const struct supervise *s);
