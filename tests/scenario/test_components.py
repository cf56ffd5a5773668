"""External components (XEP-0114): the handshake and its errors; whom a component may speak for; what passes between it and
people, inspected and recorded like all else; presence; what is told when it is away; walls."""

import asyncio

import pytest
import slixmpp

from lib import names, record
from lib.archive import until_kept
from lib.client import is_header
from lib.component import SECRET, Component, prepared, settings, write_secret
from lib.names import tag
from lib.record import content_with, eventually, handed_to
from lib.rules import wall_rule, word_rule
from lib.server import free_port
from lib.standstill import stopped
from lib.stanza import (Error, body, body_of, child, element, iq, iq_to, message, message_to, presence, presence_to,
                        roster_push, words)

OUT, IN, IDLE = "irc.example.org", "robots.example.org", "idle.example.org"
SLOW = "slow.example.org"
QUIET = 0.5
WORD = "plughword"
NOTICE = "Not through a component."
RULES = (
    word_rule("component-word", WORD, NOTICE),
    word_rule("component-out", "insideword", "This stays inside.", ("inside", "outside")),
    wall_rule("component-wall", ("group:walled", "domain:" + OUT)),
)


@pytest.fixture(scope="module")
def server(launch, port):
    return launch("components", settings(port, [OUT, IDLE, SLOW], [IN], presence_max=10),
                  prepare=prepared(OUT, IN, IDLE, SLOW, rules=RULES))


@pytest.fixture
def gone(server):
    """gone(component): it leaves, and the server has noticed."""
    def leave(component):
        component.end()
        eventually(lambda: "component %s has gone" % component.domain in server.log.read_text(errors="replace")
                   .rsplit("component %s has connected" % component.domain, 1)[-1])
    return leave


@pytest.fixture
def irc(folk, server, port, gone):
    component = Component(server, port, OUT).join()
    yield component
    if component.wire and not component.gone:
        gone(component)


def say(component, to, text, type="chat", from_="#tea@" + OUT + "/mary", extra=""):
    text = words(text)
    component.send(message_to(to, body(text) + extra, type=type, from_=from_))
    return text


# --- the stream

def test_the_header_is_answered_without_a_version(folk, server, port):
    one = Component(server, port, OUT).connect()
    header = one.start()
    assert (header.get("from"), header.get("version")) == (OUT, None) and len(header.get("id")) >= 20


@pytest.mark.parametrize("header,condition", [
    ({"to": "other.example.org"}, "host-unknown"),
    ({"to": "example.org"}, "host-unknown"),
    ({"to": ""}, "host-unknown"),
    ({"namespace": "jabber:client"}, "invalid-namespace"),
    ({"namespace": "jabber:component:connect"}, "invalid-namespace"),
], ids=lambda value: str(value))
def test_a_header_that_is_not_served_is_refused_behind_our_own(folk, server, port, header, condition):
    one = Component(server, port, OUT).connect()
    if header.get("to") == "":
        one.open_bare("<stream:stream xmlns='%s' xmlns:stream='%s'>" % (names.COMPONENT, names.STREAM))
    else:
        one.open(**header)
    one.expect(is_header)
    assert one.stream_error() == condition


@pytest.mark.parametrize("sent", ["the wrong secret", "another stream's", "empty", "capitals", "nothing of the kind",
                                  "a stanza"])
def test_who_does_not_prove_the_secret_is_not_authorized(folk, server, port, sent):
    one = Component(server, port, OUT).connect()
    one.start()
    other = Component(server, port, OUT).connect()
    other.start()
    {"the wrong secret": lambda: one.handshake("hush-not-this-one-either"),
     "another stream's": lambda: one.raw("<handshake>%s</handshake>" % other.proof()),
     "empty": lambda: one.raw("<handshake/>"),
     "capitals": lambda: one.raw("<handshake>%s</handshake>" % one.proof().upper()),
     "nothing of the kind": lambda: one.raw("<auth xmlns='%s' mechanism='PLAIN'/>" % names.SASL),
     "a stanza": lambda: one.raw(message_to("p@example.org", body("x"), from_=OUT))}[sent]()
    assert one.stream_error() == "not-authorized"


