"""Step-up (`devices.confirm`): a device that an account has not been used with is limited until somebody says it is his.

Clients that say which installation they are stand for all, where nothing else is said: with them nobody waits."""

import base64
import itertools
import re
import time

import pytest

from lib import archive, names, record, rooms, sasl2
from lib.client import Client, Refused, localpart
from lib.component import Component, prepared, settings
from lib.folk import Folk, befriend
from lib.lockdown import OOB, member
from lib.names import tag
from lib.posing import GAJIM_NEW, PROFANITY_NEW, Posing
from lib.scram import Scram
from lib.server import free_port
from lib.stanza import Error, body, body_of, child, iq, iq_to, message, message_to, new_id, ok, presence, presence_to, words

OUT, UPLOAD = "gate.example", "upload.example.org"
BOUND = "HT-SHA-256-EXPR"
WAIT = 1  # seconds until a client that says nothing is known as one that says nothing
HERE, FAR, OTHER_FAR = "127.0.0.1", "127.251.1.1", "127.251.7.7"
LINK = OOB % "https://files.example.org/a.png"
SLOT = "<request xmlns='urn:xmpp:http:upload:0' filename='a.png' size='10'/>"
JINGLE = ("<jingle xmlns='urn:xmpp:jingle:1' action='session-initiate' sid='%s'>"
          "<content creator='initiator' name='c'>%s</content></jingle>")
FILE = ("<description xmlns='urn:xmpp:jingle:apps:file-transfer:5'><file><name>a.png</name></file></description>"
        "<transport xmlns='urn:xmpp:jingle:transports:ice-udp:1'/>")
VOICE = ("<description xmlns='urn:xmpp:jingle:apps:rtp:1' media='audio'/>"
         "<transport xmlns='urn:xmpp:jingle:transports:ice-udp:1' pwd='p' ufrag='u'>"
         "<fingerprint xmlns='urn:xmpp:jingle:apps:dtls:0' hash='sha-256' setup='actpass'>AA</fingerprint>"
         "</transport>")


def confirm(word="new", **more):
    return {"devices": {"confirm": word, **more}, "clients": {"wait_seconds": WAIT}}


@pytest.fixture(scope="module")
def server(launch):
    return launch("confirm", confirm())


# --- who there is

def phone():
    return sasl2.agent("Awesome", "A phone")


def thief():
    return sasl2.agent("Thief", "Somewhere")


def log_in(where, account, agent, available=True, **more):
    client = sasl2.login(where, account, agent, **more)
    client.agent = agent
    return begin(client) if available else client


def log_in_as_of_old(where, account, agent):
    """Not bound by XEP-0386: such a client is given what waited for the person, and ends no session of the same device."""
    client = sasl2.connect(where, account)
    sasl2.authenticate(client, agent=agent)
    sasl2.features(client)
    ok(client.bind())
    client.agent = agent
    return begin(client)


def begin(client):
    client.available()
    client.roundtrip()
    return client


def colleague_in(where):
    return log_in(where, where.account(), sasl2.agent("Colleague", "A desk"))


@pytest.fixture
def account(folk):
    return folk.account()


@pytest.fixture
def colleague(folk):
    return colleague_in(folk)


@pytest.fixture
def pair(folk, account):
    """The account's first device, and a second one, which waits; both have heard what there was to hear."""
    return two_devices(folk, account)


def two_devices(where, account):
    first = log_in(where, account, phone())
    second = newcomer(where, account, thief())
    told(first)
    return first, second


def newcomer(where, account, agent, **more):
    """One that waits, and has heard so."""
    client = log_in(where, account, agent, **more)
    assert told(client)
    return client


# --- what the server says, and what is said to it

def told(client, timeout=None):
    return body_of(client.expect(message(type="headline", from_=client.domain), timeout))


def notices(client):
    client.roundtrip()
    return [body_of(each) for each in client.take(message(type="headline", from_=client.domain))]


def say_to_server(client, text, type="chat"):
    id = new_id("a")
    client.send(message_to(client.domain, body(text), id=id, type=type))
    return id


def answer(client, text, type="chat"):
    """What the server says to that."""
    notices(client)
    say_to_server(client, text, type)
    return body_of(client.expect(message(type="headline", from_=client.domain, where=lambda each: not is_notice(each))))


def in_vain(client, text):
    """He may not say that, and gets an answer of some kind."""
    id = say_to_server(client, text)
    client.expect(message(from_=client.domain, where=lambda each: each.get("type") == "headline" or each.get("id") == id))


def is_notice(stanza):
    return body_of(stanza).startswith(("New device", "Neues Gerät"))


def id_in(notice):
    """What stands behind `yes`, which is what stands behind `no`."""
    yes, = re.findall(r"\byes ([0-9a-f]{8})\b", notice)
    assert re.findall(r"\bno ([0-9a-f]{8})\b", notice) == [yes]
    return yes


# --- what became of it

def waiting(server, *account):
    return server.json("devices", "waiting", *[each.jid for each in account])["waiting"]


def waiters(server, account, count=1):
    """Those that wait, as soon as they are so many."""
    record.eventually(lambda: len(waiting(server, account)) == count, 10)
    return waiting(server, account)


def by_administrator(server, account, *more):
    """Confirms the one that waits; how many sessions have lost their limits."""
    one, = waiters(server, account)
    done = server.json("devices", "confirm", account.jid, one["id"], *more)
    assert done["ok"] is True
    return done["sessions"]


