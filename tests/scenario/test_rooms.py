"""Rooms (XEP-0045, with 0249, 0359, 0410, 0421): what is seen by who is in them and who is not, and the exact error
where something is refused. Walls, policy, the record and the store are in test_rooms_kept.py."""

import asyncio

import pytest
import slixmpp

from lib import archive, names
from lib.names import tag
from lib.record import eventually
from lib.rooms import (admin, codes, configure, create, entry, form, item, join, listed, occupant, refusal, say,
                       subject_of)
from lib.stanza import (Error, body, body_of, child, message, message_to, presence, presence_to, stamped, stanza_id, words)


def features(client, to, node=None):
    answer = client.ask(names.DISCO_INFO, to=to, node=node)
    assert answer.get("type") == "result", Error(answer)
    return {each.get("var") for each in answer.iter(tag(names.DISCO_INFO, "feature"))}


def items(client, to):
    answer = client.ask(names.DISCO_ITEMS, to=to)
    assert answer.get("type") == "result", Error(answer)
    return {each.get("jid") for each in answer.iter(tag(names.DISCO_ITEMS, "item"))}


# --- finding rooms (6)

def test_the_service_is_found_at_each_domain(folk, server):
    alice, = folk.online(1)
    for domain in ("example.org", "second.example"):
        assert items(alice, domain) == {"rooms." + domain}
        answer = alice.ask(names.DISCO_INFO, to="rooms." + domain)
        identity = answer.find(".//" + tag(names.DISCO_INFO, "identity"))
        assert (identity.get("category"), identity.get("type")) == ("conference", "text")
        assert names.MUC in features(alice, "rooms." + domain)
    assert alice.ask(names.PING, to="rooms.example.org", name="ping").get("type") == "result"


@pytest.mark.parametrize("namespace,name", [("urn:example:x", "query"), (names.ROSTER, "query")])
def test_the_service_does_not_do_other_things(folk, server, namespace, name):
    alice, = folk.online(1)
    assert tuple(Error(alice.ask(namespace, to="rooms.example.org", name=name))) == ("cancel", "service-unavailable")


def test_a_public_room_is_listed_and_a_hidden_one_only_to_who_is_in(folk, server, room):
    alice, bob = folk.online(2)
    create(alice, room)
    assert room in items(bob, "rooms.example.org")
    assert configure(alice, room, publicroom="0").get("type") == "result"
    assert room not in items(bob, "rooms.example.org")
    assert room in items(alice, "rooms.example.org")


def test_a_room_says_how_it_is(folk, room):
    alice, bob = folk.online(2)
    create(alice, room, membersonly="1", moderatedroom="1", whois="anyone", roomname="Tea & cake",
           passwordprotectedroom="1", roomsecret="earl")
    assert {"muc_membersonly", "muc_moderated", "muc_nonanonymous", "muc_temporary", "muc_public",
            "muc_passwordprotected", names.SID, names.OCCUPANT_ID} <= features(bob, room)
    answer = bob.ask(names.DISCO_INFO, to=room)
    assert answer.find(".//" + tag(names.DISCO_INFO, "identity")).get("name") == "Tea & cake"
    assert items(bob, room) == set()  # who is in is not for strangers of a closed room
    assert items(alice, room) == {room + "/owner"}


def test_a_room_that_is_not_there(folk, room):
    alice, = folk.online(1)
    for answer in (alice.ask(names.DISCO_INFO, to=room), alice.ask(names.MUC_OWNER, to=room),
                   alice.ask(names.PING, to=room + "/x", name="ping")):
        assert tuple(Error(answer)) == ("cancel", "item-not-found")
    alice.send(message_to(room, body("x"), type="groupchat", id="nowhere"))
    assert Error(alice.expect(message(id="nowhere", type="error"))).condition == "item-not-found"


# --- entering and leaving (7)