def test_a_wrong_secret_is_in_the_record_and_no_secret_in_the_log(folk, server, port):
    one = Component(server, port, IDLE).connect()
    one.start()
    one.handshake("hush-guessed-wrongly")
    one.stream_error()
    eventually(lambda: any(each["type"] == "login-failed" and each["from"] == IDLE
                           for each in record.entries(server.dir / "record")))
    assert "hush-" not in server.log.read_text(errors="replace")


def test_only_one_connection_a_component(folk, server, port, irc):
    second = Component(server, port, OUT).connect()
    second.start()
    second.handshake()
    assert second.stream_error() == "conflict"
    irc.roundtrip()


def test_a_component_that_left_may_come_again(folk, server, port, gone):
    for _ in range(3):
        one = Component(server, port, IDLE).join()
        one.roundtrip()
        gone(one)


def test_the_port_for_components_takes_no_clients_and_theirs_no_components(folk, server, port):
    client = Component(server, server.plain_port, OUT).connect()
    client.open()
    client.expect(is_header)
    assert client.stream_error() == "invalid-namespace"


@pytest.mark.parametrize("text,condition", [
    ("<message xmlns='jabber:client' from='a@%s' to='p@example.org'/>" % OUT, "invalid-namespace"),
    ("<enable xmlns='urn:xmpp:sm:3'/>", "unsupported-stanza-type"),
    ("<message from='a@%s'/>" % OUT, "improper-addressing"),
    ("<message to='a@example.org'/>", "improper-addressing"),
    ("<message from='a@example.org' to='b@example.org'/>", "invalid-from"),
    ("<message from='example.org' to='b@example.org'/>", "invalid-from"),
    ("<message from='a@%s.example.org' to='b@example.org'/>" % OUT, "invalid-from"),
    ("<presence from='a@x%s' to='b@example.org'/>" % OUT, "invalid-from"),
    ("<iq from='%s' type='get' id='1' to='example.org'><ping xmlns='urn:xmpp:ping'/></iq>" % IN, "invalid-from"),
    ("<!DOCTYPE x><message/>", "restricted-xml"),
    ("<message></presence>", "not-well-formed"),
])
def test_what_ends_a_components_stream(folk, server, irc, text, condition):
    irc.raw(text)
    assert irc.stream_error() == condition


def test_an_address_that_cannot_be_prepared_costs_that_stanza_only(folk, irc):
    alice, = folk.online(1)
    irc.send(message_to(alice.bare, body("x"), from_="two words@%s" % OUT, id="bad"))
    assert tuple(Error(irc.expect(message(id="bad")))) == ("modify", "jid-malformed")
    alice.expect(message(body=say(irc, alice.bare, "still here")))


# --- messages

@pytest.mark.tsan
def test_what_is_said_passes_both_ways(folk, server, irc):
    alice, = folk.online(1)
    got = alice.expect(message(body=say(irc, alice.bare, "from elsewhere", from_="mary%net@" + OUT)))
    assert got.get("from") == "mary%net@" + OUT and got.get("to") == alice.bare
    said = alice.say("mary%net@" + OUT, "to elsewhere")
    back = irc.expect(message(id=said.id))
    assert (back.get("from"), back.get("to"), body_of(back)) == (alice.jid, "mary%net@" + OUT, said.body)


def test_the_components_own_address_is_written_to_as_well(folk, irc):
    alice, = folk.online(1)
    said = alice.say(OUT, "help")
    assert irc.expect(message(id=said.id)).get("to") == OUT


def test_every_word_is_recorded_with_its_conversation(folk, server, irc):
    alice, = folk.online(1)
    there = say(irc, alice.bare, "one", from_="mary%net@" + OUT)
    alice.expect(message(body=there))
    said = alice.say("mary%net@" + OUT, "two")
    irc.expect(message(id=said.id))
    first, = content_with(server, there)
    second, = content_with(server, said.body)
    assert first["from"] == "mary%net@" + OUT and "from_id" not in first and first["to_id"] == second["from_id"]
    assert first["conv"] == second["conv"] and second["cseq"] == first["cseq"] + 1
    eventually(lambda: handed_to(server, second))


