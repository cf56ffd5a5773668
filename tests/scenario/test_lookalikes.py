"""Names that could be taken for somebody else's: in rooms, profiles, requests, first messages, new addresses (settings names.*,
letters that look the same are the same)."""

import itertools

import pytest

from lib.client import localpart
from lib.component import Component, prepared, settings
from lib.record import content_with, entries
from lib.rooms import admin, create, join, refusal
from lib.rules import add_rules, wall_rule
from lib.server import PASSWORD_MARK, free_port
from lib.stanza import Error, body, body_of, child, message, message_to, presence, presence_to, words
from lib.xmlstream import show

OUTSIDE = "gate.example"
NICK = "http://jabber.org/protocol/nick"
TAKEN = ("cancel", "conflict")
FORBIDDEN = "policy-violation"
PORT = free_port()
_number = itertools.count(1)


@pytest.fixture(scope="module")
def server(launch):
    def prepare(server):
        prepared(OUTSIDE)(server)
        add_rules(server, wall_rule("names-wall", ("group:names-left", "group:names-right")))
    return launch("lookalikes", dict(settings(PORT, outside=[OUTSIDE]), names={"from_account": True}), prepare)


def letters(number):
    """No two look alike."""
    return "".join("abcdefghkn"[int(digit)] for digit in str(number))


@pytest.fixture
def colleague(server, folk):
    """Somebody with a name of his own."""
    person, = folk.online(1)
    person.name = "Paolo %s Osera" % letters(next(_number))
    done = server.run("user", "change", person.bare, "--name", person.name)
    assert done.returncode == 0, done.stderr
    return person


@pytest.fixture
def gate(server, folk):
    component = Component(server, PORT, OUTSIDE).join()
    yield component
    component.end()


def disguise(name):
    """The same to look at, in Cyrillic letters."""
    return name.replace("e", "\u0435").replace("a", "\u0430").replace("o", "\u043e")


# --- rooms

def test_who_looks_like_another_occupant_does_not_enter(folk, room):
    alice, bob = folk.online(2)
    create(alice, room, "paolo")
    for nick in (disguise("paolo"), "PAOLO", "pa0lo", "pa.olo"):
        assert tuple(Error(refusal(bob, room, nick))) == TAKEN, nick
    join(bob, room, "paola")
    bob.send(presence_to(room + "/" + disguise("paolo")))
    assert tuple(Error(bob.expect(presence(type="error")))) == TAKEN


def test_a_second_session_of_the_same_person_may_be_called_so(folk, room):
    alice, = folk.online(1)
    create(alice, room, "paolo")
    join(folk.another(alice), room, "paolo")


def test_a_colleagues_name_is_his_in_every_room(folk, room, colleague):
    alice, bob = folk.online(2)
    create(alice, room, "host")
    for nick in (colleague.name, disguise(colleague.name), colleague.name.upper(), colleague.name.replace(" ", ""),
                 localpart(colleague.bare)):
        assert tuple(Error(refusal(bob, room, nick))) == TAKEN, nick
    join(colleague, room, colleague.name)


@pytest.mark.parametrize("nick", ["admin", "\u0430dmin", "adm1n", "help desk", "ROOT", "secur1ty"])
def test_reserved_names_are_nobodys(folk, room, nick):
    alice, bob = folk.online(2)
    create(alice, room, "host")
    assert tuple(Error(refusal(bob, room, nick))) == TAKEN


def test_an_administrator_may_go_by_a_reserved_name(server, folk, room):
    alice, = folk.online(1)
    server.run("user", "change", alice.bare, "--groups", "administrators")
    join(alice, room, "admin")


def test_a_room_gives_nobody_a_nickname_that_is_not_his(folk, room):
    alice, bob = folk.online(2)
    create(alice, room, "paolo")
    for nick in ("admin", disguise("paolo")):
        answer = admin(alice, room, nick=nick, jid=bob.bare, affiliation="member")
        assert tuple(Error(answer)) == TAKEN, nick
    assert admin(alice, room, nick="bobby", jid=bob.bare, affiliation="member").get("type") == "result"
    join(bob, room, "bobby")


