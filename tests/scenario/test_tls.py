"""TLS: RFC 6120 section 5, RFC 7590, XEP-0368."""

import pytest
from cryptography import x509
from OpenSSL import SSL

from lib import names
from lib.client import Refused
from lib.stanza import child, nonza
from lib.wire import Refused as TlsRefused

FEATURES = nonza("features", names.STREAM)


def test_before_tls_the_only_feature_is_starttls_and_it_is_required(folk):
    client = folk.client().connect("starttls")
    features = client.start()
    starttls = child(features, "starttls", names.TLS)
    assert starttls is not None and child(starttls, "required", names.TLS) is not None
    assert [each.tag for each in features] == [starttls.tag]


def test_no_password_is_taken_before_tls(folk):
    client = folk.client(folk.account()).connect("starttls")
    client.start()
    client.auth("PLAIN", ("\0%s\0%s" % ("someone", client.account.password)).encode())
    answer = client.next()
    assert answer.tag in ("{%s}failure" % names.SASL, "{%s}error" % names.STREAM)
    if answer.tag.endswith("failure"):
        assert child(answer, "encryption-required", names.SASL) is not None


def test_a_stanza_before_tls_ends_the_stream(folk):
    client = folk.client().connect("starttls")
    client.start()
    client.raw("<message to='a@example.org'><body>x</body></message>")
    assert client.stream_error() in ("not-authorized", "policy-violation", "unsupported-stanza-type")


def test_what_follows_starttls_in_the_clear_is_never_read_as_if_it_came_through_tls(folk):
    account = folk.account()
    client = folk.client(account).connect("starttls")
    client.start()
    injected = "<auth xmlns='%s' mechanism='SCRAM-SHA-1'>biwsbj11c2VyLHI9YWJj</auth>" % names.SASL
    client.raw("<starttls xmlns='%s'/>%s" % (names.TLS, injected))
    answer = client.next()
    if answer.tag != "{%s}proceed" % names.TLS:
        assert answer.tag in ("{%s}error" % names.STREAM, "{%s}failure" % names.TLS)
        return
    try:
        client.wire.start_tls(client.domain)
    except TlsRefused:
        return
    client.start()
    client.authenticate()  # would fail if the injected exchange were under way


def test_a_second_starttls_is_refused(folk):
    client = folk.client().connect("starttls")
    client.start()
    client.starttls()
    features = client.start()
    assert child(features, "starttls", names.TLS) is None
    client.raw("<starttls xmlns='%s'/>" % names.TLS)
    assert client.next().tag in ("{%s}error" % names.STREAM, "{%s}failure" % names.TLS)


@pytest.mark.parametrize("how", ["direct", "starttls"])
@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_tls_versions_of_today_work(folk, how, version):
    client = folk.client().connect(how, **({"only": version} if how == "direct" else {}))
    client.start()
    if how == "starttls":
        client.starttls(only=version)
        client.start()
    assert client.wire.version() == "TLSv" + version


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_old_tls_versions_are_refused(folk, version):
    with pytest.raises(TlsRefused):
        folk.client().connect("direct", only=version)


def test_direct_tls_chooses_the_protocol_of_xmpp(folk):
    client = folk.client().connect("direct", alpn=["h2", "xmpp-client"])
    assert client.wire.alpn() == "xmpp-client"


def test_direct_tls_works_without_a_protocol_name(folk):
    client = folk.client().connect("direct", alpn=None)
    client.start()


def test_direct_tls_refuses_other_protocols(folk):
    with pytest.raises(TlsRefused):
        folk.client().connect("direct", alpn=["http/1.1"])


def test_the_certificate_names_every_domain(folk, server):
    client = folk.client().connect()
    names_in = client.wire.certificate().extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert set(server.domains) <= set(names_in.get_values_for_type(x509.DNSName))


def test_the_client_cannot_renegotiate(folk):
    client = folk.client().connect("direct", only="1.2")
    client.start()
    client.wire.tls.renegotiate()
    with pytest.raises((SSL.Error, TimeoutError)):
        client.wire._loop(client.wire.tls.do_handshake, 5)


def test_compression_is_neither_offered_nor_accepted(folk):
    client = folk.client(folk.account()).connect()
    features = client.start()
    assert not [each for each in features if "compress" in each.tag]
    client.authenticate()
    features = client.start()
    assert not [each for each in features if "compress" in each.tag]
    client.raw("<compress xmlns='http://jabber.org/protocol/compress'><method>zlib</method></compress>")
    answer = client.next()
    assert answer.tag in ("{%s}error" % names.STREAM, "{http://jabber.org/protocol/compress}failure")


def test_plaintext_works_only_on_the_loopback_test_port(folk):
    """The test setting listen.plaintext; the ports that init writes never do without TLS."""
    account = folk.account()
    client = folk.client(account).connect("plain")
    features = client.start()
    assert child(features, "mechanisms", names.SASL) is not None
    client.authenticate()


def test_channel_binding_of_another_connection_is_refused(folk):
    account = folk.account()
    one = folk.client(account).connect()
    other = folk.client(account).connect()
    one.start()
    other.start()
    with pytest.raises(Refused):
        one.authenticate("SCRAM-SHA-256-PLUS", binding=("tls-exporter", other.wire.exporter()))


def test_garbage_instead_of_a_handshake_closes_the_connection(folk):
    client = folk.client()
    client.connect("starttls")
    client.start()
    client.raw("<starttls xmlns='%s'/>" % names.TLS)
    client.expect(nonza("proceed", names.TLS))
    client.wire.send(b"this is not TLS\r\n\r\n" * 10)
    while client.wire.receive(client.timeout):
        pass
    client.gone = True
