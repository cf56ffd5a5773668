"""A gateway as people run one: biboumi connects Debian's ngircd. What is said in an IRC channel passes policy, inspection
and the record like everything else, in both directions."""

import pytest

from lib import irc, names
from lib.client import Client
from lib.component import prepared, settings
from lib.names import tag
from lib.record import content_with, eventually
from lib.rooms import codes, entry
from lib.rules import word_rule
from lib.stanza import Error, body, child, element, iq, iq_to, message, message_to, presence, words

DOMAIN = "biboumi.example.org"
SERVER = "%s@%s" % (irc.NETWORK, DOMAIN)
WORD = "plughword"  # as long as a nickname of ngircd may be
NOTICE = "Not on IRC."
COMMANDS = "http://jabber.org/protocol/commands"
FORMS = "jabber:x:data"
RULES = [word_rule("irc-word", WORD, NOTICE)]

pytestmark = pytest.mark.recorder_runs("the gateway is a process of its own")


@pytest.fixture(scope="module")
def server(launch, port):
    quiet = {"ping": {"interval_seconds": 3600}}  # nobody reads what the one who stays in the lobby gets
    return launch("irc", {**settings(port, [DOMAIN]), **quiet}, prepare=prepared(DOMAIN, rules=RULES))


@pytest.fixture(scope="module")
def network(server, port):
    """The port of the IRC server; the gateway is connected."""
    folder = server.parent / "irc"
    folder.mkdir(mode=0o755)
    daemons = []
    try:
        ircd, ircd_port = irc.network(folder)
        daemons.append(ircd)
        daemons.append(irc.gateway(folder, DOMAIN, port, "admin@example.org"))
        eventually(lambda: "component %s has connected" % DOMAIN in server.log.read_text(errors="replace"), 30)
        yield ircd_port
    finally:
        for daemon in daemons:
            daemon.end()


def command(client, payload="", **attributes):
    answer = client.ask(COMMANDS, to=SERVER, name="command", type="set", payload=payload, node="configure", **attributes)
    assert answer.get("type") == "result", Error(answer)
    return answer.find(tag(COMMANDS, "command"))


def configure(client, network):
    """Tells the gateway where that network is, by the form it offers (XEP-0050, XEP-0004)."""
    offered = command(client, action="execute")
    fields = {"address": ["127.0.0.1"], "ports": [str(network)], "tls_ports": []}
    known = {field.get("var") for field in offered.iter(tag(FORMS, "field"))}
    assert set(fields) <= known, known
    form = element("x", "".join(element("field", "".join("<value>%s</value>" % value for value in values), var=name)
                                for name, values in fields.items()), xmlns=FORMS, type="submit")
    assert command(client, form, sessionid=offered.get("sessionid"), action="complete").get("status") == "completed"


def channel(name):
    return "%s%%%s@%s" % (name, irc.NETWORK, DOMAIN)


def join(client, room, nick):
    client.send(entry(room, nick))
    own = client.expect(presence(from_="%s/%s" % (room, nick), type="", where=lambda e: "110" in codes(e)), timeout=20)
    client.expect(message(where=lambda e: child(e, "subject") is not None and child(e, "body") is None), timeout=20)
    return own


NICK = "alice"
_names = iter(range(1, 1000))


@pytest.fixture(scope="module")
def account(server, network):
    """Somebody whose gateway is set up, with a resource in a channel all the time: IRC lets people in slowly."""
    account, = server.people(1)
    keeper = Client(server, account).online()
    server.clients.remove(keeper)
    configure(keeper, network)
    join(keeper, channel("#lobby"), NICK)
    yield account
    keeper.close()


@pytest.fixture
def talk(folk, account, network):
    """An XMPP user and an IRC user in one channel: (alice, her nick, the room, Isaac, the channel)."""
    number = next(_names)
    name = "#tea%d" % number
    isaac = irc.Person(network, "isaac%d" % number).join(name)
    alice = folk.client(account).online()
    room = channel(name)
    join(alice, room, NICK)
    isaac.expect(r":%s!.* JOIN " % NICK)
    yield alice, NICK, room, isaac, name
    isaac.close()


def test_the_gateway_is_found_and_says_what_it_is(folk, server, network):
    alice, = folk.online(1)
    items = alice.ask(names.DISCO_ITEMS, to="example.org")
    assert DOMAIN in {each.get("jid") for each in items.iter(tag(names.DISCO_ITEMS, "item"))}
    info = alice.ask(names.DISCO_INFO, to=DOMAIN)
    identity = info.find(".//" + tag(names.DISCO_INFO, "identity"))
    assert (identity.get("category"), identity.get("type")) == ("conference", "irc")


