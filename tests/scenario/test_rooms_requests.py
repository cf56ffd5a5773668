"""Requests of one occupant to another (XEP-0045 17.4): they reach him as the occupant's, the answer comes back as his, and
neither learns the other's address. They are inspected and recorded like what people send each other outside rooms."""

import pytest

from lib import names
from lib.client import Account, Client
from lib.record import content_with
from lib.rooms import configure, create, join, occupant, say
from lib.rules import add_rules, word_rule
from lib.server import PASSWORD_MARK
from lib.standstill import stopped
from lib.stanza import Error, body, element, error_payload, iq, iq_to, message, message_to, presence_to, words
from lib.xmlstream import show
from test_rooms_kept import QUIET

WORD = "flummoxword"
NOTICE = "Not this word in a request."
SEEN = "the same is sent again and again"


@pytest.fixture(scope="module")
def server(launch):
    return launch("rooms-requests", prepare=lambda server: add_rules(
        server, word_rule("request-word", WORD, NOTICE),
        word_rule("request-pair", "thudword", "Not to research.", ("group:request-sales", "group:request-research"))))


def question(text="x", name="question"):
    return "<%s xmlns='urn:example:q'>%s</%s>" % (name, text, name)


def asked(client, room, nick):
    """The next request that reaches the client from that occupant."""
    return client.expect(iq(from_="%s/%s" % (room, nick), where=lambda e: e.get("type") in ("get", "set")))


def answered(client, room, nick, id):
    return client.expect(iq(from_="%s/%s" % (room, nick), id=id, where=lambda e: e.get("type") in ("result", "error")))


def answer(client, got, payload="", type="result"):
    client.send(iq_to(got.get("from"), type, payload, id=got.get("id")))


def from_room(room):
    return iq(where=lambda e: e.get("from", "").startswith(room))


# --- there and back

@pytest.mark.tsan
@pytest.mark.parametrize("type", ["get", "set"])
def test_a_request_and_its_answer_pass_through_the_room(trio, room, type):
    alice, bob, carol = trio
    text, reply = words("how are you"), words("well")
    bob.send(iq_to(room + "/carol", type, question(text), id="mine", xml__lang="de"))
    got = asked(carol, room, "bob")
    assert got.get("to") == carol.jid and got.get("type") == type and got.get("id") != "mine"
    assert got.findtext("{urn:example:q}question") == text and got.get(names.LANG) == "de"
    assert bob.bare not in show(got)
    answer(carol, got, question(reply, "reply"))
    back = answered(bob, room, "carol", "mine")
    assert back.get("to") == bob.jid and back.findtext("{urn:example:q}reply") == reply
    assert carol.bare not in show(back)


def test_an_error_is_an_answer(trio, room):
    alice, bob, carol = trio
    bob.send(iq_to(room + "/carol", "get", question(), id="e"))
    answer(carol, asked(carol, room, "bob"), question() + error_payload("feature-not-implemented"), "error")
    assert tuple(Error(answered(bob, room, "carol", "e"))) == ("cancel", "feature-not-implemented")


def test_equal_ids_of_two_who_ask(trio, room):
    alice, bob, carol = trio
    for each in (alice, bob):
        each.send(iq_to(room + "/carol", "get", question(), id="same"))
    for nick in ("alice", "bob"):
        answer(carol, asked(carol, room, nick), question(nick))
    for who, nick in ((bob, "bob"), (alice, "alice")):
        assert answered(who, room, "carol", "same").findtext("{urn:example:q}question") == nick


def test_of_two_sessions_the_older_one_is_asked(trio, room, folk):
    alice, bob, carol = trio
    second = folk.another(carol)
    join(second, room, "carol")
    bob.send(iq_to(room + "/carol", "get", question(), id="which"))
    answer(carol, asked(carol, room, "bob"))
    assert answered(bob, room, "carol", "which").get("type") == "result"
    assert not list(filter(from_room(room), second.settle_at(room)))


def test_a_ping_reaches_the_other_and_oneself_is_answered_by_the_room(trio, room):
    alice, bob, carol = trio
    bob.send(iq_to(room + "/carol", "get", "<ping xmlns='%s'/>" % names.PING, id="p"))
    answer(carol, asked(carol, room, "bob"))
    assert answered(bob, room, "carol", "p").get("type") == "result"
    assert bob.ask(names.PING, to=room + "/bob", name="ping").get("type") == "result"
    assert tuple(Error(bob.iq("get", question(), to=room + "/bob"))) == ("cancel", "service-unavailable")


# --- who may not