def test_entering_shows_the_others_then_oneself_then_the_subject(folk, room):
    alice, bob = folk.online(2)
    own = join(alice, room, "alice")
    assert {"110", "201"} <= codes(own) and item(own).get("affiliation") == "owner"
    assert item(own).get("role") == "moderator"
    assert configure(alice, room).get("type") == "result"
    bob.send(entry(room, "bob"))
    first, second, third = [bob.next() for _ in range(3)]
    assert first.get("from") == room + "/alice" and item(first).get("jid") is None
    assert second.get("from") == room + "/bob" and codes(second) == {"110", "170"}
    assert child(third, "subject") is not None and not child(third, "subject").text
    seen = alice.expect(occupant(room, "bob"))
    assert item(seen).get("jid") == bob.jid and item(seen).get("role") == "participant"  # moderators see who it is


@pytest.mark.tsan
def test_leaving_and_losing_the_session(trio, room):
    alice, bob, carol = trio
    bob.send(presence_to(room + "/bob", "unavailable", "<status>tea</status>"))
    assert "110" in codes(bob.expect(occupant(room, "bob", "unavailable")))
    left = alice.expect(occupant(room, "bob", "unavailable"))
    assert item(left).get("role") == "none" and left.findtext("{jabber:client}status") == "tea"
    carol.end()
    alice.expect(occupant(room, "carol", "unavailable"))


def test_a_room_that_does_not_stay_ends_with_the_last_one(folk, room):
    alice, bob = folk.online(2)
    create(alice, room)
    alice.send(presence_to(room + "/owner", "unavailable"))
    alice.expect(occupant(room, "owner", "unavailable"))
    assert tuple(Error(bob.ask(names.DISCO_INFO, to=room))) == ("cancel", "item-not-found")


def test_without_a_nickname(folk, room):
    alice, = folk.online(1)
    alice.send(presence_to(room, None, "<x xmlns='%s'/>" % names.MUC))
    assert tuple(Error(alice.expect(presence(type="error", from_=room)))) == ("modify", "jid-malformed")