def test_people_talk_in_a_channel(server, talk):
    alice, nick, room, isaac, name = talk
    assert alice.expect(presence(from_="%s/%s" % (room, isaac.nick), type="")) is not None
    said = alice.say(room, "hello irc", type="groupchat")
    assert said.body in isaac.expect(r":%s!.* PRIVMSG %s :" % (nick, name))
    echo = alice.expect(message(body=said.body, type="groupchat"))
    assert echo.get("from") == "%s/%s" % (room, nick) and echo.get("id") == said.id
    text = words("hello xmpp")
    isaac.say(name, text)
    got = alice.expect(message(body=text, type="groupchat"))
    assert got.get("from") == "%s/%s" % (room, isaac.nick)
    for each in (said.body, text):
        assert content_with(server, each)


def test_a_private_message_passes_and_is_in_the_history(server, talk):
    alice, nick, room, isaac, name = talk
    said = alice.say("%s/%s" % (room, isaac.nick), "just you")
    assert said.body in isaac.expect(r":%s!.* PRIVMSG %s :" % (nick, isaac.nick))
    text = words("just me")
    isaac.say(nick, text)
    alice.expect(message(body=text, type="chat"))
    assert content_with(server, said.body) and content_with(server, text)

    def history():
        alice.send(iq_to(None, "set", "<query xmlns='urn:xmpp:mam:2'/>", id="mam"))
        alice.expect(iq(id="mam"))
        return "".join("".join(each.itertext()) for each in
                       alice.take(lambda each: each.find("{urn:xmpp:mam:2}result") is not None))
    eventually(lambda: said.body in history() and text in history())
    public = alice.say(room, "public", type="groupchat")
    alice.expect(message(body=public.body))
    assert public.body not in history()


def test_a_forbidden_phrase_does_not_reach_irc(server, talk):
    alice, nick, room, isaac, name = talk
    alice.send(message_to(room, body("so " + WORD), type="groupchat", id="no"))
    error = Error(alice.expect(message(id="no", type="error")))
    assert (error.condition, error.text) == ("policy-violation", NOTICE)
    said = alice.say(room, "afterwards", type="groupchat")
    isaac.expect(said.body.split()[-1])
    assert not [line for line in isaac.lines if WORD in line]
    line, = content_with(server, "so " + WORD)
    assert line["action"] == "block" and line["rules"] == ["irc-word"]


def test_a_forbidden_phrase_from_irc_reaches_nobody(server, talk):
    alice, nick, room, isaac, name = talk
    isaac.say(name, "so %s from irc" % WORD)
    text = words("afterwards")
    isaac.say(name, text)
    alice.expect(message(body=text))
    assert not [each for each in alice.take() if WORD in "".join(each.itertext())]
    line, = content_with(server, "so %s from irc" % WORD)
    assert line["action"] == "block" and line["from"] == "%s/%s" % (room, isaac.nick)


def test_a_forbidden_nickname_does_not_come_in_from_irc(server, network, talk):
    alice, nick, room, isaac, name = talk
    rude = irc.Person(network, WORD).join(name)
    rude.say(name, words("who am I"))
    isaac.expect(r":%s!.* PRIVMSG" % WORD)
    text = words("afterwards")
    isaac.say(name, text)
    alice.expect(message(body=text))
    assert not [each for each in alice.take() if WORD in (each.get("from") or "")]
    rude.close()


def test_who_leaves_is_gone_on_the_other_side(folk, server, talk):
    alice, nick, room, isaac, name = talk
    alice.expect(presence(from_="%s/%s" % (room, isaac.nick), type=""))
    isaac.send("PART " + name)
    alice.expect(presence(from_="%s/%s" % (room, isaac.nick), type="unavailable"))
    isaac.join(name)
    alice.expect(presence(from_="%s/%s" % (room, isaac.nick), type=""))
    alice.end()
    isaac.expect(r":%s!.* (QUIT|PART)" % nick)


def test_a_ping_crosses_the_gateway_and_its_id_comes_back(talk):
    alice, nick, room, isaac, name = talk
    answer = alice.ask(names.PING, to="%s/%s" % (room, nick), name="ping")
    assert answer.get("type") == "result" and answer.get("from") == "%s/%s" % (room, nick)