def test_who_may_not_know_of_a_colleague_does_not_learn_of_him_by_his_name(server, folk, room, colleague):
    alice, = folk.online(1)
    server.run("user", "change", colleague.bare, "--groups", "names-right")
    server.run("user", "change", alice.bare, "--groups", "names-left")
    join(alice, room, colleague.name)


# --- profiles

def publication(node, item):
    return ("<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='%s'><item>%s</item></publish></pubsub>"
            % (node, item))


PROFILES = {
    "FN": lambda name: "<vCard xmlns='vcard-temp'><FN>%s</FN></vCard>" % name,
    "NICKNAME": lambda name: "<vCard xmlns='vcard-temp'><NICKNAME>%s</NICKNAME></vCard>" % name,
    "nick": lambda name: publication(NICK, "<nick xmlns='%s'>%s</nick>" % (NICK, name)),
    "vcard4": lambda name: publication("urn:xmpp:vcard4", "<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'><fn><text>%s"
                                       "</text></fn></vcard>" % name),
    "second NICKNAME": lambda name: "<vCard xmlns='vcard-temp'><NICKNAME>Ali</NICKNAME><NICKNAME>%s</NICKNAME></vCard>" % name,
    "second nickname": lambda name: publication(
        "urn:xmpp:vcard4", "<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'><fn><text>Ali</text></fn><nickname><text>Ali</text>"
        "<text>%s</text></nickname></vcard>" % name),
    "second FN": lambda name: "<vCard xmlns='vcard-temp'><FN>Ali</FN><FN>%s</FN></vCard>" % name,
    "second fn": lambda name: publication(
        "urn:xmpp:vcard4", "<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'><fn><text>Ali</text></fn><fn><text>%s</text></fn>"
        "</vcard>" % name),
}


@pytest.mark.parametrize("kind", PROFILES)
def test_nobody_publishes_a_profile_under_a_colleagues_name(folk, server, colleague, kind):
    alice, = folk.online(1)
    taken = (colleague.name, disguise(colleague.name), "S\u0435curity")
    for name in taken:
        answer = alice.iq("set", PROFILES[kind](name))
        assert Error(answer).condition == FORBIDDEN, show(answer)
    assert alice.iq("set", PROFILES[kind]("Somebody Else")).get("type") == "result"
    assert colleague.iq("set", PROFILES[kind](colleague.name)).get("type") == "result"
    found = [each for each in entries(server.dir / "record")
             if each.get("from", "").startswith(alice.bare + "/") and "names" in each.get("rules", ())]
    assert len(found) == len(taken) and all(each["action"] == "block" for each in found)


def test_nobody_publishes_more_names_than_are_looked_at(folk):
    alice, = folk.online(1)
    names = "".join("<NICKNAME>Ali %d</NICKNAME>" % each for each in range(33))
    card = "<vCard xmlns='vcard-temp'>%s</vCard>"
    assert Error(alice.iq("set", card % names)).condition == FORBIDDEN
    assert alice.iq("set", card % names.replace("<NICKNAME>Ali 32</NICKNAME>", "")).get("type") == "result"


@pytest.mark.parametrize("kind", ["FN", "vcard4", "second FN", "second fn"])
def test_the_full_name_in_a_card_is_the_accounts(folk, server, colleague, kind):
    alice, = folk.online(1)
    assert colleague.iq("set", PROFILES[kind]("Somebody Important")).get("type") == "result"
    if kind.endswith("FN"):
        got = alice.iq("get", "<vCard xmlns='vcard-temp'/>", to=colleague.bare)
    else:
        got = colleague.iq("get", "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:xmpp:vcard4'/></pubsub>")
    assert colleague.name in show(got) and "Important" not in show(got)
    found = [each for each in entries(server.dir / "record") if each.get("from", "").startswith(colleague.bare + "/")
             and "Important" in each.get("stanza", "")]
    assert len(found) == 1 and colleague.name in found[0]["deliver"]


