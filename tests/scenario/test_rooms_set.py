"""What a room's owner sets, and what follows: lists in the configuration, whose presence is shown, a picture (XEP-0486),
whom presence is for, and the ids of stanzas (muc#stable_id)."""

import base64
import hashlib

import pytest

from lib import names, record
from lib.names import tag
from lib.rooms import admin, codes, configure, entry, item, occupant, subject_of
from lib.stanza import Error, message, presence, presence_to

PICTURE = b"\x89PNG not quite"


def lists(owner, room, **fields):
    parts = ["<field var='FORM_TYPE'><value>%s#roomconfig</value></field>" % names.MUC]
    for name, values in fields.items():
        parts.append("<field var='muc#roomconfig_%s'>%s</field>" % (
            name, "".join("<value>%s</value>" % each for each in values)))
    return owner.ask(names.MUC_OWNER, to=room, type="set", payload="<x xmlns='%s' type='submit'>%s</x>" % (
        names.DATA, "".join(parts)))


def field(owner, room, name):
    answer = owner.ask(names.MUC_OWNER, to=room)
    for each in answer.iter(tag(names.DATA, "field")):
        if each.get("var") == "muc#roomconfig_" + name:
            return each.get("type"), [value.text for value in each.findall(tag(names.DATA, "value"))]
    return None


# --- lists

def test_owners_and_admins_are_set_with_the_configuration(trio, room):
    alice, bob, carol = trio
    assert lists(alice, room, roomowners=[alice.bare, carol.bare], roomadmins=[bob.bare]).get("type") == "result"
    assert item(carol.expect(occupant(room, "bob"))).get("affiliation") == "admin"
    assert item(bob.expect(occupant(room, "carol"))).get("affiliation") == "owner"
    kind, owners = field(alice, room, "roomowners")
    assert kind == "jid-multi" and set(owners) == {alice.bare, carol.bare}
    assert lists(carol, room, roomadmins=[]).get("type") == "result"
    assert item(alice.expect(occupant(room, "bob", where=lambda e: item(e).get("affiliation") == "none"))) is not None
    assert field(alice, room, "roomadmins")[1] == [] and set(field(alice, room, "roomowners")[1]) == set(owners)


@pytest.mark.parametrize("fields,wanted", [
    (dict(roomowners=[]), ("cancel", "conflict")),
    (dict(roomowners=["@"]), ("modify", "jid-malformed")),
])
def test_lists_that_cannot_be_change_nothing(trio, room, fields, wanted):
    alice, bob, carol = trio
    assert tuple(Error(lists(alice, room, roomadmins=[bob.bare], **fields))) == wanted
    assert field(alice, room, "roomowners")[1] == [alice.bare] and field(alice, room, "roomadmins")[1] == []


# --- presence

def test_whose_presence_is_shown(trio, room, folk):
    alice, bob, carol = trio
    assert lists(alice, room, presencebroadcast=["moderator"]).get("type") == "result"
    carol.expect(occupant(room, "bob", "unavailable"))
    assert not [each for each in carol.listen(0.3) if each.get("from") == room + "/alice"]
    dave, = folk.online(1)
    dave.send(entry(room, "dave"))
    dave.expect(subject_of(room))
    seen = {each.get("from") for each in dave.inbox if each.tag == tag(names.CLIENT, "presence")}
    assert seen == {room + "/alice", room + "/dave"}
    assert not [each for each in carol.listen(0.3) if each.get("from") == room + "/dave"]
    admin(alice, room, nick="bob", role="moderator")
    assert item(carol.expect(occupant(room, "bob"))).get("role") == "moderator"
    admin(alice, room, nick="bob", role="participant")
    carol.expect(occupant(room, "bob", "unavailable"))
    assert item(bob.expect(occupant(room, "bob", where=lambda e: item(e).get("role") == "participant"))) is not None
    assert lists(alice, room, presencebroadcast=["moderator", "participant", "visitor"]).get("type") == "result"
    carol.expect(occupant(room, "bob"))


def test_presence_says_whom_it_is_for_and_which_it_answers(trio, room):
    alice, bob, carol = trio
    bob.send(presence_to(room + "/bob", None, "<show>away</show>", id="shown"))
    for each in (bob, carol):
        seen = each.expect(occupant(room, "bob"))
        assert seen.get("to") == each.jid and seen.get("id") == "shown"
    bob.send(presence_to(room + "/bob", "unavailable", id="left"))
    assert bob.expect(occupant(room, "bob", "unavailable")).get("id") == "left"


