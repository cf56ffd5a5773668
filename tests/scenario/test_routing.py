"""Delivery between people of the server: RFC 6121 section 8.5, RFC 6120 sections 8.2 and 10.

The table of section 8.5 row by row. D: delivered to that resource. A: to all resources of priority 0 or more.
M: to the most available one at least, to none of negative priority. O: kept for later. S: nothing happens, or
the sender gets service-unavailable. E: the sender gets service-unavailable.
"""

import pytest

from lib import names
from lib.stanza import (Error, body, body_of, error_payload, iq, iq_to, message, message_to, presence, presence_to,
                        stamped)

TYPES = ["normal", "chat", "groupchat", "headline"]
NOBODY = "nobody-at-all@example.org"

#  condition, address: outcome for each of TYPES
TABLE = {
    ("no account", "bare"): "SSEN", ("no account", "full"): "SSSS",
    ("no resource", "bare"): "OOEN", ("no resource", "full"): "SOSS",
    ("negative only", "bare"): "OOES", ("negative only", "match"): "DDDD", ("negative only", "full"): "SOSS",
    ("one", "bare"): "DDED", ("one", "match"): "DDDD", ("one", "full"): "SDSS",
    ("several", "bare"): "MMEA", ("several", "match"): "DDDD", ("several", "full"): "SMSS",
}
ROWS = [(condition, address, type, outcome) for (condition, address), outcomes in TABLE.items()
        for type, outcome in zip(TYPES, outcomes)]


class Receivers:
    """The account that is written to, its resources, and what each was given."""

    def __init__(self, folk, condition):
        self.folk, self.account = folk, folk.account()
        self.bare = NOBODY if condition == "no account" else self.account.jid
        priorities = {"negative only": {"negative": -1}, "one": {"desk": 0},
                      "several": {"desk": 1, "phone": 5, "negative": -1}}.get(condition, {})
        self.online = {name: folk.client(self.account).online(name, priority=priority)
                       for name, priority in priorities.items()}

    def address(self, kind):
        return {"bare": self.bare, "full": self.bare + "/unknown",
                "match": self.bare + "/" + next(iter(self.online), "")}[kind]

    def got(self, id, sender):
        """{resource: the message}; checks that nothing came twice."""
        found = {}
        for name, client in self.online.items():
            messages = [each for each in client.settle(sender) if each.get("id") == id]
            assert len(messages) <= 1
            if messages:
                found[name] = messages[0]
        return found

    def stored(self, id, sender):
        """Whether it waits for the account: looks at what a new resource of priority 10 is given."""
        fresh = self.folk.client(self.account).online("late", priority=10)
        kept = [each for each in fresh.settle(sender) if each.get("id") == id]
        assert len(kept) <= 1
        return bool(kept) and stamped(kept[0]) is not None


@pytest.mark.parametrize("condition,address,type,outcome", ROWS,
                         ids=["%s, %s, %s" % row[:3] for row in ROWS])
def test_a_message_goes_where_the_table_says(folk, condition, address, type, outcome):
    sender, = folk.online(1)
    receivers = Receivers(folk, condition)
    said = sender.say(receivers.address(address), type=None if type == "normal" else type)
    got = receivers.got(said.id, sender)
    answers = [each for each in sender.settle_at(receivers.bare) if each.get("id") == said.id]
    for each in answers:
        assert each.get("type") == "error" and tuple(Error(each)) == ("cancel", "service-unavailable")
    for each in got.values():
        assert each.get("to") == receivers.address(address) and body_of(each) == said.body
    stored = receivers.stored(said.id, sender) if receivers.bare != NOBODY else False
    assert (set(got), len(answers), stored) in outcomes(outcome, receivers)


def outcomes(letter, receivers):
    """The permitted (who got it, errors to the sender, stored)."""
    able = {name for name in receivers.online if name != "negative"}
    if letter == "D":
        match = receivers.address("match").split("/", 1)[1]
        return [({match}, 0, False)]
    if letter == "A":
        return [(able, 0, False)]
    if letter == "M":
        return [({"phone"}, 0, False), (able, 0, False)]
    if letter == "O":
        return [(set(), 0, True)]
    if letter == "N":
        return [(set(), 0, False)]
    if letter == "S":
        return [(set(), 0, False), (set(), 1, False)]
    return [(set(), 1, False)]


