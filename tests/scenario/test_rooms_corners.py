"""Rooms by the letter (XEP-0045): who thinks to be in and is not, a founder who goes, exact status codes, lists for whom they
are, reserved nicknames, voice among equals, banned domains, what is asked of many at once, and the end of the service."""

import signal

import pytest

from lib import names
from lib.names import tag
from lib.rooms import (admin, codes, configure, create, entry, form, item, join, listed, occupant, refusal, say,
                       subject_of)
from lib.stanza import Error, body, body_of, child, element, message, message_to, presence_to, words

SEEN = "the names of roles are in what everybody has seen before"


def status(client, room):
    """The codes of the room's next notice."""
    return codes(client.expect(message(from_=room, has=("x", names.MUC_USER))))


# --- entering and leaving

def test_who_thinks_to_be_in_and_is_not_is_put_out(trio, room, folk):
    alice, bob, carol = trio
    dave, = folk.online(1)
    dave.send(presence_to(room + "/dave", None, "<show>away</show>", id="lost"))
    out = dave.expect(occupant(room, "dave", "unavailable"))
    assert codes(out) == {"110", "307", "333"} and out.get("id") == "lost" and out.get("to") == dave.jid
    assert (item(out).get("affiliation"), item(out).get("role")) == ("none", "none")
    text = say(alice, room)
    assert body_of(carol.next()) == text
    join(dave, room, "dave")


def test_entering_anew_under_another_nickname(trio, room):
    alice, bob, carol = trio
    bob.send(entry(room, "robert"))
    bob.expect(occupant(room, "robert", where=lambda e: "110" in codes(e)))
    bob.expect(subject_of(room))
    assert {"alice", "carol"} <= {each.get("from").split("/")[1] for each in bob.inbox
                                  if each.tag == tag(names.CLIENT, "presence")}
    assert "303" in codes(carol.expect(occupant(room, "bob", "unavailable")))


@pytest.mark.parametrize("asked", [True, False], ids=["with the form", "without"])
def test_a_founder_who_leaves_unfinished_ends_the_room(folk, room, asked):
    """10.1.3 has <destroy/> for who was given the form; others have left, and the room is gone with them."""
    alice, bob = folk.online(2)
    join(alice, room, "alice")
    if asked:
        assert alice.ask(names.MUC_OWNER, to=room).get("type") == "result"
    alice.send(presence_to(room + "/alice", "unavailable", id="bye"))
    gone = alice.expect(occupant(room, "alice", "unavailable"))
    assert (gone.find(".//" + tag(names.MUC_USER, "destroy")) is not None) == asked and "110" in codes(gone)
    assert gone.get("id") == "bye"  # stable ids: whoever waits for the reflection of his own presence finds it
    assert Error(bob.ask(names.DISCO_INFO, to=room)).condition == "item-not-found"


# --- the subject and private messages

@pytest.mark.parametrize("extra", ["<body>b</body>", "<thread>t</thread>"])
def test_a_subject_with_something_else_is_a_message(trio, room, extra):
    alice, bob, carol = trio
    bob.send(message_to(room, "<subject>no subject</subject>" + extra, type="groupchat", id="s"))
    assert child(carol.expect(message(id="s", from_=room + "/bob")), "subject").text == "no subject"
    join(carol, room, "carol")
    answer = alice.ask(names.DISCO_INFO, to=room)
    subject = [each for each in answer.iter(tag(names.DATA, "field")) if each.get("var") == "muc#roominfo_subject"]
    assert not subject[0].findtext(tag(names.DATA, "value"))


@pytest.mark.recorder_runs(SEEN)
@pytest.mark.parametrize("allowed,participant,moderator", [
    ("anyone", True, True), ("participants", True, True), ("moderators", False, True), ("none", False, False)])
def test_who_may_send_private_messages(trio, room, allowed, participant, moderator):
    alice, bob, carol = trio
    configure(alice, room, allowpm=allowed)
    for sender, to, may in ((bob, "alice", participant), (alice, "bob", moderator)):
        sender.send(message_to("%s/%s" % (room, to), body(words("psst")), type="chat", id="pm"))
        if may:
            (alice if to == "alice" else bob).expect(message(id="pm", type="chat"))
        else:
            assert tuple(Error(sender.expect(message(id="pm", type="error")))) == ("auth", "forbidden")


