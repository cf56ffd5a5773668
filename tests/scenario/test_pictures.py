"""One picture in two forms (XEP-0398): that of the nodes (XEP-0084) and that of the vCard and of presence (XEP-0054,
XEP-0153)."""

import base64
import hashlib

import pytest

from lib import names
from lib.names import tag
from lib.pep import event, ids, interested, items, publish, pubsub_error, request
from lib.record import content_with, eventually, handed_to
from lib.rooms import new_room, occupant
from lib.standstill import stopped
from lib.rules import add_rules, word_rule
from lib.stanza import Error, iq, iq_to, ok, presence, presence_to, words

DATA, METADATA = "urn:xmpp:avatar:data", "urn:xmpp:avatar:metadata"
ONE, TWO = (b"\x89PNG\r\n\x1a\n" + bytes(range(start, start + 64)) for start in (0, 100))
WORD = "xyzzyword"


@pytest.fixture(scope="module")
def server(launch):
    def prepare(server):
        add_rules(server, word_rule("pictures-word", WORD, "Not this word, please."))
        server.configure({"personal": {"bytes": 10000}})
    return launch("pictures", prepare=prepare)


def sha(picture):
    return hashlib.sha1(picture).hexdigest()


def text(picture):
    return base64.b64encode(picture).decode()


def publish_data(client, picture, options=None):
    return ok(publish(client, DATA, "<data xmlns='%s'>%s</data>" % (DATA, text(picture)), id=sha(picture), options=options))


def publish_metadata(client, infos, id=None, options=None):
    return ok(publish(client, METADATA, "<metadata xmlns='%s'>%s</metadata>" % (METADATA, infos), id=id, options=options))


def info(picture, more=""):
    return "<info bytes='%d' id='%s' type='image/png'%s/>" % (len(picture), sha(picture), more)


def show(client, picture, options=None):
    publish_data(client, picture, options)
    publish_metadata(client, info(picture), sha(picture), options)


def set_card(client, picture=None, name="Alice", type="<TYPE>image/png</TYPE>"):
    photo = "" if picture is None else "<PHOTO>%s<BINVAL>\n%s\n</BINVAL></PHOTO>" % (type, text(picture))
    return ok(client.ask(names.VCARD, name="vCard", type="set", payload="%s<FN>%s</FN>" % (photo, name)))


def card(client, to=None):
    """Name, type and bytes of the picture."""
    found = ok(client.ask(names.VCARD, to=to, name="vCard"))[0]
    value = found.findtext("%s/%s" % (tag(names.VCARD, "PHOTO"), tag(names.VCARD, "BINVAL")))
    return (found.findtext(tag(names.VCARD, "FN")), found.findtext("%s/%s" % (tag(names.VCARD, "PHOTO"), tag(names.VCARD, "TYPE"))),
            None if value is None else base64.b64decode(value))


def photo(stanza):
    found = stanza.find("%s/%s" % (tag(names.VCARD_UPDATE, "x"), tag(names.VCARD_UPDATE, "photo")))
    return None if found is None else found.text or ""


def infos(stanza):
    return [dict(each.attrib) for each in stanza.iter(tag(METADATA, "info"))]


def shown_next(client, of):
    return photo(client.expect(presence(from_=of.jid, type="")))


def test_what_is_published_is_the_picture_of_the_card_and_of_presence(folk, server):
    alice, bob = folk.friends(2)
    set_card(alice)
    show(alice, ONE)
    assert shown_next(bob, alice) == sha(ONE)
    assert card(alice) == card(bob, alice.bare) == ("Alice", "image/png", ONE)
    alice.send(presence_to(None, None, "<show>away</show>"))
    assert shown_next(bob, alice) == sha(ONE)
    room = new_room(server)
    alice.send(presence_to(room + "/a", None, "<x xmlns='%s'/>" % names.MUC))
    assert photo(alice.expect(occupant(room, "a"))) == sha(ONE)
    show(alice, TWO)
    assert shown_next(bob, alice) == sha(TWO) and card(bob, alice.bare) == ("Alice", "image/png", TWO)


