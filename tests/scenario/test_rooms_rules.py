"""Rooms by the letter, what other files leave open: lists beyond a wall, blocked rooms, a configuration that is taken whole or
not at all, who may take what from whom, sessions under one nickname, rooms that are not there yet, and what errors say."""

import itertools
import unicodedata

import pytest

from lib import names, record
from lib.client import Account, Client
from lib.names import tag
from lib.rooms import (admin, codes, configure, create, entry, form, item, join, listed, occupant, refusal, say,
                       subject_of)
from lib.server import PASSWORD_MARK
from lib.stanza import Error, body, body_of, child, element, message, message_to, presence, presence_to, words

_number = itertools.count(1)


@pytest.fixture(scope="module")
def server(launch):
    return launch("room-rules", settings={"rooms": {"affiliations_max": 10, "admin_group": "room-admins"}})


def person(server, *groups):
    """Somebody of those groups, online."""
    account = Account("l%04d@%s" % (next(_number), server.domain), PASSWORD_MARK + "rules")
    server.import_csv("%s,%s,Person,%s,,,\n" % (account.jid, account.password, ";".join(groups)))
    return Client(server, account).online()


def block(client, *jids, name="block"):
    answer = client.iq("set", element(name, "".join(element("item", jid=jid) for jid in jids), xmlns=names.BLOCKING))
    assert answer.get("type") == "result", Error(answer)


def invite(*people):
    return "<x xmlns='%s'>%s</x>" % (names.MUC_USER, "".join("<invite to='%s'/>" % each for each in people))


def fields(answer):
    return {each.get("var"): [value.text for value in each.findall(tag(names.DATA, "value"))]
            for each in answer.iter(tag(names.DATA, "field"))}


def submit(owner, room, lists, **more):
    """A configuration with lists of addresses beside other fields."""
    parts = ["<field var='FORM_TYPE'><value>%s#roomconfig</value></field>" % names.MUC]
    for name, values in {**{key: [value] for key, value in more.items()}, **lists}.items():
        parts.append("<field var='muc#roomconfig_%s'>%s</field>" % (
            name, "".join("<value>%s</value>" % each for each in values)))
    return owner.ask(names.MUC_OWNER, to=room, type="set", payload="<x xmlns='%s' type='submit'>%s</x>" % (
        names.DATA, "".join(parts)))


# --- walls

def roles(client, room, role="participant"):
    answer, found = listed(client, room, role=role)
    assert answer.get("type") == "result", Error(answer)
    return {each.get("nick") for each in found}


def test_a_list_of_roles_ends_at_a_wall_that_went_up_later(server, room, wall):
    owner, left, right = person(server), person(server, "left"), person(server, "right")
    create(owner, room)
    join(left, room, "left")
    join(right, room, "right")
    admin(owner, room, nick="left", role="moderator")
    left.roundtrip()
    assert roles(left, room) == {"right"}
    wall()
    assert roles(left, room) == set() and roles(left, room, "moderator") == {"owner", "left"}
    assert roles(owner, room) == {"right"} and roles(owner, room, "moderator") == {"owner", "left"}


def test_what_others_do_with_somebody_does_not_show_him_beyond_a_wall(server, room, wall):
    owner, left, right = person(server), person(server, "left"), person(server, "right")
    create(owner, room, whois="anyone")
    join(left, room, "left")
    join(right, room, "right")
    left.expect(occupant(room, "right"))
    wall()
    assert admin(owner, room, jid=right.bare, affiliation="member").get("type") == "result"
    owner.expect(occupant(room, "right", where=lambda e: item(e).get("affiliation") == "member"))
    right.expect(occupant(room, "right", where=lambda e: item(e).get("affiliation") == "member"))
    text = say(owner, room)
    left.expect(message(body=text))
    assert not left.take(occupant(room, "right"))


# --- blocking (XEP-0191)

