"""What people keep for themselves and show of themselves: private XML (XEP-0049), vCards (XEP-0054), and the picture in
presence (XEP-0153, XEP-0398)."""

import base64
import hashlib

import pytest

from lib import names
from lib.client import Account
from lib.names import tag
from lib.record import content_with, eventually, handed_to
from lib.rooms import new_room, occupant
from lib.rules import add_rules, wall_rule, word_rule
from lib.server import PASSWORD_MARK
from lib.standstill import stopped
from lib.stanza import Error, child, iq, iq_to, presence, presence_to, words

WORD = "xyzzyword"
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(64))
HASH = hashlib.sha1(PICTURE).hexdigest()


@pytest.fixture(scope="module")
def server(launch):
    def prepare(server):
        add_rules(server, word_rule("personal-word", WORD, "Not this word, please."),
                  wall_rule("personal-wall", ("group:personal-left", "group:personal-right")))
        server.configure({"personal": {"private_bytes": 4096, "vcard_bytes": 8192}})
    return launch("personal", prepare=prepare)


def vcard(name, picture=None):
    photo = "" if picture is None else "<PHOTO><TYPE>image/png</TYPE><BINVAL>\n%s</BINVAL></PHOTO>" % (
        base64.encodebytes(picture).decode())
    return "<FN>%s</FN>%s" % (name, photo)


def set_card(client, payload, to=None):
    return client.ask(names.VCARD, to=to, name="vCard", type="set", payload=payload)


def card_of(client, to=None):
    return client.ask(names.VCARD, to=to, name="vCard")


def full_name(answer):
    return answer.findtext("%s/%s" % (tag(names.VCARD, "vCard"), tag(names.VCARD, "FN")))


def photo(stanza):
    """The hash in presence: None without the element, "" for no picture."""
    found = stanza.find("%s/%s" % (tag(names.VCARD_UPDATE, "x"), tag(names.VCARD_UPDATE, "photo")))
    return None if found is None else found.text or ""


# --- private XML

def keep(client, payload, **more):
    return client.ask(names.PRIVATE, type="set", payload=payload, **more)


def kept(client, payload, **more):
    return client.ask(names.PRIVATE, payload=payload, **more)


def test_private_data_comes_back_as_it_was(folk):
    alice, = folk.online(1)
    assert len(kept(alice, "<x xmlns='urn:example:a'/>")[0][0]) == 0
    assert keep(alice, "<x xmlns='urn:example:a' b='&lt;'><y>one</y></x><x xmlns='urn:example:b'/>").get("type") == "result"
    found = kept(alice, "<x xmlns='urn:example:a'/>")[0][0]
    assert found.get("b") == "<" and found.findtext("{urn:example:a}y") == "one"
    assert keep(alice, "<x xmlns='urn:example:a'><y>two</y></x>").get("type") == "result"
    assert kept(folk.another(alice), "<x xmlns='urn:example:a'/>")[0][0].findtext("{urn:example:a}y") == "two"


@pytest.mark.parametrize("payload", ["", "<x xmlns='%s'/>" % names.PRIVATE])
def test_private_data_needs_a_namespace_of_its_own(folk, payload):
    alice, = folk.online(1)
    assert tuple(Error(keep(alice, payload))) == ("modify", "not-acceptable")


def test_what_is_wanted_of_private_data_has_to_be_named_once(folk):
    alice, = folk.online(1)
    assert tuple(Error(kept(alice, ""))) == ("modify", "bad-request")
    assert Error(kept(alice, "<x xmlns='urn:example:a'/><x xmlns='urn:example:b'/>")).condition == "not-acceptable"


def test_private_data_is_nobody_elses(folk):
    alice, bob = folk.friends(2)
    for ask in (kept, keep):
        for to in (bob.bare, "nobody-at-all@example.org"):
            assert tuple(Error(ask(alice, "<x xmlns='urn:example:a'/>", to=to))) == ("auth", "forbidden")


def test_private_data_has_a_quota_and_what_was_kept_stays(folk):
    alice, = folk.online(1)
    keep(alice, "<x xmlns='urn:example:a'>small</x>")
    answer = keep(alice, "<x xmlns='urn:example:a'>%s</x>" % ("large" * 1000))
    assert tuple(Error(answer)) == ("wait", "resource-constraint")
    assert kept(alice, "<x xmlns='urn:example:a'/>")[0][0].text == "small"


# --- vCards

def test_a_card_is_read_by_its_owner_and_by_others(folk):
    alice, bob = folk.online(2)
    assert tuple(Error(card_of(alice))) == ("cancel", "item-not-found")
    name = words("Alice")
    assert set_card(alice, vcard(name)).get("type") == "result"
    assert full_name(card_of(alice)) == full_name(card_of(alice, alice.bare)) == full_name(card_of(bob, alice.bare)) == name
    assert card_of(bob, alice.bare).get("from") == alice.bare


