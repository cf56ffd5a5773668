"""Programs that people have, as Debian has them, for the tests that run them: mcabber, profanity and finch in terminals, Dino and
Pidgin on desktops. Each logs in when it is made."""

import re
import sqlite3
from contextlib import closing

from . import names
from .desktop import Desktop
from .record import eventually
from .rules import add_rules, word_rule
from .stanza import body_of, message
from .terminal import Terminal

WORD = "plughword"
NOTICE = "Not this word, please."


def prepared(address=None):
    """For `launch`: nobody may say WORD, and who does reads NOTICE. address: the server also listens there on the port where
    clients look for it."""
    def prepare(server):
        add_rules(server, word_rule("client-word", WORD, NOTICE))
        if address:
            server.configure({"listen": {"starttls": ["127.0.0.1:%d" % server.port, address + ":5222"]}})
    return prepare


def said(text):
    """A message with that body."""
    return message(where=lambda each: (body_of(each) or "") == text)


class Mcabber(Terminal):
    """It knows no SCRAM: its server has sasl.plain."""

    def __init__(self, server, account):
        home = server.parent / ("home-mcabber-" + account.jid.split("@")[0])
        folder = home / ".mcabber"
        folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        config = folder / "mcabberrc"
        config.write_text("\n".join((
            "set jid = " + account.jid, "set password = " + account.password, "set server = 127.0.0.1",
            "set port = %d" % server.port, "set tls = 1", "set ssl_ca = " + server.ca, "set nickname = mc",
            "set escdelay = 0", "")))
        config.chmod(0o600)
        super().__init__(home.name, "mcabber", home)
        self.wait_for("Your status has been set: [_>o]")

    def tell(self, jid, text):
        self.type("/say_to %s %s" % (jid, text))

    def look(self, jid):
        """The window of that conversation, once it stands in the list."""
        name = jid.split("@")[0]
        eventually(lambda: re.search(r"[\]}] " + name, self.screen()), 20)
        self.type("/roster search " + name)
        self.press("Enter")

    def enter(self, room):
        self.type("/room join %s mc" % room)
        self.wait_for('You have joined %s as "mc"' % room)
        self.look_into(room)

    look_into = look


class Profanity(Terminal):
    def __init__(self, server, account):
        home = server.parent / ("home-profanity-" + account.jid.split("@")[0])
        super().__init__(home.name, "profanity", home)
        self.wait_for("Profanity")
        self.type("/mam on")
        self.type("/connect %s server 127.0.0.1 port %d tls trust" % (account.jid, server.port))
        self.wait_for("Enter password")
        self.type(account.password)
        self.wait_for("logged in successfully")
        eventually(self.knows_the_server, 20)

    def knows_the_server(self):
        """It asks the server what it can do as it comes, and pings only who can be pinged."""
        self.type("/ping")
        return "Ping response from server" in self.screen()

    def enter(self, room):
        self.type("/join %s nick pro" % room)
        self.wait_for("You have joined the room as pro")

    def tell(self, jid, text):
        self.type("/win 1")  # in a room /msg looks for somebody there
        self.type("/msg %s %s" % (jid, text))

    def look(self, jid):
        self.type("/win 1")
        self.type("/msg " + jid)

    def look_into(self, room):
        self.type("/win " + room)


BUDDIES = """<?xml version='1.0' encoding='UTF-8' ?>
<purple version='1.0'><blist><group name='Chats'><chat proto='prpl-jabber' account='%(jid)s/%(name)s'>
<component name='server'>%(service)s</component><component name='room'>%(room)s</component><component name='handle'>%(nick)s</component>
<setting name='%(ui)s-autojoin' type='bool'>1</setting></chat></group></blist></purple>
"""
ACCOUNTS = """<?xml version='1.0' encoding='UTF-8' ?>
<account version='1.0'><account><protocol>prpl-jabber</protocol><name>%(jid)s/%(name)s</name><password>%(password)s</password>
<settings>%(settings)s<setting name='connection_security' type='string'>require_tls</setting></settings>
<settings ui='%(ui_id)s'><setting name='auto-login' type='bool'>1</setting></settings></account></account>
"""
CONNECT = """<setting name='connect_server' type='string'>127.0.0.1</setting><setting name='port' type='int'>%d</setting>"""


def libpurple(folder, account, settings, name, nick, ui, ui_id, room):
    """The files of a program on libpurple: an account, and perhaps a room to enter."""
    values = dict(jid=account.jid, password=account.password, settings=settings, name=name, nick=nick, ui=ui, ui_id=ui_id)
    folder.mkdir(exist_ok=True)
    (folder / "accounts.xml").write_text(ACCOUNTS % values)
    if room:
        values["room"], values["service"] = room.split("@")
        (folder / "blist.xml").write_text(BUDDIES % values)


class Finch(Terminal):
    """It compares certificates with the address it connects to, which is no name here: so it has ours by heart. A room it is
    to enter stands in its list."""

    def __init__(self, server, account, room=None):
        home = server.parent / ("home-finch-" + account.jid.split("@")[0])
        peers = home / ".purple/certificates/x509/tls_peers"
        peers.mkdir(parents=True)
        (peers / "127.0.0.1").write_text((server.dir / "tls/server.crt").read_text())
        libpurple(home / ".purple", account, CONNECT % server.port, "finch", "fi", "gnt", "gnt-purple", room)
        super().__init__(home.name, "finch", home)
        self.wait_for("Buddy List")

    def next_window(self):
        self.press("M-n")

    def close_window(self):
        self.press("M-c")

    def look(self, jid):
        """Goes from window to window until the one with that person or room is on top; the list of buddies has to be closed."""
        eventually(lambda: self.on_top(jid.split("@")[0]), 40)

    look_into = look

    def on_top(self, name):
        """If it is not, the next one will be."""
        if name in self.screen().splitlines()[0]:
            return True
        self.next_window()
        return False