def test_who_blocks_a_room_is_not_invited_by_it(trio, room, folk):
    alice, bob, carol = trio
    dave, away = folk.online(1)[0], folk.online(1)[0]
    block(dave, room)
    block(away, room.split("@")[1])
    account = away.account
    away.close()
    alice.send(message_to(room, invite(dave.bare, account.jid), type=None, id="i"))
    alice.settle_at(room)
    alice.send(message_to(dave.bare, body(words("direct")), id="after"))
    dave.expect(message(id="after"))
    assert not dave.take(message(from_=room))
    away = folk.client(account).online()
    block(away, room.split("@")[1], name="unblock")
    assert not away.take(message(from_=room))
    alice.send(message_to(room, invite(account.jid), type=None))
    away.expect(message(from_=room))


def test_who_blocks_a_room_leaves_it_and_hears_nothing_more(trio, room, folk):
    alice, bob, carol = trio
    again = folk.another(bob)
    join(again, room, "bob")
    for each in (alice, bob, carol, again):
        each.settle_at(room)
    block(bob, room)
    gone = carol.expect(occupant(room, "bob", "unavailable"))
    assert item(gone).get("role") == "none"
    text = say(alice, room)
    carol.expect(message(body=text))
    for each in (bob, again):
        assert not [got for got in each.settle_at(each.domain) if (got.get("from") or "").startswith(room)]
        each.send(message_to(room, body(words("still here?")), type="groupchat", id="still"))
        error = each.expect(message(id="still", type="error"))
        assert tuple(Error(error)) == ("cancel", "not-acceptable")
        assert child(Error(error).element, "blocked", "urn:xmpp:blocking:errors") is not None
    block(bob, room, name="unblock")
    join(bob, room, "bob")
    carol.expect(occupant(room, "bob"))


def test_who_blocks_an_occupant_stays_and_hears_the_others(trio, room):
    alice, bob, carol = trio
    block(bob, room + "/carol")
    unheard, heard = say(carol, room), say(alice, room)
    carol.send(message_to(room + "/bob", body(words("psst")), id="pm"))
    carol.send(presence_to(room + "/carol", None, "<show>away</show>"))
    alice.expect(occupant(room, "carol"))
    again = say(alice, room)
    bob.expect(message(body=again))
    assert [body_of(each) for each in bob.take() if (each.get("from") or "").startswith(room)] == [heard]
    assert unheard != heard


def test_who_is_blocked_by_an_occupant_learns_that_it_is_not_taken(trio, room, folk):
    alice, bob, carol = trio
    again = folk.another(carol)
    join(again, room, "carol")
    block(carol, room + "/bob")
    bob.send(message_to(room + "/carol", body(words("psst")), id="pm"))
    error = bob.expect(message(type="error", from_=room + "/carol", id="pm"))
    assert tuple(Error(error)) == ("cancel", "service-unavailable")
    answer = bob.ask("jabber:iq:version", to=room + "/carol")
    assert tuple(Error(answer)) == ("cancel", "service-unavailable") and answer.get("from") == room + "/carol"
    text = say(bob, room)
    alice.expect(message(body=text))
    bob.expect(message(body=text))
    assert not bob.take(message(type="error"))  # one for all sessions, and none for what is said to all
    for each in (carol, again):
        assert not [got for got in each.settle_at(room) if got.get("from") == room + "/bob" and (
            got.tag != tag(names.CLIENT, "presence"))]


def test_who_was_shown_presence_alone_sees_it_end(folk):
    """RFC 6121 4.6, XEP-0191 3.3: no subscription, but directed presence."""
    alice, bob = folk.online(2)
    alice.send(presence_to(bob.jid, None, "<show>chat</show>"))
    bob.expect(presence(from_=alice.jid, where=lambda e: e.get("type") is None))
    block(alice, bob.bare)
    bob.expect(presence(from_=alice.jid, type="unavailable"))


# --- a configuration is taken whole or not at all

def config(owner, room):
    return fields(owner.ask(names.MUC_OWNER, to=room))


@pytest.mark.parametrize("lists,wanted", [
    (dict(roomowners=[]), ("cancel", "conflict")), (dict(roomowners=["@"]), ("modify", "jid-malformed")),
    (dict(roomowners=["example.org"]), ("modify", "jid-malformed")),
    (dict(roomadmins=["n%d@example.org" % i for i in range(10)]), ("wait", "resource-constraint"))])