# --- what a configuration says to those who are in

def test_a_change_has_its_own_code(trio, room):
    alice, bob, carol = trio
    for fields, wanted in ((dict(whois="anyone"), {"172"}), (dict(whois="moderators"), {"173"}),
                           (dict(enablelogging="0"), {"171"}), (dict(enablelogging="1"), {"170"}),
                           (dict(roomname="Tea"), {"104"}), (dict(whois="anyone", roomname="T"), {"104", "172"})):
        assert configure(alice, room, **fields).get("type") == "result"
        assert status(bob, room) == wanted, fields


def test_an_address_of_a_node_and_the_subject_are_told(trio, room):
    alice, bob, carol = trio
    configure(alice, room, pubsub="xmpp:pubsub.example.org?;node=tea", changesubject="1")
    answer = bob.ask(names.DISCO_INFO, to=room)
    values = {each.get("var"): each.findtext(tag(names.DATA, "value")) for each in answer.iter(tag(names.DATA, "field"))}
    assert values["muc#roomconfig_pubsub"] == "xmpp:pubsub.example.org?;node=tea"
    assert values["muc#roomconfig_changesubject"] == values["muc#roominfo_subjectmod"] == "1"


# --- lists

def members(client, room):
    answer, found = listed(client, room, affiliation="member")
    return {each.get("jid") for each in found} if answer.get("type") == "result" else tuple(Error(answer))


def test_whom_the_list_of_members_is_for(trio, room, folk):
    alice, bob, carol = trio
    dave, = folk.online(1)
    admin(alice, room, jid=dave.bare, affiliation="member")
    assert members(bob, room) == ("auth", "forbidden")
    shown = form({"muc#roomconfig_getmemberlist": "participant"})
    assert alice.ask(names.MUC_OWNER, to=room, type="set", payload=shown).get("type") == "result"
    assert members(bob, room) == {dave.bare} and members(dave, room) == ("auth", "forbidden")
    configure(alice, room, whois="anyone")
    assert members(dave, room) == {dave.bare}  # a member who is not in
    assert tuple(Error(listed(bob, room, affiliation="outcast")[0])) == ("auth", "forbidden")


def test_a_reserved_nickname_is_given_kept_and_taken_away(trio, room):
    alice, bob, carol = trio

    def reserved():
        return [each.get("nick") for each in listed(alice, room, affiliation="member")[1]]
    admin(alice, room, jid=bob.bare, affiliation="member", nick="bobby")
    assert reserved() == ["bobby"]
    assert tuple(Error(admin(alice, room, jid=carol.bare, affiliation="member", nick="bobby"))) == ("cancel", "conflict")
    admin(alice, room, jid=bob.bare, affiliation="member", reason="again")
    assert reserved() == ["bobby"]
    admin(alice, room, jid=bob.bare, affiliation="member", nick="")
    assert reserved() == [None]
    admin(alice, room, jid=bob.bare, affiliation="member", nick="bobby")
    assert admin(alice, room, jid=bob.bare, affiliation="outcast", nick="bobby").get("type") == "result"
    assert [each.get("nick") for each in listed(alice, room, affiliation="outcast")[1]] == [None]


def test_who_becomes_a_member_of_a_closed_room_is_invited(folk, room):
    alice, bob, carol = folk.online(3)
    create(alice, room, "alice", membersonly="1", passwordprotectedroom="1", roomsecret="earl")
    assert admin(alice, room, jid=bob.bare, affiliation="member", reason="likes tea").get("type") == "result"
    got = bob.expect(message(from_=room))
    invite = got.find("%s/%s" % (tag(names.MUC_USER, "x"), tag(names.MUC_USER, "invite")))
    assert invite.get("from") == room + "/alice" and invite.findtext(tag(names.MUC_USER, "reason")) == "likes tea"
    assert got.findtext(".//" + tag(names.MUC_USER, "password")) == "earl"
    assert admin(alice, room, jid=bob.bare, affiliation="admin").get("type") == "result"
    assert admin(alice, room, jid="nobody@example.org", affiliation="member").get("type") == "result"
    other = "open-" + room
    create(alice, other, "alice")
    assert admin(alice, other, jid=bob.bare, affiliation="member").get("type") == "result"
    for each in (room, other):  # what the room says to him comes in its order; an invitation by hand is the last of it
        alice.send(message_to(each, "<x xmlns='%s'><invite to='%s'><reason>by hand</reason></invite></x>" % (
            names.MUC_USER, bob.bare), type=None))
        assert bob.expect(message(from_=each)).findtext(".//" + tag(names.MUC_USER, "reason")) == "by hand"


