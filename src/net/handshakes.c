#include "net/handshakes.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/rejections.h"

enum {
	PLACES = 256,   /* addresses that are told apart; two at one place may have more lines */
	LINES_MAX = 60, /* a minute, of all addresses together */
	KEY = 16,
};

struct place {
	unsigned char key[KEY];
	uint64_t minute; /* + 1 when a line was written; 0: never */
};

static struct {
	pthread_mutex_t lock;
	struct handshake_failures count;
	struct place places[PLACES];
	uint64_t minute; /* of `lines` */
	unsigned lines;
} all = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- reasons ---- */

static const struct {
	int reason;
	const char *text;
} reasons[] = {
		{SSL_R_UNSUPPORTED_PROTOCOL, "it offers only TLS versions below tls.min_version: update that client"},
		{SSL_R_VERSION_TOO_LOW, "it offers only TLS versions below tls.min_version: update that client"},
		{SSL_R_NO_PROTOCOLS_AVAILABLE, "it offers only TLS versions below tls.min_version: update that client"},
		{SSL_R_NO_SHARED_CIPHER, "no cipher in common: update that client, it needs ECDHE with AES-GCM or ChaCha20"},
		{SSL_R_NO_SUITABLE_KEY_SHARE, "no key exchange in common (X25519, P-256, P-384): update that client"},
		{SSL_R_NO_SHARED_GROUPS, "no key exchange in common (X25519, P-256, P-384): update that client"},
		{SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM,
				"it cannot check this kind of certificate: update that client, or use another key in tls.key"},
		{SSL_R_HTTP_REQUEST, "it speaks HTTP: this port is for XMPP clients (direct TLS)"},
		{SSL_R_HTTPS_PROXY_REQUEST, "it speaks HTTP: this port is for XMPP clients (direct TLS)"},
		{SSL_R_WRONG_VERSION_NUMBER, "what it sends is no TLS: a client without direct TLS belongs on a port of "
						 "listen.starttls"},
		{SSL_R_NO_APPLICATION_PROTOCOL, "it offers another protocol than xmpp-client (ALPN): a browser or a scanner"},
		{SSL_R_TLSV1_ALERT_UNKNOWN_CA, "it does not trust the certificate: give it the CA, or use one it knows"},
		{SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, "it does not accept the certificate: look at its name, dates and CA"},
		{SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, "it does not accept the certificate: look at its name, dates and CA"},
		{SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, "the certificate has expired, it says: renew it and reload"},
};

const char *handshake_reason(unsigned long code)
{
	const char *known = ERR_reason_error_string(code);

	for (size_t i = 0; ERR_GET_LIB(code) == ERR_LIB_SSL && i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].reason == ERR_GET_REASON(code))
			return reasons[i].text;
	return known ? known : "the connection broke";
}

/* ---- addresses ---- */

/* IPv4 as mapped address; IPv6 by network, because a host has a whole /64 to itself. */
static void key_of(const struct sockaddr *from, unsigned char key[KEY])
{
	memset(key, 0, KEY);
	if (from && from->sa_family == AF_INET) {
		key[10] = key[11] = 0xff;
		memcpy(key + 12, &((const struct sockaddr_in *)(const void *)from)->sin_addr, 4);
	} else if (from && from->sa_family == AF_INET6) {
		const struct in6_addr *a = &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr;

		memcpy(key, a, IN6_IS_ADDR_V4MAPPED(a) || IN6_IS_ADDR_LOOPBACK(a) ? KEY : 8);
	}
}

static uint64_t *count_of(const unsigned char key[KEY])
{
	static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff}, loopback[KEY] = {[15] = 1};
	const unsigned char *four = key + 12;

	if (memcmp(key, mapped, sizeof(mapped)) == 0) {
		if (four[0] == 127)
			return &all.count.loopback;
		if (four[0] == 10 || (four[0] == 172 && (four[1] & 0xf0) == 16) || (four[0] == 192 && four[1] == 168) ||
				(four[0] == 169 && four[1] == 254))
			return &all.count.local;
		return &all.count.elsewhere;
	}
	if (memcmp(key, loopback, KEY) == 0)
		return &all.count.loopback;
	if ((key[0] & 0xfe) == 0xfc || (key[0] == 0xfe && (key[1] & 0xc0) == 0x80))
		return &all.count.local;
	return &all.count.elsewhere;
}

static struct place *place_of(const unsigned char key[KEY])
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < KEY; i++)
		hash = (hash ^ key[i]) * 16777619u;
	return &all.places[(hash ^ hash >> 16) % PLACES];
}

static bool is_due(const unsigned char key[KEY], uint64_t minute)
{
	struct place *place = place_of(key);

	if (all.minute != minute) {
		all.minute = minute;
		all.lines = 0;
	}
	if (all.lines >= LINES_MAX || (place->minute == minute + 1 && memcmp(place->key, key, KEY) == 0))
		return false;
	memcpy(place->key, key, KEY);
	place->minute = minute + 1;
	all.lines++;
	return true;
}

bool handshake_is_due(const struct sockaddr *from, uint64_t minute)
{
	unsigned char key[KEY];
	bool due;

	key_of(from, key);
	pthread_mutex_lock(&all.lock);
	due = is_due(key, minute);
	pthread_mutex_unlock(&all.lock);
	return due;
}

/* ---- failures ---- */

static const char *address_text(const struct sockaddr *from, char out[INET6_ADDRSTRLEN])
{
	const void *at = NULL;

	if (from && from->sa_family == AF_INET)
		at = &((const struct sockaddr_in *)(const void *)from)->sin_addr;
	else if (from && from->sa_family == AF_INET6)
		at = &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr;
	return at && inet_ntop(from->sa_family, at, out, INET6_ADDRSTRLEN) ? out : "an address that has gone";
}

void handshake_failed(const struct sockaddr *from)
{
	unsigned long code = ERR_peek_last_error();
	uint64_t minute = clock_mono_ms() / 60000;
	char text[INET6_ADDRSTRLEN];
	unsigned char key[KEY];
	bool due;

	if (code == 0 || (ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING))
		return;
	rejection_note_tls(from, handshake_reason(code));
	key_of(from, key);
	pthread_mutex_lock(&all.lock);
	++*count_of(key);
	due = is_due(key, minute);
	pthread_mutex_unlock(&all.lock);
	if (!due)
		return;
	log_warn("TLS handshake with %s failed: %s", address_text(from, text), handshake_reason(code));
}

void handshake_failures(struct handshake_failures *out)
{
	pthread_mutex_lock(&all.lock);
	*out = all.count;
	pthread_mutex_unlock(&all.lock);
}