def refused(client, id):
    """The text that goes with it."""
    error = Error(client.expect(lambda each: each.get("id") == id and each.get("type") == "error"))
    assert error.condition == "policy-violation" and error.text, error
    return error.text


def is_limited(client, other):
    said = client.say(other.bare)
    refused(client, said.id)
    return said


def is_free(client, other):
    said = client.say(other.jid)
    other.expect(message(id=said.id))
    return said


def freed(client, other):
    """It is told so, and then it may."""
    assert told(client)
    return is_free(client, other)


_priority = itertools.count(1)


def quiet(client, sender):
    """What has arrived up to a presence, which reaches everybody, that `sender` sends now; the inbox is empty afterwards."""
    mark = str(next(_priority) % 128)
    sender.send(presence_to(client.jid, None, "<priority>%s</priority>" % mark))
    client.expect(presence(from_=sender.jid, where=lambda each: each.findtext(tag(names.CLIENT, "priority")) == mark))
    return client.take()


def holds(stanzas, text):
    return [each for each in stanzas if text in "".join(each.itertext())]


def is_copy(stanza):
    return any(child(stanza, kind, names.CARBONS) is not None for kind in ("sent", "received"))


def lines(server, type, account):
    return [each for each in record.entries(server.dir / "record") if each["type"] == type and
            each.get("from", "").partition("/")[0] == account.jid]


def device_line(server, account, command):
    """The only one of that command."""
    def found():
        return [each for each in lines(server, "device", account) if each["command"] == command]
    record.eventually(found)
    line, = found()
    return line


def is_about(line, agent, one):
    """It says which device that was."""
    return agent.id in line.values() or one["id"] in line.values()


def acts(server, account, command):
    return [each for each in record.entries(server.dir / "record") if each["type"] == "admin" and each["command"] == command
            and each["target"] == account.jid]


def live(server, **devices):
    server.configure({"devices": devices})
    assert server.run("reload").returncode == 0


# --- what each level leaves

LEVELS = ("inside", "listen", "nothing")


class Scene:
    """On a server of that level: somebody's first device and the second one, which waits; a colleague in his contacts, both
    in a room; a domain outside, and a service for files."""

    def __init__(self, launch, level):
        self.level, port = level, free_port()
        given = settings(port, outside=[OUT], inside=[UPLOAD])
        self.server = launch("confirm-" + level, {**given, **confirm(unconfirmed=level)}, prepare=prepared(OUT, UPLOAD))
        self.folk = Folk(self.server)
        self.gate, self.upload = [Component(self.server, port, each).join() for each in (OUT, UPLOAD)]
        self.account, self.room = self.folk.account(), rooms.new_room(self.server)
        self.colleague = colleague_in(self.folk)
        self.first = log_in(self.folk, self.account, phone())
        for each in (self.colleague, self.first):
            each.roster()
        befriend(self.first, self.colleague)
        rooms.create(self.colleague, self.room, "colleague")
        rooms.join(self.first, self.room, "first")
        self.old = rooms.say(self.colleague, self.room, "said before")
        self.first.expect(message(body=self.old))
        self.second = log_in(self.folk, self.account, thief())
        enter(self.second, self.room, "second")
        for each in (self.colleague, self.first):
            each.expect(rooms.occupant(self.room, "second"))
        told(self.first)
        assert told(self.second)
        self.colleague.send(presence_to(self.second.jid))


def enter(client, room, nick):
    """rooms.join() for somebody who may not be shown the subject."""
    client.send(rooms.entry(room, nick))
    return client.expect(rooms.occupant(room, nick, where=lambda each: "110" in rooms.codes(each)))


@pytest.fixture(scope="module", params=LEVELS)
def scene(request, launch):
    return Scene(launch, request.param)


def only(level):
    return pytest.mark.parametrize("scene", [level], indirect=True)


# Each sends something as that client, and says: its id, who is to get it, and how that looks.

def chat(scene, client):
    said = client.say(scene.colleague.jid)
    return said.id, scene.colleague, message(id=said.id)


def to_room(scene, client):
    id, text = new_id("g"), words()
    client.send(message_to(scene.room, body(text), type="groupchat", id=id))
    return id, scene.colleague, message(body=text, type="groupchat")


def privately_in_room(scene, client):
    said = client.say(scene.room + "/colleague")
    return said.id, scene.colleague, message(body=said.body)


def link(scene, client):
    said = client.say(scene.colleague.jid, extra=LINK)
    return said.id, scene.colleague, message(id=said.id)


def link_in_room(scene, client):
    id, text = new_id("g"), words()
    client.send(message_to(scene.room, body(text) + LINK, type="groupchat", id=id))
    return id, scene.colleague, message(body=text, type="groupchat")


def ask_for_slot(scene, client):
    id = new_id("slot")
    client.send(iq_to(UPLOAD, "get", SLOT, id=id))
    return id, scene.upload, iq(type="get", has=("request", "urn:xmpp:http:upload:0"))


def offer(scene, client, content=FILE):
    id = new_id("jingle")
    client.send(iq_to(scene.colleague.jid, "set", JINGLE % (id, content), id=id))
    return id, scene.colleague, iq(type="set", from_=client.jid, id=id)


def call(scene, client):
    return offer(scene, client, VOICE)


def request(scene, client):
    stranger, id = colleague_in(scene.folk), new_id("wish")
    client.send(presence_to(stranger.bare, "subscribe", id=id))
    return id, stranger, presence(type="subscribe", from_=client.bare)