def test_lists_that_cannot_be_leave_the_rest_as_it_was(trio, room, lists, wanted):
    alice, bob, carol = trio
    before = config(alice, room)
    assert tuple(Error(submit(alice, room, lists, roomname="New", membersonly="1"))) == wanted
    assert config(alice, room) == before
    text = say(alice, room)
    heard = bob.expect(message(body=text))
    assert not bob.take(message(from_=room)) and heard is not None
    few = ["m%d@example.org" % i for i in range(9)]
    assert submit(alice, room, dict(roomadmins=few), roomname="New").get("type") == "result"
    after = config(alice, room)
    assert after["muc#roomconfig_roomname"] == ["New"] and set(after["muc#roomconfig_roomadmins"]) == set(few)


def test_a_form_that_comes_back_as_it_was_changes_nothing(trio, room):
    alice, bob, carol = trio
    configure(alice, room, roomname="Tea", maxusers="20", whois="anyone")
    before = config(alice, room)
    text = say(alice, room)
    bob.expect(message(body=text))
    bob.take()
    lists = {name[len("muc#roomconfig_"):]: values for name, values in before.items() if name.startswith("muc#roomconfig_")}
    lists = {name: [value or "" for value in values] for name, values in lists.items()}
    assert submit(alice, room, lists).get("type") == "result"
    text = say(alice, room)
    bob.expect(message(body=text))
    assert not bob.take(message(from_=room)) and config(alice, room) == before


def test_who_is_made_an_admin_with_it_is_no_stranger(trio, room):
    alice, bob, carol = trio
    assert submit(alice, room, dict(roomadmins=[bob.bare]), membersonly="1").get("type") == "result"
    assert "322" in codes(bob.expect(occupant(room, "carol", "unavailable")))
    seen = [item(each).get("affiliation") for each in bob.take(occupant(room, "bob"))]
    assert seen == ["admin"]
    assert not bob.take(occupant(room, "bob", "unavailable"))


def test_an_owner_becomes_an_admin_in_one_step(trio, room):
    alice, bob, carol = trio
    admin(alice, room, jid=bob.bare, affiliation="owner")
    carol.expect(occupant(room, "bob"))
    assert submit(alice, room, dict(roomowners=[alice.bare], roomadmins=[bob.bare])).get("type") == "result"
    text = say(alice, room)
    carol.expect(message(body=text))
    assert [item(each).get("affiliation") for each in carol.take(occupant(room, "bob"))] == ["admin"]


# --- who may take what from whom

def test_an_admin_does_not_change_lists_of_admins_and_owners(trio, room):
    alice, bob, carol = trio
    for each in (bob, carol):
        admin(alice, room, jid=each.bare, affiliation="admin")
    for whom in (alice, carol):
        for affiliation in ("none", "member"):
            assert tuple(Error(admin(bob, room, jid=whom.bare, affiliation=affiliation))) == ("auth", "forbidden")
        assert tuple(Error(admin(bob, room, jid=whom.bare, affiliation="outcast"))) == ("cancel", "not-allowed")


def test_a_domain_owns_nothing(trio, room):
    alice, bob, carol = trio
    for affiliation in ("member", "admin", "owner"):
        assert tuple(Error(admin(alice, room, jid="example.org", affiliation=affiliation))) == ("modify", "not-acceptable")
    assert admin(alice, room, jid="elsewhere.example", affiliation="outcast").get("type") == "result"


def test_a_moderator_who_is_no_admin(trio, room, folk):
    alice, bob, carol = trio
    configure(alice, room, moderatedroom="1")
    dave, = folk.online(1)
    join(dave, room, "dave")
    for nick in ("bob", "carol"):
        assert admin(alice, room, nick=nick, role="moderator").get("type") == "result"
    assert tuple(Error(admin(bob, room, nick="carol", role="none"))) == ("cancel", "not-allowed")
    assert tuple(Error(admin(bob, room, nick="carol", role="participant"))) == ("cancel", "not-allowed")
    assert tuple(Error(admin(bob, room, nick="dave", role="moderator"))) == ("auth", "forbidden")
    admin(alice, room, jid=dave.bare, affiliation="member")
    admin(alice, room, nick="dave", role="visitor")
    assert admin(bob, room, nick="dave", role="participant").get("type") == "result"  # voice may be given to anybody
    assert tuple(Error(admin(bob, room, nick="dave", role="visitor"))) == ("cancel", "not-allowed")
    assert tuple(Error(admin(bob, room, nick="dave", role="none"))) == ("cancel", "not-allowed")