@pytest.mark.parametrize("address", ["bare", "full"])
@pytest.mark.parametrize("condition", ["no account", "no resource", "one"])
def test_a_message_of_type_error_that_finds_nobody_is_dropped(folk, condition, address):
    sender, = folk.online(1)
    receivers = Receivers(folk, condition)
    sender.send(message_to(receivers.address(address), body("x") + error_payload(), type="error", id="boom"))
    assert not receivers.got("boom", sender)
    assert not [each for each in sender.settle_at(receivers.bare) if each.get("id") == "boom"]
    if condition == "no resource":
        assert not receivers.stored("boom", sender)


def test_a_message_of_type_error_reaches_the_resource_it_names(folk):
    alice, bob = folk.online(2)
    alice.send(message_to(bob.jid, error_payload("gone"), type="error", id="boom"))
    got = bob.expect(message(id="boom"))
    assert got.get("type") == "error" and Error(got).condition == "gone"


def test_an_unknown_type_counts_as_normal(folk):
    alice, bob = folk.online(2)
    said = alice.say(bob.bare, type="whisper")
    got = bob.expect(message(body=said.body))
    assert got.get("type") in (None, "normal", "whisper")


def test_a_message_without_address_goes_to_oneself(folk):
    alice, = folk.online(1)
    said = alice.say(None)
    assert alice.expect(message(body=said.body)).get("from") == alice.jid


def test_a_message_to_ones_other_resource_arrives(folk):
    alice, = folk.online(1)
    second = folk.another(alice)
    said = alice.say(second.jid)
    second.expect(message(body=said.body))


def test_a_message_to_the_server_itself_is_not_passed_to_anybody(folk, server):
    alice, = folk.online(1)
    said = alice.say(server.domain)
    answer, = [each for each in alice.settle(alice) if each.get("id") == said.id]
    assert tuple(Error(answer)) == ("cancel", "service-unavailable")


@pytest.mark.parametrize("type", ["chat", "normal", "headline"])
def test_a_message_to_a_domain_that_is_not_served_comes_back(folk, type):
    alice, = folk.online(1)
    said = alice.say("somebody@remote.example", type=type)
    error = Error(alice.expect(message(id=said.id, type="error")))
    assert error.condition in ("remote-server-not-found", "service-unavailable", "item-not-found")
    assert error.type == "cancel"


@pytest.mark.parametrize("jid", ["@example.org", "a@", "a@b@c", "a b@example.org", "a@exa mple.org", "/resource",
                                 "a@example.org/", "x" * 1024 + "@example.org", "a&quot;b@example.org"])
def test_a_malformed_address_is_jid_malformed(folk, jid):
    alice, = folk.online(1)
    alice.send("<message to='%s' type='chat' id='bad'><body>x</body></message>" % jid)
    answer = alice.expect(message(id="bad"))
    assert answer.get("type") == "error"
    assert tuple(Error(answer)) in (("modify", "jid-malformed"), ("cancel", "jid-malformed"))


# --- IQ

@pytest.mark.parametrize("type", ["get", "set"])
@pytest.mark.parametrize("to", [NOBODY, NOBODY + "/x"])
def test_a_request_to_nobody_is_service_unavailable(folk, type, to):
    alice, = folk.online(1)
    answer = alice.iq(type, "<query xmlns='urn:example:unknown'/>", to=to)
    assert answer.get("type") == "error" and tuple(Error(answer)) == ("cancel", "service-unavailable")
    assert answer.get("from") == to