class OnDesktop(Desktop):
    """A program that has logged in when it was started. resource: it has that one."""

    def __init__(self, server, account, address, resource, command, prepare, env=None):
        self.server, self.jid = server, "%s/%s" % (account.jid, resource)
        super().__init__(server, "%s-%s" % (resource, account.jid.split("@")[0]), command, address, prepare, env)

    def session(self):
        return [each for each in self.server.sessions() if each["jid"] == self.jid and each["available"]]

    def ready(self):
        self.until(self.session, "a session")

    def tell(self, jid, text):
        self.look(jid)
        self.type(text)


class Dino(OnDesktop):
    """database: what a Dino wrote that was started for the first time; to which an account is added."""

    ACCOUNT = "INSERT INTO account (bare_jid, resourcepart, password, alias, enabled) VALUES (?, 'dino', ?, '', 1)"
    CONVERSATION = "SELECT conversation.id FROM conversation JOIN jid ON jid.id = jid_id WHERE bare_jid = ? AND active = 1"

    def __init__(self, server, account, address, database):
        def prepare(home):
            self.database = home / "data_home/dino/dino.db"
            self.database.parent.mkdir()
            self.database.write_bytes(database)
            with closing(sqlite3.connect(self.database)) as base, base:
                base.execute(self.ACCOUNT, (account.jid, account.password))
        super().__init__(server, account, address, "dino", "dino-im", prepare)

    def leave(self):
        """As at its menu; start() lets it come back."""
        self.command("gapplication", "action", "im.dino.Dino", "quit")
        self.program.wait(20)
        self.close()
        eventually(lambda: not self.session(), 20)

    def rows(self, query, *values):
        with closing(sqlite3.connect("file:%s?mode=ro" % self.database, uri=True)) as base:
            return base.execute(query, values).fetchall()

    def look(self, jid):
        """Opens the conversation with that person, a new one if need be, as a link does."""
        self.command("gapplication", "launch", "im.dino.Dino", "xmpp:%s?message" % jid)
        self._read(jid)

    def look_into(self, room):
        """Opens a conversation that stands in its list, as a click at a notification does."""
        found, = self.until(lambda: self.rows(self.CONVERSATION, room), "the conversation " + room)
        self.command("gapplication", "action", "im.dino.Dino", "open-conversation", str(found[0]))
        self._read(room.split("@")[0])

    def _read(self, title):
        self.wait_for(title)
        self.window("^Dino$")


def bookmark(client, room, nick):
    """As another client of that person left it (XEP-0048)."""
    answer = client.ask(names.PRIVATE, type="set", payload="<storage xmlns='storage:bookmarks'>"
                        "<conference jid='%s' name='Tea' autojoin='true'><nick>%s</nick></conference></storage>" % (room, nick))
    assert answer.get("type") == "result"


def database_of_dino(server, address):
    """What a Dino writes that is started for the first time."""
    desktop = Desktop(server, "dino-first", "dino-im", address)
    try:
        desktop.wait_for("Welcome to Dino")
        with closing(sqlite3.connect(desktop.home / "data_home/dino/dino.db")) as base:
            return base.serialize()
    finally:
        desktop.close()


class Pidgin(OnDesktop):
    """Its account, and a room it is to enter, stand in its files."""

    EACH_ITS_WINDOW = """<?xml version='1.0' encoding='UTF-8' ?>
<pref version='1' name='/'><pref name='pidgin'><pref name='conversations'><pref name='tabs' type='bool' value='0'/></pref></pref></pref>
"""

    def __init__(self, server, account, address, room=None):
        def prepare(home):
            libpurple(home / ".purple", account, "", "pidgin", "pi", "gtk", "gtk-gaim", room)
            (home / ".purple/prefs.xml").write_text(self.EACH_ITS_WINDOW)
        super().__init__(server, account, address, "pidgin", "pidgin", prepare, {"GTK_MODULES": "gail:atk-bridge"})

    def purple(self, what, *arguments):
        """A call of libpurple's own, which its bus passes on; the number it answers."""
        done = self.command(
            "gdbus", "call", "--session", "--dest", "im.pidgin.purple.PurpleService", "--object-path",
            "/im/pidgin/purple/PurpleObject", "--method", "im.pidgin.purple.PurpleInterface.Purple" + what, *map(str, arguments))
        return "".join(each for each in done if each.isdigit())

    def look(self, jid):
        """Opens the conversation with that person."""
        self._present(self.purple("ConversationNew", 1, self.account(), jid), jid)

    def look_into(self, room):
        self._present(self.purple("FindConversationWithAccount", 2, room, self.account()), room.split("@")[0])

    def account(self):
        return self.purple("AccountsFindAny", "", "prpl-jabber")

    def _present(self, conversation, title):
        self.purple("ConversationPresent", conversation)
        self.window("^" + title)