@pytest.mark.parametrize("place", ["body", "subject", "status", "nick", "local part", "payload"])
def test_a_forbidden_word_from_a_component_reaches_nobody(folk, server, irc, place):
    alice, = folk.online(1)
    far = "#tea@" + OUT + "/mary"
    stanza = {
        "body": message_to(alice.bare, body(WORD), from_=far, id="no"),
        "subject": message_to(alice.jid, "<subject>%s</subject>" % WORD, type="groupchat", from_=far, id="no"),
        "status": presence_to(alice.jid, None, "<status>%s</status>" % WORD, from_=far, id="no"),
        "nick": message_to(alice.bare, body("hello"), from_="#tea@%s/%s" % (OUT, WORD), id="no"),
        "local part": presence_to(alice.jid, None, from_="%s@%s" % (WORD, OUT), id="no"),
        "payload": iq_to(alice.jid, "set", "<x xmlns='urn:example:x'>%s</x>" % WORD, from_=far, id="no"),
    }[place]
    irc.send(stanza)
    back = irc.expect(lambda each: each.get("id") == "no")
    assert Error(back).condition == "policy-violation" and Error(back).text == NOTICE
    alice.expect(message(body=say(irc, alice.bare, "afterwards")))
    assert not [each for each in alice.take() if each.get("id") == "no" or WORD in each.get("from", "")]


@pytest.mark.parametrize("place", ["body", "nick", "room"])
def test_a_forbidden_word_to_a_component_does_not_reach_it(folk, server, irc, place):
    alice, = folk.online(1)
    alice.send({
        "body": message_to("#tea@" + OUT, body(WORD), type="groupchat", id="no"),
        "nick": presence_to("#tea@%s/%s" % (OUT, WORD), None, element("x", xmlns=names.MUC), id="no"),
        "room": presence_to("%s@%s/alice" % (WORD, OUT), None, element("x", xmlns=names.MUC), id="no"),
    }[place])
    assert Error(alice.expect(lambda each: each.get("id") == "no")).text == NOTICE
    said = alice.say("mary@" + OUT, "afterwards")
    irc.expect(message(id=said.id))
    assert not [each for each in irc.take() if each.get("id") == "no"]


@pytest.mark.recorder_runs("stops it itself, for longer")
@pytest.mark.parametrize("way", ["to a component", "from a component", "presence", "an IQ"])
def test_nothing_passes_while_the_recorder_stands(folk, server, irc, way):
    alice, = folk.online(1)
    text = words("secret")
    far = "mary@" + OUT
    sender, receiver, stanza = {
        "to a component": (alice, irc, message_to(far, body(text), id="later")),
        "from a component": (irc, alice, message_to(alice.bare, body(text), from_=far, id="later")),
        "presence": (irc, alice, presence_to(alice.bare, None, from_=far + "/desk", id="later")),
        "an IQ": (irc, alice, iq_to(alice.jid, "result", "<x xmlns='urn:example:x'>%s</x>" % text, from_=far, id="later")),
    }[way]
    with stopped(server):
        sender.send(stanza)
        assert not [each for each in receiver.listen(QUIET) if each.get("id") == "later"]
    receiver.expect(lambda each: each.get("id") == "later")


def test_rules_see_outside_and_inside(folk, server, port, irc, gone):
    alice, = folk.online(1)
    robots = Component(server, port, IN).join()
    text = words("insideword")
    alice.send(message_to("mary@" + OUT, body(text), id="out"))
    assert Error(alice.expect(message(id="out"))).text == "This stays inside."
    alice.send(message_to("r2@" + IN, body(text), id="in"))
    robots.expect(message(id="in"))
    robots.send(message_to("mary@" + OUT, body(text), from_="r2@" + IN, id="beyond"))
    assert Error(robots.expect(message(id="beyond"))).text == "This stays inside."
    gone(robots)


def test_one_component_writes_to_another_and_to_itself(folk, server, port, irc, gone):
    robots = Component(server, port, IN).join()
    text = words("between us")
    robots.send(message_to("mary@" + OUT, body(text), from_="r2@" + IN))
    assert irc.expect(message(body=text)).get("from") == "r2@" + IN
    text = words("to myself")
    irc.send(message_to("joe@" + OUT, body(text), from_="mary@" + OUT))
    assert irc.expect(message(body=text)).get("to") == "joe@" + OUT
    assert len(content_with(server, text)) == 1
    gone(robots)


# --- what is refused

