/* Who is written to about his program, and when. Every few minutes, when rules change and when a date passes, the clients that
 * people have used lately are judged by the rules in force; whose program is advised against or warned of (CLIENT_ADVISE,
 * CLIENT_WARN) gets a mail: once in each stage of each rule, and again every `remind_days` of its campaign. Loop 0.
 *
 * What has been replaced is not written about: a program behind whose last use another one was seen for the first time that
 * nothing is held against. That, and the stage, is looked at once more when the mail is sent. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct gate;
struct gate_campaign;
struct store_clients;
struct store_mail;
struct person;

#define CAMPAIGN_PURPOSE STR("client")

[[nodiscard]] int gate_campaign_open(struct gate *g); /* before the loops run. 0 or -ENOMEM */
void gate_campaign_tick(struct gate *g);              /* each second */

/* Does what the mail says still hold for him, whose clients of the last days these are? */
bool gate_campaign_holds(
	const struct gate *g, const struct person *person, const struct store_clients *clients, const struct store_mail *mail);
/* Since when a client must have been seen to count. */
uint64_t gate_campaign_since_us(const struct gate *g);

json_t *gate_campaign_status(const struct gate *g); /* "campaign" of `status`: of the last time it was looked */