def test_voice_outlasts_a_visit_to_a_moderated_room(trio, room, folk):
    alice, bob, carol = trio
    configure(alice, room, moderatedroom="1")
    admin(alice, room, jid=carol.bare, affiliation="member")
    dave, = folk.online(1)
    assert item(join(dave, room, "dave")).get("role") == "visitor"
    assert admin(alice, room, nick="dave", role="participant").get("type") == "result"
    assert admin(alice, room, nick="carol", role="visitor").get("type") == "result"
    for each, nick, role in ((dave, "dave", "participant"), (carol, "carol", "visitor")):
        each.send(presence_to(room + "/" + nick, "unavailable"))
        each.expect(occupant(room, nick, "unavailable"))
        each.take()
        assert item(join(each, room, nick)).get("role") == role
    carol.send(presence_to(room + "/carol", "unavailable"))
    carol.expect(occupant(room, "carol", "unavailable"))
    for affiliation in ("none", "member"):  # a new start
        admin(alice, room, jid=carol.bare, affiliation=affiliation)
    carol.take()
    assert item(join(carol, room, "carol")).get("role") == "participant"


def test_who_becomes_a_member_stays_a_moderator(trio, room):
    alice, bob, carol = trio
    admin(alice, room, nick="bob", role="moderator")
    carol.expect(occupant(room, "bob"))
    admin(alice, room, jid=bob.bare, affiliation="member")
    seen = item(carol.expect(occupant(room, "bob")))
    assert (seen.get("affiliation"), seen.get("role")) == ("member", "moderator")
    admin(alice, room, jid=bob.bare, affiliation="none")
    assert item(carol.expect(occupant(room, "bob"))).get("role") == "participant"


def test_a_moderator_who_is_no_member_leaves_with_the_others(trio, room):
    alice, bob, carol = trio
    admin(alice, room, nick="bob", role="moderator")
    configure(alice, room, membersonly="1")
    for each, nick in ((bob, "bob"), (carol, "carol")):
        assert "322" in codes(each.expect(occupant(room, nick, "unavailable")))


def test_who_administers_all_rooms_is_shown_as_an_owner_and_stays(server, trio, room):
    alice, bob, carol = trio
    boss = person(server, "room-admins")
    assert item(join(boss, room, "boss")).get("affiliation") == "owner"
    configure(alice, room, membersonly="1")
    carol.expect(occupant(room, "carol", "unavailable"))
    assert tuple(Error(admin(alice, room, nick="boss", role="visitor"))) == ("cancel", "not-allowed")
    text = say(boss, room)
    alice.expect(message(body=text))


@pytest.mark.parametrize("allowed", ["0", "1"])
def test_members_invite_where_an_owner_has_said_so(folk, room, allowed):
    alice, bob, carol, dave = folk.online(4)
    create(alice, room, membersonly="1", allowinvites=allowed)
    admin(alice, room, jid=bob.bare, affiliation="member")
    join(bob, room, "bob")
    told = fields(bob.ask(names.DISCO_INFO, to=room))
    assert told["muc#roomconfig_allowinvites"] == [allowed] and told["muc#roomconfig_allowpm"] == ["anyone"]
    bob.send(message_to(room, invite(carol.bare, "nobody@example.org"), type=None, id="all"))
    condition = Error(bob.expect(message(id="all", type="error"))).condition
    assert tuple(Error(refusal(carol, room, "carol"))) == ("auth", "registration-required")
    bob.send(message_to(room, invite(carol.bare, dave.bare), type=None, id="i"))
    if allowed == "0":
        assert condition == "forbidden"
        assert tuple(Error(bob.expect(message(id="i", type="error")))) == ("auth", "forbidden")
    else:
        assert condition == "item-not-found"
        for each, nick in ((carol, "carol"), (dave, "dave")):
            each.expect(message(from_=room))
            assert item(join(each, room, nick)).get("affiliation") == "member"