def test_a_component_that_is_away_is_answered_for(folk, server):
    alice, = folk.online(1)
    said = alice.say("mary@" + IDLE)
    assert tuple(Error(alice.expect(message(id=said.id)))) == ("wait", "remote-server-timeout")
    answer = alice.ask(names.DISCO_INFO, to=IDLE)
    assert tuple(Error(answer)) == ("wait", "remote-server-timeout")
    alice.send(presence_to("#tea@%s/alice" % IDLE, None, element("x", xmlns=names.MUC), id="join"))
    assert tuple(Error(alice.expect(presence(id="join")))) == ("wait", "remote-server-timeout")
    alice.send(presence_to("mary@" + IDLE, "subscribe", id="sub"))
    assert tuple(Error(alice.expect(presence(id="sub")))) == ("wait", "remote-server-timeout")
    assert "mary@" + IDLE not in alice.roster()
    alice.send(message_to("mary@" + IDLE, body("x"), type="error"))
    said = alice.say("mary@" + IDLE)
    assert alice.next().get("id") == said.id


@pytest.mark.parametrize("to,condition", [("nobody@example.org", "service-unavailable"),
                                          ("a@elsewhere.example", "remote-server-not-found"),
                                          ("r@rooms.example.org", "service-unavailable"),
                                          ("example.org", "service-unavailable")])
def test_a_component_is_told_what_cannot_be_reached(folk, irc, to, condition):
    irc.send(message_to(to, body("x"), from_="mary@" + OUT, id="lost"))
    assert Error(irc.expect(message(id="lost"))).condition == condition
    irc.send(iq_to(to, "get", "<x xmlns='urn:example:x'/>", from_="mary@" + OUT, id="lostiq"))
    assert Error(irc.expect(iq(id="lostiq"))).condition == condition


def test_a_component_does_not_change_a_roster(folk, irc):
    alice, = folk.online(1)
    push = "<query xmlns='%s'><item jid='evil@%s'/></query>" % (names.ROSTER, OUT)
    for to in (alice.jid, alice.bare):
        irc.send(iq_to(to, "set", push, from_=OUT, id="push"))
        assert Error(irc.expect(iq(id="push"))).condition in ("service-unavailable", "forbidden")
    text = say(irc, alice.bare, "barrier")
    assert body_of(alice.next()) == text


def test_somebody_blocks_a_component(folk, irc):
    alice, = folk.online(1)
    alice.ask(names.BLOCKING, name="block", type="set", payload="<item jid='%s'/>" % OUT)
    say(irc, alice.bare, "hello")
    irc.send(message_to(alice.bare, body("hello"), from_="mary@" + OUT, id="b"))
    assert Error(irc.expect(message(id="b"))).condition == "service-unavailable"
    said = alice.say("mary@" + OUT)
    assert Error(alice.expect(message(id=said.id))).condition == "not-acceptable"


# --- disco and IQ

def test_components_are_found_while_they_are_connected(folk, server, irc):
    alice, = folk.online(1)

    def items(who):
        return {each.get("jid") for each in alice.ask(names.DISCO_ITEMS, to=who).iter(tag(names.DISCO_ITEMS, "item"))}
    for domain in ("example.org", "second.example"):
        assert items(domain) == {"rooms." + domain, OUT}


def test_a_question_to_the_component_is_its_own_to_answer(folk, irc):
    alice, = folk.online(1)
    for to in (OUT, "#tea@" + OUT):
        alice.send(iq_to(to, "get", "<query xmlns='%s'/>" % names.DISCO_INFO, id="who-1"))
        asked = irc.expect(iq(id="who-1"))
        assert (asked.get("from"), asked.get("to")) == (alice.jid, to)
        irc.send(iq_to(alice.jid, "result", "<query xmlns='%s'><feature var='urn:example:tea'/></query>" % names.DISCO_INFO,
                       from_=to, id="who-1"))
        answer = alice.expect(iq(id="who-1"))
        assert answer.get("from") == to and answer.find(".//" + tag(names.DISCO_INFO, "feature")).get("var")


def test_the_server_answers_a_component(folk, irc):
    irc.roundtrip()
    for namespace in (names.DISCO_INFO, names.DISCO_ITEMS, names.VERSION):
        irc.send(iq_to("example.org", "get", "<query xmlns='%s'/>" % namespace, from_=OUT, id="ask"))
        assert irc.expect(iq(id="ask")).get("type") == "result"


