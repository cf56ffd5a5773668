"""Bookmarks of rooms: one truth, three views (XEP-0402 with #compat and #compat-pep; XEP-0048 in a node and in private XML,
XEP-0049)."""

import pytest

from lib import names
from lib.names import tag
from lib.pep import event, form, ids, interested, items, publish, pubsub_error, request
from lib.record import content_with
from lib.standstill import stopped
from lib.rules import add_rules, word_rule
from lib.stanza import Error, iq, iq_to, ok, words

NODE = "urn:xmpp:bookmarks:1"
LIST = "storage:bookmarks"
OPTIONS = {"persist_items": "true", "max_items": "max", "send_last_published_item": "never", "access_model": "whitelist"}
WORD = "xyzzyword"
ORCHARD, PLAY = "orchard@rooms.example.org", "theplay@rooms.example.org"


@pytest.fixture(scope="module")
def server(launch):
    def prepare(server):
        add_rules(server, word_rule("bookmarks-word", WORD, "Not this word, please."))
        server.configure({"personal": {"items": 5, "item_bytes": 4096, "private_bytes": 8192}})
    return launch("bookmarks", prepare=prepare)


def conference(name="", more="", autojoin=None):
    return "<conference xmlns='%s' name='%s'%s>%s</conference>" % (
        NODE, name, "" if autojoin is None else " autojoin='%s'" % autojoin, more)


def add(client, room, **more):
    return publish(client, NODE, conference(**more), id=room, options=OPTIONS)


def listed(jid, name="", more="", autojoin=None):
    return "<conference jid='%s' name='%s'%s>%s</conference>" % (
        jid, name, "" if autojoin is None else " autojoin='%s'" % autojoin, more)


def storage(*children):
    return "<storage xmlns='%s'>%s</storage>" % (LIST, "".join(children))


def keep(client, *children, beside=""):
    return client.ask(names.PRIVATE, type="set", payload=storage(*children) + beside)


def kept(client):
    return rooms(ok(client.ask(names.PRIVATE, payload="<storage xmlns='%s'/>" % LIST)))


def rooms(stanza):
    """Every conference of a list: address -> (name, autojoin, nick, password)."""
    return {each.get("jid"): (each.get("name", ""), each.get("autojoin") in ("true", "1"),
                              each.findtext(tag(LIST, "nick")), each.findtext(tag(LIST, "password")))
            for each in stanza.iter(tag(LIST, "conference"))}


def bookmarks(stanza):
    """The same of items."""
    found = {}
    for item in [*stanza.iter(tag(names.PUBSUB, "item")), *stanza.iter(tag(names.PUBSUB_EVENT, "item"))]:
        each = item.find(tag(NODE, "conference"))
        found[item.get("id")] = (each.get("name", ""), each.get("autojoin") in ("true", "1"),
                                 each.findtext(tag(NODE, "nick")), each.findtext(tag(NODE, "password")))
    return found


def events(stanzas, node):
    return [each for each in stanzas if event(node)(each)]


def test_the_account_says_so(folk):
    alice, = folk.online(1)
    features = {each.get("var") for each in ok(alice.ask(names.DISCO_INFO, to=alice.bare)).iter(tag(names.DISCO_INFO, "feature"))}
    assert {NODE + "#compat", NODE + "#compat-pep"} <= features


def test_what_is_published_stands_in_both_lists(folk):
    alice, = folk.online(1)
    assert pubsub_error(items(alice, LIST))[1] == "item-not-found" and kept(alice) == {}
    ok(add(alice, PLAY, name="The Play", autojoin="1", more="<nick>JC</nick><password>secret</password>"))
    ok(add(alice, ORCHARD, name="The Orchard"))
    wanted = {PLAY: ("The Play", True, "JC", "secret"), ORCHARD: ("The Orchard", False, None, None)}
    assert kept(alice) == wanted == rooms(items(alice, LIST)) == bookmarks(items(alice, NODE))
    assert ids(items(alice, LIST)) == ids(items(alice, LIST, payload="<item id='current'/>")) == ["current"]
    assert ids(items(alice, LIST, payload="<item id='other'/>")) == []
    ok(request(alice, "<retract node='%s'><item id='%s'/></retract>" % (NODE, PLAY)))
    assert set(kept(alice)) == {ORCHARD} == set(rooms(items(alice, LIST)))
    ok(request(alice, "<purge node='%s'/>" % NODE, owner=True))
    assert kept(alice) == {} == rooms(items(alice, LIST))