@pytest.mark.parametrize("type", ["get", "set"])
def test_a_request_to_a_bare_address_is_answered_by_the_server(folk, type):
    alice, bob = folk.friends(2)
    for to in (bob.bare, alice.bare, None, "example.org"):
        answer = alice.iq(type, "<query xmlns='urn:example:unknown'/>", to=to)
        assert answer.get("type") == "error" and tuple(Error(answer)) == ("cancel", "service-unavailable")
    assert not [each for each in bob.settle(alice) if each.tag.endswith("}iq")]


@pytest.mark.tsan
@pytest.mark.parametrize("type", ["get", "set"])
def test_a_request_to_a_friends_resource_and_its_answer_arrive(folk, type):
    alice, bob = folk.friends(2)
    alice.send(iq_to(bob.jid, type, "<query xmlns='urn:example:game'><move>e4</move></query>", id="game"))
    got = bob.expect(iq(id="game", type=type))
    assert got.get("from") == alice.jid and got.find("{urn:example:game}query") is not None
    bob.send(iq_to(alice.jid, "result", "<query xmlns='urn:example:game'><move>e5</move></query>", id="game"))
    assert alice.expect(iq(id="game", type="result")).get("from") == bob.jid


def test_a_request_to_a_resource_that_shares_no_presence_is_service_unavailable(folk):
    alice, bob = folk.online(2)
    answer = alice.iq("get", "<query xmlns='urn:example:game'/>", to=bob.jid)
    assert answer.get("type") == "error" and Error(answer).condition == "service-unavailable"
    assert not [each for each in bob.settle(alice) if each.tag.endswith("}iq")]


def test_a_request_to_a_resource_that_showed_itself_arrives(folk):
    alice, bob = folk.online(2)
    bob.send(presence_to(alice.jid))
    alice.expect(presence(from_=bob.jid))
    alice.send(iq_to(bob.jid, "get", "<query xmlns='urn:example:game'/>", id="game"))
    bob.expect(iq(id="game"))


def test_a_request_to_a_resource_that_left_is_service_unavailable(folk):
    alice, bob = folk.friends(2)
    answer = alice.iq("get", "<query xmlns='urn:example:game'/>", to=bob.bare + "/unknown")
    assert tuple(Error(answer)) == ("cancel", "service-unavailable")


@pytest.mark.parametrize("type", ["result", "error"])
@pytest.mark.parametrize("to", [NOBODY, "bare", "unknown", "example.org", None])
def test_an_answer_that_nobody_waits_for_is_dropped(folk, type, to):
    alice, bob = folk.online(2)
    to = {"bare": bob.bare, "unknown": bob.bare + "/unknown"}.get(to, to)
    payload = error_payload() if type == "error" else ""
    alice.send(iq_to(to, type, payload, id="stray"))
    assert not [each for each in alice.settle_at(to or alice.bare) if each.get("id") == "stray"]
    assert not [each for each in bob.settle(alice) if each.get("id") == "stray"]


@pytest.mark.parametrize("text,condition", [
    ("<iq type='get'><ping xmlns='urn:xmpp:ping'/></iq>", "bad-request"),
    ("<iq type='get' id='k'/>", "bad-request"),
    ("<iq type='set' id='k'/>", "bad-request"),
    ("<iq type='get' id='k'><ping xmlns='urn:xmpp:ping'/><ping xmlns='urn:xmpp:ping'/></iq>", "bad-request"),
    ("<iq id='k'><ping xmlns='urn:xmpp:ping'/></iq>", "bad-request"),
    ("<iq type='push' id='k'><ping xmlns='urn:xmpp:ping'/></iq>", "bad-request"),
])
def test_an_iq_that_breaks_the_rules_is_a_bad_request(folk, text, condition):
    alice, = folk.online(1)
    alice.send(text)
    answer = alice.expect(iq(type="error"))
    assert tuple(Error(answer)) == ("modify", condition)


def test_a_broken_iq_never_reaches_another_person(folk):
    alice, bob = folk.friends(2)
    alice.send("<iq type='get' id='k' to='%s'><a xmlns='urn:x'/><b xmlns='urn:x'/></iq>" % bob.jid)
    assert Error(alice.expect(iq(type="error", id="k"))).condition == "bad-request"
    assert not [each for each in bob.settle(alice) if each.tag.endswith("}iq")]


