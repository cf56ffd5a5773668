"""People who are no members of a room register with it (XEP-0045 7.10), and an admin of it approves (9.9): by default nobody
becomes a member whom no admin let in. What they write is recorded and inspected before the admin reads it."""

import pytest

from lib import names
from lib.client import Account, Client
from lib.names import tag
from lib.record import content_with, eventually
from lib.rooms import admin, create, form, item, join, listed, occupant, refusal, say
from lib.rules import add_rules, wall_rule, word_rule
from lib.server import PASSWORD_MARK
from lib.standstill import stopped, store_held
from lib.stanza import Error, message, message_to, presence_to, words
from test_rooms_kept import QUIET

WORD = "quibbleword"
NOTICE = "Not this word in a request."
KIND = names.MUC + "#register"


@pytest.fixture(scope="module")
def server(launch):
    return launch("rooms-register", prepare=lambda server: add_rules(
        server, word_rule("register-word", WORD, NOTICE),
        wall_rule("register-wall", ("group:register-left", "group:register-right"))))


def person(server, number, group):
    account = Account("reg%s@%s" % (number, server.domain), PASSWORD_MARK + "register")
    server.import_csv("%s,%s,Person,%s,,,\n" % (account.jid, account.password, group))
    return Client(server, account).online()


def register(client, room, nick, **more):
    """register(bob, room, "bobby", first="Bob"): names without their prefix."""
    fields = {"muc#register_roomnick": nick, **{"muc#register_" + key: value for key, value in more.items()}}
    return client.ask(names.REGISTER, to=room, type="set", payload=form(fields, form_type=KIND))


def values(stanza):
    return {each.get("var"): each.findtext(tag(names.DATA, "value")) for each in stanza.iter(tag(names.DATA, "field"))}


def a_question(room):
    return message(from_=room, has=("x", names.DATA))


def question(client, room):
    return client.expect(a_question(room))


def decide(client, room, asked, allow="1", without=(), id=None):
    fields = {key: value for key, value in values(asked).items() if key != "FORM_TYPE" and key not in without}
    client.send(message_to(room, form(dict(fields, **{"muc#register_allow": allow}), form_type=KIND), type=None, id=id))


def members(client, room):
    return {each.get("jid"): each.get("nick") for each in listed(client, room, affiliation="member")[1]}


def became_member(client, room, bare, nick):
    eventually(lambda: members(client, room).get(bare) == nick)


# --- asked, and let in

@pytest.mark.tsan
def test_an_admin_lets_somebody_in_who_has_asked(folk, room):
    alice, bob, carol, dave = folk.online(4)
    create(alice, room, "alice")
    join(carol, room, "carol")
    got = bob.ask(names.REGISTER, to=room)
    assert got.get("type") == "result" and got.find(".//" + tag(names.REGISTER, "registered")) is None
    fields = {each.get("var"): each for each in got.iter(tag(names.DATA, "field"))}
    assert values(got)["FORM_TYPE"] == KIND
    assert {"muc#register_" + each for each in ("first", "last", "roomnick", "url", "email", "faqentry")} < set(fields)
    assert fields["muc#register_roomnick"].find(tag(names.DATA, "required")) is not None
    family = words("Smith")
    assert register(bob, room, "bobby", first="Bob", last=family).get("type") == "result"
    asked = question(alice, room)
    assert values(asked)["muc#register_roomnick"] == "bobby" and values(asked)["muc#register_last"] == family
    assert values(asked)["x-register_jid"] == bob.bare and values(asked)["muc#register_allow"] == "0"
    assert bob.bare not in members(alice, room)
    decide(alice, room, asked)
    became_member(alice, room, bob.bare, "bobby")
    carol.expect(message(body=say(alice, room)))
    assert not carol.take(message(has=("x", names.DATA)))
    got = bob.ask(names.REGISTER, to=room)
    assert got.find(".//" + tag(names.REGISTER, "registered")) is not None
    assert got.findtext(".//" + tag(names.REGISTER, "username")) == "bobby"
    assert tuple(Error(refusal(dave, room, "bobby"))) == ("cancel", "conflict")
    assert item(join(bob, room, "bobby")).get("affiliation") == "member"