@pytest.mark.parametrize("view", ["private", "node"])
def test_a_list_changes_the_items(folk, view):
    alice, = folk.online(1)

    def write(*children):
        return keep(alice, *children) if view == "private" else publish(
            alice, LIST, storage(*children), id="current", options={"access_model": "whitelist", "persist_items": "true"})
    ok(write(listed(PLAY, "The Play", "<nick>JC</nick>", "true"), listed(ORCHARD.upper(), "The Orchard"),
             "<url name='Site' url='https://example.org/'/>", "<conference jid='@@' name='none'/>"))
    wanted = {PLAY: ("The Play", True, "JC", None), ORCHARD: ("The Orchard", False, None, None)}
    assert bookmarks(items(alice, NODE)) == wanted
    for found in (items(alice, LIST), alice.ask(names.PRIVATE, payload="<storage xmlns='%s'/>" % LIST)):
        assert {jid: each for jid, each in rooms(found).items() if jid != "@@"} == wanted
        assert "@@" in rooms(found) and next(found.iter(tag(LIST, "url"))).get("name") == "Site"  # what is no room stays
    ok(write(listed(PLAY, "The Play", "<nick>Caesar</nick>")))
    assert bookmarks(items(alice, NODE)) == {PLAY: ("The Play", False, "Caesar", None)}
    assert not list(items(alice, LIST).iter(tag(LIST, "url")))
    ok(write())
    assert bookmarks(items(alice, NODE)) == {} == kept(alice)


def test_what_a_bookmark_has_of_others_stays(folk):
    alice, = folk.online(1)
    mine = "<state xmlns='urn:example:state' minimized='%s'/>"
    ok(add(alice, PLAY, name="The Play", more="<extensions>%s<other xmlns='urn:example:o'/></extensions>" % (mine % "true")))
    ok(keep(alice, listed(PLAY, "Another", "<state xmlns='urn:example:state' minimized='false'/><new xmlns='urn:example:n'/>")))
    found, = items(alice, NODE).iter(tag(NODE, "extensions"))
    assert [each.tag for each in found] == ["{urn:example:state}state", "{urn:example:o}other", "{urn:example:n}new"]
    assert found[0].get("minimized") == "false"
    ok(keep(alice, listed(PLAY, "A third")))
    found, = items(alice, NODE).iter(tag(NODE, "extensions"))
    assert len(found) == 3 and bookmarks(items(alice, NODE))[PLAY][0] == "A third"


def test_events_tell_what_has_changed_and_nothing_else(folk):
    alice, bob = folk.friends(2)
    new, old = folk.another(alice), folk.another(alice)
    interested(new, NODE)
    interested(old, LIST)
    interested(bob, NODE, LIST)
    ok(add(alice, PLAY, name="The Play"))
    assert bookmarks(new.expect(event(NODE, alice.bare))) == {PLAY: ("The Play", False, None, None)}
    assert rooms(old.expect(event(LIST, alice.bare))) == {PLAY: ("The Play", False, None, None)}
    ok(keep(old, listed(PLAY, "The Play"), listed(ORCHARD, "The Orchard")))
    assert set(bookmarks(new.expect(event(NODE)))) == {ORCHARD}
    assert set(rooms(old.expect(event(LIST)))) == {PLAY, ORCHARD}
    ok(keep(old, listed(PLAY, "The Play"), listed(ORCHARD, "The Orchard", autojoin="0")))
    assert not events(new.settle(alice), NODE) and not events(old.settle(alice), LIST)
    ok(publish(old, LIST, storage(listed(ORCHARD, "The Orchard")), id="current"))
    gone = new.expect(event(NODE))
    assert [each.get("id") for each in gone.iter(tag(names.PUBSUB_EVENT, "retract"))] == [PLAY]
    assert set(rooms(old.expect(event(LIST)))) == {ORCHARD}
    ok(request(alice, "<retract node='%s' notify='true'><item id='%s'/></retract>" % (NODE, ORCHARD)))
    new.expect(event(NODE))
    assert rooms(old.expect(event(LIST))) == {}
    assert not [each for each in bob.settle(alice) if event(NODE)(each) or event(LIST)(each)]