def test_who_has_no_card_gets_one(folk):
    alice, bob = folk.friends(2)
    show(alice, ONE)
    assert card(bob, alice.bare) == (None, "image/png", ONE)


def test_of_several_the_one_that_is_here_counts(folk):
    alice, bob = folk.friends(2)
    publish_data(alice, ONE)
    publish_metadata(alice, info(TWO, " url='https://example.org/two.png'") + info(ONE), sha(ONE))
    assert shown_next(bob, alice) == sha(ONE) and card(alice)[2] == ONE
    publish_metadata(alice, info(TWO, " url='https://example.org/two.png'"), sha(TWO))
    assert card(alice)[2] == ONE  # there is nothing here to show instead


def test_what_is_not_what_its_hash_says_is_not_shown(folk):
    alice, bob = folk.friends(2)
    ok(publish(alice, DATA, "<data xmlns='%s'>%s</data>" % (DATA, text(TWO)), id=sha(ONE)))
    publish_metadata(alice, info(ONE), sha(ONE))
    assert Error(alice.ask(names.VCARD, name="vCard")).condition == "item-not-found"
    alice.send(presence_to(None, None, "<show>away</show>"))
    assert shown_next(bob, alice) is None


@pytest.mark.parametrize("how", ["empty", "retract", "purge", "delete", "card"])
def test_no_picture_any_more(folk, how):
    alice, bob = folk.friends(2)
    set_card(alice)
    show(alice, ONE)
    assert shown_next(bob, alice) == sha(ONE)
    if how == "empty":
        publish_metadata(alice, "")
    elif how == "retract":
        ok(request(alice, "<retract node='%s'><item id='%s'/></retract>" % (METADATA, sha(ONE))))
    elif how == "card":
        set_card(alice)
        assert infos(items(bob, METADATA, to=alice.bare)) == []
    else:
        ok(request(alice, "<%s node='%s'/>" % (how, DATA), owner=True))
    assert shown_next(bob, alice) == ""
    assert card(alice) == card(bob, alice.bare) == ("Alice", None, None)


def test_the_picture_of_a_card_is_published(folk):
    alice, bob = folk.friends(2)
    carol, = folk.online(1)
    interested(bob, METADATA)
    set_card(alice, ONE)
    told = bob.expect(event(METADATA, alice.bare))
    assert infos(told) == [{"bytes": str(len(ONE)), "id": sha(ONE), "type": "image/png"}]
    found = items(carol, DATA, to=alice.bare, payload="<item id='%s'/>" % sha(ONE))  # as open as a vCard
    assert ids(found) == [sha(ONE)] and base64.b64decode(found.findtext(".//" + tag(DATA, "data"))) == ONE
    assert ids(items(carol, METADATA, to=alice.bare)) == [sha(ONE)]
    assert card(carol, alice.bare) == card(alice) == ("Alice", "image/png", ONE)
    set_card(alice, ONE, name="Another")  # the same picture: nothing to tell
    assert not [each for each in bob.settle(alice) if event(METADATA)(each)]
    assert card(bob, alice.bare) == ("Another", "image/png", ONE)
    set_card(alice, TWO, type="")
    assert infos(bob.expect(event(METADATA, alice.bare)))[0]["type"] == "image/png"
    set_card(alice)
    assert infos(bob.expect(event(METADATA, alice.bare))) == [] and card(bob, alice.bare) == ("Alice", None, None)


def test_who_may_not_look_into_the_nodes_sees_the_card_without_it(folk):
    alice, bob = folk.friends(2)
    carol, = folk.online(1)
    set_card(alice)
    show(alice, ONE, {"access_model": "presence"})
    assert card(bob, alice.bare)[2] == card(alice)[2] == ONE
    assert card(carol, alice.bare) == ("Alice", None, None)
    assert pubsub_error(items(carol, DATA, to=alice.bare))[2] == "presence-subscription-required"


