"""Dino, as Debian has it, on a desktop of its own (lib/desktop.py): it finds the server by its domain, trusts it by its authority,
talks, sits in a room, reads what was said while it was away, and shows what was refused. What it shows is kept as text beside the log.
docs/clients.md is written from what is seen here."""

import sqlite3
from contextlib import closing

import pytest

from lib import names
from lib.desktop import Desktop, loopback
from lib.record import eventually
from lib.rooms import create, new_room
from lib.stanza import body_of, message, message_to

LONG = 40
WORD = "plughword"
NOTICE = "Not this word, please."
RULES = """
rules:
  - id: client-word
    purpose: A word that nobody may say.
    match: { words: [%s] }
    action: block
    mode: enforce
    notice: { en: "%s" }
""" % (WORD, NOTICE)

pytestmark = pytest.mark.recorder_runs("a program with windows shows no more than it likes")


@pytest.fixture(scope="module")
def address():
    return loopback()


@pytest.fixture(scope="module")
def server(launch, address):
    def prepare(server):
        path = server.dir / "policy/rules/clients.yaml"
        path.write_text(RULES)
        path.chmod(0o644)
        server.configure({"listen": {"starttls": ["127.0.0.1:%d" % server.port, address + ":5222"]}})
    return launch("desktop-clients", prepare=prepare)


@pytest.fixture
def keep(output):
    """keep(program): what it shows is kept, and it ends with the test."""
    kept = []

    def add(program):
        kept.append(program)
        return program
    yield add
    for program in kept:
        program.close(output)


class Dino:
    """It begins with a database that a Dino made when it was started for the first time, to which an account was added."""

    ACCOUNT = "INSERT INTO account (bare_jid, resourcepart, password, alias, enabled) VALUES (?, 'dino', ?, '', 1)"
    CONVERSATION = "SELECT conversation.id FROM conversation JOIN jid ON jid.id = jid_id WHERE bare_jid = ? AND active = 1"

    def __init__(self, keep, server, account, address, database):
        def prepare(home):
            folder = home / "data_home/dino"
            folder.mkdir()
            self.database = folder / "dino.db"
            self.database.write_bytes(database)
            with closing(sqlite3.connect(self.database)) as base, base:
                base.execute(self.ACCOUNT, (account.jid, account.password))
        self.server, self.jid = server, account.jid + "/dino"
        self.desktop = keep(Desktop(server, "dino-" + account.jid.split("@")[0], "dino-im", address, prepare))
        self.wait_for, self.type = self.desktop.wait_for, self.desktop.type
        self.logged_in()

    def logged_in(self):
        self.desktop.until(self.session, "a session")

    def session(self):
        return [each for each in self.server.sessions() if each["jid"] == self.jid and each["available"]]

    def leave(self):
        """As at its menu."""
        self.desktop.command("gapplication", "action", "im.dino.Dino", "quit")
        self.desktop.program.wait(20)
        self.desktop.close()
        eventually(lambda: not self.session(), 20)

    def come_back(self):
        self.desktop.start()
        self.logged_in()

    def rows(self, query, *values):
        with closing(sqlite3.connect("file:%s?mode=ro" % self.database, uri=True)) as base:
            return base.execute(query, values).fetchall()

    def look(self, jid):
        """Opens the conversation with that person, a new one if need be, as a link does."""
        self.desktop.command("gapplication", "launch", "im.dino.Dino", "xmpp:%s?message" % jid)
        self._read(jid)

    def look_into(self, room):
        """Opens a conversation that stands in its list, as a click at a notification does."""
        found, = self.desktop.until(lambda: self.rows(self.CONVERSATION, room), "the conversation " + room)
        self.desktop.command("gapplication", "action", "im.dino.Dino", "open-conversation", str(found[0]))
        self._read(room.split("@")[0])

    def _read(self, title):
        self.wait_for(title)
        self.desktop.window("^Dino$")


def said(text):
    return message(where=lambda each: (body_of(each) or "") == text)


@pytest.fixture(scope="module")
def dino(server, address):
    """dino(keep, account): a Dino that has logged in."""
    desktop = Desktop(server, "dino-first", "dino-im", address)
    try:
        desktop.wait_for("Welcome to Dino")
        with closing(sqlite3.connect(desktop.home / "data_home/dino/dino.db")) as base:
            empty = base.serialize()
    finally:
        desktop.close()
    return lambda keep, account: Dino(keep, server, account, address, empty)


def test_dino_talks_both_ways(folk, keep, dino):
    client = dino(keep, folk.account())
    bob, = folk.online(1)
    client.look(bob.bare)
    client.type("good evening")
    got = bob.expect(said("good evening"), LONG)
    bob.send(message_to(got.get("from"), "<body>and to you</body>"))
    client.wait_for("and to you")
    client.type("so " + WORD)
    client.wait_for("so " + WORD, "delivery failed")  # the rule's own words are in its log alone
    assert NOTICE in client.desktop.said()
    client.type("afterwards")
    bob.expect(said("afterwards"), LONG)
    assert not [each for each in bob.take() if WORD in "".join(each.itertext())]


def test_dino_reads_what_was_said_on_another_device_while_it_was_away(folk, keep, dino):
    account = folk.account()
    client = dino(keep, account)
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
    client.come_back()
    client.look(bob.bare)
    seen = [each for each in client.wait_for("you were away", "I was on the phone") if each in (
        "one", "you were away", "I was on the phone")]
    assert seen[-3:] == ["one", "you were away", "I was on the phone"]


def bookmark(client, room, nick):
    """As another client of that person left it (XEP-0048)."""
    answer = client.ask(names.PRIVATE, type="set", payload="<storage xmlns='storage:bookmarks'>"
                        "<conference jid='%s' name='Tea' autojoin='true'><nick>%s</nick></conference></storage>" % (room, nick))
    assert answer.get("type") == "result"


def test_dino_sits_in_a_room_of_its_bookmarks(folk, server, keep, dino):
    account = folk.account()
    bob, = folk.online(1)
    room = new_room(server)
    create(bob, room, "bob", persistentroom="1")
    bob.send(message_to(room, "<body>before you came</body>", type="groupchat"))
    phone = folk.client(account).online()
    bookmark(phone, room, "di")
    client = dino(keep, account)
    bob.expect(lambda each: each.get("from") == room + "/di", timeout=LONG)
    client.look_into(room)
    client.wait_for("before you came")
    bob.send(message_to(room, "<body>welcome here</body>", type="groupchat"))
    client.wait_for("welcome here")
    client.type("thank you all")
    bob.expect(message(from_=room + "/di", type="groupchat", where=lambda each: body_of(each) == "thank you all"), LONG)
    client.type("so " + WORD)
    client.wait_for("so " + WORD, "delivery failed")
    assert NOTICE in client.desktop.said()
