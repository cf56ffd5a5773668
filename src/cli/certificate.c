#include "cli/certificate.h"

#include <errno.h>
#include <fcntl.h>
#include <idn2.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/rand.h"

enum {
	CA_DAYS = 3650,
	SERVER_DAYS = 730,
	WARN_DAYS = 14,
};

static void free_pkey(EVP_PKEY **p)
{
	EVP_PKEY_free(*p);
}

static void free_x509(X509 **p)
{
	X509_free(*p);
}

static void free_bio(BIO **p)
{
	BIO_free(*p);
}

/* The library's own reason, for what should not happen. */
static int crypto_failed(struct err *err, const char *what)
{
	char text[200];

	ERR_error_string_n(ERR_get_error(), text, sizeof(text));
	return err_set(err, -EIO, "%s: %s", what, text);
}

/* ---- making ---- */

struct pair {
	EVP_PKEY *key;
	X509 *cert;
};

static void pair_done(struct pair *p)
{
	EVP_PKEY_free(p->key);
	X509_free(p->cert);
}

static bool put_name(X509_NAME *name, const char *common)
{
	return X509_NAME_add_entry_by_txt(
		       name, "O", MBSTRING_UTF8, (const unsigned char *)"Gatehouse", -1, -1, 0) &&
	       X509_NAME_add_entry_by_txt(
		       name, "CN", MBSTRING_UTF8, (const unsigned char *)common, -1, -1, 0);
}

static bool put_serial(X509 *cert)
{
	unsigned char bytes[16];
	BIGNUM *number;
	bool ok;

	rand_bytes(bytes, sizeof(bytes));
	bytes[0] &= 0x7f; /* positive, RFC 5280 section 4.1.2.2 */
	bytes[0] |= 0x40;
	number = BN_bin2bn(bytes, sizeof(bytes), NULL);
	ok = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert));
	BN_free(number);
	return ok;
}

static bool put_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;
	bool ok;

	X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	ok = extension && X509_add_ext(cert, extension, -1);
	X509_EXTENSION_free(extension);
	return ok;
}

/* A key and an unsigned certificate of it. Names longer than the 64 characters a CN may have are left out of
 * it. */
static bool pair_begin(struct pair *p, const char *common, long days)
{
	p->key = EVP_EC_gen("P-256");
	p->cert = X509_new();
	return p->key && p->cert && X509_set_version(p->cert, X509_VERSION_3) && put_serial(p->cert) &&
	       X509_gmtime_adj(X509_getm_notBefore(p->cert), -3600) &&
	       X509_time_adj_ex(X509_getm_notAfter(p->cert), (int)days, 0, NULL) &&
	       X509_set_pubkey(p->cert, p->key) &&
	       put_name(X509_get_subject_name(p->cert), strlen(common) <= 64 ? common : "server");
}