def to_outside(scene, client):
    said = client.say("mary@" + OUT)
    return said.id, scene.gate, message(body=said.body)


def request_outside(scene, client):
    id = new_id("wish")
    client.send(presence_to("%s@%s" % (id, OUT), "subscribe", id=id))
    return id, scene.gate, presence(type="subscribe", to="%s@%s" % (id, OUT))


def question_outside(scene, client):
    id = new_id("what")
    client.send(iq_to(OUT, "get", "<query xmlns='%s'/>" % names.DISCO_INFO, id=id))
    return id, scene.gate, iq(type="get", has=("query", names.DISCO_INFO))


LEFT_INSIDE = (chat, to_room, privately_in_room, call, request)
NEVER = (link, link_in_room, ask_for_slot, offer, to_outside, request_outside, question_outside)


@pytest.mark.parametrize("send", LEFT_INSIDE + NEVER, ids=lambda each: each.__name__)
def test_what_it_may_send(scene, send):
    _, receiver, looks = send(scene, scene.first)
    receiver.expect(looks)
    id, receiver, looks = send(scene, scene.second)
    if scene.level == "inside" and send in LEFT_INSIDE:
        receiver.expect(looks)
        return
    refused(scene.second, id)
    receiver.roundtrip()
    assert not receiver.take(looks)


def test_presence_roster_and_talking_to_the_server_stay(scene):
    second, colleague = scene.second, scene.colleague
    assert second.roster()[colleague.bare].get("subscription") == "both"
    assert second.roster_set("new-friend@example.org", "New").get("type") == "result"
    colleague.take(presence(from_=second.jid))
    second.send(presence_to(None, None, "<show>away</show>"))
    colleague.expect(presence(from_=second.jid, where=lambda each: each.findtext(tag(names.CLIENT, "show")) == "away"))
    second.send(presence_to(None))
    ok(second.ask(names.DISCO_INFO, to=second.domain))
    ok(second.ask(names.DISCO_ITEMS, to=second.domain))
    second.roundtrip()
    quiet(second, colleague)


def test_it_gets_no_history(scene):
    """Neither its own, nor a room's, nor when it enters; and the first device does."""
    assert archive.refused(scene.second)[1] == "policy-violation"
    assert archive.refused(scene.second, to=scene.room)[1] == "policy-violation"
    archive.history(scene.first)
    assert scene.old in archive.history(scene.first, to=scene.room).bodies
    nick = new_id("again")
    third = log_in(scene.folk, scene.folk.account(), phone())
    scene.second.send(presence_to(scene.room + "/second", "unavailable"))
    scene.second.expect(rooms.occupant(scene.room, "second", "unavailable"))
    heard = scene.second.take()  # also of when it entered first
    third.send(rooms.entry(scene.room, nick))
    third.expect(message(body=scene.old))
    enter(scene.second, scene.room, "second")
    third.end()
    scene.second.expect(rooms.occupant(scene.room, nick, "unavailable"))
    heard += scene.second.take()
    assert not holds(heard, scene.old)


def test_what_people_say_to_it(scene):
    said = scene.colleague.say(scene.second.jid)
    here, there = (scene.first, scene.second) if scene.level == "nothing" else (scene.second, scene.first)
    here.expect(message(body=said.body, from_=scene.colleague.jid))
    assert not holds(quiet(there, scene.colleague), said.body)


def test_what_is_said_in_a_room(scene):
    text = rooms.say(scene.colleague, scene.room)
    scene.first.expect(message(body=text))
    assert bool(holds(quiet(scene.second, scene.colleague), text)) == (scene.level != "nothing")


def test_files_and_what_comes_from_outside_reach_the_other_device(scene):
    text, foreign = words("look"), words("from outside")
    scene.colleague.send(message_to(scene.account.jid, body(text) + LINK))
    scene.gate.send(message_to(scene.account.jid, body(foreign), from_="mary@" + OUT))
    scene.first.expect(message(body=text))
    scene.first.expect(message(body=foreign))
    heard = quiet(scene.second, scene.colleague)
    assert not holds(heard, text) and not holds(heard, foreign)


def test_nobody_offers_it_a_file(scene):
    scene.second.send(presence_to(scene.colleague.jid))
    id = new_id("offer")
    scene.colleague.send(iq_to(scene.second.jid, "set", JINGLE % (id, FILE), id=id))
    assert scene.colleague.expect(iq(id=id)).get("type") == "error"
    assert not [each for each in quiet(scene.second, scene.colleague) if each.get("id") == id]


def test_what_waited_goes_on_waiting_and_comes_when_it_is_confirmed(scene):
    account = scene.folk.account()
    log_in(scene.folk, account, phone()).end()
    said = scene.colleague.say(account.jid)
    archive.until_kept(scene.colleague, said.body)
    second = log_in_as_of_old(scene.folk, account, thief())
    told(second)
    assert not holds(quiet(second, scene.colleague), said.body)
    assert by_administrator(scene.server, account) == 1
    second.expect(message(body=said.body))
    told(second)
    is_free(second, scene.colleague)
    second.end()


def test_what_is_refused_is_recorded(scene):
    said = scene.second.say("mary@" + OUT)
    refused(scene.second, said.id)
    entry, = record.content_with(scene.server, said.body)
    assert entry["action"] == "block" and entry["rules"] == ["unconfirmed-device"]