def test_who_is_in_is_seen_to_be_a_member(folk, room):
    alice, bob, carol = folk.online(3)
    create(alice, room, "alice", moderatedroom="1")
    join(carol, room, "carol")
    assert item(join(bob, room, "bob")).get("role") == "visitor"
    assert register(bob, room, "bob").get("type") == "result"
    decide(alice, room, question(alice, room), without=["x-register_jid"])  # no more than the fields the XEP has
    for each in (bob, carol):
        seen = item(each.expect(occupant(room, "bob", where=lambda e: item(e).get("affiliation") == "member")))
        assert seen.get("role") == "participant"


def test_who_is_let_in_where_only_members_enter_is_invited(folk, room):
    alice, bob = folk.online(2)
    create(alice, room, "alice", membersonly="1")
    assert tuple(Error(refusal(bob, room, "bob"))) == ("auth", "registration-required")
    assert register(bob, room, "bob").get("type") == "result"
    decide(alice, room, question(alice, room))
    invited = bob.expect(message(from_=room, has=("x", names.MUC_USER)))
    assert invited.find(".//" + tag(names.MUC_USER, "invite")) is not None
    join(bob, room, "bob")


def test_an_owner_who_is_away_is_asked_and_answers_from_there(folk, room):
    alice, bob = folk.online(2)
    create(alice, room, "alice", persistentroom="1")
    alice.send(presence_to(room + "/alice", "unavailable"))
    alice.expect(occupant(room, "alice", "unavailable"))
    assert register(bob, room, "bob").get("type") == "result"
    decide(alice, room, question(alice, room))
    became_member(alice, room, bob.bare, "bob")


def test_who_is_refused_may_ask_again(folk, room):
    alice, bob = folk.online(2)
    create(alice, room, "alice")
    for _ in range(2):
        assert register(bob, room, "bob").get("type") == "result"
        decide(alice, room, question(alice, room), allow="0")
        alice.settle_at(room)
    assert members(alice, room) == {}


def test_who_waits_asks_nobody_twice(folk, room):
    alice, bob = folk.online(2)
    create(alice, room, "alice")
    for _ in range(3):
        assert register(bob, room, "bob").get("type") == "result"
    question(alice, room)
    assert not list(filter(a_question(room), alice.settle_at(room)))
    assert tuple(Error(register(bob, room, "robert"))) == ("cancel", "conflict")
    assert values(bob.ask(names.REGISTER, to=room))["muc#register_roomnick"] == "bob"
    assert bob.ask(names.REGISTER, to=room, type="set", payload="<remove/>").get("type") == "result"
    assert register(bob, room, "robert").get("type") == "result"
    assert values(question(alice, room))["muc#register_roomnick"] == "robert"


# --- refused

def test_a_nickname_that_is_somebody_elses(folk, room):
    alice, bob, carol = folk.online(3)
    create(alice, room, "alice")
    admin(alice, room, jid="x@example.org", affiliation="member", nick="reserved")
    assert register(carol, room, "waiting").get("type") == "result"
    for nick in ("alice", "reserved", "waiting"):
        assert tuple(Error(register(bob, room, nick))) == ("cancel", "conflict")
    assert register(bob, room, "free").get("type") == "result"
    asked = [question(alice, room), question(alice, room)][1]
    admin(alice, room, jid="y@example.org", affiliation="member", nick="free")
    decide(alice, room, asked, id="late")
    assert tuple(Error(alice.expect(message(id="late", type="error")))) == ("cancel", "conflict")
    assert bob.bare not in members(alice, room)


def test_what_is_no_registration(folk, room):
    alice, bob = folk.online(2)
    assert tuple(Error(bob.ask(names.REGISTER, to=room))) == ("cancel", "item-not-found")
    create(alice, room, "alice")
    assert tuple(Error(register(bob, room, ""))) == ("modify", "bad-request")
    assert tuple(Error(bob.ask(names.REGISTER, to=room, type="set"))) == ("modify", "bad-request")
    assert tuple(Error(register(bob, room, "bob", first="x" * 2000))) == ("modify", "not-acceptable")
    assert tuple(Error(bob.ask(names.REGISTER, to=room, type="set", payload="<remove/>"))) == ("cancel", "not-allowed")
    admin(alice, room, jid=bob.bare, affiliation="outcast")
    assert tuple(Error(bob.ask(names.REGISTER, to=room))) == ("cancel", "not-allowed")
    assert tuple(Error(register(bob, room, "bob"))) == ("cancel", "not-allowed")