def test_a_picture_there_is_no_room_for_leaves_nothing_whatever_comes_of_its_node_meanwhile(folk):
    alice, = folk.online(1)
    large = ONE + bytes(9000)
    for number in range(5):
        alice.send(iq_to(None, "set", "<vCard xmlns='%s'><PHOTO><BINVAL>%s</BINVAL></PHOTO></vCard>" % (names.VCARD, text(large)),
                         id="full-%d" % number) +
                   "".join(iq_to(None, "set", "<pubsub xmlns='%s#owner'><delete node='%s'/></pubsub>" % (names.PUBSUB, node),
                                 id="gone-%d-%s" % (number, node)) for node in (DATA, METADATA)))
    for number in range(5):
        assert Error(alice.expect(iq(id="full-%d" % number))).condition == "resource-constraint"
        for node in (DATA, METADATA):
            alice.expect(iq(id="gone-%d-%s" % (number, node)))
    assert Error(items(alice, METADATA)).condition == "item-not-found"
    set_card(alice, ONE)
    assert card(alice)[2] == ONE and ids(items(alice, METADATA)) == [sha(ONE)]


def test_what_is_no_picture_stays_as_it_is(folk):
    alice, = folk.online(1)
    ok(alice.ask(names.VCARD, name="vCard", type="set", payload="<PHOTO><EXTVAL>https://example.org/a.png</EXTVAL></PHOTO>"))
    found = ok(alice.ask(names.VCARD, name="vCard"))[0]
    assert found.findtext("%s/%s" % (tag(names.VCARD, "PHOTO"), tag(names.VCARD, "EXTVAL"))) == "https://example.org/a.png"
    assert Error(items(alice, METADATA)).condition == "item-not-found"


def test_a_picture_survives_a_restart(folk, server):
    alice, = folk.online(1)
    show(alice, ONE)
    account = alice.account
    server.stop()
    server.start()
    alice = folk.client(account).login()
    assert card(alice)[2] == ONE
    alice.send(presence_to())
    assert photo(alice.expect(presence(from_=alice.jid))) == sha(ONE)


def test_it_is_inspected_and_in_the_record_once_and_so_is_who_fetched_it(folk, server):
    alice, bob = folk.friends(2)
    refused = alice.ask(names.VCARD, name="vCard", type="set", payload="<PHOTO><TYPE>%s</TYPE><BINVAL>%s</BINVAL></PHOTO>" % (
        WORD, text(ONE)))
    assert Error(refused).condition == "policy-violation" and Error(items(alice, METADATA)).condition == "item-not-found"
    picture = ONE + words("picture").encode()
    set_card(alice, picture)
    assert card(bob, alice.bare)[2] == picture
    entry, = content_with(server, text(picture))
    assert entry["from"] == alice.jid
    eventually(lambda: bob.jid in handed_to(server, entry))
    published = ONE + words("published").encode()
    show(alice, published)
    assert card(bob, alice.bare)[2] == published
    again, = content_with(server, text(published))
    eventually(lambda: bob.jid in handed_to(server, again))


@pytest.mark.recorder_runs("stops it itself")
def test_it_waits_for_the_recorder(folk, server):
    alice, bob = folk.friends(2)
    interested(bob, METADATA)
    set_card(alice, ONE)
    bob.expect(event(METADATA))
    late = event(METADATA, where=lambda each: infos(each)[0]["id"] == sha(TWO))
    with stopped(server):
        alice.send(iq_to(None, "set", "<vCard xmlns='%s'><PHOTO><BINVAL>%s</BINVAL></PHOTO></vCard>" % (names.VCARD, text(TWO)),
                         id="late"))
        assert card(bob, alice.bare)[2] == ONE and ids(items(bob, METADATA, to=alice.bare)) == [sha(ONE)]
        assert not [each for each in bob.listen(0.3) if late(each)]
    bob.expect(late)
    alice.expect(iq(id="late", type="result"))