static bool ca_make(struct pair *ca, const char *domain)
{
	char common[65];

	snprintf(common, sizeof(common), "Gatehouse CA of %.40s", domain);
	return pair_begin(ca, common, CA_DAYS) &&
	       X509_set_issuer_name(ca->cert, X509_get_subject_name(ca->cert)) &&
	       put_extension(ca->cert, ca->cert, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
	       put_extension(ca->cert, ca->cert, NID_key_usage, "critical,keyCertSign,cRLSign") &&
	       put_extension(ca->cert, ca->cert, NID_subject_key_identifier, "hash") &&
	       X509_sign(ca->cert, ca->key, EVP_sha256()) > 0;
}

static bool server_make(struct pair *server, const struct pair *ca, const char *domain, const char *names)
{
	return pair_begin(server, domain, SERVER_DAYS) &&
	       X509_set_issuer_name(server->cert, X509_get_subject_name(ca->cert)) &&
	       put_extension(server->cert, ca->cert, NID_basic_constraints, "critical,CA:FALSE") &&
	       put_extension(server->cert, ca->cert, NID_key_usage, "critical,digitalSignature") &&
	       put_extension(server->cert, ca->cert, NID_ext_key_usage, "serverAuth") &&
	       put_extension(server->cert, ca->cert, NID_subject_alt_name, names) &&
	       put_extension(server->cert, ca->cert, NID_subject_key_identifier, "hash") &&
	       put_extension(server->cert, ca->cert, NID_authority_key_identifier, "keyid:always") &&
	       X509_sign(server->cert, ca->key, EVP_sha256()) > 0;
}

static int write_file(const char *dir, const char *name, mode_t mode, BIO *content, struct err *err)
{
	AUTO(auto_close) int fd = -1;
	char path[4096], *data;
	long len = BIO_get_mem_data(content, &data);

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	if (fd < 0 || fchmod(fd, mode) || write(fd, data, (size_t)len) != len || fsync(fd))
		return err_errno(err, "%s", path);
	return 0;
}

static int write_pair(const char *dir, const char *name, const struct pair *p, X509 *chain, struct err *err)
{
	AUTO(free_bio) BIO *key = BIO_new(BIO_s_secmem()), *cert = BIO_new(BIO_s_mem());
	char file[64];
	int r;

	if (!key || !cert || !PEM_write_bio_PrivateKey(key, p->key, NULL, NULL, 0, NULL, NULL) ||
		!PEM_write_bio_X509(cert, p->cert) || (chain && !PEM_write_bio_X509(cert, chain)))
		return crypto_failed(err, name);
	snprintf(file, sizeof(file), "%s.key", name);
	r = write_file(dir, file, 0600, key, err);
	snprintf(file, sizeof(file), "%s.crt", name);
	return r ? r : write_file(dir, file, 0644, cert, err);
}

/* "DNS:a.example,DNS:xn--..." */
static int alt_names(const struct str *domains, size_t n, struct buf *out, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		char *ascii = NULL;
		int r = idn2_to_ascii_8z(domains[i].data, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);

		if (r != IDN2_OK)
			return err_set(
				err, -EINVAL, "domain '%s': %s", LOG_STR(domains[i]), idn2_strerror(r));
		buf_printf(out, "%sDNS:%s", i ? "," : "", ascii);
		idn2_free(ascii);
	}
	return 0;
}

int certificate_make(const char *dir, const struct str *domains, size_t n, struct err *err)
{
	AUTO(pair_done) struct pair ca = {}, server = {};
	struct buf names = BUF_INIT(65536);
	int r = alt_names(domains, n, &names, err);

	if (!r && (!ca_make(&ca, domains[0].data) ||
			  !server_make(&server, &ca, domains[0].data, buf_cstr(&names))))
		r = crypto_failed(err, "the certificate cannot be made");
	buf_done(&names);
	if (!r)
		r = write_pair(dir, "ca", &ca, NULL, err);
	return r ? r : write_pair(dir, "server", &server, ca.cert, err);
}

/* ---- judging ---- */

static int open_pem(BIO **out, const char *path, const char *setting, struct err *err)
{
	*out = BIO_new_file(path, "re");
	if (*out)
		return 0;
	ERR_clear_error();
	if (access(path, R_OK) == 0)
		errno = EIO;
	return err_set(err, -errno, "%s %s: %s; correct the path, or make the file readable for the server",
		setting, path, strerror(errno));
}

static int load_cert(X509 **out, const char *path, struct err *err)
{
	AUTO(free_bio) BIO *bio = NULL;
	int r = open_pem(&bio, path, "tls.certificate", err);

	if (r)
		return r;
	*out = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	ERR_clear_error();
	return *out ? 0
		    : err_set(err, -EINVAL,
			      "tls.certificate %s holds no certificate; accepted: PEM, the server's "
			      "certificate first",
			      path);
}

static int no_passphrase(char *buf, int size, int rwflag, void *u)
{
	(void)buf;
	(void)size;
	(void)rwflag;
	(void)u;
	return -1;
}

static int load_key(EVP_PKEY **out, const char *path, struct err *err)
{
	AUTO(free_bio) BIO *bio = NULL;
	int r = open_pem(&bio, path, "tls.key", err);

	if (r)
		return r;
	*out = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	ERR_clear_error();
	return *out ? 0
		    : err_set(err, -EINVAL,
			      "tls.key %s holds no usable key; accepted: an unencrypted private key in PEM",
			      path);
}

