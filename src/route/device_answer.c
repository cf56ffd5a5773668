#include "route/device_answer.h"

#include "base/clock.h"
#include "route/answer.h"
#include "route/devices.h"
#include "route/iq.h"
#include "rule/client_set.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

static void put_element(struct buf *out, const char *name, struct str text)
{
	buf_printf(out, "<%s>", name);
	xml_escape(out, text);
	buf_printf(out, "</%s>", name);
}

static void put_time(struct buf *out, const char *name, uint64_t us)
{
	buf_printf(out, "<%s>", name);
	clock_put(out, us);
	buf_printf(out, "</%s>", name);
}

static void put_auth(struct buf *out, const struct route_device *d)
{
	buf_lit(out, "<auth>");
	if (d->auth == STORE_AUTH_PASSWORD)
		buf_lit(out, "<password/>");
	if (d->token_us)
		buf_lit(out, "<fast/>");
	if (d->auth == STORE_AUTH_CERTIFICATE)
		buf_lit(out, "<certificate xmlns='urn:x-gatehouse:devices:0'/>");
	buf_lit(out, "</auth>");
}

/* The details of a restriction have no form of their own in the XEP. */
static void put_permission(struct buf *out, const struct route_device *d)
{
	if (!d->limits) {
		buf_lit(out, "<permission status='unrestricted'/>");
		return;
	}
	buf_lit(out, "<permission status='restricted'>");
	for (size_t i = 0; i < sizeof(client_limit_names) / sizeof(client_limit_names[0]); i++)
		if (d->limits & 1u << i)
			buf_printf(out, "<%s xmlns='urn:x-gatehouse:devices:0'/>", client_limit_names[i]);
	buf_lit(out, "</permission>");
}

static void put_agent(struct buf *out, const struct route_device *d)
{
	struct buf software = BUF_INIT(0);

	buf_str(&software, d->product);
	if (d->version.len)
		buf_printf(&software, "%s%.*s", software.len ? " " : "", STR_FMT(d->version));
	buf_lit(out, "<user-agent>");
	put_element(out, "software", buf_view(&software));
	if (d->device.len)
		put_element(out, "device", d->device);
	buf_lit(out, "</user-agent>");
	buf_done(&software);
}

static void put_device(struct buf *out, const struct route_device *d)
{
	buf_printf(out, "<client connected='%s' id='%.*s' type='%s'>", d->connected ? "true" : "false", STR_FMT(d->id),
		d->has_been_there ? "session" : "access");
	put_time(out, "first-seen", d->first_us);
	put_time(out, "last-seen", d->last_us);
	put_agent(out, d);
	put_auth(out, d);
	put_permission(out, d);
	buf_lit(out, "</client>");
}

void device_answer_list(struct parcel *p, const struct device_list *l)
{
	struct buf text = BUF_INIT(0);

	iq_put_result(&text, p);
	buf_lit(&text, "<clients xmlns='" DEVICES_FEATURE "'>");
	for (size_t i = 0; i < l->len; i++)
		put_device(&text, &l->rows[i]);
	buf_lit(&text, "</clients></iq>");
	answer_text(p, &text);
}

void device_answer(struct parcel *p, enum route_access_result result)
{
	switch (result) {
	case ROUTE_ACCESS_OK:
		answer_result(p);
		break;
	case ROUTE_ACCESS_NONE:
		answer_error(p, STANZA_ITEM_NOT_FOUND, NULL);
		break;
	case ROUTE_ACCESS_PASSWORD:
		answer_error_app(p, STANZA_SERVICE_UNAVAILABLE,
			"It has logged in with the password: set a new one, which ends all access.", STR("password-reset-required"),
			NS_CAM);
		break;
	case ROUTE_ACCESS_CERTIFICATE:
		answer_error(p, STANZA_SERVICE_UNAVAILABLE,
			"It logs in with a certificate, which only who has issued it can revoke.");
		break;
	case ROUTE_ACCESS_FAILED:
		answer_error(p, STANZA_INTERNAL_SERVER_ERROR, NULL);
		break;
	}
}