# --- presence

@pytest.mark.parametrize("type", [None, "unavailable", "subscribe", "subscribed", "unsubscribe", "unsubscribed", "probe"])
@pytest.mark.parametrize("to", [NOBODY, NOBODY + "/x"])
def test_presence_to_nobody_is_not_answered(folk, type, to):
    alice, = folk.online(1)
    alice.send(presence_to(to, type))
    answers = [each for each in alice.settle_at(to) if each.tag.endswith("presence")]
    assert all(each.get("type") == "unsubscribed" for each in answers)
    assert type in ("probe", "subscribe") or not answers


@pytest.mark.parametrize("type", [None, "unavailable"])
def test_presence_to_an_unknown_resource_is_dropped(folk, type):
    alice, bob = folk.online(2)
    alice.send(presence_to(bob.bare + "/unknown", type))
    assert not [each for each in bob.settle(alice) if each.tag.endswith("presence")]
    assert not [each for each in alice.settle_at(bob.bare) if each.tag.endswith("presence")]


# --- names and loops

@pytest.mark.parametrize("change", [str.upper, str.title, lambda text: "".join(chr(ord(c) + 0xFEE0) for c in text)])
def test_an_address_is_found_however_it_is_written(folk, change):
    alice, bob = folk.online(2)
    local, domain = bob.bare.split("@")
    said = alice.say("%s@%s" % (change(local), domain.upper()))
    bob.expect(message(body=said.body))


def test_a_resource_is_found_only_as_it_is_written(folk):
    alice, = folk.online(1)
    bob = folk.client(folk.account()).online("Desk")
    said = alice.say(bob.bare + "/desk", type="headline")
    assert not [each for each in bob.settle(alice) if each.get("id") == said.id]


def test_an_error_is_never_answered_with_an_error(folk):
    alice, bob = folk.online(2)
    for to in (NOBODY, bob.bare + "/unknown", "x@remote.example", "example.org", bob.bare):
        alice.send(message_to(to, error_payload(), type="error", id="loop"))
        alice.send(iq_to(to, "error", error_payload(), id="loop"))
        alice.send(presence_to(to, "error", error_payload(), id="loop"))
        assert not [each for each in alice.settle_at(to) if each.get("id") == "loop"]


def test_stanzas_keep_their_language_and_thread_and_unknown_children(folk):
    alice, bob = folk.online(2)
    alice.send("<message to='%s' type='chat' id='rich' xml:lang='de'><body>privy-guten Tag</body>"
               "<body xml:lang='en'>privy-good day</body><subject>privy-s</subject><thread parent='a'>b</thread>"
               "<x xmlns='urn:example:x' a='1' b='&lt;&quot;&apos;&gt;'><y xmlns=''>t</y> tail</x></message>" % bob.jid)
    got = bob.expect(message(id="rich"))
    assert got.get(names.LANG) == "de"
    assert [each.get(names.LANG) for each in got.findall("{jabber:client}body")] == [None, "en"]
    assert got.find("{jabber:client}thread").get("parent") == "a"
    unknown = got.find("{urn:example:x}x")
    assert unknown.get("b") == "<\"'>" and unknown.find("y").text == "t" and unknown.find("y").tail == " tail"


def test_an_account_answers_pings_of_those_it_is_shown_to(folk):
    """XEP-0199 4.2, and the account says that it does (XEP-0030); to others it is as if there were none."""
    alice, bob = folk.friends(2)
    carol, = folk.online(1)
    for client in (alice, bob):
        assert client.ask(names.PING, to=alice.bare, name="ping").get("type") == "result"
        features = client.ask(names.DISCO_INFO, to=alice.bare).iter(names.tag(names.DISCO_INFO, "feature"))
        assert names.PING in [each.get("var") for each in features]
    for to in (alice.bare, NOBODY):
        assert tuple(Error(carol.ask(names.PING, to=to, name="ping"))) == ("cancel", "service-unavailable")
