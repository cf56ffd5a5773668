"""What a room has become is there again: after kill -9 while the store had none of it, by the record alone; and after the
store has refused it, when it takes it again."""

import contextlib
import sqlite3

import pytest

from lib import names
from lib.archive import history
from lib.client import Client
from lib.names import tag
from lib.record import eventually
from lib.rooms import admin, configure, create, entry, join, listed, new_room, occupant, say, subject_of
from lib.standstill import store_held
from lib.stanza import Error, body_of, child, message, message_to, stanza_id

REFUSED = "the store did not keep a change of a room"


@pytest.fixture(scope="module")
def server(launch):
    return launch("rooms-replay")


def config(owner, room):
    answer = owner.ask(names.MUC_OWNER, to=room)
    return {each.get("var"): each.findtext(tag(names.DATA, "value")) for each in answer.iter(tag(names.DATA, "field"))}


def on_list(owner, room, affiliation):
    return [each.get("jid") for each in listed(owner, room, affiliation=affiliation)[1]]


@pytest.fixture
def pair(folk, room):
    """An owner and one more in a room that stays and that the store has."""
    alice, bob = folk.online(2)
    create(alice, room, "alice", persistentroom="1", roomname="Before")
    join(bob, room, "bob")
    alice.expect(occupant(room, "bob"))
    return alice, bob


def change_all(alice, room):
    """Everything that is kept of a room, each another way."""
    assert configure(alice, room, roomname="After", moderatedroom="1").get("type") == "result"
    assert admin(alice, room, jid="one@example.org", affiliation="member", nick="uno", reason="tea").get("type") == "result"
    assert admin(alice, room, jid="two@example.org", affiliation="outcast").get("type") == "result"
    assert alice.iq("set", "<vCard xmlns='vcard-temp'><FN>Tea</FN></vCard>", to=room).get("type") == "result"
    alice.send(message_to(room, "<subject>What is for tea</subject>", type="groupchat"))
    alice.expect(subject_of(room, "What is for tea"))


def see_all(alice, room):
    now = config(alice, room)
    assert now["muc#roomconfig_roomname"] == "After" and now["muc#roomconfig_moderatedroom"] == "1"
    answer, found = listed(alice, room, affiliation="member")
    assert [(each.get("jid"), each.get("nick")) for each in found] == [("one@example.org", "uno")]
    assert found[0].findtext(tag(names.MUC_ADMIN, "reason")) == "tea"
    assert on_list(alice, room, "outcast") == ["two@example.org"]
    assert alice.iq("get", "<vCard xmlns='vcard-temp'/>", to=room).findtext(".//{vcard-temp}FN") == "Tea"
    alice.send(entry(room, "alice"))
    got = alice.expect(subject_of(room))
    assert child(got, "subject").text == "What is for tea" and got.get("from") == room + "/alice"


def test_what_the_store_never_got_comes_from_the_record(server, room, pair):
    alice, bob = pair
    with store_held(server):
        change_all(alice, room)
        server.kill_tree()
    server.start()
    see_all(Client(server, alice.account).online(), room)


def test_a_room_that_the_store_never_got_is_there_again_with_its_owner(folk, server, room):
    """One that does not stay is not."""
    alice, bob = folk.online(2)
    ends = new_room(server)
    with store_held(server):
        create(alice, room, "alice", persistentroom="1", roomname="New", membersonly="1")
        assert admin(alice, room, jid=bob.bare, affiliation="admin").get("type") == "result"
        said = say(alice, room, "the first word")
        alice.expect(message(body=said))
        create(alice, ends, "alice")
        server.kill_tree()
    server.start()
    alice, bob = [Client(server, each.account).online() for each in (alice, bob)]
    assert config(alice, room)["muc#roomconfig_roomname"] == "New"
    assert on_list(alice, room, "owner") == [alice.bare] and on_list(alice, room, "admin") == [bob.bare]
    eventually(lambda: history(alice, to=room).bodies == [said])
    assert Error(alice.ask(names.DISCO_INFO, to=ends)).condition == "item-not-found"
    server.restart()
    alice = Client(server, alice.account).online()
    assert config(alice, room)["muc#roomconfig_roomname"] == "New"


def test_a_room_that_was_destroyed_does_not_come_back(server, room, pair):
    alice, bob = pair
    with store_held(server):
        assert alice.ask(names.MUC_OWNER, to=room, type="set", payload="<destroy/>").get("type") == "result"
        server.kill_tree()
    server.start()
    alice = Client(server, alice.account).online()
    assert Error(alice.ask(names.DISCO_INFO, to=room)).condition == "item-not-found"
    server.restart()
    alice = Client(server, alice.account).online()
    assert Error(alice.ask(names.DISCO_INFO, to=room)).condition == "item-not-found"


@pytest.mark.parametrize("by", ["author", "moderator"])
def test_what_was_taken_back_stays_so(server, room, pair, by):
    alice, bob = pair
    text = say(bob, room, "rude")
    id = stanza_id(alice.expect(message(body=text)), room)
    eventually(lambda: history(alice, to=room).bodies == [text])
    with store_held(server):
        if by == "author":
            bob.send(message_to(room, "<retract xmlns='%s' id='%s'/>" % (names.RETRACT, id), type="groupchat", id="r"))
            alice.expect(message(id="r"))
        else:
            alice.raw("<iq type='set' id='m' to='%s'><moderate xmlns='%s' id='%s'><retract xmlns='%s'/></moderate></iq>" % (
                room, names.MODERATE, id, names.RETRACT))
            eventually(lambda: any(id in path.read_text(errors="replace") and "moderate:1" in path.read_text(errors="replace")
                                   for path in (server.dir / "record").rglob("*.jsonl")))
        server.kill_tree()
    server.start()
    alice = Client(server, alice.account).online()
    page = history(alice, to=room)
    assert text not in page.bodies
    assert page.results[0].find(".//" + tag(names.RETRACT, "retracted")) is not None
    alice.send(entry(room, "alice"))
    alice.expect(subject_of(room))
    assert text not in [body_of(each) for each in alice.inbox]


def test_what_the_store_refused_is_saved_again(server, room, pair):
    alice, bob = pair
    before = server.log.read_text(errors="replace").count(REFUSED)
    with store_held(server):
        change_all(alice, room)
        eventually(lambda: server.log.read_text(errors="replace").count(REFUSED) > before, 15)
        assert admin(alice, room, jid="three@example.org", affiliation="admin").get("type") == "result"

    def kept():
        with contextlib.closing(sqlite3.connect("file:%s?mode=ro" % (server.dir / "store/gatehouse.db"), uri=True)) as store:
            rows = store.execute("SELECT count(*) FROM room_affiliation WHERE room = ?", (room,)).fetchone()
        return rows[0] == 4
    eventually(kept, 15)
    server.restart()
    alice = Client(server, alice.account).online()
    see_all(alice, room)
    assert on_list(alice, room, "admin") == ["three@example.org"]