def test_a_component_reads_a_card(folk, irc):
    alice, = folk.online(1)
    text = words("Alice")
    assert alice.ask(names.VCARD, name="vCard", type="set", payload="<FN>%s</FN>" % text).get("type") == "result"
    irc.send(iq_to(alice.bare, "get", "<vCard xmlns='%s'/>" % names.VCARD, from_="mary@" + OUT, id="card"))
    assert irc.expect(iq(id="card")).findtext(".//" + tag(names.VCARD, "FN")) == text


def test_a_component_asks_only_who_has_shown_himself(folk, irc):
    alice, = folk.online(1)
    question = "<query xmlns='%s'/>" % names.VERSION
    irc.send(iq_to(alice.jid, "get", question, from_="#tea@%s/mary" % OUT, id="v1"))
    assert Error(irc.expect(iq(id="v1"))).condition == "service-unavailable"
    alice.send(presence_to("#tea@%s/alice" % OUT, None, element("x", xmlns=names.MUC)))
    irc.expect(presence(from_=alice.jid))
    irc.send(iq_to(alice.jid, "get", question, from_="#tea@%s/mary" % OUT, id="v2"))
    asked = alice.expect(iq(id="v2"))
    alice.send(iq_to(asked.get("from"), "result", "", id="v2"))
    assert irc.expect(iq(id="v2")).get("from") == alice.jid


# --- rosters and presence

def subscribe(alice, irc, who):
    """Alice sees `who`, an address of the component, and is seen."""
    alice.send(presence_to(who, "subscribe"))
    asked = irc.expect(presence(type="subscribe", to=who))
    assert asked.get("from") == alice.bare
    irc.send(presence_to(alice.bare, "subscribed", from_=who))
    alice.expect(roster_push(who, subscription="to"))
    irc.send(presence_to(alice.bare, "subscribe", from_=who))
    alice.expect(presence(type="subscribe", from_=who))
    alice.send(presence_to(who, "subscribed"))
    irc.expect(presence(type="subscribed", to=who))
    irc.expect(presence(from_=alice.jid, to=who, type=""))
    alice.expect(roster_push(who, subscription="both"))


def test_somebody_at_a_component_is_a_contact_like_any(folk, server, irc, gone):
    alice, = folk.online(1)
    mary = "mary@" + OUT
    subscribe(alice, irc, mary)
    irc.send(presence_to(alice.bare, None, "<show>away</show>", from_=mary + "/desk"))
    assert alice.expect(presence(from_=mary + "/desk", type="")).findtext(tag(names.CLIENT, "show")) == "away"
    alice.send(presence_to(None, None, "<status>%s</status>" % words("busy")))
    assert child(irc.expect(presence(from_=alice.jid, to=mary, type="")), "status") is not None
    phone = folk.another(alice, resource="phone")  # at login the server asks the component
    assert irc.expect(presence(from_=phone.jid, type="probe")).get("to") == mary
    irc.expect(presence(from_=phone.jid, to=mary, type=""))
    irc.send(presence_to(phone.jid, None, from_=mary + "/desk"))
    phone.expect(presence(from_=mary + "/desk", type=""))
    irc.send(presence_to(alice.bare, "probe", from_=mary))
    irc.expect(presence(from_=phone.jid, to=mary, type=""))
    phone.end()
    irc.expect(presence(from_=phone.jid, to=mary, type="unavailable"))
    gone(irc)
    assert alice.expect(presence(from_=mary + "/desk", type="unavailable")) is not None


def test_a_contact_at_a_component_is_removed(folk, irc):
    alice, = folk.online(1)
    mary = "mary@" + OUT
    subscribe(alice, irc, mary)
    alice.roster_set(mary, subscription="remove")
    for kind in ("unsubscribe", "unsubscribed"):
        assert irc.expect(presence(type=kind, to=mary)).get("from") == alice.bare