def test_who_is_not_in_and_who_is_not_there(trio, room, folk):
    alice, bob, carol = trio
    dave, = folk.online(1)
    assert tuple(Error(dave.iq("get", question(), to=room + "/carol"))) == ("cancel", "not-acceptable")
    assert tuple(Error(bob.iq("get", question(), to=room + "/nobody"))) == ("cancel", "item-not-found")
    assert tuple(Error(bob.ask("jabber:iq:last", to=room + "/carol"))) == ("auth", "forbidden")


def test_nobody_else_answers_and_nobody_twice(trio, room):
    alice, bob, carol = trio
    bob.send(iq_to(room + "/carol", "get", question(), id="m"))
    got = asked(carol, room, "bob")
    answer(alice, got, question("forged"))
    alice.settle_at(room)
    carol.send(iq_to(room + "/bob", "result", question("forged"), id="m"))
    answer(carol, got, question("true"))
    answer(carol, got, question("again"))
    assert answered(bob, room, "carol", "m").findtext("{urn:example:q}question") == "true"
    carol.settle_at(room)
    assert not [each for each in bob.settle_at(room) if each.get("id") == "m"]


@pytest.mark.parametrize("how", ["leaves", "is cut off"])
def test_who_goes_answers_no_more(trio, room, how):
    alice, bob, carol = trio
    bob.send(iq_to(room + "/carol", "get", question(), id="gone"))
    asked(carol, room, "bob")
    if how == "leaves":
        carol.send(presence_to(room + "/carol", "unavailable"))
    else:
        carol.close()
    assert tuple(Error(answered(bob, room, "carol", "gone"))) == ("cancel", "service-unavailable")


@pytest.mark.recorder_runs(SEEN)
@pytest.mark.parametrize("allowed,may", [("moderators", False), ("none", False), ("participants", True)])
def test_where_private_messages_are_not_allowed(trio, room, allowed, may):
    alice, bob, carol = trio
    assert configure(alice, room, allowpm=allowed).get("type") == "result"
    bob.send(iq_to(room + "/carol", "set", question(), id="pm"))
    if may:
        answer(carol, asked(carol, room, "bob"))
    back = answered(bob, room, "carol", "pm")
    assert back.get("type") == "result" if may else tuple(Error(back)) == ("auth", "forbidden")
    bob.send(iq_to(room + "/carol", "get", "<ping xmlns='%s'/>" % names.PING, id="ping"))
    assert asked(carol, room, "bob").find("{%s}ping" % names.PING) is not None  # says nothing


@pytest.mark.recorder_runs(SEEN)
def test_many_at_a_time_are_refused(trio, room):
    alice, bob, carol = trio
    for i in range(51):
        bob.send(iq_to(room + "/carol", "get", "<ping xmlns='%s'/>" % names.PING, id="n%d" % i))
    assert tuple(Error(answered(bob, room, "carol", "n50"))) == ("wait", "resource-constraint")
    answer(carol, asked(carol, room, "bob"))
    assert answered(bob, room, "carol", "n0").get("type") == "result"
    bob.send(iq_to(room + "/carol", "get", "<ping xmlns='%s'/>" % names.PING, id="more"))
    assert not list(filter(iq(id="more"), bob.settle_at(room)))  # there is room for one again


# --- the vCard

def test_the_vcard_of_an_occupant_is_that_of_the_account(trio, room):
    alice, bob, carol = trio
    name = words("Carol")
    assert tuple(Error(bob.ask(names.VCARD, to=room + "/carol", name="vCard"))) == ("cancel", "service-unavailable")
    assert carol.iq("set", "<vCard xmlns='vcard-temp'><FN>%s</FN></vCard>" % name).get("type") == "result"
    got = bob.ask(names.VCARD, to=room + "/carol", name="vCard")
    assert got.get("from") == room + "/carol" and got.findtext(".//{vcard-temp}FN") == name
    assert carol.bare not in show(got)
    assert tuple(Error(bob.iq("set", "<vCard xmlns='vcard-temp'/>", to=room + "/carol"))) == ("auth", "forbidden")
    assert not list(filter(from_room(room), carol.settle_at(room)))
    assert configure(alice, room, allowpm="none").get("type") == "result"
    assert bob.ask(names.VCARD, to=room + "/carol", name="vCard").get("type") == "result"


# --- who is blocked (XEP-0191)

def block(client, *jids, name="block"):
    inside = "".join(element("item", jid=jid) for jid in jids)
    assert client.iq("set", element(name, inside, xmlns=names.BLOCKING)).get("type") == "result"