def test_a_whole_domain_is_banned(trio, room, folk):
    alice, bob, carol = trio
    admin(alice, room, jid=carol.bare, affiliation="member")
    admin(alice, room, jid="second.example", affiliation="outcast")
    guest = folk.client(folk.account("second.example")).online()
    assert tuple(Error(refusal(guest, room, "guest"))) == ("auth", "forbidden")
    admin(alice, room, jid="second.example", affiliation="none")
    join(guest, room, "guest")
    assert admin(alice, room, jid="example.org", affiliation="outcast").get("type") == "result"
    assert "301" in codes(bob.expect(occupant(room, "bob", "unavailable")))
    carol.expect(occupant(room, "bob", "unavailable"))
    text = say(carol, room)  # has an affiliation of her own, as the owner has
    guest.expect(message(body=text))


@pytest.mark.recorder_runs(SEEN)
def test_voice_among_equals(trio, room):
    alice, bob, carol = trio
    admin(alice, room, nick="bob", role="moderator")
    assert tuple(Error(admin(bob, room, nick="carol", role="visitor"))) == ("cancel", "not-allowed")
    admin(alice, room, jid=bob.bare, affiliation="member")
    admin(alice, room, nick="bob", role="moderator")
    assert admin(bob, room, nick="carol", role="visitor").get("type") == "result"
    assert admin(bob, room, nick="carol", role="participant").get("type") == "result"


@pytest.mark.recorder_runs(SEEN)
def test_a_role_or_an_affiliation_but_not_both(trio, room):
    assert tuple(Error(admin(trio[0], room, nick="bob", role="participant", affiliation="member"))) == (
        "modify", "bad-request")


@pytest.mark.recorder_runs(SEEN)
def test_items_are_done_all_or_none(trio, room):
    alice, bob, carol = trio
    both = element("item", "", jid=bob.bare, affiliation="member") + element("item", "", jid=alice.bare, affiliation="none")
    answer = alice.ask(names.MUC_ADMIN, to=room, type="set", payload=both)
    assert tuple(Error(answer)) == ("cancel", "conflict") and members(alice, room) == set()
    admin(alice, room, jid=bob.bare, affiliation="owner")
    both = element("item", "", jid=bob.bare, affiliation="none") + element("item", "", jid=alice.bare, affiliation="none")
    assert tuple(Error(alice.ask(names.MUC_ADMIN, to=room, type="set", payload=both))) == ("cancel", "conflict")
    twice = element("item", "", nick="carol", role="none") * 2
    assert alice.ask(names.MUC_ADMIN, to=room, type="set", payload=twice).get("type") == "result"
    assert "307" in codes(bob.expect(occupant(room, "carol", "unavailable")))


def test_who_changes_something_learns_that_it_is_done_before_others_see_it(trio, room):
    alice, bob, carol = trio
    for number, change in enumerate(("nick='bob' role='visitor'", "jid='%s' affiliation='member'" % carol.bare,
                                     "nick='bob' role='none'", "jid='%s' affiliation='outcast'" % carol.bare)):
        alice.raw("<iq type='set' id='c%d' to='%s'><query xmlns='%s'><item %s/></query></iq>" % (
            number, room, names.MUC_ADMIN, change))
        assert alice.next().get("id") == "c%d" % number
        assert alice.next().tag == tag(names.CLIENT, "presence")


# --- the end of the service

def test_who_is_in_learns_that_the_service_stops(server, folk, room):
    alice, bob = folk.online(2)
    create(alice, room, "alice")
    join(bob, room, "bob")
    server.process.send_signal(signal.SIGTERM)
    for each, nick in ((alice, "alice"), (bob, "bob")):
        gone = each.expect(occupant(room, nick, "unavailable"))
        assert codes(gone) == {"110", "332"} and item(gone).get("role") == "none"
        assert each.stream_error() == "system-shutdown"
    assert server.process.wait(20) == 0
    server.restart()