@pytest.mark.parametrize("said,then,may", [
    (dict(allowinvites="1"), dict(membersonly="1"), False),  # as it was shown before: nobody has thought of members
    (dict(allowinvites="1", membersonly="1"), dict(membersonly="0"), True), (dict(membersonly="1"), dict(membersonly="0"), True),
    (dict(membersonly="1", allowinvites="0"), dict(membersonly="0"), False),
    (dict(allowinvites="0"), dict(membersonly="1"), False), (dict(allowinvites="0"), dict(roomname="Tea"), False)])
def test_what_was_said_of_invitations(folk, room, said, then, may):
    alice, = folk.online(1)
    create(alice, room, **said)
    configure(alice, room, **then)
    assert config(alice, room)["muc#roomconfig_allowinvites"] == ["1" if may else "0"]


# --- sessions under one nickname

def test_what_a_session_showed_goes_with_it(trio, room, folk):
    alice, bob, carol = trio
    phone = folk.another(bob)
    phone.send(entry(room, "bob", extra="<show>away</show>"))
    phone.expect(subject_of(room))
    seen = carol.expect(occupant(room, "bob"))
    assert child(seen, "show").text == "away"
    alice.take()
    bob.send(presence_to(room + "/bob", None, "<status>at the desk</status>", id="desk"))
    seen = alice.expect(occupant(room, "bob", where=lambda e: e.get("id") == "desk"))
    assert item(seen).get("jid") == bob.jid and child(seen, "show") is None
    phone.send(presence_to(room + "/bob", None, "<show>xa</show>"))
    carol.expect(occupant(room, "bob", where=lambda e: child(e, "show") is not None))
    phone.send(presence_to(room + "/bob", "unavailable"))
    seen = carol.expect(occupant(room, "bob", where=lambda e: child(e, "show") is None and e.get("id") != "desk"))
    assert child(seen, "status").text == "at the desk" and seen.get("type") is None


def test_the_last_words_to_everybody_are_heard_in_the_room(trio, room):
    alice, bob, carol = trio
    bob.send(presence_to(None, "unavailable", "<status>gone home</status>"))
    gone = carol.expect(occupant(room, "bob", "unavailable"))
    assert child(gone, "status").text == "gone home" and item(gone).get("role") == "none"


def test_after_another_nickname_the_session_still_leaves(trio, room):
    alice, bob, carol = trio
    bob.send(presence_to(room + "/robert"))
    carol.expect(occupant(room, "robert"))
    bob.close()
    carol.expect(occupant(room, "robert", "unavailable"))


@pytest.mark.parametrize("name", ["presence", "message"])
@pytest.mark.parametrize("condition,goes", [("recipient-unavailable", True), ("remote-server-timeout", True),
                                            ("not-acceptable", False), ("service-unavailable", False)])
def test_only_who_cannot_be_reached_is_out(trio, room, name, condition, goes):
    alice, bob, carol = trio
    error = "<error type='cancel'><%s xmlns='%s'/></error>" % (condition, names.STANZA_ERROR)
    bob.send(element(name, error, to=room + "/bob", type="error"))
    if goes:
        assert codes(carol.expect(occupant(room, "bob", "unavailable"))) == {"333"}
    else:
        assert bob.ask(names.PING, to=room + "/bob", name="ping").get("type") == "result"


# --- nicknames

@pytest.mark.parametrize("nick", [" ", "   ", "\u00a0", "\u3000"])
def test_a_nickname_that_nobody_sees_is_none(trio, room, folk, nick):
    alice, bob, carol = trio
    dave, = folk.online(1)
    for each in (dave, bob):
        each.send(presence_to(room + "/" + nick, None, "<x xmlns='%s'/>" % names.MUC if each is dave else "", id="blank"))
        assert tuple(Error(each.expect(presence(type="error", id="blank")))) == ("modify", "jid-malformed")
    assert tuple(Error(admin(alice, room, jid=bob.bare, affiliation="member", nick=nick))) == ("modify", "jid-malformed")
    admin(alice, room, jid=bob.bare, affiliation="member")
    answer = bob.ask(names.REGISTER, to=room, type="set",
                     payload=form({"muc#register_roomnick": nick}, form_type=names.MUC + "#register"))
    assert tuple(Error(answer)) == ("modify", "bad-request")


