"""Rooms and what holds for everything on this server: what is said in them is recorded before anybody hears it, with who
was there; a blocked one reaches nobody; walls; who may create rooms; what is kept over a restart."""

import pytest

from lib import names, record
from lib.client import Account
from lib.record import content_with, eventually, handed_to
from lib.rooms import (admin, codes, configure, create, entry, item, join, listed, new_room, occupant, refusal, say,
                       subject_of)
from lib.rules import add_rules, wall_rule, word_rule
from lib.server import PASSWORD_MARK
from lib.standstill import stopped
from lib.stanza import (Error, body, body_of, child, message, message_to, presence_to, stanza_id, words)

QUIET = 0.5
WORD = "xyzzyword"
NOTICE = "Not this word, please."
RULES = (
    word_rule("room-word", WORD, NOTICE),
    word_rule("room-to-research", "thudword", "Not to research.", ("group:room-sales", "group:room-research")),
    wall_rule("room-wall", ("group:room-left", "group:room-right")),
)


@pytest.fixture(scope="module")
def server(launch):
    def prepare(server):
        add_rules(server, *RULES)
        server.configure({"rooms": {"create": "room-makers", "admin_group": "room-admins"}})
    return launch("rooms", prepare=prepare)


_people = iter(range(1, 10000))


def person(server, *groups):
    """Somebody of those groups, online."""
    account = Account("r%04d@%s" % (next(_people), server.domain), PASSWORD_MARK + "rooms")
    server.import_csv("%s,%s,Person,%s,,,\n" % (account.jid, account.password, ";".join(groups)))
    from lib.client import Client
    return Client(server, account).online()


@pytest.fixture
def maker(folk, server):
    return person(server, "room-makers")


@pytest.fixture
def trio(folk, maker, room):
    bob, carol = folk.online(2)
    create(maker, room, "alice", changesubject="1")
    join(bob, room, "bob")
    join(carol, room, "carol")
    for each in (maker, bob):
        each.expect(occupant(room, "carol"))
    for each in (maker, bob, carol):
        each.take()
    return maker, bob, carol


# --- who may create

def test_only_who_may_creates_a_room(folk, server, room):
    nobody, = folk.online(1)
    assert tuple(Error(refusal(nobody, room, "x"))) == ("cancel", "not-allowed")
    boss = person(server, "room-admins")
    create(boss, room)


def test_who_administers_rooms_owns_each(folk, server, trio, room):
    boss = person(server, "room-admins")
    assert boss.ask(names.MUC_OWNER, to=room).get("type") == "result"
    assert admin(boss, room, nick="bob", role="none").get("type") == "result"


# --- the record

@pytest.mark.tsan
def test_a_message_is_recorded_once_with_who_was_there(server, trio, room):
    alice, bob, carol = trio
    text = say(bob, room)
    got = carol.expect(message(body=text))
    line, = content_with(server, text)
    assert line["room"] == line["conv"] == room and line["from"] == bob.jid and line["from_id"]
    assert set(line["members"]) == {alice.jid, bob.jid, carol.jid}
    assert line["id"] == stanza_id(got, room)
    eventually(lambda: {alice.jid, bob.jid, carol.jid} == handed_to(server, line))


def test_a_private_message_is_recorded_for_the_one_it_is_for(server, trio, room):
    alice, bob, carol = trio
    text = words("between us")
    alice.send(message_to(room + "/bob", body(text), type="chat"))
    bob.expect(message(body=text))
    line, = content_with(server, text)
    assert line["to"] == room + "/bob" and line["room"] == room and line["members"] == [bob.jid] and line["to_id"]


def test_entering_is_recorded_with_the_real_address(server, trio, room):
    alice, bob, carol = trio
    line, = content_with(server, "%s/carol" % room)
    assert line["from"] == carol.jid and line["kind"] == "presence"
    assert set(line["members"]) == {alice.jid, bob.jid}