def test_whoever_a_room_of_a_component_showed_is_gone_with_it(folk, server, port, irc, gone):
    alice, = folk.online(1)
    alice.send(presence_to("#tea@%s/alice" % OUT, None, element("x", xmlns=names.MUC)))
    irc.expect(presence(from_=alice.jid, to="#tea@%s/alice" % OUT))
    x = "<x xmlns='%s'><item affiliation='none' role='participant'/>%s</x>"
    for nick, status in (("mary", ""), ("joe", ""), ("alice", "<status code='110'/>")):
        irc.send(presence_to(alice.jid, None, x % (names.MUC_USER, status), from_="#tea@%s/%s" % (OUT, nick)))
        alice.expect(presence(from_="#tea@%s/%s" % (OUT, nick), type=""))
    irc.send(presence_to(alice.jid, "unavailable", x % (names.MUC_USER, ""), from_="#tea@%s/joe" % OUT))
    alice.expect(presence(from_="#tea@%s/joe" % OUT, type="unavailable"))
    gone(irc)
    left = {alice.expect(presence(type="unavailable")).get("from") for _ in range(2)}
    assert left == {"#tea@%s/%s" % (OUT, nick) for nick in ("mary", "alice")}
    alice.roundtrip()
    assert alice.take() == []


def test_directed_presence_ends_with_the_session(folk, irc):
    alice, = folk.online(1)
    alice.send(presence_to("#tea@%s/alice" % OUT, None, element("x", xmlns=names.MUC)))
    irc.expect(presence(from_=alice.jid))
    alice.end()
    assert irc.expect(presence(from_=alice.jid, type="unavailable")).get("to") == "#tea@%s/alice" % OUT


def test_presence_beyond_the_limit_is_refused(folk, irc):
    alice, = folk.online(1)
    for number in range(11):
        irc.send(presence_to(alice.bare, None, from_="n%d@%s/x" % (number, OUT), id="n%d" % number))
    assert tuple(Error(irc.expect(presence(id="n10")))) == ("wait", "resource-constraint")
    irc.send(presence_to(alice.bare, "unavailable", from_="n0@%s/x" % OUT))
    irc.send(presence_to(alice.bare, None, from_="n10@%s/x" % OUT))
    alice.expect(presence(from_="n10@%s/x" % OUT, type=""))


# --- rooms, carbons, history

def test_groupchat_goes_to_one_session_with_no_copy_and_into_no_history(folk, server, irc):
    alice, = folk.online(1)
    phone = folk.another(alice, resource="phone")
    for each in (alice, phone):
        each.ask(names.CARBONS, name="enable", type="set")
    text = say(irc, alice.jid, "in the room", type="groupchat")
    alice.expect(message(body=text, type="groupchat"))
    said = alice.say("#tea@" + OUT, "into the room", type="groupchat")
    irc.expect(message(id=said.id))
    chat = alice.say("mary@" + OUT, "a chat")
    irc.expect(message(id=chat.id))
    carbon = phone.expect(message(where=lambda e: child(e, "sent", names.CARBONS) is not None))
    assert chat.body in "".join(carbon.itertext())
    assert not [each for each in phone.take() if said.body in "".join(each.itertext())]
    answer = alice.say("mary@" + OUT, "last")
    irc.expect(message(id=answer.id))
    alice.expect(message(body=say(irc, alice.bare, "answer", from_="mary@" + OUT)))

    def history():
        id = "mam"
        alice.send(iq_to(None, "set", "<query xmlns='urn:xmpp:mam:2'/>", id=id))
        alice.expect(iq(id=id))
        return ["".join(each.itertext()) for each in alice.take(lambda e: e.find("{urn:xmpp:mam:2}result") is not None)]
    eventually(lambda: len(history()) == 3)
    assert not [each for each in history() if text in each or said.body in each]


def test_what_a_room_said_is_not_kept_for_later(folk, server, irc):
    """A message of a room goes to the session that is in it; when that is gone, to nobody."""
    alice, = folk.online(1)
    jid = alice.jid
    alice.end()
    irc.send(message_to(jid, body("late"), type="groupchat", from_="#tea@%s/mary" % OUT, id="late"))
    assert Error(irc.expect(message(id="late"))).condition == "service-unavailable"
    text = say(irc, alice.bare, "a chat waits", from_="mary@" + OUT)
    again = folk.client(alice.account).login()
    until_kept(again, text)
    again.available()
    assert child(again.expect(message(body=text)), "delay", names.DELAY) is not None


