"""TLS: RFC 6120 section 5, RFC 7590, XEP-0368."""

import select
import socket
import subprocess
import time

import pytest
from cryptography import x509
from OpenSSL import SSL

from lib import names
from lib.client import Refused
from lib.server import free_port
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


# --- what is off, seen by a second implementation's client (the openssl command)

def heard(client, *wanted, seconds=10):
    """The output up to the first of the texts, to its end, or to the end of the time."""
    output, end = b"", time.monotonic() + seconds
    while not any(each in output for each in wanted):
        left = max(end - time.monotonic(), 0)
        if not select.select([client.stdout], [], [], left)[0]:
            break
        more = client.stdout.read1(65536)
        if not more:
            break
        output += more
    return output


@pytest.fixture
def s_client(server):
    """s_client(*options, port): the openssl command as a client of the direct TLS port; ends with the test."""
    started = []

    def start(*options, port=None):
        started.append(subprocess.Popen(
            ["openssl", "s_client", "-connect", "127.0.0.1:%d" % (port or server.direct_port), "-CAfile", server.ca,
             "-servername", server.domain, *map(str, options)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT))
        return started[-1]
    yield start
    for each in started:
        each.kill()
        each.wait()


def stream_header(server):
    return ("<stream:stream xmlns='jabber:client' xmlns:stream='%s' to='%s' version='1.0'>\n" % (
        names.STREAM, server.domain)).encode()


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_no_session_can_be_resumed_and_nothing_is_compressed(server, s_client, version, tmp_path):
    session = tmp_path / "session"
    client = s_client(version, "-sess_out", session)
    client.stdin.write(stream_header(server))
    client.stdin.flush()
    output = heard(client, b"</stream:features>")
    assert b"</stream:features>" in output and b"Verify return code: 0 (ok)" in output
    assert b"Compression: NONE" in output and b"Expansion: NONE" in output
    assert b"Session-ID: \n" in output or b"Session-ID" not in output
    assert b"ticket" not in output
    client.stdin.close()
    client.wait(10)
    assert not session.exists()


def test_renegotiation_is_refused(server, s_client):
    client = s_client("-tls1_2")
    heard(client, b"Extended master secret")
    client.stdin.write(b"R\n")
    client.stdin.flush()
    output = heard(client, b"no renegotiation")
    assert b"RENEGOTIATING" in output and b"no renegotiation" in output
    assert client.wait(10) != 0


@pytest.fixture
def early_session(server, s_client, tmp_path):
    """A session that would allow early data, given by another server with the same certificate."""
    session, port = tmp_path / "session", free_port()
    other = subprocess.Popen(["openssl", "s_server", "-accept", "127.0.0.1:%d" % port, "-cert", server.dir / "tls/server.crt",
                              "-key", server.dir / "tls/server.key", "-tls1_3", "-early_data", "-max_early_data", "16384"],
                             stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 10
    while socket.socket().connect_ex(("127.0.0.1", port)) and time.monotonic() < end:
        time.sleep(0.05)
    client = s_client("-tls1_3", "-sess_out", session, port=port)
    while not (session.exists() and session.stat().st_size) and time.monotonic() < end:
        time.sleep(0.05)
    client.stdin.close()
    client.wait(10)
    assert b"BEGIN SSL SESSION" in session.read_bytes()
    other.kill()
    other.wait()
    return session


def test_early_data_is_not_taken(server, s_client, early_session, tmp_path):
    early = tmp_path / "early"
    early.write_bytes(stream_header(server))
    client = s_client("-tls1_3", "-sess_in", early_session, "-early_data", early)
    output = heard(client, b"Verify return code")
    assert b"Early data was rejected" in output
    assert b"New, TLSv1.3" in output and b"Reused" not in output
    client.stdin.write(stream_header(server))  # the first that is read: a second header would end the stream
    client.stdin.flush()
    output += heard(client, b"</stream:features>")
    assert output.count(b"<stream:features>") == 1 and b"stream:error" not in output


def failures(server):
    return server.status()["tls_failures"]["loopback"]


def told(server, address):
    return [line for line in server.log.read_text().splitlines() if "TLS handshake with %s failed" % address in line]


def until(true):
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end, "in vain"
        time.sleep(0.05)


@pytest.mark.parametrize("what,word", [(b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n", "it speaks HTTP"),
                                       (b"<?xml version='1.0'?><stream:stream to='example.org'>", "no TLS")])
def test_what_is_no_handshake_is_counted_and_told_once_a_minute(server, address, what, word):
    before = failures(server)
    for _ in range(4):
        with socket.create_connection(("127.0.0.1", server.direct_port), 10, source_address=(address, 0)) as stranger:
            stranger.sendall(what)
            try:
                while stranger.recv(4096):
                    pass
            except ConnectionResetError:
                pass
    until(lambda: failures(server) == before + 4)
    assert 1 <= len(told(server, address)) <= 2, "one line a minute"
    assert word in told(server, address)[0]


def test_who_offers_old_versions_only_is_told_to_the_administrator(folk, server):
    before = failures(server)
    with pytest.raises(TlsRefused):
        folk.client().connect("direct", only="1.1")
    until(lambda: failures(server) == before + 1)
    assert "tls.min_version" in told(server, server.source)[0]


def test_a_look_whether_the_port_is_open_is_no_failure(server, address):
    before = failures(server)
    for _ in range(3):
        socket.create_connection(("127.0.0.1", server.direct_port), 10, source_address=(address, 0)).close()
    time.sleep(0.5)
    assert failures(server) == before and not told(server, address)