def test_it_changes_nothing_of_the_account(scene):
    """Neither the password nor who else has access: whoever could do that needs no yes."""
    for payload in ("<query xmlns='jabber:iq:register'><username>%s</username><password>stolen</password></query>" % scene.account.jid.partition("@")[0],
                    "<revoke xmlns='urn:xmpp:cam:0' id='%s'/>" % device_of(scene.server, scene.account, "Awesome"),
                    "<block xmlns='urn:xmpp:blocking'><item jid='%s'/></block>" % scene.colleague.bare,
                    "<prefs xmlns='urn:xmpp:mam:2' default='never'/>"):
        assert Error(scene.second.iq("set", payload)).condition == "policy-violation", payload
    command = "<command xmlns='http://jabber.org/protocol/commands' node='http://jabber.org/protocol/admin#add-user'/>"
    assert Error(scene.second.iq("set", command, to=scene.second.domain)).condition == "policy-violation"
    is_free(scene.first, scene.colleague)


@only("nothing")
def test_no_copy_of_what_others_write_reaches_it(scene):
    ok(scene.second.iq("set", sasl2.CARBONS))
    heard = scene.colleague.say(scene.first.jid)
    scene.first.expect(message(body=heard.body))
    both = scene.colleague.say(scene.first.bare)
    scene.first.expect(message(body=both.body))
    said = is_free(scene.first, scene.colleague)
    got = quiet(scene.second, scene.colleague)
    assert not [each for each in got if is_copy(each)]
    assert not [text for text in (heard.body, both.body, said.body) if holds(got, text)]


@only("nothing")
@pytest.mark.parametrize("log_in_somehow", [log_in, log_in_as_of_old])
def test_what_nobody_else_is_there_for_waits(scene, log_in_somehow):
    account = scene.folk.account()
    log_in(scene.folk, account, phone()).end()
    second = log_in_somehow(scene.folk, account, thief())
    told(second)
    said = [scene.colleague.say(to) for to in (account.jid, second.jid, account.jid)]
    assert not [each for each in said if holds(quiet(second, scene.colleague), each.body)]
    assert not scene.colleague.take(message(type="error"))
    assert by_administrator(scene.server, account) == 1
    for each in said:
        second.expect(message(body=each.body))
    second.end()


# --- who is limited

def test_the_first_device_is_trusted_and_the_second_is_not(folk, server, account, colleague):
    first = log_in(folk, account, phone())
    is_free(first, colleague)
    assert waiting(server, account) == [] and not notices(first)
    second = log_in(folk, account, thief())
    is_limited(second, colleague)
    notice = told(first)
    assert notice.startswith('New device: "Thief" on "Somewhere" has logged in to your account (2')
    one, = waiters(server, account)
    assert id_in(notice) == one["id"][:8]
    assert told(second) and not notices(second)
    is_free(first, colleague)


def test_what_comes_with_the_login_in_one_packet_is_looked_at_like_the_rest(folk, account, colleague):
    """A message right behind the proof of the password, before anybody knows which device it is."""
    first = log_in(folk, account, phone())
    second = sasl2.connect(folk, account)
    exchange = Scram("SCRAM-SHA-256", localpart(account.jid), account.password)
    second.raw(sasl2.request("SCRAM-SHA-256", exchange.first(), thief(), sasl2.bind("Tests")))
    proof = exchange.final(base64.b64decode(sasl2.answer(second, "challenge").text))
    text = words("at once")
    second.raw(sasl2.response(proof) + message_to(colleague.bare, body(text), id="early") +
               iq_to(None, "set", archive.query_text(), id="early-too"))
    sasl2.take_success(second, sasl2.answer(second, "success"))
    refused(second, "early")
    refused(second, "early-too")
    begin(second)
    told(first)
    told(second)
    answer(first, "yes")
    freed(second, colleague)
    assert not holds(colleague.inbox, text)


def test_a_known_device_says_something_with_its_login(folk, account, colleague):
    agent = phone()
    log_in(folk, account, agent).end()
    again = sasl2.connect(folk, account)
    exchange = Scram("SCRAM-SHA-256", localpart(account.jid), account.password)
    again.raw(sasl2.request("SCRAM-SHA-256", exchange.first(), agent, sasl2.bind("Tests")))
    proof = exchange.final(base64.b64decode(sasl2.answer(again, "challenge").text))
    text = words("at once")
    again.raw(sasl2.response(proof) + message_to(colleague.bare, body(text)))
    colleague.expect(message(body=text))


def test_all_sessions_of_the_device_are_limited_and_freed(folk, server, account, colleague):
    log_in(folk, account, phone()).end()
    agent, both = thief(), []
    for _ in range(2):
        both.append(log_in_as_of_old(folk, account, agent))
        is_limited(both[-1], colleague)
        told(both[-1])
    assert by_administrator(server, account) == 2
    for each in both:
        freed(each, colleague)


def test_those_that_nobody_is_told_of_are_limited_as_well(folk, account, colleague):
    """No more than ten an hour are told."""
    log_in(folk, account, phone()).end()
    for number in range(10):
        log_in(folk, account, sasl2.agent("Agent %d" % number), available=False).end()
    for number in range(2):
        is_limited(log_in(folk, account, sasl2.agent("More %d" % number), available=False), colleague)