static void warn_names(const struct settings *settings, X509 *cert, struct buf *warnings)
{
	for (size_t i = 0; i < settings->domains.len; i++) {
		const struct str *domain = &settings->domains.items[i];
		char *ascii = NULL;

		if (idn2_to_ascii_8z(domain->data, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
			continue;
		if (X509_check_host(cert, ascii, 0, 0, NULL) != 1)
			buf_printf(warnings,
				"%sthe certificate %s is not for the domain %s: clients will refuse it",
				warnings->len ? "; " : "", settings->tls_certificate.data, domain->data);
		idn2_free(ascii);
	}
}

static int check_dates(const struct settings *settings, X509 *cert, struct buf *warnings, struct err *err)
{
	const char *path = settings->tls_certificate.data;
	int days = 0, seconds = 0;

	if (X509_cmp_current_time(X509_get0_notAfter(cert)) < 0)
		return err_set(err, -EINVAL,
			"the certificate %s has ended; renew it and put the new one in its place", path);
	if (X509_cmp_current_time(X509_get0_notBefore(cert)) > 0)
		return err_set(err, -EINVAL,
			"the certificate %s is not valid yet; look at this machine's clock", path);
	if (ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(cert)) && days < WARN_DAYS)
		buf_printf(warnings, "%sthe certificate %s ends in %d day%s", warnings->len ? "; " : "", path,
			days, days == 1 ? "" : "s");
	return 0;
}

/* What clients' certificates are judged by (net/tls_client.h). */
static int check_authorities(const struct settings *settings, struct err *err)
{
	AUTO(free_bio) BIO *bio = NULL;
	AUTO(free_x509) X509 *cert = NULL;
	int r = open_pem(&bio, settings->tls_client_ca.data, "tls.client_ca", err);

	if (r)
		return r;
	cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	ERR_clear_error();
	return cert ? 0
		    : err_set(err, -EINVAL, "tls.client_ca %s holds no certificate; accepted: PEM, certificates of authorities",
			      settings->tls_client_ca.data);
}

static int check_revocations(const struct settings *settings, struct buf *warnings, struct err *err)
{
	AUTO(free_bio) BIO *bio = NULL;
	X509_CRL *crl;
	int r = open_pem(&bio, settings->tls_client_crl.data, "tls.client_crl", err);

	if (r)
		return r;
	crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL);
	ERR_clear_error();
	if (!crl)
		return err_set(err, -EINVAL, "tls.client_crl %s holds no revocation list; accepted: PEM",
			settings->tls_client_crl.data);
	if (X509_CRL_get0_nextUpdate(crl) && X509_cmp_current_time(X509_CRL_get0_nextUpdate(crl)) < 0)
		buf_printf(warnings, "%sthe revocation list %s has run out: no client certificate is good until there is a new one",
			warnings->len ? "; " : "", settings->tls_client_crl.data);
	X509_CRL_free(crl);
	return 0;
}

static int check_clients(const struct settings *settings, struct buf *warnings, struct err *err)
{
	int r;

	if (settings->tls_client_certificates == SETTINGS_CLIENTS_NEVER)
		return 0;
	r = check_authorities(settings, err);
	return r || !settings->tls_client_crl.len ? r : check_revocations(settings, warnings, err);
}

int certificate_check(const struct settings *settings, struct buf *warnings, struct err *err)
{
	AUTO(free_x509) X509 *cert = NULL;
	AUTO(free_pkey) EVP_PKEY *key = NULL;
	int r = load_cert(&cert, settings->tls_certificate.data, err);

	if (!r)
		r = load_key(&key, settings->tls_key.data, err);
	if (r)
		return r;
	if (X509_check_private_key(cert, key) != 1) {
		ERR_clear_error();
		return err_set(err, -EINVAL,
			"tls.key %s is not the key of the certificate %s; they must belong together",
			settings->tls_key.data, settings->tls_certificate.data);
	}
	r = check_dates(settings, cert, warnings, err);
	if (!r)
		warn_names(settings, cert, warnings);
	return r ? r : check_clients(settings, warnings, err);
}