REFUSALS = {
    "no password": (dict(passwordprotectedroom="1", roomsecret="earl"), "", ("auth", "not-authorized")),
    "another password": (dict(passwordprotectedroom="1", roomsecret="earl"), "<password>grey</password>",
                         ("auth", "not-authorized")),
    "no member": (dict(membersonly="1"), "", ("auth", "registration-required")),
    "full": (dict(maxusers="1"), "", ("wait", "service-unavailable")),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_entering_is_refused(folk, room, name):
    settings, inside, wanted = REFUSALS[name]
    alice, bob = folk.online(2)
    create(alice, room, **settings)
    assert tuple(Error(refusal(bob, room, "bob", inside))) == wanted


def test_with_the_password_one_enters(folk, room):
    alice, bob = folk.online(2)
    create(alice, room, passwordprotectedroom="1", roomsecret="earl")
    join(bob, room, "bob", "<password>earl</password>")


def test_the_banned_a_taken_nickname_and_a_locked_room(folk, room):
    alice, bob = folk.online(2)
    join(alice, room, "alice")
    assert tuple(Error(refusal(bob, room, "bob"))) == ("cancel", "item-not-found")
    configure(alice, room)
    assert tuple(Error(refusal(bob, room, "alice"))) == ("cancel", "conflict")
    assert admin(alice, room, affiliation="outcast", jid=bob.bare).get("type") == "result"
    assert tuple(Error(refusal(bob, room, "bob"))) == ("auth", "forbidden")


def test_two_clients_of_one_account_share_a_nickname(folk, trio, room):
    alice, bob, carol = trio
    other = folk.another(bob, resource="second")
    join(other, room, "bob")
    text = say(alice, room)
    for each in (bob, other, carol):
        each.expect(message(body=text, from_=room + "/alice"))
    other.send(presence_to(room + "/bob", "unavailable"))
    other.expect(occupant(room, "bob", "unavailable"))
    text = say(alice, room)
    for each in (bob, carol):
        each.expect(message(body=text))
    assert not carol.take(occupant(room, "bob", "unavailable"))


def test_changing_the_nickname(trio, room):
    alice, bob, carol = trio
    bob.send(presence_to(room + "/robert"))
    for each in (alice, bob, carol):
        gone = each.expect(occupant(room, "bob", "unavailable"))
        assert "303" in codes(gone) and item(gone).get("nick") == "robert"
        each.expect(occupant(room, "robert"))
    bob.send(presence_to(room + "/carol", id="nick"))
    assert tuple(Error(bob.expect(presence(type="error", id="nick")))) == ("cancel", "conflict")


def test_what_one_shows_is_shown_to_all(trio, room):
    alice, bob, carol = trio
    bob.send(presence_to(room + "/bob", None, "<show>away</show><status>tea</status>"))
    seen = carol.expect(occupant(room, "bob"))
    assert seen.findtext("{jabber:client}show") == "away" and seen.findtext("{jabber:client}status") == "tea"


def test_an_occupant_has_an_id_that_stays_and_that_nobody_forges(trio, room, folk):
    alice, bob, carol = trio
    text = say(bob, room, extra="<occupant-id xmlns='%s' id='forged'/>" % names.OCCUPANT_ID)
    first = carol.expect(message(body=text)).findall(tag(names.OCCUPANT_ID, "occupant-id"))
    assert len(first) == 1 and first[0].get("id") != "forged"
    bob.send(presence_to(room + "/bob", "unavailable"))
    carol.expect(occupant(room, "bob", "unavailable"))
    join(bob, room, "robert")
    assert child(carol.expect(occupant(room, "robert")), "occupant-id", names.OCCUPANT_ID).get("id") == \
        first[0].get("id")


# --- talking (7.4 to 7.8)

@pytest.mark.tsan
def test_what_is_said_reaches_all_with_the_rooms_id(trio, room):
    alice, bob, carol = trio
    text = say(bob, room, id="mine", extra="<stanza-id xmlns='%s' id='forged' by='%s'/>" % (names.SID, room))
    ids = set()
    for each in trio:
        got = each.expect(message(body=text, from_=room + "/bob", type="groupchat", id="mine"))
        ids.add(stanza_id(got, room))
    assert len(ids) == 1 and None not in ids and "forged" not in ids


@pytest.mark.parametrize("forged", ["<x xmlns='%s'><status code='307'/></x>" % names.MUC_USER,
                                    "<delay xmlns='%s' stamp='2020-01-01T00:00:00Z'/>" % names.DELAY])
def test_the_rooms_words_are_not_forged(trio, room, forged):
    alice, bob, carol = trio
    text = say(bob, room, extra=forged)
    got = carol.expect(message(body=text))
    assert child(got, "x", names.MUC_USER) is None and stamped(got) is None


def test_who_is_not_in_says_nothing(trio, room, folk):
    alice, bob, carol = trio
    dave, = folk.online(1)
    for to, type in ((room, "groupchat"), (room + "/bob", "chat")):
        dave.send(message_to(to, body(words("let me in")), type=type, id="out"))
        assert tuple(Error(dave.expect(message(id="out", type="error")))) == ("cancel", "not-acceptable")
    text = say(alice, room)
    assert body_of(bob.expect(message())) == text


def test_a_room_message_to_an_occupant_is_a_bad_request(trio, room):
    alice, bob, carol = trio
    alice.send(message_to(room + "/bob", body("x"), type="groupchat", id="wrong"))
    assert tuple(Error(alice.expect(message(id="wrong", type="error")))) == ("modify", "bad-request")


def test_private_messages(trio, room):
    alice, bob, carol = trio
    text = words("between us")
    alice.send(message_to(room + "/bob", body(text), type="chat"))
    got = bob.expect(message(body=text, from_=room + "/alice", type="chat"))
    assert child(got, "x", names.MUC_USER) is not None
    alice.send(message_to(room + "/nobody", body("x"), type="chat", id="gone"))
    assert tuple(Error(alice.expect(message(id="gone", type="error")))) == ("cancel", "item-not-found")
    text2 = say(bob, room)
    assert [body_of(each) for each in (carol.expect(message()),)] == [text2]


def test_private_messages_may_be_switched_off(trio, room):
    alice, bob, carol = trio
    configure(alice, room, allowpm="none")
    bob.send(message_to(room + "/carol", body("x"), type="chat", id="pm"))
    assert tuple(Error(bob.expect(message(id="pm", type="error")))) == ("auth", "forbidden")


def test_the_subject(trio, room, folk):
    alice, bob, carol = trio
    bob.send(message_to(room, "<subject>no</subject>", type="groupchat", id="no"))
    assert tuple(Error(bob.expect(message(id="no", type="error")))) == ("auth", "forbidden")
    alice.send(message_to(room, "<subject>Tea</subject>", type="groupchat"))
    for each in trio:
        assert each.expect(subject_of(room, "Tea")).get("from") == room + "/alice"
    dave, = folk.online(1)
    dave.send(entry(room, "dave"))
    got = dave.expect(subject_of(room))
    assert child(got, "subject").text == "Tea" and stamped(got) is not None
    configure(alice, room, changesubject="1")
    bob.send(message_to(room, "<subject>Coffee</subject>", type="groupchat"))
    dave.expect(subject_of(room, "Coffee"))


def history(client):
    return [body_of(each) for each in client.take(message()) if child(each, "body") is not None]


@pytest.mark.parametrize("asked,count", [("", 3), ("<history maxstanzas='2'/>", 2), ("<history maxchars='0'/>", 0),
                                         ("<history seconds='600'/>", 3),
                                         ("<history since='2001-01-01T00:00:00Z'/>", 3),
                                         ("<history since='2999-01-01T00:00:00Z'/>", 0)])
def test_who_enters_reads_what_was_said(trio, room, folk, asked, count):
    alice, bob, carol = trio
    said = [say(alice, room) for _ in range(3)]
    bob.expect(message(body=said[-1]))
    dave, = folk.online(1)
    join(dave, room, "dave", asked)
    old = [each for each in dave.take(message()) if child(each, "body") is not None]
    assert [body_of(each) for each in old] == said[3 - count:]
    assert all(stamped(each).get("from") == room and stanza_id(each, room) for each in old)


def test_invitations_through_the_room_and_their_answer(trio, room, folk):
    alice, bob, carol = trio
    dave, = folk.online(1)
    alice.send(message_to(room, "<x xmlns='%s'><invite to='%s'><reason>tea time</reason></invite></x>" % (
        names.MUC_USER, dave.bare), type=None))
    got = dave.expect(message(from_=room))
    invite = got.find("%s/%s" % (tag(names.MUC_USER, "x"), tag(names.MUC_USER, "invite")))
    assert invite.findtext(tag(names.MUC_USER, "reason")) == "tea time"
    dave.send(message_to(room, "<x xmlns='%s'><decline to='%s'><reason>no time</reason></decline></x>" % (
        names.MUC_USER, invite.get("from")), type=None))
    answer = alice.expect(message(from_=room, has=("x", names.MUC_USER)))
    assert answer.find(".//" + tag(names.MUC_USER, "decline")).get("from") == dave.bare


def test_an_invitation_waits_for_who_is_away(trio, room, folk):
    alice, bob, carol = trio
    account, = folk.accounts(1)
    alice.send(message_to(room, "<x xmlns='%s'><invite to='%s'/></x>" % (names.MUC_USER, account.jid), type=None))
    dave = folk.client(account).login()
    eventually(lambda: archive.history(dave).results)
    dave.available()
    got = dave.expect(message(from_=room))
    assert got.find(".//" + tag(names.MUC_USER, "invite")) is not None and stamped(got) is not None


def test_invitations_make_members_and_are_for_admins_where_only_members_enter(folk, room):
    alice, bob, carol = folk.online(3)
    create(alice, room, membersonly="1")
    alice.send(message_to(room, "<x xmlns='%s'><invite to='%s'/></x>" % (names.MUC_USER, bob.bare), type=None))
    bob.expect(message(from_=room))
    join(bob, room, "bob")
    bob.send(message_to(room, "<x xmlns='%s'><invite to='%s'/></x>" % (names.MUC_USER, carol.bare), type=None, id="i"))
    assert tuple(Error(bob.expect(message(id="i", type="error")))) == ("auth", "forbidden")
    alice.send(message_to(room, "<x xmlns='%s'><invite to='nobody@example.org'/></x>" % names.MUC_USER, type=None, id="n"))
    assert tuple(Error(alice.expect(message(id="n", type="error")))) == ("cancel", "item-not-found")


def test_a_direct_invitation_passes(folk, room):
    alice, bob = folk.online(2)
    alice.send(message_to(bob.bare, "<x xmlns='%s' jid='%s' reason='tea'/>" % (names.CONFERENCE, room), type=None, id="d"))
    assert child(bob.expect(message(id="d")), "x", names.CONFERENCE).get("jid") == room


def test_am_i_still_in(trio, room, folk):
    alice, bob, carol = trio
    assert bob.ask(names.PING, to=room + "/bob", name="ping").get("type") == "result"
    dave, = folk.online(1)
    assert tuple(Error(dave.ask(names.PING, to=room + "/bob", name="ping"))) == ("cancel", "not-acceptable")
    assert tuple(Error(bob.ask(names.PING, to=room + "/nobody", name="ping"))) == ("cancel", "item-not-found")


# --- roles and affiliations (8, 9)

@pytest.mark.tsan
def test_a_kick(trio, room):
    alice, bob, carol = trio
    assert admin(alice, room, nick="bob", role="none", reason="manners").get("type") == "result"
    gone = bob.expect(occupant(room, "bob", "unavailable"))
    assert {"307", "110"} <= codes(gone) and item(gone).findtext(tag(names.MUC_USER, "reason")) == "manners"
    assert item(carol.expect(occupant(room, "bob", "unavailable"))).get("role") == "none"
    join(bob, room, "bob")


def test_a_ban(trio, room):
    alice, bob, carol = trio
    assert admin(alice, room, jid=bob.bare, affiliation="outcast").get("type") == "result"
    gone = bob.expect(occupant(room, "bob", "unavailable"))
    assert "301" in codes(gone) and item(gone).get("affiliation") == "outcast"
    answer, found = listed(alice, room, affiliation="outcast")
    assert [each.get("jid") for each in found] == [bob.bare]
    assert admin(alice, room, jid=bob.bare, affiliation="none").get("type") == "result"
    join(bob, room, "bob")


def test_voice(trio, room):
    alice, bob, carol = trio
    assert admin(alice, room, nick="bob", role="visitor").get("type") == "result"
    assert item(carol.expect(occupant(room, "bob"))).get("role") == "visitor"
    bob.send(message_to(room, body("x"), type="groupchat", id="mute"))
    assert tuple(Error(bob.expect(message(id="mute", type="error")))) == ("auth", "forbidden")
    assert admin(alice, room, nick="bob", role="participant").get("type") == "result"
    carol.expect(message(body=say(bob, room)))


def test_a_request_for_voice(folk, room):
    alice, bob = folk.online(2)
    create(alice, room, "alice", moderatedroom="1")
    assert item(join(bob, room, "bob")).get("role") == "visitor"
    bob.send(message_to(room, form({"muc#role": "participant"}, form_type=names.MUC + "#request"), type=None))
    asked = alice.expect(message(from_=room, has=("x", names.DATA)))
    values = {each.get("var"): each.findtext(tag(names.DATA, "value")) for each in asked.iter(tag(names.DATA, "field"))}
    assert values["muc#roomnick"] == "bob" and values["muc#jid"] == bob.jid
    alice.send(message_to(room, form(dict(values, **{"muc#request_allow": "true"}), form_type=names.MUC + "#request"),
                          type=None))
    assert item(bob.expect(occupant(room, "bob", where=lambda e: item(e).get("role") == "participant"))) is not None


def test_membership_moderators_admins_and_owners(trio, room):
    alice, bob, carol = trio
    for affiliation, role in (("member", "participant"), ("admin", "moderator"), ("owner", "moderator")):
        assert admin(alice, room, jid=bob.bare, affiliation=affiliation).get("type") == "result"
        seen = item(carol.expect(occupant(room, "bob")))
        assert (seen.get("affiliation"), seen.get("role")) == (affiliation, role)
        answer, found = listed(alice, room, affiliation=affiliation)
        assert bob.bare in [each.get("jid") for each in found]
    answer, found = listed(alice, room, role="moderator")
    assert {each.get("nick") for each in found} == {"alice", "bob"}


FORBIDDEN = {
    "kick": dict(nick="carol", role="none"), "mute": dict(nick="carol", role="visitor"),
    "ban": dict(jid="x@example.org", affiliation="outcast"), "member": dict(jid="x@example.org", affiliation="member"),
    "admin": dict(jid="x@example.org", affiliation="admin"), "owner": dict(jid="x@example.org", affiliation="owner"),
    "moderator": dict(nick="carol", role="moderator"),
}


@pytest.mark.parametrize("name", FORBIDDEN)
def test_who_is_nothing_changes_nothing(trio, room, name):
    alice, bob, carol = trio
    assert tuple(Error(admin(bob, room, **FORBIDDEN[name]))) == ("auth", "forbidden")
    assert tuple(Error(bob.ask(names.MUC_OWNER, to=room))) == ("auth", "forbidden")
    assert tuple(Error(configure(bob, room, membersonly="1"))) == ("auth", "forbidden")
    assert tuple(Error(bob.ask(names.MUC_OWNER, to=room, type="set", payload="<destroy/>"))) == ("auth", "forbidden")
    for affiliation in ("outcast", "member", "admin", "owner"):
        assert tuple(Error(listed(bob, room, affiliation=affiliation)[0])) == ("auth", "forbidden")


def test_an_admin_does_not_touch_owners(trio, room):
    alice, bob, carol = trio
    admin(alice, room, jid=bob.bare, affiliation="admin")
    for change in (dict(nick="alice", role="none"), dict(nick="alice", role="visitor"),
                   dict(jid=alice.bare, affiliation="outcast")):
        assert tuple(Error(admin(bob, room, **change))) == ("cancel", "not-allowed")
    for affiliation in ("admin", "owner"):
        assert tuple(Error(admin(bob, room, jid=carol.bare, affiliation=affiliation))) == ("auth", "forbidden")


def test_oneself_and_the_last_owner(trio, room):
    alice, bob, carol = trio
    assert tuple(Error(admin(alice, room, jid=alice.bare, affiliation="outcast"))) == ("cancel", "conflict")
    assert tuple(Error(admin(alice, room, jid=alice.bare, affiliation="member"))) == ("cancel", "conflict")
    assert tuple(Error(admin(alice, room, nick="alice", role="none"))) == ("cancel", "conflict")


@pytest.mark.parametrize("item_,wanted", [
    (dict(nick="nobody", role="none"), ("cancel", "item-not-found")), (dict(role="none"), ("modify", "bad-request")),
    (dict(nick="bob", role="king"), ("modify", "bad-request")), (dict(affiliation="member"), ("modify", "bad-request")),
    (dict(jid="@", affiliation="member"), ("modify", "jid-malformed"))])
def test_items_that_make_no_sense(trio, room, item_, wanted):
    assert tuple(Error(admin(trio[0], room, **item_))) == wanted


# --- the owner (10)

def test_the_form_says_how_the_room_is(folk, room):
    alice, = folk.online(1)
    create(alice, room, roomname="Tea", maxusers="20", whois="anyone")
    answer = alice.ask(names.MUC_OWNER, to=room)
    values = {each.get("var"): each.findtext(tag(names.DATA, "value")) for each in answer.iter(tag(names.DATA, "field"))}
    assert values["FORM_TYPE"] == names.MUC + "#roomconfig"
    assert values["muc#roomconfig_roomname"] == "Tea" and values["muc#roomconfig_maxusers"] == "20"
    assert values["muc#roomconfig_whois"] == "anyone" and values["muc#roomconfig_membersonly"] == "0"


@pytest.mark.parametrize("fields", [dict(membersonly="perhaps"), dict(whois="nobody"), dict(maxusers="-1"),
                                    dict(passwordprotectedroom="1"), dict(roomname="x" * 2000)])
def test_a_configuration_that_makes_no_sense_changes_nothing(folk, room, fields):
    alice, = folk.online(1)
    create(alice, room)
    assert tuple(Error(configure(alice, room, **fields))) == ("modify", "not-acceptable")
    assert {"muc_open", "muc_unsecured", "muc_semianonymous"} <= features(alice, room)


def test_occupants_learn_of_a_change_and_strangers_leave(trio, room):
    alice, bob, carol = trio
    admin(alice, room, jid=bob.bare, affiliation="member")
    configure(alice, room, whois="anyone", membersonly="1")
    told = bob.expect(message(from_=room, has=("x", names.MUC_USER)))
    assert {"104", "172"} <= codes(told)
    assert "322" in codes(carol.expect(occupant(room, "carol", "unavailable")))
    bob.expect(occupant(room, "carol", "unavailable"))
    admin(alice, room, jid=bob.bare, affiliation="none")
    assert "321" in codes(bob.expect(occupant(room, "bob", "unavailable")))


def test_cancelling_the_first_configuration_ends_the_room(folk, room):
    alice, = folk.online(1)
    join(alice, room, "alice")
    alice.ask(names.MUC_OWNER, to=room, type="set", payload="<x xmlns='%s' type='cancel'/>" % names.DATA)
    alice.expect(occupant(room, "alice", "unavailable"))
    assert Error(alice.ask(names.DISCO_INFO, to=room)).condition == "item-not-found"


def test_destroying(trio, room):
    alice, bob, carol = trio
    answer = alice.ask(names.MUC_OWNER, to=room, type="set",
                       payload="<destroy jid='other@rooms.example.org'><reason>moved</reason></destroy>")
    assert answer.get("type") == "result"
    for each, nick in ((alice, "alice"), (bob, "bob"), (carol, "carol")):
        gone = each.expect(occupant(room, nick, "unavailable"))
        destroy = gone.find(".//" + tag(names.MUC_USER, "destroy"))
        assert destroy.get("jid") == "other@rooms.example.org"
        assert destroy.findtext(tag(names.MUC_USER, "reason")) == "moved"
    assert Error(bob.ask(names.DISCO_INFO, to=room)).condition == "item-not-found"


# --- registration (7.10)

def reserve(client, room, nick):
    return client.ask(names.REGISTER, to=room, type="set",
                      payload=form({"muc#register_roomnick": nick}, form_type=names.MUC + "#register"))


def test_members_reserve_nicknames(trio, room, folk):
    alice, bob, carol = trio
    alice.ask(names.MUC_OWNER, to=room, type="set", payload=form({"x-roomconfig_registration": "none"}))
    assert tuple(Error(bob.ask(names.REGISTER, to=room))) == ("cancel", "not-allowed")
    admin(alice, room, jid=bob.bare, affiliation="member")
    assert bob.ask(names.REGISTER, to=room).get("type") == "result"
    assert tuple(Error(reserve(bob, room, "carol"))) == ("cancel", "conflict")
    assert tuple(Error(reserve(bob, room, ""))) == ("modify", "bad-request")
    assert reserve(bob, room, "bobby").get("type") == "result"
    dave, = folk.online(1)
    assert tuple(Error(refusal(dave, room, "bobby"))) == ("cancel", "conflict")
    answer = bob.ask(names.DISCO_INFO, to=room, node="x-roomuser-item")
    assert answer.find(".//" + tag(names.DISCO_INFO, "identity")).get("name") == "bobby"


# --- an ordinary library

def test_slixmpp_talks_in_a_room(folk, server, room):
    from test_clients import Person, talk

    async def scenario(people):
        said = asyncio.Queue()
        for account, nick in zip(folk.accounts(2), ("alice", "bob")):
            person = Person(server, account)
            person.register_plugin("xep_0045")
            people.append(await person.come())
            await asyncio.wait_for(person["xep_0045"].join_muc_wait(slixmpp.JID(room), nick), 20)
            if nick == "alice":
                config = await person["xep_0045"].get_room_config(slixmpp.JID(room))
                await person["xep_0045"].set_room_config(slixmpp.JID(room), config)
        people[1].add_event_handler("groupchat_message", said.put_nowait)
        text = words("hello room")
        people[0].send_message(mto=room, mbody=text, mtype="groupchat")
        heard = await asyncio.wait_for(said.get(), 20)
        assert heard["body"] == text and heard["mucnick"] == "alice"
    talk(server, scenario)