def test_a_device_that_waits_waits_when_it_comes_again(folk, account, colleague):
    first, second = two_devices(folk, account)
    second.end()
    again = newcomer(folk, account, second.agent)
    is_limited(again, colleague)
    assert not notices(first)
    answer(first, "yes")
    freed(again, colleague)


# --- saying yes

def test_yes_ends_all_limits_at_once(folk, server, pair, account, colleague):
    first, second = pair
    blocked = is_limited(second, colleague)
    one, = waiters(server, account)
    assert answer(first, "yes")
    freed(second, colleague)
    assert not holds(colleague.inbox, blocked.body)
    heard = colleague.say(second.jid)
    second.expect(message(body=heard.body))
    said = is_free(second, colleague)
    archive.until_kept(second, said.body, heard.body)
    assert waiting(server, account) == []
    line = device_line(server, account, "confirm")
    assert line["from"] == first.jid and is_about(line, second.agent, one)
    assert re.search("nothing|no device|wait", answer(first, "yes"), re.I)
    device_line(server, account, "confirm")
    record.verify(server)


def test_a_confirmed_device_stays_confirmed_and_confirms_others(folk, account, colleague):
    first, second = two_devices(folk, account)
    answer(first, "yes")
    told(second)
    first.end()
    second.end()
    again = log_in(folk, account, second.agent)
    is_free(again, colleague)
    assert not notices(again)
    third = newcomer(folk, account, sasl2.agent("Third"))
    is_limited(third, colleague)
    answer(again, "yes " + id_in(told(again)))
    freed(third, colleague)


def test_who_shows_no_presence_is_told_when_he_does(folk, account):
    first = log_in(folk, account, phone(), available=False)
    second = log_in(folk, account, thief())
    told(second)
    first.available()
    assert id_in(told(first))


def test_who_waits_is_not_told_of_others(folk, account):
    first, second = two_devices(folk, account)
    log_in(folk, account, sasl2.agent("Third"))
    told(first)
    assert not notices(second)


def test_what_was_kept_comes_with_the_yes(folk, account, colleague):
    """He who says yes does not read messages with that client: it shows no presence."""
    first = log_in(folk, account, phone(), available=False)
    said = colleague.say(account.jid)
    archive.until_kept(colleague, said.body)
    second = log_in_as_of_old(folk, account, thief())
    told(second)
    assert not holds(quiet(second, colleague), said.body)
    say_to_server(first, "yes")
    second.expect(message(body=said.body))
    freed(second, colleague)


def test_what_waited_is_not_lost_when_the_known_device_comes(folk, account, colleague):
    agent = phone()
    log_in(folk, account, agent).end()
    said = colleague.say(account.jid)
    archive.until_kept(colleague, said.body)
    told(log_in_as_of_old(folk, account, thief()))
    first = log_in_as_of_old(folk, account, agent)
    assert first.expect(message(body=said.body)).get("from") == colleague.jid


def test_history_of_a_room_is_shown_to_it_afterwards(folk, room, pair, colleague):
    first, second = pair
    rooms.create(colleague, room)
    text = rooms.say(colleague, room)
    colleague.expect(message(body=text))
    enter(second, room, "second")
    answer(first, "yes")
    told(second)
    second.send(presence_to(room + "/second", "unavailable"))
    second.expect(rooms.occupant(room, "second", "unavailable"))
    second.take()
    second.send(rooms.entry(room, "second"))
    second.expect(message(body=text))


@pytest.mark.parametrize("type", ["chat", "normal"])
def test_words_for_yes(folk, server, account, type):
    first = log_in(folk, account, phone())
    for word in ("Yes ", "ja", "oui", "sí", "kyllä"):
        second = log_in(folk, account, sasl2.agent(word.strip()))
        told(first)
        told(second)
        assert len(waiters(server, account)) == 1
        answer(first, word, type)
        told(second)
        assert waiting(server, account) == [], word


def test_words_for_no(folk, account):
    first = log_in(folk, account, phone())
    for word in ("nein", "non", "ei"):
        second = log_in(folk, account, sasl2.agent(word))
        answer(first, "%s %s" % (word, id_in(told(first))))
        second.stream_error()


def test_the_words_are_in_the_persons_language(folk, server, account, colleague):
    assert server.run("user", "change", account.jid, "--language", "de").returncode == 0
    first = log_in(folk, account, phone())
    second = log_in(folk, account, sasl2.agent("Other", "Küche"))
    one, = waiters(server, account)
    notice = told(first)
    assert notice.startswith('Neues Gerät: "Other" auf "Küche" hat sich')
    assert re.search(r"\bja %s\b" % one["id"][:8], notice) and re.search(r"\bnein %s\b" % one["id"][:8], notice)
    assert "policy" not in told(second)
    answer(first, "ja " + one["id"][:8])
    freed(second, colleague)


def test_who_was_not_there_is_told_later_and_says_yes(folk, server, account, colleague):
    agent = phone()
    log_in(folk, account, agent).end()
    second = log_in(folk, account, thief())
    assert not told(second).startswith("New device") and not notices(second)
    first = log_in(folk, account, agent)
    notice = told(first)
    one, = waiters(server, account)
    assert notice.startswith('New device: "Thief"') and id_in(notice) == one["id"][:8]
    answer(first, "yes " + id_in(notice))
    freed(second, colleague)


