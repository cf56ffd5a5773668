/* A connection takes over from another: it resumes a session (XEP-0198), or binds the resource, or for the device, of a session
 * there is. Mostly that is somebody whose phone has changed networks. It may as well be somebody else who has his password.
 *
 * What speaks for that, the signs:
 *   other network   it comes from a network the session was not on (channel.h)
 *   weaker channel  TLS, or the proof of the login, is less than that the session began with
 *   still there     the connection there was has been acknowledging what it was sent until after it had to go (parcel/parting.h)
 *   other device    it names another installation than the session's (XEP-0388)
 * A takeover with a sign is in the record, and by setting (clients.takeover) the person's other devices are told. On the home. */
#pragma once

#include "route/session.h"

/* sm.resume_from, and the device: NULL, or the sign for which this session is not resumed by e. */
[[nodiscard]] const char *takeover_bars(const struct session *s, const struct errand *e);
/* And it was not. */
void takeover_refused(struct session *s, const struct errand *e, const char *sign);

/* e takes over from s, which lives yet: goes on with it (`resumes`), or takes its place. Closes s's connection, if it has one, with
 * <conflict/> and this static text. */
void takeover_begin(struct session *s, const struct errand *e, bool resumes, const char *text);