@pytest.mark.parametrize("nick", ["bob", "b>'o&b"])
def test_who_is_blocked_asks_nothing_and_says_nothing(trio, room, nick):
    alice, bob, carol = trio
    if nick != "bob":
        bob.send(presence_to("%s/%s" % (room, nick)))
        for each in trio:
            each.expect(occupant(room, nick))
    assert carol.iq("set", "<vCard xmlns='vcard-temp'><FN>%s</FN></vCard>" % words("Carol")).get("type") == "result"
    block(carol, "%s/%s" % (room, nick))
    blocked = iq_to(room + "/carol", "get", question(words("how are you")), id="q")
    for _ in range(2):
        bob.send(blocked)
        assert tuple(Error(answered(bob, room, "carol", "q"))) == ("cancel", "service-unavailable")
    assert tuple(Error(bob.ask(names.VCARD, to=room + "/carol", name="vCard"))) == ("cancel", "service-unavailable")
    bob.send(message_to(room + "/carol", body(words("psst")), type="chat", id="pm"))
    assert tuple(Error(bob.expect(message(type="error", id="pm", from_=room + "/carol")))) == ("cancel", "service-unavailable")
    said = say(bob, room)
    alice.expect(message(body=said))
    bob.send(presence_to("%s/%s" % (room, nick), None, "<status>%s</status>" % words("here")))
    alice.expect(occupant(room, nick))
    heard = say(alice, room)
    carol.expect(message(body=heard))  # of others all comes as before
    assert not [each for each in carol.settle_at(room) if each.get("from") == "%s/%s" % (room, nick)]
    block(carol, name="unblock")
    bob.send(blocked)
    answer(carol, asked(carol, room, nick))
    assert answered(bob, room, "carol", "q").get("type") == "result"


@pytest.mark.parametrize("what", ["the room", "the service"])
def test_who_blocks_a_room_has_left_it_and_hears_nothing_of_it(trio, room, what):
    alice, bob, carol = trio
    block(carol, room if what == "the room" else room.partition("@")[2])
    for each in (alice, bob):
        each.expect(occupant(room, "carol", "unavailable"))
    assert tuple(Error(bob.iq("get", question(), to=room + "/carol"))) == ("cancel", "item-not-found")
    alice.send(message_to(room, element("x", element("invite", "", to=carol.bare), xmlns=names.MUC_USER)))
    bob.expect(message(body=say(alice, room)))
    assert not [each for each in carol.settle_at(carol.domain) if each.get("from", "").startswith(room)]


# --- what holds everywhere

def test_a_forbidden_word_passes_neither_way(trio, room):
    alice, bob, carol = trio
    refused = Error(bob.iq("set", question("a %s here" % WORD), to=room + "/carol"))
    assert tuple(refused) == ("modify", "policy-violation") and refused.text == NOTICE
    bob.send(iq_to(room + "/carol", "get", question(), id="w"))
    got = asked(carol, room, "bob")
    assert got.findtext("{urn:example:q}question") == "x"
    answer(carol, got, question(WORD))
    carol.settle_at(room)
    assert not list(filter(iq(id="w"), bob.settle_at(room)))


def test_a_rule_about_two_people_holds(server, room):
    people = []
    for number, group in enumerate(("sales", "research")):
        account = Account("req%d@%s" % (number, server.domain), PASSWORD_MARK + "requests")
        server.import_csv("%s,%s,Person,request-%s,,,\n" % (account.jid, account.password, group))
        people.append(Client(server, account).online())
    sales, research = people
    create(sales, room, "sales")
    join(research, room, "research")
    sales.expect(occupant(room, "research"))
    assert Error(sales.iq("set", question("thudword"), to=room + "/research")).text == "Not to research."
    research.send(iq_to(room + "/sales", "set", question("thudword"), id="other"))
    assert asked(sales, room, "research").findtext("{urn:example:q}question") == "thudword"


@pytest.mark.recorder_runs("stops it itself")
def test_both_ways_wait_for_the_recorder_and_are_in_the_record(server, trio, room):
    alice, bob, carol = trio
    there, back = words("secret"), words("known")
    with stopped(server):
        bob.send(iq_to(room + "/carol", "get", question(there), id="s"))
        assert not [each for each in carol.listen(QUIET) if there in "".join(each.itertext())]
    got = asked(carol, room, "bob")
    with stopped(server):
        answer(carol, got, question(back))
        assert not [each for each in bob.listen(QUIET) if back in "".join(each.itertext())]
    answered(bob, room, "carol", "s")
    line, = content_with(server, there)
    assert line["from"] == bob.jid and line["to"] == room + "/carol" and line["room"] == room
    assert line["members"] == [carol.jid] and line["to_id"] and line["nick"] == "bob"
    line, = content_with(server, back)
    assert line["from"] == carol.jid and line["to"] == room + "/bob" and line["members"] == [bob.jid]
