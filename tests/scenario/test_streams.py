"""Streams: RFC 6120 section 4, on a plain loopback port where TLS does not matter and on TLS where it does."""

import pytest

from lib import names
from lib.client import is_header
from lib.stanza import child, message, nonza, presence

FEATURES = nonza("features", names.STREAM)


@pytest.fixture
def stranger(folk):
    """A client that is connected over TLS and has said nothing yet."""
    return folk.client().connect()


@pytest.fixture
def user(folk):
    """Somebody logged in, without presence."""
    return folk.login(1)[0]


def test_the_header_answers_with_domain_version_language_and_an_id(stranger):
    stranger.start()
    header = stranger.header
    assert header.tag == "{%s}stream" % names.STREAM
    assert header.get("from") == stranger.domain
    assert header.get("version") == "1.0"
    assert header.get(names.LANG)
    assert len(header.get("id")) >= 16


def test_two_streams_never_share_an_id(folk):
    ids = set()
    for _ in range(5):
        client = folk.client().connect()
        client.start()
        ids.add(client.header.get("id"))
    assert len(ids) == 5


def test_the_header_names_the_client_that_named_itself(folk):
    account = folk.account()
    client = folk.client(account).connect()
    client.start(from_=account.jid)
    assert client.header.get("to") == account.jid


@pytest.mark.parametrize("lang", ["de", "pt-BR"])
def test_a_language_is_accepted(stranger, lang):
    stranger.start(lang=lang)
    assert stranger.header.get(names.LANG)


@pytest.mark.parametrize("version", ["1.0", "1.1", "2.0"])
def test_a_later_version_is_answered_with_ours(stranger, version):
    stranger.start(version=version)
    assert stranger.header.get("version") == "1.0"


def test_a_stream_without_version_is_refused(stranger):
    stranger.open(version=None)
    assert stranger.stream_error() == "unsupported-version"


def test_a_header_without_declaration_works(folk):
    client = folk.client().connect()
    client.open_bare("<stream:stream xmlns='jabber:client' xmlns:stream='%s' to='%s' version='1.0'>" % (
        names.STREAM, client.domain))
    client.expect(FEATURES)


def test_a_header_sent_byte_by_byte_works(folk):
    client = folk.client().connect("plain")
    text = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='%s' to='%s' version='1.0'>" % (
        names.STREAM, client.domain)
    client.open_bare("")
    for letter in text:
        client.raw(letter)
    client.expect(FEATURES)


def test_an_unknown_host_is_named_in_the_error(stranger):
    stranger.open(to="unknown.example")
    assert stranger.stream_error() == "host-unknown"


def test_the_error_for_an_unknown_host_comes_after_a_header(stranger):
    stranger.open(to="unknown.example")
    header = stranger.expect(is_header)
    assert header.get("id")
    assert stranger.stream_error() == "host-unknown"


def test_a_stream_without_to_is_refused(stranger):
    stranger.open(to="")
    assert stranger.stream_error() in ("host-unknown", "improper-addressing")


@pytest.mark.parametrize("domain", ["example.org", "EXAMPLE.org", "second.example"])
def test_a_served_domain_is_found_whatever_its_case(stranger, domain):
    stranger.start(to=domain)
    assert stranger.header.get("from").lower() == domain.lower()