def test_nobody_else_ever_sees_them(folk):
    alice, bob = folk.friends(2)
    ok(publish(alice, NODE, conference("The Play"), id=PLAY))  # without a word about who may
    for node in (NODE, LIST):
        assert pubsub_error(items(bob, node, to=alice.bare)) == ("cancel", "not-allowed", "closed-node")
    unsupported = ("modify", "not-acceptable", "unsupported-access-model")
    opened = "<configure node='%s'>%s</configure>" % (NODE, form({"access_model": "open"}))
    assert pubsub_error(request(alice, opened, owner=True)) == unsupported
    assert pubsub_error(publish(bob, NODE, conference("x"), id=PLAY, options={"access_model": "open"})) == unsupported
    member = "<affiliations node='%s'><affiliation jid='%s' affiliation='member'/></affiliations>" % (NODE, bob.bare)
    assert pubsub_error(request(alice, member, owner=True))[1] == "not-acceptable"


def test_a_list_that_does_not_fit_changes_nothing(folk):
    alice, = folk.online(1)
    ok(keep(alice, listed(PLAY, "The Play"), "<url name='Site' url='https://example.org/'/>"))
    many = [listed("room%d@rooms.example.org" % number) for number in range(6)]  # personal.items is 5
    assert tuple(Error(keep(alice, *many))) == ("wait", "resource-constraint")
    assert pubsub_error(publish(alice, LIST, storage(*many)))[1] == "resource-constraint"
    assert Error(keep(alice, listed(PLAY, "x" * 5000))).condition == "not-acceptable"
    assert set(kept(alice)) == {PLAY} == set(bookmarks(items(alice, NODE)))
    assert pubsub_error(publish(alice, LIST, "<other xmlns='urn:example:o'/>")) == ("modify", "bad-request", "invalid-payload")


def test_other_private_data_may_stand_beside_the_list(folk):
    alice, = folk.online(1)
    ok(keep(alice, listed(PLAY, "The Play"), beside="<x xmlns='urn:example:a'>beside</x>"))
    assert ok(alice.ask(names.PRIVATE, payload="<x xmlns='urn:example:a'/>"))[0][0].text == "beside"
    assert set(bookmarks(items(alice, NODE))) == {PLAY}


def test_the_list_is_emptied_like_a_node(folk):
    alice, = folk.online(1)
    for wipe, owner in (("<purge node='%s'/>", True), ("<retract node='%s'><item id='current'/></retract>", False)):
        ok(publish(alice, LIST, storage(listed(PLAY, "The Play"))))
        assert set(bookmarks(items(alice, NODE))) == {PLAY}
        ok(request(alice, wipe % LIST, owner=owner))
        assert bookmarks(items(alice, NODE)) == {} == kept(alice)


def test_they_are_there_after_a_restart(folk, server):
    alice, = folk.online(1)
    ok(keep(alice, listed(PLAY, "The Play", "<nick>JC</nick>"), "<url name='Site' url='https://example.org/'/>"))
    account = alice.account
    server.stop()
    server.start()
    alice = folk.client(account).online()
    assert bookmarks(items(alice, NODE)) == kept(alice) == {PLAY: ("The Play", False, "JC", None)}


def test_a_list_is_inspected_and_in_the_record_once(folk, server):
    alice, = folk.online(1)
    for refused in (keep(alice, listed(PLAY, WORD)), publish(alice, LIST, storage(listed(PLAY, WORD))), add(alice, PLAY, name=WORD)):
        assert Error(refused).condition == "policy-violation"
    assert kept(alice) == {} and pubsub_error(items(alice, NODE))[1] == "item-not-found"
    text = words("a room")
    ok(keep(alice, listed(PLAY, text)))
    assert bookmarks(items(alice, NODE))[PLAY][0] == text
    entry, = content_with(server, text)
    assert entry["from"] == alice.jid


@pytest.mark.recorder_runs("stops it itself")
def test_a_list_waits_for_the_recorder(folk, server):
    alice, = folk.online(1)
    phone = folk.another(alice)
    interested(phone, NODE)
    ok(keep(alice, listed(PLAY, "early")))
    phone.expect(event(NODE))
    with stopped(server):
        alice.send(iq_to(None, "set", "<query xmlns='%s'>%s</query>" % (names.PRIVATE, storage(listed(PLAY, "late"))), id="late"))
        assert bookmarks(items(phone, NODE))[PLAY][0] == "early"
        assert not events(phone.listen(0.3), NODE)
    assert bookmarks(phone.expect(event(NODE)))[PLAY][0] == "late"
    alice.expect(iq(id="late", type="result"))
