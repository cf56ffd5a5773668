"""Personal eventing as clients use it: nicknames (XEP-0172), what has been read (XEP-0490), keys of OMEMO (XEP-0384 and the
form before it), and vCard4 (XEP-0292)."""

import pytest

from lib import names
from lib.names import tag
from lib.pep import event, ids, interested, items, publish, pubsub_error, request
from lib.record import content_with
from lib.rules import add_rules, word_rule
from lib.stanza import Error, ok, words

NICK = "http://jabber.org/protocol/nick"
READ = "urn:xmpp:mds:displayed:0"
DEVICES, BUNDLES = "eu.siacs.conversations.axolotl.devicelist", "eu.siacs.conversations.axolotl.bundles"
DEVICES_2, BUNDLES_2 = "urn:xmpp:omemo:2:devices", "urn:xmpp:omemo:2:bundles"
VCARD4 = "urn:ietf:params:xml:ns:vcard-4.0"
PRIVATE = {"persist_items": "true", "max_items": "max", "send_last_published_item": "never", "access_model": "whitelist"}
WORD = "xyzzyword"


@pytest.fixture(scope="module")
def server(launch):
    return launch("uses", prepare=lambda server: add_rules(server, word_rule("uses-word", WORD, "Not this word, please.")))


# --- nicknames

def nick(name):
    return "<nick xmlns='%s'>%s</nick>" % (NICK, name)


def test_a_nickname_reaches_contacts_and_who_comes_later(folk, server):
    alice, bob = folk.friends(2)
    interested(bob, NICK)
    name = words("Ali")
    ok(publish(alice, NICK, nick(name)))
    assert bob.expect(event(NICK, alice.bare)).findtext(".//" + tag(NICK, "nick")) == name
    assert interested(folk.another(bob), NICK).expect(event(NICK, alice.bare)).findtext(".//" + tag(NICK, "nick")) == name
    entry, = content_with(server, name)
    assert entry["from"] == alice.jid
    assert Error(publish(alice, NICK, nick(WORD))).condition == "policy-violation"
    assert items(bob, NICK, to=alice.bare).findtext(".//" + tag(NICK, "nick")) == name


# --- what has been read

def read(stanza_id, by):
    return "<displayed xmlns='%s'><stanza-id xmlns='%s' id='%s' by='%s'/></displayed>" % (READ, names.SID, stanza_id, by)


def test_what_was_read_on_one_device_is_told_to_the_others_and_nobody_else(folk):
    alice, bob = folk.friends(2)
    phone = folk.another(alice)
    for client in (phone, bob):
        interested(client, READ)
    for chat, stanza_id in ((bob.bare, "one"), ("room@rooms.example.org", "two"), (bob.bare, "three")):
        ok(publish(alice, READ, read(stanza_id, alice.bare), id=chat, options=PRIVATE))
        told = phone.expect(event(READ, alice.bare))
        assert told.find(".//" + tag(names.SID, "stanza-id")).get("id") == stanza_id
        assert told.find(".//" + tag(names.PUBSUB_EVENT, "item")).get("id") == chat
    assert ids(items(phone, READ)) == ["room@rooms.example.org", bob.bare]
    assert pubsub_error(items(bob, READ, to=alice.bare)) == ("cancel", "not-allowed", "closed-node")
    assert not [each for each in bob.settle(alice) if event(READ)(each)]


def test_what_was_read_stays_private_also_when_a_client_forgets_to_say_so(folk):
    alice, bob = folk.friends(2)
    interested(bob, READ)
    for chat in ("a@example.org", "b@example.org"):
        ok(publish(alice, READ, read("x", alice.bare), id=chat))
    assert ids(items(alice, READ)) == ["a@example.org", "b@example.org"]
    assert pubsub_error(items(bob, READ, to=alice.bare))[2] == "closed-node"
    assert not [each for each in bob.settle(alice) if event(READ)(each)]


# --- keys

def device_list(*devices):
    return "<list xmlns='eu.siacs.conversations.axolotl'>%s</list>" % "".join("<device id='%s'/>" % each for each in devices)


def bundle(device):
    return ("<bundle xmlns='eu.siacs.conversations.axolotl'><signedPreKeyPublic signedPreKeyId='1'>a2V5%s</signedPreKeyPublic>"
            "<prekeys><preKeyPublic preKeyId='1'>a2V5</preKeyPublic></prekeys></bundle>" % device)