def test_who_answers_with_an_error_is_out(trio, room):
    alice, bob, carol = trio
    bob.send(presence_to(room + "/bob", "error", "<error type='cancel'><gone xmlns='%s'/></error>" % names.STANZA_ERROR))
    assert codes(carol.expect(occupant(room, "bob", "unavailable"))) == {"333"}


def test_who_destroys_a_room_is_out_before_it_is_done(trio, room):
    alice, bob, carol = trio
    alice.raw("<iq type='set' id='end' to='%s'><query xmlns='%s'><destroy jid='x@example.org'><password>p</password>"
              "</destroy></query></iq>" % (room, names.MUC_OWNER))
    first = alice.next()
    assert first.get("type") == "unavailable" and first.find(".//" + tag(names.MUC_USER, "destroy")) is not None
    assert alice.next().get("id") == "end"


# --- asking

def test_strangers_ask_occupants_nothing(trio, room, folk):
    dave, = folk.online(1)
    for namespace in (names.DISCO_INFO, names.DISCO_ITEMS):
        assert tuple(Error(dave.ask(namespace, to=room + "/alice"))) == ("modify", "bad-request")
    assert tuple(Error(dave.ask(names.PING, to=room + "/alice", name="ping"))) == ("cancel", "not-acceptable")


def test_a_change_that_is_none_is_allowed(trio, room):
    alice, bob, carol = trio
    assert admin(alice, room, nick="bob", affiliation="admin").get("type") == "result"
    assert admin(bob, room, nick="alice", role="moderator").get("type") == "result"


# --- the picture

def vcard(*pictures):
    return "<vCard xmlns='vcard-temp'>%s</vCard>" % "".join(
        "<PHOTO><TYPE>image/png</TYPE><BINVAL>%s</BINVAL></PHOTO>" % base64.b64encode(each).decode() for each in pictures)


def hashes(client, room):
    answer = client.ask(names.DISCO_INFO, to=room)
    for each in answer.iter(tag(names.DATA, "field")):
        if each.get("var") == "muc#roominfo_avatarhash":
            return [value.text for value in each.findall(tag(names.DATA, "value"))]
    return []


def test_an_owner_gives_the_room_a_picture(server, trio, room, folk):
    alice, bob, carol = trio
    assert tuple(Error(bob.iq("set", vcard(PICTURE), to=room))) == ("auth", "forbidden")
    assert configure(alice, room, persistentroom="1").get("type") == "result"
    bob.take()
    assert alice.iq("set", vcard(PICTURE, b"other"), to=room).get("type") == "result"
    assert "104" in codes(bob.expect(message(from_=room)))
    wanted = [hashlib.sha1(each).hexdigest() for each in (PICTURE, b"other")]
    assert bob.expect(presence(from_=room)).findtext(".//{vcard-temp:x:update}photo") == wanted[0]
    assert hashes(bob, room) == wanted
    account = bob.account
    server.restart()
    bob = folk.client(account).online()
    assert hashes(bob, room) == wanted
    got = bob.iq("get", "<vCard xmlns='vcard-temp'/>", to=room)
    assert [base64.b64decode(each.text) for each in got.iter("{vcard-temp}BINVAL")] == [PICTURE, b"other"]
    bob.send(entry(room, "bob"))
    assert bob.expect(presence(from_=room)).findtext(".//{vcard-temp:x:update}photo") == wanted[0]
    assert [line for line in record.entries(server.dir / "record") if "BINVAL" in line.get("stanza", "")
            and line.get("room") == room]


def test_a_picture_is_taken_away(trio, room):
    alice, bob, carol = trio
    alice.iq("set", vcard(PICTURE), to=room)
    assert len(hashes(bob, room)) == 1
    assert alice.iq("set", "<vCard xmlns='vcard-temp'/>", to=room).get("type") == "result"
    assert hashes(bob, room) == []
    assert not list(bob.iq("get", "<vCard xmlns='vcard-temp'/>", to=room).iter("{vcard-temp}PHOTO"))