PATHS = {
    "a message": lambda r, t: (message_to(r, body(t), type="groupchat"), message(body=t)),
    "a subject": lambda r, t: (message_to(r, "<subject>%s</subject>" % t, type="groupchat"), subject_of(r, t)),
    "a private message": lambda r, t: (message_to(r + "/carol", body(t), type="chat"), message(body=t)),
    "a chat state with a text": lambda r, t: (
        message_to(r, "<active xmlns='%s'>%s</active>" % (names.CHATSTATES, t), type="groupchat", id="cs"),
        message(id="cs")),
    "a status text": lambda r, t: (presence_to(r + "/bob", None, "<status>%s</status>" % t),
                                   occupant(r, "bob", where=lambda e: e.findtext("{jabber:client}status") == t)),
    "a picture's words on leaving": lambda r, t: (
        presence_to(r + "/bob", "unavailable", "<x xmlns='vcard-temp:x:update'>%s</x>" % t), occupant(r, "bob", "unavailable")),
    "a status text on leaving": lambda r, t: (presence_to(r + "/bob", "unavailable", "<status>%s</status>" % t),
                                              occupant(r, "bob", "unavailable")),
    "a nickname": lambda r, t: (presence_to(r + "/" + t.replace(" ", "_")),
                                occupant(r, t.replace(" ", "_"))),
}


@pytest.mark.recorder_runs("stops it itself")
@pytest.mark.parametrize("name", PATHS)
def test_it_waits_for_the_recorder(server, trio, room, name):
    alice, bob, carol = trio
    text = words("secret")
    sent, awaited = PATHS[name](room, text)
    with stopped(server):
        bob.send(sent)
        bob.send(message_to(room, "<composing xmlns='%s'/>" % names.CHATSTATES, type="groupchat"))
        alice.send(message_to(room, "<composing xmlns='%s'/>" % names.CHATSTATES, type="groupchat", id="still-here"))
        carol.expect(message(id="still-here"))
        assert not [each for each in carol.listen(QUIET) if (each.get("from") or "").startswith(room + "/bob")
                    or text.split()[-1] in each.get("from", "") + "".join(each.itertext())]
    carol.expect(awaited)


@pytest.mark.recorder_runs("stops it itself")
def test_who_enters_waits_for_the_recorder(server, trio, room, folk):
    alice, bob, carol = trio
    dave, = folk.online(1)
    nick = words("dave").replace(" ", "_")
    with stopped(server):
        dave.send(entry(room, nick, extra="<status>hello</status>"))
        assert not carol.listen(QUIET)
    carol.expect(occupant(room, nick))


@pytest.mark.recorder_runs("stops it itself")
@pytest.mark.parametrize("reason", [True, False])
def test_a_kick_waits_for_the_recorder(server, trio, room, reason):
    alice, bob, carol = trio
    text = words("manners")
    with stopped(server):
        alice.raw("<iq type='set' id='k' to='%s'><query xmlns='%s'><item nick='bob' role='none'>%s</item></query></iq>" % (
            room, names.MUC_ADMIN, "<reason>%s</reason>" % text if reason else ""))
        assert not carol.listen(QUIET)
    carol.expect(occupant(room, "bob", "unavailable"))


# --- policy

BLOCKED = {
    "a message": lambda r: message_to(r, body(WORD), type="groupchat", id="b"),
    "a subject": lambda r: message_to(r, "<subject>%s</subject>" % WORD, type="groupchat", id="b"),
    "a private message": lambda r: message_to(r + "/carol", body(WORD), type="chat", id="b"),
    "a status text": lambda r: presence_to(r + "/bob", None, "<status>%s</status>" % WORD, id="b"),
    "a nickname": lambda r: presence_to(r + "/" + WORD, id="b"),
    "an invitation": lambda r: message_to(r, "<x xmlns='%s'><invite to='x@example.org'><reason>%s</reason></invite></x>" % (
        names.MUC_USER, WORD), type=None, id="b"),
}


@pytest.mark.parametrize("name", BLOCKED)
def test_what_is_blocked_reaches_nobody(server, trio, room, name):
    alice, bob, carol = trio
    bob.send(BLOCKED[name](room))
    refused = Error(bob.expect(lambda e: e.get("id") == "b" and e.get("type") == "error"))
    assert tuple(refused) == ("modify", "policy-violation") and refused.text == NOTICE
    text = say(alice, room)
    got = carol.next()
    assert body_of(got) == text


def test_entering_with_a_forbidden_nickname(server, trio, room, folk):
    alice, bob, carol = trio
    dave, = folk.online(1)
    assert Error(refusal(dave, room, WORD)).condition == "policy-violation"
    text = say(alice, room)
    assert body_of(carol.next()) == text