def test_devices_and_their_keys_are_for_everybody(folk):
    alice, bob = folk.friends(2)
    carol, = folk.online(1)
    phone = folk.another(alice)
    for client in (bob, phone):
        interested(client, DEVICES)
    open_to_all = {"access_model": "open", "persist_items": "true"}
    ok(publish(alice, DEVICES, device_list(31415), id="current", options=open_to_all))
    ok(publish(alice, "%s:31415" % BUNDLES, bundle(31415), id="current", options=open_to_all))
    for client in (bob, phone):
        told = client.expect(event(DEVICES, alice.bare))
        assert [each.get("id") for each in told.iter("{eu.siacs.conversations.axolotl}device")] == ["31415"]
    for client in (bob, carol):
        assert ids(items(client, DEVICES, to=alice.bare)) == ["current"]
        found = items(client, "%s:31415" % BUNDLES, to=alice.bare)
        assert next(found.iter("{eu.siacs.conversations.axolotl}signedPreKeyPublic")).text == "a2V531415"
    ok(publish(phone, DEVICES, device_list(31415, 27182), id="current", options=open_to_all))
    assert len(list(bob.expect(event(DEVICES, alice.bare)).iter("{eu.siacs.conversations.axolotl}device"))) == 2
    late = interested(folk.another(bob), DEVICES).expect(event(DEVICES, alice.bare))
    assert len(list(late.iter("{eu.siacs.conversations.axolotl}device"))) == 2


def test_a_node_that_is_set_otherwise_is_said_and_can_be_set_right(folk):
    """As clients do when their node is for contacts only: the publish fails, they configure it, they publish again."""
    alice, bob = folk.online(2)
    ok(publish(alice, DEVICES, device_list(1), id="current"))
    assert pubsub_error(items(bob, DEVICES, to=alice.bare))[1] == "not-authorized"
    again = dict(id="current", options={"access_model": "open"})
    assert pubsub_error(publish(alice, DEVICES, device_list(2), **again)) == ("cancel", "conflict", "precondition-not-met")
    form = ok(request(alice, "<configure node='%s'/>" % DEVICES, "get", owner=True)).find(".//" + tag(names.DATA, "x"))
    assert "pubsub#access_model" in [each.get("var") for each in form.iter(tag(names.DATA, "field"))]
    ok(request(alice, "<configure node='%s'><x xmlns='%s' type='submit'><field var='FORM_TYPE'><value>%s</value></field>"
               "<field var='pubsub#access_model'><value>open</value></field></x></configure>" % (
                   DEVICES, names.DATA, names.PUBSUB + "#node_config"), owner=True))
    ok(publish(alice, DEVICES, device_list(2), **again))
    assert ids(items(bob, DEVICES, to=alice.bare)) == ["current"]


def test_the_keys_of_all_devices_stand_in_one_node(folk):
    alice, bob = folk.online(2)
    ok(publish(alice, DEVICES_2, "<devices xmlns='urn:xmpp:omemo:2'><device id='1' label='a'/><device id='2'/></devices>",
               id="current", options={"access_model": "open"}))
    for device in ("1", "2"):
        ok(publish(alice, BUNDLES_2, "<bundle xmlns='urn:xmpp:omemo:2'><ik>a2V5%s</ik></bundle>" % device, id=device,
                   options={"access_model": "open", "max_items": "max"}))
    assert ids(items(bob, BUNDLES_2, to=alice.bare)) == ["1", "2"]
    found = items(bob, BUNDLES_2, to=alice.bare, payload="<item id='2'/>")
    assert ids(found) == ["2"] and next(found.iter("{urn:xmpp:omemo:2}ik")).text == "a2V52"
    ok(request(alice, "<retract node='%s'><item id='1'/></retract>" % BUNDLES_2))
    assert ids(items(bob, BUNDLES_2, to=alice.bare)) == ["2"]


# --- vCard4

def test_a_vcard4_is_a_node_and_nothing_is_made_of_it(folk, server):
    alice, bob = folk.friends(2)
    carol, = folk.online(1)
    interested(bob, "urn:xmpp:vcard4")
    name = words("Alice")
    ok(publish(alice, "urn:xmpp:vcard4", "<vcard xmlns='%s'><fn><text>%s</text></fn></vcard>" % (VCARD4, name),
               options={"access_model": "open"}))
    bob.expect(event("urn:xmpp:vcard4", alice.bare))
    assert items(carol, "urn:xmpp:vcard4", to=alice.bare).findtext(".//" + tag(VCARD4, "text")) == name
    assert Error(alice.ask(names.VCARD, name="vCard")).condition == "item-not-found"
    entry, = content_with(server, name)
    assert entry["from"] == alice.jid
    refused = publish(alice, "urn:xmpp:vcard4", "<vcard xmlns='%s'><note><text>%s</text></note></vcard>" % (VCARD4, WORD))
    assert Error(refused).condition == "policy-violation"
