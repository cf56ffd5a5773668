/* The gate's postman: takes mails that are due from the store's queue, writes them as text, hands them to the courier and
 * keeps what became of them. Loop 0. route/post.h is how mails get into the queue.
 *
 *   queued --> asked whether it is still wanted --no--> dropped
 *              |yes
 *              courier --sent----> line of the record --> sent
 *                      --refused-> line of the record --> failed
 *                      --later---> queued again, due later; after mail.give_up_hours as refused
 *
 * At least once: when gate or courier die between the mail server's answer and the store's, the mail is sent again, with the
 * same Message-ID. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

struct gate;
struct gate_post;
struct store_mail;

[[nodiscard]] int gate_post_open(struct gate *g); /* before the loops run. 0 or -ENOMEM */

/* A link to a new courier (SUPERVISE_COURIER); the one before is gone. Takes the socket. */
void gate_post_link(struct gate *g, int fd);
void gate_post_tick(struct gate *g); /* each second */
bool gate_post_is_busy(const struct gate *g); /* something is with the courier, or not kept yet */
/* These may not be sent from what has been taken out of the queue already: it was changed (empty: all). */
void gate_post_changed(struct gate *g);

json_t *gate_post_status(const struct gate *g); /* "mail" of `status` */