def test_when_two_wait_it_has_to_be_said_which(folk, server, pair, account, colleague):
    first, second = pair
    third = newcomer(folk, account, sasl2.agent("Third", "There"))
    third_id = id_in(told(first))
    found = {each["product"]: each["id"] for each in waiters(server, account, 2)}
    assert found["Third"][:8] == third_id
    for word in ("yes", "no"):
        text = answer(first, word)
        assert found["Third"][:8] in text and found["Thief"][:8] in text
    assert answer(first, "yes 00000000") and answer(first, "no 00000000")
    assert len(waiting(server, account)) == 2
    is_limited(second, colleague)
    answer(first, "yes " + third_id)
    freed(third, colleague)
    is_limited(second, colleague)
    answer(first, "no")
    second.stream_error()
    is_free(third, colleague)


# --- saying no

def test_no_ends_the_session_and_what_the_device_has(folk, server, account, colleague):
    administrator = log_in(folk, member(folk, "administrators"), sasl2.agent("Administration"))
    first = log_in(folk, account, phone())
    agent = thief()
    second = sasl2.connect(folk, account)
    success = sasl2.authenticate(second, agent=agent, inline=sasl2.request_token(BOUND) + sasl2.bind("Tests"))
    token = sasl2.token_in(success, BOUND)
    sasl2.features(second)
    notice = told(first)
    one, = waiters(server, account)
    assert answer(first, "no " + id_in(notice))
    second.stream_error()
    assert account.jid in told(administrator)
    with pytest.raises(Refused):
        sasl2.use_token(sasl2.connect(folk, account), token, agent, inline=sasl2.bind("Tests"))
    line = device_line(server, account, "refuse")
    assert line["from"] == first.jid and is_about(line, agent, one)
    again = newcomer(folk, account, agent)
    is_limited(again, colleague)
    one, = waiters(server, account)
    answer(first, "yes " + one["id"][:8])
    freed(again, colleague)


def test_no_ends_a_session_that_waits_to_be_resumed(folk, account):
    first = log_in(folk, account, phone())
    second = log_in(folk, account, thief(), inside=sasl2.manage())
    told(first)
    second.drop()
    answer(first, "no")
    again = sasl2.connect(folk, account)
    success = sasl2.authenticate(again, agent=second.agent, inline=sasl2.resume(second.sm_id, second.sm_in))
    assert success.find(tag(names.SM, "resumed")) is None and success.find(tag(names.SM, "failed")) is not None


# --- who may not say it

def test_a_device_that_waits_confirms_neither_itself_nor_another(folk, server, pair, account, colleague):
    first, second = pair
    first.end()
    third = newcomer(folk, account, sasl2.agent("Accomplice", "There"))
    ids = {each["product"]: each["id"][:8] for each in waiters(server, account, 2)}
    for each in (second, third):
        for word in ["yes"] + ["%s %s" % (word, id) for word in ("yes", "no") for id in ids.values()]:
            in_vain(each, word)
    for each in (second, third):
        is_limited(each, colleague)
    assert {each["product"]: each["id"][:8] for each in waiting(server, account)} == ids


def test_nobody_confirms_what_is_not_his(folk, server, pair, account, colleague):
    first, second = pair
    one, = waiters(server, account)
    for word in ("yes", "yes " + one["id"][:8], "no " + one["id"][:8]):
        assert re.search("nothing|no device|wait", answer(colleague, word), re.I)
    is_limited(second, colleague)
    assert waiting(server, account) == [one]
    for each in (first, colleague):
        id = say_to_server(each, "How are you?")
        assert tuple(Error(each.expect(message(type="error", id=id)))) == ("cancel", "service-unavailable")


# --- streams that are resumed

def resume(folk, client):
    again = sasl2.connect(folk, client.account)
    sasl2.authenticate(again, agent=client.agent)
    sasl2.features(again)
    assert client.resume_on(again).tag == tag(names.SM, "resumed")
    return again


def test_a_resumed_session_is_limited_until_it_is_confirmed(folk, account, colleague):
    first = log_in(folk, account, phone())
    second = log_in(folk, account, thief(), inside=sasl2.manage())
    told(first)
    is_limited(second, colleague)
    second.drop()
    again = resume(folk, second)
    again.agent = second.agent
    is_limited(again, colleague)
    assert archive.refused(again)[1] == "policy-violation"
    again.drop()
    answer(first, "yes")
    is_free(resume(folk, again), colleague)


# --- clients that do not say which installation they are

def at(source):
    return {"connect": {"source": source}}


def test_another_program_waits_and_the_known_one_does_not(folk, server, account, colleague):
    first = Posing(server, account, GAJIM_NEW).online()
    is_free(first, colleague)
    second = Posing(server, account, PROFANITY_NEW).online()
    is_limited(second, colleague)
    notice = told(first)
    one, = waiters(server, account)
    assert "Profanity" in notice and one["product"] == "Profanity" and id_in(notice) == one["id"][:8]
    is_free(Posing(server, account, GAJIM_NEW).online("another"), colleague)
    told(second)
    answer(first, "yes")
    freed(second, colleague)
    second.end()
    is_free(Posing(server, account, PROFANITY_NEW).online(), colleague)