def test_a_nickname_that_is_written_otherwise(trio, room, folk):
    alice, bob, carol = trio
    dave, = folk.online(1)
    written = unicodedata.normalize("NFD", "Zo\u00eb")
    dave.send(entry(room, written))
    own = dave.expect(occupant(room, "Zo\u00eb"))
    assert codes(own) >= {"110", "210"}
    assert "210" not in codes(carol.expect(occupant(room, "Zo\u00eb")))
    assert "210" not in codes(join(dave, room, "Zo\u00eb"))
    bob.send(presence_to(room + "/" + unicodedata.normalize("NFD", "Bj\u00f6rn")))
    assert codes(bob.expect(occupant(room, "Bj\u00f6rn"))) == {"110", "210"}


# --- rooms that are not there yet, and errors

def test_a_room_is_not_there_before_it_is_configured(folk, room):
    alice, bob = folk.online(2)
    join(alice, room, "alice")
    for namespace in (names.DISCO_INFO, names.DISCO_ITEMS):
        assert tuple(Error(bob.ask(namespace, to=room))) == ("cancel", "item-not-found")
        assert alice.ask(namespace, to=room).get("type") == "result"
    for each in (alice, bob):
        each.send(message_to(room, body(words("hello?")), type="groupchat", id="early"))
        assert tuple(Error(each.expect(message(id="early", type="error")))) == ("cancel", "item-not-found")
    configure(alice, room)
    assert bob.ask(names.DISCO_INFO, to=room).get("type") == "result"


def test_a_refused_entry_says_who_refuses_and_what(trio, room, folk):
    dave, = folk.online(1)
    error = refusal(dave, room, "bob", "<password>earl grey</password>")
    assert Error(error).by == room and Error(error).condition == "conflict"
    x = child(error, "x", names.MUC)
    assert x is not None and len(x) == 0
    dave.send(message_to(room, body(words("hello")), type="groupchat", id="out"))
    assert Error(dave.expect(message(id="out", type="error"))).by == room


def test_the_subject_in_several_languages_is_kept_in_that_of_the_whole(trio, room):
    alice, bob, carol = trio
    text = words("tea")
    alice.send(message_to(room, "<subject xml:lang='de'>Tee</subject><subject>%s</subject>" % text, type="groupchat"))
    assert len(bob.expect(subject_of(room)).findall(tag(names.CLIENT, "subject"))) == 2
    carol.expect(subject_of(room))
    carol.send(entry(room, "carol"))
    assert child(carol.expect(subject_of(room)), "subject").text == text


def test_a_form_of_another_kind_is_no_registration(trio, room):
    alice, bob, carol = trio
    admin(alice, room, jid=bob.bare, affiliation="member")
    for kind, wanted in (("urn:example:form", "bad-request"), (names.MUC + "#register", None)):
        answer = bob.ask(names.REGISTER, to=room, type="set", payload=form({"muc#register_roomnick": "bobby"}, form_type=kind))
        assert (Error(answer).condition if wanted else None) == wanted
    assert bob.ask(names.REGISTER, to=room).findtext(".//" + tag(names.REGISTER, "username")) == "bobby"


def test_a_room_is_not_left_for_an_address_that_is_none(trio, room):
    alice, bob, carol = trio
    answer = alice.ask(names.MUC_OWNER, to=room, type="set", payload="<destroy jid='@@'/>")
    assert tuple(Error(answer)) == ("modify", "jid-malformed")
    text = say(alice, room)
    bob.expect(message(body=text))


def test_the_subject_says_whose_it_is(trio, room):
    alice, bob, carol = trio
    alice.send(message_to(room, "<subject>%s</subject>" % words("tea"), type="groupchat"))
    live = bob.expect(subject_of(room))
    carol.send(entry(room, "carol"))
    assert carol.expect(subject_of(room)) is not None  # as it was set
    later = carol.expect(subject_of(room))
    ids = [each.find(tag("urn:xmpp:occupant-id:0", "occupant-id")) for each in (live, later)]
    assert ids[0] is not None and ids[1] is not None and ids[0].get("id") == ids[1].get("id")


def test_the_record_of_all_this_verifies(server):
    server.stop()
    record.verify(server)
