/* A connection as the rest of the server sees it: a place to write bytes to and to close. It lives on the loop that
 * accepted the connection and outlives the socket for as long as someone holds a reference. Everything here may be
 * called from any loop: calls made elsewhere travel to the port's loop, in order. After the socket is gone writes are
 * dropped in silence; the session learns of it by the errand ERRAND_GONE. What cannot travel for want of memory ends the stream with
 * <resource-constraint/>: it would go on without something it was to say or to know. */
#pragma once

#include "base/str.h"
#include "loop/loop.h"
#include "parcel/blob.h"

struct parting;
struct port;
struct standing;

/* Implemented by xmpp/; always called on the port's loop. */
struct port_ops {
	void (*write)(struct port *port, struct str bytes);
	/* Ends the stream with this stream error (RFC 6120 4.9.3) or, when condition is NULL, without one. `text` may be empty;
	 * `lang` is its language, empty: English. `parting`: whoever asks whether somebody is there; NULL: nobody does. */
	void (*close)(struct port *port, const char *condition, struct str text, struct str lang, struct parting *parting);
	/* How the session stands from now on; the stream takes a reference of its own. NULL op: nobody looks. */
	void (*judge)(struct port *port, struct standing *standing);
	void (*free)(struct port *port); /* the last reference is gone */
};

struct port {
	_Atomic unsigned refs;
	struct loop *loop;
	const struct port_ops *ops;
	struct task last;     /* what must travel also when memory is out: that it is freed, that it is closed */
	_Atomic bool failed;
};

struct port *port_ref(struct port *p);
struct port *port_unref(struct port *p); /* accepts NULL; the object is freed on its own loop */

/* Writes one or more whole stanzas (or nonzas). Bytes written in one pass leave in one piece. */
void port_write(struct port *p, struct blob *bytes);
/* The same for bytes that are not shared; copied when they have to travel. */
void port_write_str(struct port *p, struct str bytes);

/* `condition` and `text` must be static strings. */
void port_close(struct port *p, const char *condition, const char *text);
/* The same for who asks whether somebody was still there (parting.h). */
void port_close_parting(struct port *p, const char *condition, const char *text, struct parting *parting);
/* The same with what the standing tells the person, in his language; `condition` is static. */
void port_close_told(struct port *p, const char *condition, struct standing *standing);
/* Hands the stream how its session stands with the rules about clients: what waited for that goes on. */
void port_judge(struct port *p, struct standing *standing);
/* The same with a text that was made for it, in that language; `condition` and `lang` must be static. */
void port_close_text(struct port *p, const char *condition, struct str text, struct str lang);