def test_one_that_says_nothing_waits_in_another_network(folk, server, account, colleague):
    first = Client(server, account).online(**at(HERE))
    is_free(first, colleague)
    second = Client(server, account).login(bind=False, **at(FAR))
    texts = [words("number %d" % number) for number in range(3)]
    second.raw("<iq type='set' id='b'><bind xmlns='%s'/></iq>" % names.BIND + "".join(
        message_to(colleague.bare, body(text), id=text) for text in texts))  # before it is known who that is
    got = [second.expect(message(type="error")) for _ in texts]
    assert [each.get("id") for each in got] == texts and {Error(each).condition for each in got} == {"policy-violation"}
    assert "a program that does not say which it is" in told(first)
    answer(first, "yes")
    assert not [text for text in texts if holds(colleague.settle(first), text)]
    second.end()
    is_free(Client(server, account).online(**at(OTHER_FAR)), colleague)


@only("inside")
def test_what_it_says_meanwhile_keeps_its_order(scene):
    account = scene.folk.account()
    is_free(Client(scene.server, account).online(**at(HERE)), scene.colleague)
    second = Client(scene.server, account).login(**at(FAR))
    said = [second.say(scene.colleague.jid, extra=LINK if number == 1 else "") for number in range(4)]
    refused(second, said[1].id)
    said.pop(1)
    for each in said:
        assert scene.colleague.expect(message(from_=second.jid)).get("id") == each.id
    second.end()


# --- administrators

def test_administrators_see_who_waits(folk, server, account):
    first, second = two_devices(folk, account)
    one, = waiters(server, account)
    assert re.fullmatch("[0-9a-f]{16}", one["id"])
    assert (one["jid"], one["kind"], one["product"], one["device"]) == (account.jid, "device", "Thief", "Somewhere")
    assert one["address"] == server.source and re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", one["since"])
    assert one in waiting(server)
    for words_ in ((), (account.jid,)):
        done = server.run("devices", "waiting", *words_)
        assert done.returncode == 0
        shown = (account.jid, one["id"], "Thief", "Somewhere", one["address"])
        assert not [each for each in shown if each not in done.stdout]
    assert waiting(server, folk.account()) == []


def test_an_administrator_confirms(folk, server, pair, account, colleague):
    first, second = pair
    assert by_administrator(server, account, "--reason", "Called her.") == 1
    freed(second, colleague)
    record.eventually(lambda: acts(server, account, "devices.confirm"))
    line, = acts(server, account, "devices.confirm")
    assert line["actor"] and line["text"].endswith(": Called her.")


def test_one_that_is_not_there_is_confirmed(folk, server, pair, account, colleague):
    first, second = pair
    second.end()
    record.eventually(lambda: not [each for each in server.sessions() if each["jid"] == second.jid])
    assert by_administrator(server, account) == 0
    is_free(log_in(folk, account, second.agent), colleague)


def test_what_does_not_wait_cannot_be_confirmed(folk, server, pair, account):
    one, = waiters(server, account)
    other = folk.account()
    for jid, id in ((account.jid, "0" * 16), (other.jid, one["id"])):
        done = server.run("devices", "confirm", jid, id)
        assert done.returncode == 1 and "devices waiting" in done.stderr, done.stdout + done.stderr
    assert waiting(server, account) == [one]
    server.json("devices", "confirm", account.jid, one["id"])
    assert server.run("devices", "confirm", account.jid, one["id"]).returncode == 1
    for words_ in (("waiting", "nobody-here@example.org"), ("confirm", "nobody-here@example.org", "0" * 16)):
        assert server.run("devices", *words_).returncode in (1, 2)


def device_of(server, account, product):
    """As `devices list` names it."""
    def found():
        return [each["id"] for each in server.json("devices", "list", account.jid)["devices"] if each["product"] == product]
    record.eventually(found)
    return found()[0]


def test_what_is_revoked_waits_when_it_comes_again(folk, server, pair, account, colleague):
    """One that waits, and one that was confirmed."""
    first, second = pair
    for confirmed in (False, True):
        if confirmed:
            assert by_administrator(server, account) == 1
            freed(second, colleague)
        assert server.run("devices", "revoke", account.jid, device_of(server, account, "Thief")).returncode == 0
        assert second.stream_error() == "not-authorized"
        second = newcomer(folk, account, second.agent)
        is_limited(second, colleague)
        waiters(server, account)


def test_who_is_removed_waits_no_more(folk, server, pair, account):
    waiters(server, account)
    assert server.run("user", "remove", account.jid, "--yes").returncode == 0
    record.eventually(lambda: not [each for each in waiting(server) if each["jid"] == account.jid])


# --- restarts

def test_after_a_restart_one_goes_on_waiting_and_the_other_is_confirmed(folk, server, account):
    first, second = two_devices(folk, account)
    answer(first, "yes")
    told(second)
    third = log_in(folk, account, sasl2.agent("Third"))
    told(first)
    before = waiters(server, account)
    server.restart()
    assert waiting(server, account) == before
    colleague = colleague_in(folk)
    is_free(log_in(folk, account, second.agent), colleague)
    third = newcomer(folk, account, third.agent)
    is_limited(third, colleague)
    first = log_in(folk, account, first.agent)
    assert not notices(first)
    answer(first, "yes " + before[0]["id"][:8])
    freed(third, colleague)


# --- every device

@pytest.fixture(scope="module")
def strict(launch):
    return launch("confirm-every", confirm("every"))


@pytest.fixture
def strict_folk(strict, address):
    strict.source = address
    yield Folk(strict)
    strict.close_clients()
    strict.check_log()


