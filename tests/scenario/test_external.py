"""Logging in with a client certificate: SASL EXTERNAL (RFC 6120 section 6.3.4, XEP-0178 section 2)."""

import base64
import datetime
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from lib import names, record
from lib.client import Client, Refused
from lib.stanza import child
from lib.wire import Refused as NoHandshake

XMPP_ADDR = x509.ObjectIdentifier("1.3.6.1.5.5.7.8.5")
DAY = datetime.timedelta(days=1)


def xmpp_addr(text):
    data = text.encode()
    assert len(data) < 128
    return x509.OtherName(XMPP_ADDR, bytes([0x0C, len(data)]) + data)


class Authority:
    def __init__(self, name, directory):
        self.directory, self.made = directory, 0
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self._builder(self.name, self.key, 3650).add_extension(
            x509.BasicConstraints(True, None), critical=True).sign(self.key, hashes.SHA256())
        self.file = directory / (name + ".crt")
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def _builder(self, subject, key, days, begin=-1):
        now = datetime.datetime.utcnow()
        return x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(
            key.public_key()).serial_number(x509.random_serial_number()).not_valid_before(
                now + begin * DAY).not_valid_after(now + days * DAY)

    def issue(self, *alternatives, days=30, begin=-1):
        """(certificate file, key file) and the certificate."""
        self.made += 1
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "person")]), key, days, begin)
        if alternatives:
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        certificate = builder.sign(self.key, hashes.SHA256())
        stem = self.directory / ("%s-%d" % (self.file.stem, self.made))
        stem.with_suffix(".crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        stem.with_suffix(".key").write_bytes(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        return (stem.with_suffix(".crt"), stem.with_suffix(".key")), certificate

    def revoke(self, path, *certificates, days=30):
        now = datetime.datetime.utcnow()
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.name).last_update(
            now - 2 * DAY).next_update(now + days * DAY)
        for each in certificates:
            builder = builder.add_revoked_certificate(x509.RevokedCertificateBuilder().serial_number(
                each.serial_number).revocation_date(now - DAY).build())
        path.write_bytes(builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority("clients", tmp_path_factory.mktemp("authority"))


def settings(authority, **more):
    return {"tls": {"client_certificates": "optional", "client_ca": str(authority.file), **more}}


@pytest.fixture(scope="module")
def server(launch, authority):
    return launch("external", settings(authority))


def connect(server, account, own=None, **more):
    client = Client(server, account).connect(own=own, **more)
    client.start()
    return client


def mechanisms(client):
    return [each.text for each in child(client.features, "mechanisms", names.SASL)]


def external(client, authzid=None):
    """The client's first message; the answer is checked by the caller."""
    text = "=" if authzid is None else base64.b64encode(authzid.encode()).decode()
    client.raw("<auth xmlns='%s' mechanism='EXTERNAL'>%s</auth>" % (names.SASL, text))
    client.sasl("success")


def refused(client, authzid=None):
    with pytest.raises(Refused) as caught:
        external(client, authzid)
    return caught.value.condition


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("how", ["direct", "starttls"])
def test_a_certificate_logs_in_and_the_record_says_which(server, authority, version, how):
    account, = server.people(1)
    own, certificate = authority.issue(xmpp_addr(account.jid))
    client = Client(server, account).connect(how, **({"own": own, "only": version} if how == "direct" else {}))
    if how == "starttls":
        client.start()
        client.starttls(own=own, only=version)
    client.start()
    assert mechanisms(client)[0] == "EXTERNAL"
    external(client)
    client.start()
    assert client.bind().get("type") == "result" and client.bare == account.jid
    fingerprint = certificate.fingerprint(hashes.SHA256()).hex()
    login, = [each for each in wait_for(server, "login", account.jid) if each["mechanism"] == "EXTERNAL"]
    assert login["cert_sha256"] == fingerprint and login["cert_issuer"] == "CN=clients"
    assert int(login["cert_serial"], 16) == certificate.serial_number


def wait_for(server, kind, jid, count=1, seconds=5):
    end = time.monotonic() + seconds
    while True:
        found = [each for each in record.entries(server.dir / "record")
                 if each["type"] == kind and each.get("from") == jid]
        if len(found) >= count or time.monotonic() > end:
            return found
        time.sleep(0.1)


def test_the_initial_response_may_come_later(server, authority):
    account, = server.people(1)
    client = connect(server, account, authority.issue(xmpp_addr(account.jid))[0])
    client.raw("<auth xmlns='%s' mechanism='EXTERNAL'/>" % names.SASL)
    assert not client.sasl("challenge").text
    client.raw("<response xmlns='%s'/>" % names.SASL)
    client.sasl("success")


def test_ones_own_address_is_accepted_as_authorization_and_no_other(server, authority):
    account, other = server.people(2)
    own = authority.issue(xmpp_addr(account.jid))[0]
    for wrong in (other.jid, "nobody@example.org", "example.org", account.jid + "/desk", "not an address@@", "\0"):
        assert refused(connect(server, account, own), wrong) == "invalid-authzid"
    external(connect(server, account, own), account.jid.upper())


def test_of_several_addresses_one_must_be_chosen(server, authority):
    one, two, three = server.people(3)
    own = authority.issue(xmpp_addr(one.jid), xmpp_addr(two.jid))[0]
    assert refused(connect(server, one, own)) == "invalid-authzid"
    assert refused(connect(server, one, own), three.jid) == "invalid-authzid"
    client = connect(server, two, own)
    external(client, two.jid)
    client.start()
    client.bind()
    assert client.bare == two.jid


def test_addresses_that_are_not_ours_do_not_count(server, authority):
    """Only one of them is an account of this domain, so it needs no choice."""
    account, = server.people(1)
    own = authority.issue(xmpp_addr("me@elsewhere.example"), xmpp_addr("nobody@example.org"), xmpp_addr(account.jid),
                          x509.DNSName("example.org"))[0]
    external(connect(server, account, own))


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_where_a_certificate_is_no_good_external_is_not_offered(server, authority, tmp_path, version):
    account, = server.people(1)
    stranger = Authority("strangers", tmp_path)
    address = xmpp_addr(account.jid)
    for own in (None, stranger.issue(address)[0], authority.issue(address, days=-0.5)[0],
                authority.issue(address, begin=1)[0], authority.issue(xmpp_addr("nobody@example.org"))[0],
                authority.issue(xmpp_addr("example.org"))[0], authority.issue(x509.RFC822Name(account.jid))[0],
                authority.issue()[0]):
        client = connect(server, account, own, only=version)
        assert "EXTERNAL" not in mechanisms(client)
        assert refused(client) == "invalid-mechanism"
        client.authenticate("SCRAM-SHA-256-PLUS", binding="exporter")  # the password is good as ever


def test_a_disabled_account_is_told_so(server, authority):
    account, = server.people(1)
    own = authority.issue(xmpp_addr(account.jid))[0]
    assert server.run("user", "disable", account.jid).returncode == 0
    assert refused(connect(server, account, own)) == "account-disabled"
    failed, = wait_for(server, "login-failed", account.jid)
    assert failed["mechanism"] == "EXTERNAL" and failed["cert_sha256"]


def test_an_address_of_another_domain_is_for_streams_to_that(server, authority):
    other, = server.people(1, domain="second.example")
    own = authority.issue(xmpp_addr(other.jid))[0]
    client = Client(server, other).connect(own=own)
    client.start(to="example.org")
    assert "EXTERNAL" not in mechanisms(client)
    external(connect(server, other, own))


def test_without_the_setting_nobody_is_asked(main_server, authority):
    account, = main_server.people(1)
    client = connect(main_server, account, authority.issue(xmpp_addr(account.jid))[0])
    assert "EXTERNAL" not in mechanisms(client)
    assert client.wire.tls.get_client_ca_list() == []


def test_lists_required_certificates_and_mail_addresses(launch, authority, tmp_path):
    crl = tmp_path / "revoked.pem"
    server = launch("external-strict")
    good, bad, mail = server.people(3)
    good_own, _ = authority.issue(xmpp_addr(good.jid))
    bad_own, revoked = authority.issue(xmpp_addr(bad.jid))
    mail_own, _ = authority.issue(x509.RFC822Name(mail.jid))
    authority.revoke(crl, revoked)

    def reload(external_mail=False, **more):
        server.configure({**settings(authority, client_crl=str(crl), **more), "sasl": {"external_mail": external_mail}})
        return server.run("reload")

    assert reload().returncode == 0
    assert mechanisms(connect(server, good, good_own))[0] == "EXTERNAL"
    assert "EXTERNAL" not in mechanisms(connect(server, bad, bad_own))
    assert "EXTERNAL" not in mechanisms(connect(server, mail, mail_own))
    assert reload(external_mail=True).returncode == 0
    external(connect(server, mail, mail_own))
    authority.revoke(crl, days=-1)  # has run out: nothing can be said for anybody
    assert reload().returncode == 0
    assert "EXTERNAL" not in mechanisms(connect(server, good, good_own))
    authority.revoke(crl, revoked)
    assert reload(client_certificates="required").returncode == 0
    for version in ("1.2", "1.3"):
        external(connect(server, good, good_own, only=version))
        for own in (None, bad_own):
            with pytest.raises((NoHandshake, AssertionError, EOFError, OSError)):
                connect(server, good, own, only=version)
    crl.write_text("no list\n")
    done = reload(client_certificates="required")
    assert done.returncode != 0 and "tls.client_crl" in done.stderr
    server.configure(settings(authority, client_ca=str(tmp_path / "missing.crt")))
    done = server.run("reload")
    assert done.returncode != 0 and "tls.client_ca" in done.stderr
    external(connect(server, good, good_own))  # the old is in force
