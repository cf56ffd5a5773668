"""Dino and Pidgin, as Debian has them, each on a desktop of its own (lib/desktop.py): they find the server by its domain, trust it
by its authority, talk, sit in a room, and show what was refused; Dino reads what was said on another device. What they show is
kept as text beside the log. docs/clients.md is written from what is seen here."""

import pytest

from lib.archive import until_kept
from lib.programs import NOTICE, WORD, Dino, Pidgin, bookmark, database_of_dino, prepared, said
from lib.rooms import create, new_room
from lib.stanza import body_of, message, message_to

LONG = 40
pytestmark = pytest.mark.recorder_runs("a program with windows shows no more than it likes")


@pytest.fixture(scope="module")
def server(launch, found_at):
    return launch("desktop-clients", prepare=prepared(found_at))


@pytest.fixture(scope="module")
def dino(server, found_at):
    """dino(account): a Dino that has logged in."""
    empty = database_of_dino(server, found_at)
    return lambda account: Dino(server, account, found_at, empty)


def test_dino_talks_both_ways(folk, keep, dino):
    client = keep(dino(folk.account()))
    bob, = folk.online(1)
    client.look(bob.bare)
    client.type("good evening")
    got = bob.expect(said("good evening"), LONG)
    bob.send(message_to(got.get("from"), "<body>and to you</body>"))
    client.wait_for("and to you")
    client.type("so " + WORD)
    client.wait_for("so " + WORD, "delivery failed")  # the rule's own words are in its log alone
    assert NOTICE in client.said()
    client.type("afterwards")
    bob.expect(said("afterwards"), LONG)
    assert not [each for each in bob.take() if WORD in "".join(each.itertext())]


def test_dino_reads_what_was_said_on_another_device_while_it_was_away(folk, keep, dino):
    account = folk.account()
    client = keep(dino(account))
    bob, = folk.online(1)
    bob.send(message_to(account.jid, "<body>one</body>", type="chat"))
    client.look(bob.bare)
    client.wait_for("one")
    client.leave()
    phone = folk.client(account).online()
    bob.send(message_to(account.jid, "<body>you were away</body>", type="chat"))
    phone.expect(said("you were away"))
    phone.send(message_to(bob.bare, "<body>I was on the phone</body>", type="chat"))
    bob.expect(said("I was on the phone"))
    client.start()
    client.look(bob.bare)
    seen = [each for each in client.wait_for("you were away", "I was on the phone") if each in (
        "one", "you were away", "I was on the phone")]
    assert seen[-3:] == ["one", "you were away", "I was on the phone"]


def test_dino_sits_in_a_room_of_its_bookmarks(folk, server, keep, dino):
    account = folk.account()
    bob, = folk.online(1)
    room = new_room(server)
    create(bob, room, "bob", persistentroom="1")
    bob.send(message_to(room, "<body>before you came</body>", type="groupchat"))
    phone = folk.client(account).online()
    bookmark(phone, room, "di")
    client = keep(dino(account))
    bob.expect(lambda each: each.get("from") == room + "/di", timeout=LONG)
    client.look_into(room)
    client.wait_for("before you came")
    bob.send(message_to(room, "<body>welcome here</body>", type="groupchat"))
    client.wait_for("welcome here")
    client.type("thank you all")
    bob.expect(message(from_=room + "/di", type="groupchat", where=lambda each: body_of(each) == "thank you all"), LONG)
    client.type("so " + WORD)
    client.wait_for("so " + WORD, "delivery failed")
    assert NOTICE in client.said()


def test_pidgin_talks_both_ways(folk, server, found_at, keep):
    account = folk.account()
    bob, = folk.online(1)
    bob.send(message_to(account.jid, "<body>you were away</body>", type="chat"))
    until_kept(bob, "you were away")
    client = keep(Pidgin(server, account, found_at))
    client.wait_for("you were away")
    client.look(bob.bare)
    client.type("not any more")
    got = bob.expect(said("not any more"), LONG)
    bob.send(message_to(got.get("from"), "<body>good to hear</body>", type="chat"))
    client.wait_for("good to hear")
    client.type("so " + WORD)
    client.wait_for("XMPP Message Error", NOTICE)
    client.window("XMPP Message Error")
    client.press("Return")
    client.look(bob.bare)
    client.type("afterwards")
    bob.expect(said("afterwards"), LONG)
    assert not [each for each in bob.take() if WORD in "".join(each.itertext())]


def test_pidgin_sits_in_a_room_of_its_list(folk, server, found_at, keep):
    bob, = folk.online(1)
    room = new_room(server)
    create(bob, room, "bob")
    bob.send(message_to(room, "<body>before you came</body>", type="groupchat"))
    client = keep(Pidgin(server, folk.account(), found_at, room))
    bob.expect(lambda each: each.get("from") == room + "/pi", timeout=LONG)
    client.wait_for("bob: before you came")
    bob.send(message_to(room, "<body>welcome here</body>", type="groupchat"))
    client.wait_for("bob: welcome here")
    client.look_into(room)
    client.type("thank you all")
    bob.expect(message(from_=room + "/pi", type="groupchat", where=lambda each: body_of(each) == "thank you all"), LONG)
    client.type("so " + WORD)
    client.wait_for(NOTICE)