def test_the_first_device_waits_for_an_administrator_where_every_one_does(strict_folk, strict):
    other, account = strict_folk.accounts(2)
    colleague = newcomer(strict_folk, other, phone())
    assert by_administrator(strict, other) == 1
    first = log_in(strict_folk, account, phone())
    assert told(first)
    is_limited(first, colleague)
    one, = waiters(strict, account)
    in_vain(first, "yes " + one["id"][:8])
    is_limited(first, colleague)
    assert by_administrator(strict, account, "--reason", "Seen.") == 1
    freed(first, colleague)
    second = newcomer(strict_folk, account, thief())
    is_limited(second, colleague)
    answer(first, "yes")
    freed(second, colleague)


def test_two_that_wait_do_not_confirm_each_other(strict_folk, strict):
    account, other = strict_folk.accounts(2)
    one, two = [newcomer(strict_folk, account, sasl2.agent(each)) for each in ("One", "Two")]
    ids = {each["product"]: each["id"][:8] for each in waiters(strict, account, 2)}
    for client, id in ((one, ids["Two"]), (two, ids["One"])):
        in_vain(client, "yes " + id)
        refused(client, client.say(other.jid).id)
    assert len(waiting(strict, account)) == 2


# --- switched off, and while it runs

@pytest.fixture(scope="module")
def off(launch):
    return launch("confirm-off", {"clients": {"wait_seconds": WAIT}})


@pytest.fixture
def off_folk(off, address):
    off.source = address
    yield Folk(off)
    off.close_clients()
    off.check_log()


def test_switched_off_nothing_is_different(off_folk, off):
    account, colleague = off_folk.account(), colleague_in(off_folk)
    agent = phone()
    log_in(off_folk, account, agent).end()
    said = colleague.say(account.jid)
    archive.until_kept(colleague, said.body)
    second = log_in_as_of_old(off_folk, account, thief())
    second.expect(message(body=said.body))
    is_free(second, colleague)
    archive.history(second)
    assert not notices(second)
    first = log_in(off_folk, account, agent)
    notice = told(first)
    assert notice.startswith("New device") and not re.search(r"\b(yes|no) [0-9a-f]{8}", notice)
    assert waiting(off, account) == [] and waiting(off) == []
    for client in (first, second):
        for word in ("yes", "no"):
            id = say_to_server(client, word)
            assert tuple(Error(client.expect(message(type="error", id=id)))) == ("cancel", "service-unavailable")
    is_free(second, colleague)


def test_it_is_switched_on_and_off_while_people_are_there(off_folk, off):
    """The last test of that server."""
    account, colleague = off_folk.account(), colleague_in(off_folk)
    first, second = [log_in(off_folk, account, each) for each in (phone(), sasl2.agent("Desk"))]
    third = log_in(off_folk, account, sasl2.agent("Laptop"))
    third.end()
    live(off, confirm="new")
    for each in (first, second, log_in(off_folk, account, third.agent)):
        is_free(each, colleague)
    assert waiting(off, account) == []
    notices(first)
    late = log_in(off_folk, account, thief())
    is_limited(late, colleague)
    id_in(told(first))
    live(off, confirm="off")
    is_free(late, colleague)
    archive.history(late)
    live(off, confirm="new")
    late.end()
    late = log_in(off_folk, account, late.agent)
    is_limited(late, colleague)
    one, = waiters(off, account)
    live(off, unconfirmed="inside")
    is_free(late, colleague)
    refused(late, late.say(colleague.bare, extra=LINK).id)
    answer(first, "yes " + one["id"][:8])
    record.eventually(lambda: archive.ask(late)[1].get("type") == "result")


# --- two networks at once

@pytest.fixture(scope="module")
def restless(launch):
    """Notices soon that a connection is dead, and so looks soon who is in two networks."""
    ping = {"interval_seconds": 1, "timeout_seconds": 1}
    server = launch("confirm-networks", {**confirm(confirm_networks=True), "ping": ping})
    server.source = HERE
    yield server
    server.check_log()


def from_network(server, account, agent, source):
    client = sasl2.connect(server, account, source=source)
    sasl2.authenticate(client, agent=agent, inline=sasl2.bind("Tests"))
    sasl2.features(client)
    client.available()
    client.agent = agent
    return client


def alive(clients, seconds, until=lambda: False):
    """They answer pings for that long, or until it is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not until():
        for each in clients:
            heard = each.listen(0.1)
            each.inbox.extend(heard)


def test_a_second_network_at_the_same_time_is_confirmed_once(restless):
    folk = Folk(restless)
    account, colleague = folk.account(), colleague_in(folk)
    desk, tablet = two_devices(folk, account)
    answer(desk, "yes")
    told(tablet)
    tablet.end()
    for each in (desk, colleague):
        notices(each)
    tablet = from_network(restless, account, tablet.agent, FAR)
    is_free(tablet, colleague)
    alive([desk, tablet, colleague], 20, lambda: waiting(restless, account))
    one, = waiting(restless, account)
    assert one["kind"] == "network" and one["address"] == FAR
    is_limited(tablet, colleague)
    assert told(tablet)
    is_free(desk, colleague)
    in_vain(tablet, "yes")
    in_vain(tablet, "yes " + one["id"][:8])
    is_limited(tablet, colleague)
    notice = told(desk)
    assert id_in(notice) == one["id"][:8] and FAR in notice
    answer(desk, "yes")
    freed(tablet, colleague)
    tablet.end()
    tablet = from_network(restless, account, tablet.agent, FAR)
    alive([desk, tablet, colleague], 6, lambda: waiting(restless, account))
    assert waiting(restless, account) == []
    is_free(tablet, colleague)
