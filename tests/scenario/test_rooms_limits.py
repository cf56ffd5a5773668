"""What rooms cost is bounded: how many one person makes, what a room remembers and shows to who enters."""

import pytest

from lib import names
from lib.client import Client
from lib.command import administrator
from lib.folk import Folk
from lib.rooms import admin, codes, create, entry, join, new_room, occupant, refusal, say, subject_of
from lib.stanza import Error, body_of, message, presence, presence_to
from lib.xmlstream import show

SHARE = 3
HISTORY = 4096
PRESENCE = 1024
TOO_MANY = ("wait", "resource-constraint")


@pytest.fixture(scope="module")
def server(launch):
    return launch("rooms-limits", {"rooms": {"max_by_person": SHARE, "history_bytes": HISTORY, "presence_bytes": PRESENCE}})


def make(client, room, persistent="1"):
    create(client, room, "owner", persistentroom=persistent)
    return room


def make_share(client, server):
    return [make(client, new_room(server)) for _ in range(SHARE)]


def destroy(client, room):
    assert client.ask(names.MUC_OWNER, to=room, type="set", payload="<destroy/>").get("type") == "result"


# --- how many

def test_one_person_makes_so_many_rooms_and_others_are_not_concerned(folk, server):
    alice, bob = folk.online(2)
    rooms = make_share(alice, server)
    assert tuple(Error(refusal(alice, new_room(server), "owner"))) == TOO_MANY
    make(bob, new_room(server))
    join(alice, make(bob, new_room(server)), "guest")
    destroy(alice, rooms[0])
    make(alice, new_room(server))
    assert tuple(Error(refusal(alice, new_room(server), "owner"))) == TOO_MANY


def test_a_room_that_ends_with_who_is_in_it_counts_as_long_as_it_is_there(folk, server):
    alice, = folk.online(1)
    rooms = [make(alice, new_room(server), persistent="0") for _ in range(SHARE)]
    assert tuple(Error(refusal(alice, new_room(server), "owner"))) == TOO_MANY
    alice.send(presence_to(rooms[0] + "/owner", "unavailable"))
    alice.expect(occupant(rooms[0], "owner", "unavailable"))
    make(alice, new_room(server), persistent="0")


def test_a_room_counts_against_who_has_made_it_whomever_it_is_given_to(folk, server):
    alice, bob = folk.online(2)
    for room in make_share(alice, server):
        assert admin(alice, room, jid=bob.bare, affiliation="owner").get("type") == "result"
        assert admin(bob, room, jid=alice.bare, affiliation="none").get("type") == "result"
    assert tuple(Error(refusal(alice, new_room(server), "owner"))) == TOO_MANY
    make_share(bob, server)  # being made an owner takes nothing from one's own share


def test_many_at_once_are_no_more_than_one_may_have(folk, server):
    alice, = folk.online(1)
    rooms = [new_room(server) for _ in range(4 * SHARE)]  # on all loops
    alice.raw("".join(entry(room, "owner") for room in rooms))
    answers = [alice.expect(presence(from_=room + "/owner", where=lambda e: e.get("type") == "error" or "110" in codes(e)))
               for room in rooms]
    made = [each for each in answers if each.get("type") != "error"]
    assert len(made) == SHARE
    assert {tuple(Error(each)) for each in answers if each.get("type") == "error"} == {TOO_MANY}


def test_who_owns_all_rooms_may_make_more(server):
    boss = administrator(server)
    for _ in range(SHARE + 1):
        make(boss, new_room(server))


def test_they_count_after_a_restart(server, launch):
    server = launch("rooms-limits-restart", {"rooms": {"max_by_person": SHARE}})
    alice, bob = Folk(server).online(2)
    rooms = make_share(alice, server)
    assert admin(alice, rooms[0], jid=bob.bare, affiliation="owner").get("type") == "result"
    server.restart()
    alice, bob = [Client(server, each.account).online() for each in (alice, bob)]
    assert tuple(Error(refusal(alice, new_room(server), "owner"))) == TOO_MANY
    make_share(bob, server)
    destroy(alice, rooms[0])
    make(alice, new_room(server))


# --- what is remembered

def remembered(client, room, inside=""):
    """What is shown to who enters of what was said: texts and the size of all."""
    client.send(entry(room, "guest", inside))
    client.expect(occupant(room, "guest", where=lambda e: "110" in codes(e)))
    got = []
    while True:
        each = client.expect(message(from_=None, where=lambda e: e.get("from").startswith(room)))
        if subject_of(room)(each):
            break
        got.append(each)
    client.send(presence_to(room + "/guest", "unavailable"))
    client.expect(occupant(room, "guest", "unavailable"))
    return [body_of(each) for each in got], sum(len(show(each)) for each in got)


def test_what_is_shown_on_entering_has_a_size(launch):
    server = launch("rooms-limits-history", {"rooms": {"history_bytes": HISTORY}})
    alice, bob = Folk(server).online(2)
    room = new_room(server)
    create(alice, room, "owner", persistentroom="1")
    said = [say(alice, room, "w" * 600) for _ in range(12)]
    alice.expect(message(body=said[-1]))
    texts, size = remembered(bob, room)
    assert texts and texts == said[-len(texts):] and len(texts) < 12
    assert size < HISTORY + 1000  # our spelling of it is not the server's
    assert remembered(bob, room, "<history maxchars='1000000' maxstanzas='50'/>")[0] == texts
    long = say(alice, room, "w" * 6000)
    alice.expect(message(body=long))
    assert remembered(bob, room)[0] == texts  # it would leave no place for any other
    server.restart()
    bob = Client(server, bob.account).online()
    texts, size = remembered(bob, room)
    assert size < HISTORY + 1000


def test_presence_in_a_room_has_a_size(folk, server):
    alice, bob = folk.online(2)
    room = make(alice, new_room(server))
    status = "<status>%s</status>" % ("s" * PRESENCE)
    bob.send(entry(room, "bob", extra=status))
    refused = bob.expect(presence(type="error", from_=room + "/bob"))
    assert tuple(Error(refused)) == ("modify", "policy-violation")
    join(bob, room, "bob")
    alice.expect(occupant(room, "bob"))
    bob.send(presence_to(room + "/bob", None, status))
    assert tuple(Error(bob.expect(presence(type="error", from_=room + "/bob")))) == ("modify", "policy-violation")
    bob.send(presence_to(room + "/bob", None, "<status>short</status>"))
    assert alice.expect(occupant(room, "bob")).findtext("{%s}status" % names.CLIENT) == "short"