def test_no_card_and_nobody_are_the_same(folk):
    alice, bob = folk.online(2)
    for to in (bob.bare, "nobody-at-all@example.org"):
        assert tuple(Error(card_of(alice, to))) == ("cancel", "service-unavailable")
        assert tuple(Error(set_card(alice, vcard("Bob"), to))) == ("auth", "forbidden")


def test_the_server_has_a_card(folk, server):
    alice, = folk.online(1)
    assert full_name(card_of(alice, server.domain)) == server.domain


def test_a_card_has_a_quota(folk):
    alice, = folk.online(1)
    assert tuple(Error(set_card(alice, vcard("x" * 9000)))) == ("modify", "policy-violation")


def test_somebody_behind_a_wall_or_a_block_has_no_card(folk, server):
    people = []
    for number, group in enumerate(("personal-left", "personal-right")):
        account = Account("wall%d@%s" % (number, server.domain), PASSWORD_MARK + "personal")
        server.import_csv("%s,%s,Somebody,%s,,,\n" % (account.jid, account.password, group))
        people.append(folk.client(account).online())
    left, right = people
    carol, = folk.online(1)
    set_card(left, vcard("Left"))
    assert full_name(card_of(carol, left.bare)) == "Left"
    assert card_of(right, left.bare).get("type") == "error"
    left.ask(names.BLOCKING, type="set", name="block", payload="<item jid='%s'/>" % carol.bare)
    assert tuple(Error(card_of(carol, left.bare))) == ("cancel", "service-unavailable")


def test_a_card_is_inspected_recorded_and_who_fetched_it_is_noted(folk, server):
    alice, bob = folk.online(2)
    refused = set_card(alice, vcard("the %s" % WORD))
    assert Error(refused).condition == "policy-violation"
    assert tuple(Error(card_of(bob, alice.bare))) == ("cancel", "service-unavailable")
    name = words("Alice")
    set_card(alice, vcard(name))
    assert full_name(card_of(bob, alice.bare)) == name
    entry, = content_with(server, name)
    assert entry["from"] == alice.jid and entry["kind"] == "iq"
    eventually(lambda: bob.jid in handed_to(server, entry))


@pytest.mark.recorder_runs("stops it itself")
def test_a_card_waits_for_the_recorder(folk, server):
    alice, bob = folk.online(2)
    set_card(alice, vcard("Alice"))
    with stopped(server):
        alice.send(iq_to(None, "set", "<vCard xmlns='vcard-temp'>%s</vCard>" % vcard("Another"), id="late"))
        assert full_name(card_of(bob, alice.bare)) == "Alice"
    alice.expect(iq(id="late", type="result"))
    assert full_name(card_of(bob, alice.bare)) == "Another"


def test_cards_and_private_data_survive_a_restart(folk, server):
    alice, = folk.online(1)
    set_card(alice, vcard("Alice", PICTURE))
    keep(alice, "<x xmlns='urn:example:a'>kept</x>")
    account = alice.account
    server.stop()
    server.start()
    alice = folk.client(account).login()
    assert full_name(card_of(alice)) == "Alice"
    assert kept(alice, "<x xmlns='urn:example:a'/>")[0][0].text == "kept"
    alice.send(presence_to())
    assert photo(alice.expect(presence(from_=alice.jid))) == HASH


# --- the picture in presence

def test_the_picture_stands_in_presence_to_all_who_get_it(folk, server):
    alice, bob = folk.friends(2)
    set_card(alice, vcard("Alice", PICTURE))
    assert photo(bob.expect(presence(from_=alice.jid))) == HASH  # the server says it at once
    for payload in ("", "<x xmlns='%s'/>" % names.VCARD_UPDATE,
                    "<x xmlns='%s'><photo>%s</photo></x>" % (names.VCARD_UPDATE, "0" * 40)):
        alice.send(presence_to(None, None, "<show>away</show>" + payload))
        assert photo(bob.expect(presence(from_=alice.jid))) == HASH
    room = new_room(server)
    alice.send(presence_to(room + "/a", None, "<x xmlns='%s'/>" % names.MUC))
    assert photo(alice.expect(occupant(room, "a"))) == HASH


def test_who_says_that_he_shows_none_shows_none(folk):
    alice, bob = folk.friends(2)
    set_card(alice, vcard("Alice", PICTURE))
    bob.expect(presence(from_=alice.jid))
    alice.send(presence_to(None, None, "<x xmlns='%s'><photo/></x>" % names.VCARD_UPDATE))
    assert photo(bob.expect(presence(from_=alice.jid))) == ""
    set_card(alice, vcard("Alice"))
    assert photo(bob.expect(presence(from_=alice.jid))) == ""


def test_text_is_not_carried_past_the_record_in_the_place_of_a_hash(folk):
    alice, bob = folk.friends(2)
    secret = words("secret")
    alice.send(presence_to(None, None, "<x xmlns='%s'><photo>%s</photo><y>%s</y></x>" % (names.VCARD_UPDATE, secret, secret)))
    got = bob.expect(presence(from_=alice.jid))
    assert secret not in "".join(got.itertext()) and photo(got) == ""
    assert child(got, "x", names.VCARD_UPDATE) is not None