def test_a_nickname_in_a_message_that_is_anothers_is_taken_out(folk, server, colleague):
    alice, bob = folk.online(2)
    nick = "<nick xmlns='%s'>%%s</nick>" % NICK
    said = alice.say(bob.jid, extra=nick % "Ali")
    assert child(bob.expect(message(body=said.body)), "nick", NICK) is not None
    said = alice.say(bob.jid, extra=nick % "Ali" + nick % disguise(colleague.name))
    assert child(bob.expect(message(body=said.body)), "nick", NICK) is None
    said = alice.say(bob.jid, extra=nick % disguise(colleague.name))
    assert child(bob.expect(message(body=said.body)), "nick", NICK) is None
    entry, = content_with(server, said.body)
    assert disguise(colleague.name) in entry["stanza"] and disguise(colleague.name) not in entry["deliver"]


# --- requests and first messages

def test_a_request_under_a_colleagues_name_is_marked(folk, server, colleague):
    alice, bob = folk.online(2)
    alice.send(presence_to(bob.bare, "subscribe", "<nick xmlns='%s'>%s</nick><status>Hello there</status>"
                           % (NICK, disguise(colleague.name))))
    got = bob.expect(presence(type="subscribe", from_=alice.bare))
    status = child(got, "status").text
    assert status.startswith("[Warning from the server: ") and status.endswith("\nHello there")
    assert alice.bare in status and colleague.bare in status and child(got, "nick", NICK) is None
    bob.end()
    bob = type(bob)(server, bob.account).online()
    assert child(bob.expect(presence(type="subscribe")), "status").text == status


def test_a_request_under_ones_own_name_is_not(folk, colleague):
    bob, = folk.online(1)
    colleague.send(presence_to(bob.bare, "subscribe", "<nick xmlns='%s'>%s</nick>" % (NICK, colleague.name)))
    got = bob.expect(presence(type="subscribe", from_=colleague.bare))
    assert child(got, "nick", NICK).text == colleague.name and child(got, "status") is None


@pytest.mark.parametrize("language, begin", [
    ("de-CH", "[Warnung des Servers: "), ("fr-CA", "[Avertissement du serveur : "), ("es", "[Aviso del servidor: "),
    ("fi", "[Palvelimen varoitus: ")])
def test_the_first_message_from_outside_that_looks_like_a_colleague_is_marked_in_the_recipients_language(
        folk, server, colleague, gate, language, begin):
    bob, = folk.online(1)
    server.run("user", "change", bob.bare, "--language", language)
    sender = "%s@%s" % (disguise(localpart(colleague.bare)), OUTSIDE)
    for number in range(2):
        text = words()
        gate.send(message_to(bob.bare, body(text), from_=sender))
        got = body_of(bob.expect(message(from_=sender)))
        assert got.endswith(text)
        assert (got.startswith(begin) and "{" not in got) == (number == 0), got
        entry, = content_with(server, text)
        assert ("deliver" in entry) == (number == 0)


def test_somebody_from_outside_who_looks_like_nobody_is_not_marked(folk, gate):
    bob, = folk.online(1)
    text = words()
    gate.send(message_to(bob.bare, body(text), from_="quite-another@" + OUTSIDE))
    assert body_of(bob.expect(message(from_="quite-another@" + OUTSIDE))) == text


# --- words that mix scripts, though they are nobody's

MIXED = "M\u0430gd\u0430"  # Latin and Cyrillic


def mixing(server, how):
    server.configure({"names": {"mixed_scripts": how}})
    assert server.run("reload").returncode == 0


@pytest.fixture
def refusing(server):
    mixing(server, "refuse")
    yield
    mixing(server, "mark")


def mixed_findings(server, text):
    entry, = content_with(server, text)
    return [rule for rule in entry.get("rules", []) + entry.get("observed", []) if "names" in str(rule)]


def test_a_name_that_mixes_scripts_is_marked(folk, server, gate):
    alice, bob = folk.online(2)
    nick = "<nick xmlns='%s'>%s</nick>" % (NICK, MIXED)
    alice.send(presence_to(bob.bare, "subscribe", nick))
    got = bob.expect(presence(type="subscribe", from_=alice.bare))
    assert "mixes letters of several scripts" in child(got, "status").text and child(got, "nick", NICK) is None
    sender = "m\u0430gd%d@%s" % (next(_number), OUTSIDE)
    bob.roster_set(sender)
    text = words("good morning")
    gate.send(message_to(bob.bare, body(text), type="chat", from_=sender))
    got = bob.expect(message(where=lambda e: text in (body_of(e) or "")))
    assert body_of(got).startswith("[Warning from the server: the name of %s mixes" % sender)
    assert mixed_findings(server, text)