HEADERS = {
    "a foreign stream namespace": (
        "<stream:stream xmlns='jabber:client' xmlns:stream='urn:example:streams' to='example.org' version='1.0'>",
        {"invalid-namespace"}),
    "a foreign content namespace": (
        "<stream:stream xmlns='urn:example:content' xmlns:stream='%s' to='example.org' version='1.0'>" % names.STREAM,
        {"invalid-namespace"}),
    "the namespace of servers": (
        "<stream:stream xmlns='jabber:server' xmlns:stream='%s' to='example.org' version='1.0'>" % names.STREAM,
        {"invalid-namespace"}),
    "another root element": (
        "<stream:river xmlns='jabber:client' xmlns:stream='%s' to='example.org' version='1.0'>" % names.STREAM,
        {"bad-format"}),
    "a stanza as root": ("<message xmlns='jabber:client' to='example.org'>", {"bad-format", "invalid-namespace"}),
    "no prefix": ("<stream xmlns='%s' to='example.org' version='1.0'>" % names.STREAM,
                  {"bad-namespace-prefix", "invalid-namespace"}),
    "an unbound prefix": ("<stream:stream xmlns='jabber:client' to='example.org' version='1.0'>",
                          {"bad-namespace-prefix", "not-well-formed", "invalid-namespace"}),
    "HTTP": ("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n", {"not-well-formed", "bad-format"}),
    "zeros": ("\0\0\0\0", {"not-well-formed", "bad-format"}),
    "an old encoding": ("<?xml version='1.0' encoding='ISO-8859-1'?><stream:stream xmlns='jabber:client' "
                        "xmlns:stream='%s' to='example.org' version='1.0'>" % names.STREAM,
                        {"unsupported-encoding"}),
    "a document type": ("<?xml version='1.0'?><!DOCTYPE stream><stream:stream xmlns='jabber:client' "
                        "xmlns:stream='%s' to='example.org' version='1.0'>" % names.STREAM,
                        {"restricted-xml", "not-well-formed"}),
    "a comment": ("<?xml version='1.0'?><!-- hello --><stream:stream xmlns='jabber:client' "
                  "xmlns:stream='%s' to='example.org' version='1.0'>" % names.STREAM, {"restricted-xml"}),
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_stream_cannot_begin_with(folk, name):
    text, conditions = HEADERS[name]
    client = folk.client().connect()
    client.open_bare(text)
    assert client.stream_error() in conditions


def test_whitespace_between_stanzas_keeps_the_stream_alive(user):
    for space in (" ", "\n", "\r\n", " \t \n", " " * 3000):
        user.raw(space)
        user.roundtrip()


def test_the_server_closes_its_stream_when_the_client_does(user):
    user.raw("</stream:stream>")
    user.wait_closed()
    assert user.ended


def test_what_was_sent_before_the_closing_tag_is_delivered(folk):
    alice, bob = folk.online(2)
    said = alice.say(bob.bare)
    alice.raw("</stream:stream>")
    bob.expect(message(body=said.body))
    alice.wait_closed()
    assert alice.ended


@pytest.mark.parametrize("stanza", [
    "<message to='a@example.org'><body>x</body></message>", "<presence/>",
    "<iq type='get' id='1'><query xmlns='jabber:iq:roster'/></iq>",
    "<iq type='set' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"])
def test_nothing_works_before_authentication(folk, stanza):
    client = folk.client().connect()
    client.start()
    client.raw(stanza)
    assert client.stream_error() in ("not-authorized", "policy-violation", "unsupported-stanza-type")


@pytest.mark.parametrize("stanza", [
    "<message to='a@example.org'><body>x</body></message>", "<presence to='a@example.org'/>",
    "<iq type='get' id='1' to='a@example.org'><query xmlns='jabber:iq:roster'/></iq>"])
def test_no_stanza_to_others_works_before_a_resource_is_bound(folk, stanza):
    client = folk.client(folk.account()).login(bind=False)
    client.raw(stanza)
    assert client.stream_error() == "not-authorized"


@pytest.mark.parametrize("element", [
    "<pubsub/>", "<x xmlns='urn:example:unknown'/>", "<a xmlns='jabber:client'/>",
    "<features xmlns='http://etherx.jabber.org/streams'/>", "<auth xmlns='%s' mechanism='PLAIN'/>" % names.SASL,
    "<starttls xmlns='%s'/>" % names.TLS])
def test_an_unknown_kind_of_stanza_ends_the_stream(user, element):
    user.raw(element)
    assert user.stream_error() in ("unsupported-stanza-type", "invalid-namespace", "policy-violation")


def test_an_unknown_stanza_in_our_own_namespace_is_an_unsupported_stanza_type(user):
    user.raw("<pubsub/>")
    assert user.stream_error() == "unsupported-stanza-type"


@pytest.mark.parametrize("namespace", ["jabber:server", "urn:example", ""])
def test_a_stanza_in_another_namespace_ends_the_stream(user, namespace):
    user.raw("<message xmlns='%s' to='%s'><body>x</body></message>" % (namespace, user.jid))
    assert user.stream_error() in ("invalid-namespace", "unsupported-stanza-type")


def test_text_between_stanzas_ends_the_stream(user):
    user.raw("hello")
    assert user.stream_error() in ("bad-format", "not-well-formed", "invalid-xml")


def test_a_second_header_may_not_change_the_host(folk):
    account = folk.account()
    client = folk.client(account).connect()
    client.start()
    client.authenticate()
    client.open(to="second.example")
    assert client.stream_error() in ("host-unknown", "not-authorized", "policy-violation", "invalid-namespace",
                                     "improper-addressing", "conflict")


def test_a_header_inside_an_established_stream_ends_it(user):
    user.raw("<stream:stream to='example.org' version='1.0'>")
    user.raw("</stream:stream>")
    assert user.stream_error() in ("unsupported-stanza-type", "bad-format", "policy-violation", "not-well-formed")


def test_after_a_stream_error_the_session_is_over(folk):
    alice, bob = folk.friends(2)
    alice.raw("<pubsub/>")
    alice.stream_error()
    bob.expect(presence(from_=alice.jid, type="unavailable"))


def test_features_after_login_offer_binding_and_stream_management(folk):
    client = folk.client(folk.account()).login(bind=False)
    assert child(client.features, "bind", names.BIND) is not None
    assert child(client.features, "sm", names.SM) is not None
    assert child(client.features, "mechanisms", names.SASL) is None
    assert child(client.features, "starttls", names.TLS) is None


def test_a_session_feature_is_optional_and_its_request_succeeds(folk):
    client = folk.client(folk.account()).login(bind=False)
    session = child(client.features, "session", names.SESSION)
    client.bind()
    if session is not None:
        assert child(session, "optional", names.SESSION) is not None
        assert client.iq("set", "<session xmlns='%s'/>" % names.SESSION).get("type") == "result"


@pytest.mark.parametrize("bound", [False, True])
def test_a_stream_error_of_the_client_ends_the_stream_without_another(folk, bound):
    """RFC 6120 section 4.9.1.1: errors of streams cannot be recovered from; the stream is closed."""
    client = folk.client(folk.account()).login(bind=bound)
    client.raw("<stream:error><bad-format xmlns='%s'/></stream:error>" % names.STREAM_ERROR)
    client.wait_closed()
    assert client.ended and not [each for each in client.inbox if each.tag == "{%s}error" % names.STREAM]


def test_a_stream_error_text_has_a_language(user):
    user.raw("<a><b></a>")
    user.stream_error()
    for text in user.last_error.findall("{%s}text" % names.STREAM_ERROR):
        assert text.get(names.LANG) and text.text
