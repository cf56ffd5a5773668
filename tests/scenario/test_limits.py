"""Limits: how much, how deep, how long, how many. RFC 6120 13.12, XEP-0205."""

import time

import pytest

from lib import names
from lib.client import Client
from lib.stanza import Error, body, message, message_to, nonza, presence_to, words
from lib.wire import Refused as TlsRefused

LIMITS = {"stanza_bytes_before_login": 10000, "stanza_bytes": 262144, "depth": 64, "attributes": 64, "children": 1000,
          "nodes": 10000, "tls_seconds": 1, "login_seconds": 2, "connections_per_address": 12,
          "unauthenticated_per_address": 6, "sessions_per_account": 4, "roster_items": 10}


@pytest.fixture(scope="module")
def server(launch):
    return launch("limits", {"limits": LIMITS})


@pytest.fixture
def pair(folk):
    return folk.online(2)


def nested(depth):
    return "<x xmlns='urn:x'>" * depth + "</x>" * depth


PAYLOADS = {
    "depth": (lambda n: nested(n - 2), 60, 66, 20000),
    "attributes": (lambda n: "<x xmlns='urn:x' %s/>" % " ".join("a%d='%d'" % (i, i) for i in range(n - 1)), 62, 66, 9000),
    "children": (lambda n: "<x xmlns='urn:x'>%s</x>" % ("<y/>" * n), 990, 1001, 50000),
    "nodes": (lambda n: "".join("<x xmlns='urn:x'>%s</x>" % ("<y/>" * 500) for _ in range(n // 501)), 9000, 10500, 30000),
    "bytes": (lambda n: body(words("x" * (n - 200))), 250000, 262300, 2000000),
}


@pytest.mark.parametrize("what", PAYLOADS)
def test_a_stanza_within_the_limit_passes(pair, what):
    alice, bob = pair
    make, within, _, _ = PAYLOADS[what]
    alice.send(message_to(bob.jid, make(within), id="large"))
    assert len(bob.expect(message(id="large"), timeout=30)) >= 1


@pytest.mark.parametrize("size", ["just above", "far above"])
@pytest.mark.parametrize("what", PAYLOADS)
def test_a_stanza_beyond_the_limit_ends_the_stream(pair, what, size):
    alice, bob = pair
    make, _, above, far = PAYLOADS[what]
    try:
        alice.raw(message_to(bob.jid, make(above if size == "just above" else far), id="large"))
    except OSError:
        pass  # closed while we were still sending
    assert alice.stream_error() == "policy-violation"


@pytest.mark.parametrize("text", [
    "<message %s='x'/>" % ("a" * 100000), "<%s/>" % ("b" * 100000), "<message a='%s'/>" % ("c" * 300000),
    "<message xmlns:p='%s'/>" % ("urn:" + "d" * 300000), "<message %s/>" % " ".join(
        "xmlns:p%d='urn:%d'" % (n, n) for n in range(5000)), "<message %s" % (" " * 300000)])
def test_a_single_token_cannot_be_endless(pair, text):
    alice, _ = pair
    try:
        alice.raw(text)
    except OSError:
        pass
    assert alice.stream_error() in ("policy-violation", "not-well-formed")


def test_white_space_for_ever_is_no_stanza_and_ends_nothing(pair):
    alice, _ = pair
    for _ in range(50):
        alice.raw(" " * 8000)
    alice.roundtrip()


@pytest.mark.parametrize("text", ["<x xmlns='urn:x'>%s</x>" % ("y" * 20000), "<auth xmlns='%s' mechanism="
                                  "'SCRAM-SHA-256'>%s</auth>" % (names.SASL, "A" * 20000), nested(3000),
                                  "<x %s/>" % " ".join("a%d=''" % n for n in range(2000))])
def test_before_login_the_limits_are_narrow(folk, text):
    client = folk.client(folk.account()).connect()
    client.start()
    try:
        client.raw(text)
    except OSError:
        pass
    assert client.stream_error() == "policy-violation"


def test_a_header_cannot_be_endless(folk):
    client = folk.client().connect()
    try:
        client.open_bare("<?xml version='1.0'?><stream:stream %s" % " ".join("a%d='%d'" % (n, n) for n in range(3000)))
    except OSError:
        pass
    assert client.stream_error() in ("policy-violation", "not-well-formed")


@pytest.mark.parametrize("how", ["starttls", "direct"])
def test_who_does_not_log_in_in_time_is_closed(folk, how):
    client = folk.client().connect(how)
    client.start()
    begin = time.monotonic()
    assert client.stream_error(timeout=10) in ("connection-timeout", "policy-violation")
    assert time.monotonic() - begin < 6


def test_who_says_nothing_at_all_is_closed(folk):
    client = folk.client().connect("starttls")
    begin = time.monotonic()
    while client.wire.receive(10):
        pass
    assert time.monotonic() - begin < 6
    client.gone = True


def test_a_handshake_that_never_ends_is_closed(folk):
    client = folk.client()
    client.connect("starttls")
    client.start()
    client.raw("<starttls xmlns='%s'/>" % names.TLS)
    client.expect(nonza("proceed", names.TLS))
    client.wire.send(b"\x16\x03\x01\x02\x00\x01")  # the beginning of a ClientHello
    begin = time.monotonic()
    while client.wire.receive(10):
        pass
    assert time.monotonic() - begin < 6
    client.gone = True


def test_drops_of_bytes_do_not_stretch_the_time_to_log_in(folk):
    client = folk.client().connect("starttls")
    begin = time.monotonic()
    try:
        for letter in "<?xml version='1.0'?><stream:stream xmlns='jabber:client' " * 20:
            client.wire.send(letter.encode())
            time.sleep(0.1)
            if time.monotonic() - begin > 8:
                break
    except OSError:
        pass
    assert time.monotonic() - begin < 6
    client.gone = True


def refused(client, how="direct", **more):
    """Whether the server closes a new connection without serving it."""
    try:
        client.connect(how, **more)
        client.start()
        return False
    except (TlsRefused, AssertionError, OSError, EOFError):
        client.gone = True
        return True


def test_one_address_cannot_hold_many_connections_without_login(folk, address):
    clients = [folk.client() for _ in range(LIMITS["unauthenticated_per_address"])]
    for client in clients:
        client.connect("starttls", source=address)
        client.start()
    assert refused(folk.client(), source=address)
    folk.online(1)  # another address is not concerned


def test_one_address_cannot_hold_many_connections(folk, address):
    people = folk.accounts(LIMITS["connections_per_address"])
    for account in people:
        Client(folk.server, account).online(connect={"source": address})
    assert refused(folk.client(), source=address)
    folk.online(1)


def test_one_account_cannot_hold_many_sessions(folk):
    account = folk.account()
    for _ in range(LIMITS["sessions_per_account"]):
        folk.client(account).login()
    client = folk.client(account).login(bind=False)
    answer = client.bind()
    assert answer.get("type") == "error"
    assert tuple(Error(answer)) in (("wait", "resource-constraint"), ("cancel", "not-allowed"))


def test_a_roster_cannot_grow_for_ever(folk):
    alice, = folk.online(1)
    for number in range(LIMITS["roster_items"]):
        assert alice.roster_set("c%d@elsewhere.example" % number).get("type") == "result"
    answer = alice.roster_set("one-more@elsewhere.example")
    assert answer.get("type") == "error"
    assert Error(answer).condition in ("not-allowed", "resource-constraint", "policy-violation", "not-acceptable")
    assert len(alice.roster()) == LIMITS["roster_items"]


def test_those_who_only_ask_leave_room_in_a_roster(folk):
    alice, *askers = folk.online(1 + LIMITS["roster_items"])
    for each in askers:
        each.send(presence_to(alice.bare, "subscribe"))
        each.roundtrip()
    alice.listen(0.5)
    for number in range(LIMITS["roster_items"] // 2):
        assert alice.roster_set("c%d@elsewhere.example" % number).get("type") == "result"


def test_others_are_served_while_one_sends_as_fast_as_it_can(folk):
    flood, alice, bob = folk.online(3)
    chunk = message_to("nobody-at-all@example.org", body("privy-flood")) * 50
    end = time.monotonic() + 1.5
    slowest = 0
    flood.wire.timeout = 0.05
    while time.monotonic() < end:
        try:
            flood.raw(chunk)
        except (TimeoutError, OSError):
            pass
        begin = time.monotonic()
        said = alice.say(bob.bare)
        bob.expect(message(body=said.body))
        slowest = max(slowest, time.monotonic() - begin)
    assert slowest < 2
    flood.drop()


def test_a_reader_that_never_reads_does_not_stop_the_sender(folk):
    lazy, alice, bob = folk.online(3)
    text = "z" * 20000
    for _ in range(400):
        alice.send(message_to(lazy.jid, body("privy-" + text)))
    said = alice.say(bob.bare)
    bob.expect(message(body=said.body), timeout=30)
    lazy.drop()
