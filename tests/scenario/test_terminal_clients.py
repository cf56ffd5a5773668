"""mcabber, finch and profanity, as Debian has them, in terminals: they log in over TLS with the server's certificate trusted, talk,
sit in a room, and show why something was refused; profanity reads what was said on another device. What they show is kept as text
beside the log. docs/clients.md is written from what is seen here. (Two profanities that talk are in test_clients.py.)"""

import pytest

from lib import names
from lib.archive import until_kept
from lib.names import tag
from lib.programs import NOTICE, WORD, Finch, Mcabber, Profanity, prepared, said
from lib.rooms import create, join, new_room
from lib.stanza import body_of, message, message_to

pytestmark = pytest.mark.recorder_runs("a terminal shows no more than it likes")


@pytest.fixture(scope="module")
def server(launch):
    return launch("terminal-clients", {"sasl": {"plain": True}}, prepare=prepared())


def test_mcabber_talks_both_ways(folk, server, keep):
    account = folk.account()
    client = keep(Mcabber(server, account))
    bob, = folk.online(1)
    client.tell(bob.bare, "good evening")
    got = bob.expect(said("good evening"))
    assert got.get("from").startswith(account.jid + "/")
    bob.send(message_to(got.get("from"), "<body>and to you</body>"))
    client.look(bob.bare)
    client.wait_for("and to you")


def test_two_mcabbers_talk(folk, server, keep):
    accounts = folk.accounts(2)
    one, two = [keep(Mcabber(server, account)) for account in accounts]
    one.tell(accounts[1].jid, "shall we meet")
    two.look(accounts[0].jid)
    two.wait_for("shall we meet")
    two.tell(accounts[0].jid, "at noon")
    one.look(accounts[1].jid)
    one.wait_for("at noon")


def test_mcabber_shows_why_something_was_refused(folk, server, keep):
    client = keep(Mcabber(server, folk.account()))
    bob, = folk.online(1)
    client.tell(bob.bare, "so " + WORD)
    client.look(bob.bare)
    client.wait_for(NOTICE)
    client.tell(bob.bare, "afterwards")
    bob.expect(said("afterwards"))
    assert not bob.take(lambda each: WORD in (body_of(each) or "") if each.tag == tag(names.CLIENT, "message") else False)


def test_mcabber_sits_in_a_room(folk, server, keep):
    client = keep(Mcabber(server, folk.account()))
    bob, carol = folk.online(2)
    room = new_room(server)
    create(bob, room, "bob")
    join(carol, room, "carol")
    client.enter(room)
    bob.expect(lambda each: each.get("from") == room + "/mc")
    bob.send(message_to(room, "<body>welcome here</body>", type="groupchat"))
    client.wait_for("welcome here")
    client.type("thank you all")
    for each in (bob, carol):
        each.expect(message(from_=room + "/mc", type="groupchat", where=lambda e: body_of(e) == "thank you all"))
    client.type("so " + WORD)
    client.wait_for(NOTICE)


def test_what_came_meanwhile_waits_for_mcabber(folk, server, keep):
    account = folk.account()
    bob, = folk.online(1)
    bob.send(message_to(account.jid, "<body>you were away</body>"))
    until_kept(bob, "you were away")
    client = keep(Mcabber(server, account))
    client.look(bob.bare)
    client.wait_for("you were away")


# --- finch

def test_finch_talks_both_ways(folk, server, keep):
    account = folk.account()
    bob, = folk.online(1)
    bob.send(message_to(account.jid, "<body>you were away</body>"))
    until_kept(bob, "you were away")  # a window opens with it
    finch = keep(Finch(server, account))
    finch.wait_for("you were away")
    finch.next_window()
    finch.type("not any more")
    got = bob.expect(said("not any more"))
    assert got.get("from") == account.jid + "/finch"
    bob.send(message_to(got.get("from"), "<body>good to hear</body>"))
    finch.wait_for("good to hear")
    finch.type("so " + WORD)
    finch.wait_for("XMPP Message Error")  # a dialog behind the conversation
    finch.next_window()
    finch.wait_for(NOTICE)
    finch.press("Enter")  # and it closes
    finch.wait_for("so " + WORD)
    finch.type("afterwards")
    bob.expect(said("afterwards"))
    assert not [each for each in bob.take() if WORD in "".join(each.itertext())]


def test_finch_sits_in_a_room(folk, server, keep):
    bob, = folk.online(1)
    room = new_room(server)
    create(bob, room, "bob")
    finch = keep(Finch(server, folk.account(), room))
    bob.expect(lambda each: each.get("from") == room + "/fi", timeout=20)
    bob.send(message_to(room, "<body>welcome here</body>", type="groupchat"))
    finch.wait_for(room.split("@")[0] + " (")
    finch.next_window()
    finch.wait_for("welcome here")
    finch.type("thank you all")
    bob.expect(message(from_=room + "/fi", type="groupchat", where=lambda each: body_of(each) == "thank you all"))


# --- profanity

def test_profanity_reads_what_was_said_on_another_device_while_it_was_away(folk, server, keep):
    account = folk.account()
    bob, = folk.online(1)
    phone = folk.client(account).online()
    bob.send(message_to(account.jid, "<body>you were away</body>", type="chat"))
    phone.expect(said("you were away"))
    phone.send(message_to(bob.bare, "<body>I was on the phone</body>", type="chat"))
    bob.expect(said("I was on the phone"))
    client = keep(Profanity(server, account))
    client.type("/msg " + bob.bare)
    client.wait_for(": you were away", "me: I was on the phone")


def test_profanity_shows_why_something_was_refused(folk, server, keep):
    client = keep(Profanity(server, folk.account()))
    bob, = folk.online(1)
    client.type("/msg %s so %s" % (bob.bare, WORD))
    client.wait_for("Error from %s: %s" % (bob.bare, NOTICE))
    client.type("afterwards")
    bob.expect(said("afterwards"))
    assert not [each for each in bob.take() if WORD in "".join(each.itertext())]


def test_profanity_sits_in_a_room(folk, server, keep):
    client = keep(Profanity(server, folk.account()))
    bob, = folk.online(1)
    room = new_room(server)
    create(bob, room, "bob")
    bob.send(message_to(room, "<body>before you came</body>", type="groupchat"))
    client.enter(room)
    client.wait_for("bob: before you came")
    bob.send(message_to(room, "<body>welcome here</body>", type="groupchat"))
    client.wait_for("bob: welcome here")
    client.type("thank you all")
    bob.expect(message(from_=room + "/pro", type="groupchat", where=lambda each: body_of(each) == "thank you all"))
    client.type("so " + WORD)
    client.wait_for("Error from %s: %s" % (room, NOTICE))