# --- walls

def test_a_wall_stands_before_a_component(folk, server, irc):
    from lib.client import Account, Client
    account = Account("walled@example.org", "hush-behind-the-wall")
    server.import_csv("%s,%s,Walled,walled,,,\n" % (account.jid, account.password))
    walled = Client(server, account).online()
    items = walled.ask(names.DISCO_ITEMS, to="example.org")
    assert OUT not in {each.get("jid") for each in items.iter(tag(names.DISCO_ITEMS, "item"))}
    for to in (OUT, "mary@" + OUT):
        said = walled.say(to)
        assert Error(walled.expect(message(id=said.id))).text == "There is a wall."
        assert Error(walled.ask(names.DISCO_INFO, to=to)).condition == "policy-violation"
    irc.send(message_to(walled.bare, body("x"), from_="mary@" + OUT, id="w"))
    assert Error(irc.expect(message(id="w"))).text == "There is a wall."


# --- a flood

@pytest.mark.recorder_runs("measures what is slowed down")
def test_a_flood_of_a_component_is_slowed_down_and_delays_nobody(launch):
    port = free_port()
    slow = launch("components-slow", settings(port, [SLOW], stanzas_per_second=200, stanza_burst=200),
                  prepare=lambda server: write_secret(server, SLOW))
    alice, bob = slow.online(2)
    flood = Component(slow, port, SLOW).join()
    flood.raw("".join(message_to(alice.bare, body("flood"), type="headline", from_="x@" + SLOW, id="f%d" % number)
                      for number in range(600)))
    early = [each.get("id") for each in alice.settle(bob)]
    assert "f599" not in early
    alice.expect(message(id="f599"), timeout=20)
    assert early + [each.get("id") for each in alice.take()] == ["f%d" % number for number in range(599)]


# --- an ordinary library

def test_slixmpps_component_talks_to_a_client(folk, server, port):
    alice, = folk.online(1)

    async def scenario():
        robot = slixmpp.ComponentXMPP(IN, SECRET, "127.0.0.1", port)
        robot.register_plugin("xep_0030")
        heard, started = asyncio.Queue(), asyncio.get_running_loop().create_future()
        robot.add_event_handler("message", heard.put_nowait)
        robot.add_event_handler("session_start", lambda event: started.set_result(True))
        robot.connect()
        await asyncio.wait_for(started, 20)
        text, back = words("hello robot"), words("hello human")
        await asyncio.to_thread(alice.send, message_to("r2@" + IN, body(text)))
        got = await asyncio.wait_for(heard.get(), 20)
        assert got["body"] == text and got["from"] == alice.jid
        robot.send_message(mto=alice.jid, mfrom="r2@" + IN, mbody=back, mtype="chat")
        await asyncio.to_thread(alice.expect, message(body=back))
        info = await robot["xep_0030"].get_info(jid="example.org", ifrom=IN)
        assert "urn:xmpp:ping" in info["disco_info"]["features"]
        robot.abort()
    asyncio.run(scenario())


# --- settings

@pytest.mark.parametrize("spoil,says", [
    (lambda path: path.unlink(), "write the secret"),
    (lambda path: path.chmod(0o640), "only its owner can read"),
    (lambda path: path.write_text("short\n"), "16 to 1000 characters"),
], ids=["missing", "readable by others", "too short"])
def test_a_component_without_a_good_secret_stops_the_start(launch, spoil, says):
    from lib.server import Server
    server = Server("components-secret", settings(free_port(), [OUT]))
    server.make()
    spoil(write_secret(server, OUT))
    try:
        with pytest.raises(AssertionError, match=says):
            server.start()
    finally:
        server.remove()


def test_a_secret_is_changed_by_a_reload(folk, server, port, gone):
    write_secret(server, IDLE, "hush-a-new-secret-for-it")
    done = server.run("reload")
    assert done.returncode == 0, done.stdout + done.stderr
    old = Component(server, port, IDLE).connect()
    old.start()
    old.handshake()
    assert old.stream_error() == "not-authorized"
    gone(Component(server, port, IDLE, "hush-a-new-secret-for-it").join())


def test_without_a_component_no_port_is_opened(main_server):
    assert "(component)" not in main_server.log.read_text(errors="replace")