def test_the_address_of_a_new_room_is_a_name_like_any_other(server, maker):
    room = "%s@rooms.%s" % (WORD, server.domain)
    assert tuple(Error(refusal(maker, room, "maker"))) == ("modify", "policy-violation")
    assert tuple(Error(maker.ask(names.DISCO_INFO, to=room))) == ("cancel", "item-not-found")


def test_a_room_name_with_a_forbidden_word(server, trio, room):
    assert Error(configure(trio[0], room, roomname=WORD)).condition == "policy-violation"


def test_a_rule_about_two_people_holds_for_private_messages(server, maker, room):
    create(maker, room)
    sales, research = person(server, "room-sales"), person(server, "room-research")
    join(sales, room, "sales")
    join(research, room, "research")
    sales.send(message_to(room + "/research", body("a thudword"), type="chat", id="t"))
    assert Error(sales.expect(message(id="t", type="error"))).text == "Not to research."


def test_a_wall_keeps_two_people_out_of_one_room(server, maker, room):
    create(maker, room)
    left, right = person(server, "room-left"), person(server, "room-right")
    join(left, room, "left")
    assert tuple(Error(refusal(right, room, "right"))) == ("modify", "policy-violation")
    left.expect(message(body=say(maker, room)))
    assert not [each for each in left.take() if each.get("from", "").endswith("/right")]


def test_a_wall_holds_for_what_was_said_before(server, maker, room):
    create(maker, room, "owner", changesubject="1")
    left, right = person(server, "room-left"), person(server, "room-right")
    join(left, room, "left")
    secret = say(left, room)
    left.send(message_to(room, "<subject>%s</subject>" % words("secret"), type="groupchat"))
    heard = say(maker, room)
    left.expect(message(body=heard))
    left.send(presence_to(room + "/left", "unavailable"))
    maker.expect(occupant(room, "left", "unavailable"))
    right.send(entry(room, "right"))
    assert not child(right.expect(subject_of(room)), "subject").text
    assert heard in [body_of(each) for each in right.inbox] and secret not in [body_of(each) for each in right.inbox]


# --- what is kept

def test_a_persistent_room_is_there_after_a_restart(server, folk):
    room = new_room(server)
    alice = person(server, "room-makers")
    bob, carol = folk.online(2)
    create(alice, room, persistentroom="1", roomname="Tea", membersonly="1")
    admin(alice, room, jid=bob.bare, affiliation="member", reason="likes tea")
    admin(alice, room, jid=carol.bare, affiliation="outcast")
    join(bob, room, "bob")
    first = child(alice.expect(occupant(room, "bob")), "occupant-id", names.OCCUPANT_ID).get("id")
    alice.send(message_to(room, "<subject>Tea</subject>", type="groupchat"))
    alice.expect(subject_of(room, "Tea"))
    accounts = [each.account for each in (alice, bob, carol)]
    server.restart()
    alice, bob, carol = [folk.client(account).online() for account in accounts]
    assert tuple(Error(refusal(carol, room, "carol"))) == ("auth", "forbidden")
    bob.send(entry(room, "bob"))
    own = bob.expect(occupant(room, "bob"))
    assert item(own).get("affiliation") == "member" and "201" not in codes(own)
    assert child(own, "occupant-id", names.OCCUPANT_ID).get("id") == first
    assert child(bob.expect(subject_of(room)), "subject").text == "Tea"
    answer, found = listed(alice, room, affiliation="member")
    assert [each.get("jid") for each in found] == [bob.bare]
    assert alice.ask(names.MUC_OWNER, to=room, type="set", payload="<destroy/>").get("type") == "result"
    server.restart()
    alice = folk.client(accounts[0]).online()
    assert Error(alice.ask(names.DISCO_INFO, to=room)).condition == "item-not-found"


def test_a_room_that_is_not_kept_is_gone(server, folk):
    room = new_room(server)
    alice = person(server, "room-makers")
    create(alice, room)
    server.restart()
    alice = folk.client(alice.account).online()
    assert Error(alice.ask(names.DISCO_INFO, to=room)).condition == "item-not-found"


def test_the_record_of_all_this_verifies(server):
    server.stop()
    record.verify(server)