@pytest.mark.parametrize("name", ["\u041c\u0430\u0440\u0456\u044f", "Anna \u0410\u043d\u043d\u0430", "\u4f50\u85e4Taro", "Magda"])
def test_names_as_people_write_them_are_not(folk, name):
    alice, bob = folk.online(2)
    alice.send(presence_to(bob.bare, "subscribe", "<nick xmlns='%s'>%s</nick>" % (NICK, name)))
    got = bob.expect(presence(type="subscribe", from_=alice.bare))
    assert child(got, "status") is None and child(got, "nick", NICK).text == name


def test_where_mixing_is_refused_nobody_goes_by_such_a_name(folk, room, refusing):
    alice, bob = folk.online(2)
    create(alice, room, "alice")
    assert tuple(Error(refusal(bob, room, MIXED))) == TAKEN
    join(bob, room, "Magda")
    for kind in ("FN", "nick"):
        answer = Error(bob.iq("set", PROFILES[kind](MIXED)))
        assert answer.condition == FORBIDDEN and "several scripts" in answer.text, kind
    bob.send(presence_to(alice.bare, "subscribe", "<nick xmlns='%s'>%s</nick>" % (NICK, MIXED)))
    assert Error(bob.expect(presence(type="error"))).condition == FORBIDDEN
    said = bob.say(alice.jid, extra="<nick xmlns='%s'>%s</nick>" % (NICK, MIXED))
    assert child(alice.expect(message(body=said.body)), "nick", NICK) is None


# --- new addresses

def test_an_address_that_looks_like_another_is_added_only_when_that_is_meant(server):
    password = {"input": PASSWORD_MARK + "lookalike\n"}
    add = ("user", "add", "--password-stdin")
    assert server.run(*add, "iris@example.org", **password).returncode == 0
    refused = server.run(*add, "lris@example.org", **password)
    assert refused.returncode == 0  # small letters: they differ
    for user in ("ir\u0456s", "i.ris", "lr\u0456s"):
        refused = server.run(*add, user + "@example.org", **password)
        assert refused.returncode != 0 and "looks like" in refused.stderr and "--allow-confusable" in refused.stderr, user
    assert server.run(*add, "i.ris@second.example", **password).returncode == 0
    assert server.run(*add, "i.ris@example.org", "--allow-confusable", **password).returncode == 0


def test_the_same_without_a_running_server(launch, tmp_path):
    stopped = launch("lookalikes-stopped")
    stopped.stop()
    password = {"input": PASSWORD_MARK + "lookalike\n"}
    add = ("user", "add", "--password-stdin")
    assert stopped.run(*add, "iris@example.org", **password).returncode == 0
    refused = stopped.run(*add, "ir\u0456s@example.org", **password)
    assert refused.returncode != 0 and "looks like iris@example.org" in refused.stderr and "--allow-confusable" in refused.stderr
    assert stopped.run(*add, "ir\u0456s@second.example", **password).returncode == 0
    assert stopped.run(*add, "ir\u0456s@example.org", "--allow-confusable", **password).returncode == 0
    people = tmp_path / "people.csv"
    people.write_text("jid,password\n" + "".join("%s@example.org,%s\n" % (each, PASSWORD_MARK + "import") for each in (
        "marta", "m\u0430rta", "i.ris", "somebody")))
    done = stopped.json("user", "import", str(people))
    assert done["added"] == 4 and done["failed"] == []
    assert [(each["jid"].split("@")[0], each["like"].split("@")[0]) for each in done["confusable"]][0] == ("m\u0430rta", "marta")
    assert [each["jid"].split("@")[0] for each in done["confusable"]] == ["m\u0430rta", "i.ris"]


def test_an_import_says_who_looks_like_another(server, tmp_path):
    people = tmp_path / "people.csv"
    people.write_text("jid,password\nmarta@example.org,%s\nm\u0430rta@example.org,%s\n" % ((PASSWORD_MARK + "import",) * 2))
    done = server.json("user", "import", str(people))
    assert done["added"] == 2 and done["failed"] == []
    assert [(each["jid"], each["like"]) for each in done["confusable"]] == [("m\u0430rta@example.org", "marta@example.org")]