@pytest.mark.parametrize("how,wanted", [("none", ("cancel", "not-allowed")), ("anyone", None)])
def test_an_owner_says_what_becomes_of_it(folk, room, how, wanted):
    alice, bob = folk.online(2)
    create(alice, room, "alice", membersonly="1")
    assert values(alice.ask(names.MUC_OWNER, to=room))["x-roomconfig_registration"] == "approval"
    alice.ask(names.MUC_OWNER, to=room, type="set", payload=form({"x-roomconfig_registration": how}))
    answer = register(bob, room, "bob")
    assert (tuple(Error(answer)) if wanted else answer.get("type")) == (wanted or "result")
    assert members(alice, room) == ({} if wanted else {bob.bare: "bob"})
    if not wanted:
        assert item(join(bob, room, "bob")).get("affiliation") == "member"


def test_only_admins_answer(folk, room):
    alice, bob, carol = folk.online(3)
    create(alice, room, "alice")
    join(carol, room, "carol")
    assert register(bob, room, "bob").get("type") == "result"
    asked = question(alice, room)
    for each in (bob, carol):
        decide(each, room, asked, id="mine")
        assert tuple(Error(each.expect(message(id="mine", type="error")))) == ("auth", "forbidden")
    admin(alice, room, jid=bob.bare, affiliation="outcast")
    decide(alice, room, asked, id="banned")
    assert tuple(Error(alice.expect(message(id="banned", type="error")))) == ("cancel", "not-allowed")


# --- what holds everywhere

def test_a_wall_stands_between_who_asks_and_who_is_asked(server, room):
    left, right = person(server, 1, "register-left"), person(server, 2, "register-right")
    create(left, room, "left")
    assert tuple(Error(register(right, room, "right"))) == ("cancel", "not-allowed")
    assert not list(filter(a_question(room), left.settle_at(room)))


@pytest.mark.parametrize("field", ["nick", "first", "faqentry"])
def test_a_forbidden_word_reaches_no_admin(folk, room, field):
    alice, bob = folk.online(2)
    create(alice, room, "alice")
    answer = register(bob, room, WORD) if field == "nick" else register(bob, room, "bob", **{field: "a %s here" % WORD})
    assert tuple(Error(answer)) == ("modify", "policy-violation") and Error(answer).text == NOTICE
    assert not list(filter(a_question(room), alice.settle_at(room)))


@pytest.mark.recorder_runs("stops it itself")
def test_it_waits_for_the_recorder_and_is_in_the_record(server, folk, room):
    alice, bob, carol = folk.online(3)
    create(alice, room, "alice")
    admin(alice, room, jid=carol.bare, affiliation="admin")
    text = words("I make tea")
    with stopped(server):
        bob.send("<iq type='set' id='r' to='%s'><query xmlns='%s'>%s</query></iq>" % (
            room, names.REGISTER, form({"muc#register_roomnick": "bob", "muc#register_faqentry": text}, form_type=KIND)))
        assert not [each for each in alice.listen(QUIET) if text in "".join(each.itertext())]
    asked = question(alice, room)
    assert values(asked)["muc#register_faqentry"] == text
    line, = content_with(server, text)
    assert line["room"] == room and line["from"] == bob.jid and line["kind"] == "iq" and alice.jid in line["members"]
    with stopped(server):
        decide(alice, room, asked)
        carol.listen(QUIET)
        assert bob.bare not in members(carol, room)
    became_member(alice, room, bob.bare, "bob")


@pytest.mark.recorder_runs("ends the server's processes itself")
def test_a_request_outlives_the_server_and_the_answer_a_crash(server, folk, room):
    alice, bob = folk.online(2)
    create(alice, room, "alice", persistentroom="1")
    assert register(bob, room, "bob").get("type") == "result"
    asked, bare = question(alice, room), bob.bare
    server.restart()
    alice = Client(server, alice.account).online()
    with store_held(server):
        decide(alice, room, asked)
        became_member(alice, room, bare, "bob")
        server.kill_tree()
    server.start()
    alice = Client(server, alice.account).online()
    became_member(alice, room, bare, "bob")
