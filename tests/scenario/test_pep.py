"""Personal eventing (XEP-0163 on XEP-0060, with 0115, 0223, 0490): what is published, who may look in, who hears of it, and
that it goes the way of every content."""

from xml.sax.saxutils import escape

import pytest

from lib import names
from lib.client import Account
from lib.folk import befriend
from lib.names import tag
from lib.pep import (CONFIG, MOOD, TUNE, answer, asked, caps, event, form, ids, interested, items, publish, published,
                     pubsub_error, request, title, tune)
from lib.record import content_with, eventually, handed_to
from lib.rules import add_rules, wall_rule, word_rule
from lib.server import PASSWORD_MARK
from lib.standstill import stopped
from lib.stanza import Error, element, iq, iq_to, ok, presence, presence_to, roster_push, stamped, words

WORD = "xyzzyword"
WHITELIST = {"persist_items": "true", "max_items": "max", "send_last_published_item": "never", "access_model": "whitelist"}


@pytest.fixture(scope="module")
def server(launch):
    def prepare(server):
        add_rules(server, word_rule("pep-word", WORD, "Not this word, please."),
                  wall_rule("pep-wall", ("group:pep-left", "group:pep-right")))
        server.configure({"personal": {"nodes": 6, "items": 5, "item_bytes": 4096, "bytes": 12000}})
    return launch("pep", prepare=prepare)


# --- publishing and retrieving

def test_what_is_published_is_retrieved(folk):
    alice, bob = folk.friends(2)
    got = ok(publish(alice, TUNE, tune("one"), id="current"))
    assert ids(got) == ["current"] and got.find(".//" + tag(names.PUBSUB, "publish")).get("node") == TUNE
    found = items(bob, TUNE, to=alice.bare)
    assert ids(found) == ["current"] and title(found) == "one"
    item = found.find(".//" + tag(names.PUBSUB, "item"))
    assert item.get("publisher") == alice.jid
    ok(publish(alice, TUNE, tune("two")))
    assert title(items(alice, TUNE)) == "two"
    assert len(ids(items(alice, TUNE))) == 1  # one item a node, unless it is set otherwise
    assert title(items(alice, TUNE, to=alice.bare)) == "two"


def test_items_are_retrieved_by_id_and_by_number(folk):
    alice, = folk.online(1)
    for number in range(7):
        ok(publish(alice, "urn:example:n", tune(str(number)), id="i%d" % number, options={"max_items": "max"}))
    assert ids(items(alice, "urn:example:n")) == ["i2", "i3", "i4", "i5", "i6"]  # personal.items is 5
    assert ids(items(alice, "urn:example:n", max_items="2")) == ["i5", "i6"]
    assert ids(items(alice, "urn:example:n", payload="<item id='i4'/><item id='i1'/>")) == ["i4"]
    assert ids(items(alice, "urn:example:n", payload="<item id='nothing'/>")) == []
    ok(publish(alice, "urn:example:n", tune("again"), id="i4"))
    assert ids(items(alice, "urn:example:n"))[-1] == "i4"


def test_a_node_that_is_to_keep_fewer_items_keeps_the_newest(folk):
    alice, = folk.online(1)
    for number in range(4):
        ok(publish(alice, "n", tune(str(number)), id="i%d" % number, options={"max_items": "max"}))
    ok(request(alice, "<configure node='n'>%s</configure>" % form({"max_items": "2"}), owner=True))
    assert ids(items(alice, "n")) == ["i2", "i3"]


def test_items_are_retrieved_page_by_page(folk):
    alice, bob = folk.friends(2)
    for number in range(5):
        ok(publish(alice, "n", tune(str(number)), id="i%d" % number, options={"max_items": "max"}))

    def page(wanted, payload="", **attributes):
        return request(bob, "%s<set xmlns='%s'>%s</set>" % (element("items", payload, node="n", **attributes), names.RSM, wanted),
                       "get", alice.bare)

    def described(answer):
        first = answer.find(".//" + tag(names.RSM, "first"))
        return (ids(answer), first is not None and (first.get("index"), first.text), answer.findtext(".//" + tag(names.RSM, "last")),
                answer.findtext(".//" + tag(names.RSM, "count")))
    assert described(page("<max>2</max>")) == (["i0", "i1"], ("0", "i0"), "i1", "5")
    assert described(page("<max>2</max><after>i1</after>")) == (["i2", "i3"], ("2", "i2"), "i3", "5")
    assert described(page("<after>i3</after>")) == (["i4"], ("4", "i4"), "i4", "5")
    assert described(page("<after>i4</after>")) == ([], False, None, "5")
    assert described(page("<max>2</max><before/>")) == (["i3", "i4"], ("3", "i3"), "i4", "5")
    assert described(page("<max>2</max><before>i3</before>")) == (["i1", "i2"], ("1", "i1"), "i2", "5")
    assert described(page("<max>1</max><index>2</index>")) == (["i2"], ("2", "i2"), "i2", "5")
    assert described(page("<max>0</max>")) == ([], False, None, "5")
    assert described(page("<max>2</max>", max_items="3")) == (["i2", "i3"], ("0", "i2"), "i3", "3")
    assert pubsub_error(page("<after>nothing</after>"))[:2] == ("cancel", "item-not-found")
    assert pubsub_error(page("<max>many</max>"))[:2] == ("modify", "bad-request")


@pytest.mark.parametrize("payload,error", [
    ("<publish><item/></publish>", ("modify", "bad-request", "nodeid-required")),
    ("<publish node='n'/>", ("modify", "bad-request", "item-required")),
    ("<publish node='n'><item/></publish>", ("modify", "bad-request", "payload-required")),
    ("<publish node='n'><item><a xmlns='u:a'/><b xmlns='u:b'/></item></publish>", ("modify", "bad-request", "invalid-payload")),
    ("<publish node='n'><item><a xmlns='u:a'>%s</a></item></publish>" % ("x" * 5000),
     ("modify", "not-acceptable", "payload-too-big")),
    ("<retract node='n'><item/></retract>", ("modify", "bad-request", "item-required")),
    ("<retract node='n'><item id='i'/></retract>", ("cancel", "item-not-found", None)),
    ("<retract><item id='i'/></retract>", ("modify", "bad-request", "nodeid-required")),
    ("<unsubscribe node='n' jid='a@b.c'/>", ("cancel", "item-not-found", None)),
    ("<subscribe node='n' jid='a@b.c'/>", ("modify", "bad-request", "invalid-jid")),
    ("<nonsense node='n'/>", ("cancel", "feature-not-implemented", None)),
    ("<configure/><create node='n'/>", ("modify", "bad-request", None)),
    ("<create node='n'/><configure node='n'/>", ("modify", "bad-request", None)),
    ("<options node='n' jid='a@b.c'/>", ("cancel", "feature-not-implemented", "unsupported")),
    ("", ("modify", "bad-request", None)),
])
def test_what_cannot_be_done_is_told_exactly(folk, payload, error):
    alice, = folk.online(1)
    assert pubsub_error(request(alice, payload)) == error


def test_somebody_elses_node_is_not_written(folk):
    alice, bob = folk.friends(2)
    ok(publish(alice, TUNE, tune("one")))
    forbidden = ("auth", "forbidden", None)
    assert pubsub_error(publish(bob, TUNE, tune("two"), to=alice.bare)) == forbidden
    assert pubsub_error(request(bob, "<create node='x'/>", to=alice.bare)) == forbidden
    assert pubsub_error(request(bob, "<retract node='%s'><item id='i'/></retract>" % TUNE, to=alice.bare)) == forbidden
    for verb in ("delete", "purge"):
        assert pubsub_error(request(bob, "<%s node='%s'/>" % (verb, TUNE), to=alice.bare, owner=True)) == forbidden
    for verb in ("configure", "affiliations", "subscriptions"):
        assert pubsub_error(request(bob, "<%s node='%s'/>" % (verb, TUNE), "get", alice.bare, owner=True)) == forbidden


# --- nodes and their configuration

def config_of(client, node):
    found = ok(request(client, "<configure node='%s'/>" % node, "get", owner=True))
    return {each.get("var"): each.findtext(tag(names.DATA, "value")) for each in found.iter(tag(names.DATA, "field"))}


def test_a_node_is_created_configured_purged_and_deleted(folk):
    alice, = folk.online(1)
    ok(request(alice, "<create node='n'/><configure>%s</configure>" % form({"access_model": "open", "max_items": "3"})))
    assert pubsub_error(request(alice, "<create node='n'/>")) == ("cancel", "conflict", None)
    now = config_of(alice, "n")
    assert now["pubsub#access_model"] == "open" and now["pubsub#max_items"] == "3" and now["FORM_TYPE"] == CONFIG
    ok(request(alice, "<configure node='n'>%s</configure>" % form({"title": "Hello", "max_items": "max"}), owner=True))
    now = config_of(alice, "n")
    assert (now["pubsub#access_model"], now["pubsub#max_items"], now["pubsub#title"]) == ("open", "max", "Hello")
    ok(publish(alice, "n", tune("one"), id="i"))
    ok(request(alice, "<purge node='n'/>", owner=True))
    assert ids(items(alice, "n")) == []
    ok(request(alice, "<delete node='n'/>", owner=True))
    assert pubsub_error(items(alice, "n")) == ("cancel", "item-not-found", None)
    for verb in ("delete", "purge"):
        assert pubsub_error(request(alice, "<%s node='n'/>" % verb, owner=True))[1] == "item-not-found"


def test_a_node_without_a_name_gets_one(folk):
    alice, = folk.online(1)
    name = ok(request(alice, "<create/>")).find(".//" + tag(names.PUBSUB, "create")).get("node")
    ok(publish(alice, name, tune("one")))


@pytest.mark.parametrize("fields,error", [
    ({"access_model": "authorize"}, ("modify", "not-acceptable", "unsupported-access-model")),
    ({"max_items": "many"}, ("modify", "not-acceptable", None)),
    ({"publish_model": "open"}, ("modify", "not-acceptable", None)),
])
def test_a_configuration_that_is_none_changes_nothing(folk, fields, error):
    alice, = folk.online(1)
    assert pubsub_error(request(alice, "<create node='n'/><configure>%s</configure>" % form(fields))) == error
    ok(request(alice, "<create node='n'/>"))
    before = config_of(alice, "n")
    assert pubsub_error(request(alice, "<configure node='n'>%s</configure>" % form(fields), owner=True)) == error
    assert config_of(alice, "n") == before


def test_the_preset_is_that_of_personal_eventing(folk):
    alice, = folk.online(1)
    ok(request(alice, "<default/>", "get", owner=True))
    ok(publish(alice, "n", tune("one")))
    now = config_of(alice, "n")
    assert (now["pubsub#access_model"], now["pubsub#send_last_published_item"], now["pubsub#max_items"],
            now["pubsub#persist_items"]) == ("presence", "on_sub_and_presence", "1", "1")


def test_publish_options_make_a_node_and_hold_it_to_them(folk):
    alice, bob = folk.friends(2)
    ok(publish(alice, "n", tune("one"), options=WHITELIST))
    ok(publish(alice, "n", tune("two"), options=WHITELIST))
    assert pubsub_error(items(bob, "n", to=alice.bare)) == ("cancel", "not-allowed", "closed-node")
    unmet = ("cancel", "conflict", "precondition-not-met")
    for options in ({"access_model": "open"}, {"max_items": "1"}, {"no_such_field": "1"}, {"access_model": "none"}):
        assert pubsub_error(publish(alice, "n", tune("three"), options=options)) == unmet
    assert len(ids(items(alice, "n"))) == 2
    assert pubsub_error(publish(alice, "m", tune("one"), options={"no_such_field": "1"})) == unmet
    assert pubsub_error(items(alice, "m"))[1] == "item-not-found"


def test_a_node_that_keeps_nothing_tells_and_forgets(folk):
    alice, bob = folk.friends(2)
    interested(bob, "n")
    ok(publish(alice, "n", tune("one"), options={"persist_items": "false"}))
    ok(publish(alice, "n", tune("two")))
    assert title(bob.expect(event("n", alice.bare, where=lambda e: title(e) == "two"))) == "two"
    unsupported = ("cancel", "feature-not-implemented", "unsupported")
    assert pubsub_error(items(alice, "n")) == unsupported
    assert pubsub_error(request(alice, "<purge node='n'/>", owner=True)) == unsupported
    ok(request(alice, "<create node='m'/><configure>%s</configure>" % form(
        {"persist_items": "false", "deliver_payloads": "false"})))
    interested(bob, "m", "n")
    ok(request(alice, "<publish node='m'/>"))
    got = bob.expect(event("m", alice.bare))
    assert not list(got.find(".//" + tag(names.PUBSUB_EVENT, "items")))
    assert pubsub_error(publish(alice, "m", tune("x"), id="i")) == ("modify", "bad-request", "item-forbidden")


def test_an_item_is_taken_back(folk):
    alice, bob = folk.friends(2)
    interested(bob, "n")
    ok(publish(alice, "n", tune("one"), id="i"))
    bob.expect(event("n", alice.bare))
    ok(request(alice, "<retract node='n' notify='true'><item id='i'/></retract>"))
    got = bob.expect(event("n", alice.bare, where=lambda e: e.find(".//" + tag(names.PUBSUB_EVENT, "retract")) is not None))
    assert got.find(".//" + tag(names.PUBSUB_EVENT, "retract")).get("id") == "i"
    assert ids(items(alice, "n")) == []


# --- who may look in

def test_an_open_node_is_for_all_and_a_usual_one_for_who_gets_presence(folk):
    alice, bob = folk.online(2)
    ok(publish(alice, "open", tune("one"), options={"access_model": "open"}))
    ok(publish(alice, TUNE, tune("one")))
    assert title(items(bob, "open", to=alice.bare)) == "one"
    assert pubsub_error(items(bob, TUNE, to=alice.bare)) == ("auth", "not-authorized", "presence-subscription-required")
    befriend(alice, bob)
    assert title(items(bob, TUNE, to=alice.bare)) == "one"
    bob.send(presence_to(alice.bare, "unsubscribe"))
    alice.expect(roster_push(bob.bare, subscription="to"))
    assert pubsub_error(items(bob, TUNE, to=alice.bare))[1] == "not-authorized"


def test_a_node_for_a_group_of_the_roster(folk):
    alice, bob = folk.friends(2)
    ok(publish(alice, "n", tune("one"), options={"access_model": "roster", "roster_groups_allowed": ["Friends", "Work"]}))
    assert pubsub_error(items(bob, "n", to=alice.bare)) == ("auth", "not-authorized", "not-in-roster-group")
    ok(alice.ask(names.ROSTER, type="set", payload="<item jid='%s'><group>Work</group></item>" % bob.bare))
    assert title(items(bob, "n", to=alice.bare)) == "one"


def test_the_groups_to_choose_from_are_those_of_the_roster(folk):
    """XEP-0060 16.4.4: pubsub#roster_groups_allowed is a list-multi; 8.2.1 offers the groups there are."""
    alice, bob, carol = folk.online(3)
    for jid, groups in ((bob.bare, ("Work", "Bowls & <Skittles>")), (carol.bare, ("Work",))):
        ok(alice.ask(names.ROSTER, type="set", payload="<item jid='%s'>%s</item>" % (
            jid, "".join("<group>%s</group>" % escape(each) for each in groups))))
    ok(publish(alice, "n", tune("one"), options={"access_model": "roster", "roster_groups_allowed": ["Work", "Gone"]}))

    def field(verb):
        found = ok(request(alice, verb, "get", owner=True))
        one, = [each for each in found.iter(tag(names.DATA, "field")) if each.get("var") == "pubsub#roster_groups_allowed"]
        offered = [each.findtext(tag(names.DATA, "value")) for each in one.iter(tag(names.DATA, "option"))]
        return one.get("type"), [each.text for each in one.findall(tag(names.DATA, "value"))], sorted(offered)
    assert field("<configure node='n'/>") == ("list-multi", ["Work", "Gone"], ["Bowls & <Skittles>", "Gone", "Work"])
    assert field("<default/>") == ("list-multi", [], ["Bowls & <Skittles>", "Work"])


def test_a_list_of_people_and_who_is_cast_out(folk):
    alice, bob = folk.online(2)
    ok(publish(alice, "n", tune("one"), options={"access_model": "whitelist"}))
    ok(publish(alice, "open", tune("one"), options={"access_model": "open"}))

    def affiliate(node, kind):
        return request(alice, "<affiliations node='%s'><affiliation jid='%s' affiliation='%s'/></affiliations>" % (
            node, bob.bare, kind), owner=True)
    ok(affiliate("n", "member"))
    assert title(items(bob, "n", to=alice.bare)) == "one"
    ok(affiliate("open", "outcast"))
    assert pubsub_error(items(bob, "open", to=alice.bare)) == ("auth", "forbidden", None)
    listed = ok(request(alice, "<affiliations node='n'/>", "get", owner=True))
    assert {(each.get("jid"), each.get("affiliation")) for each in listed.iter(tag(names.PUBSUB_OWNER, "affiliation"))} == {
        (alice.bare, "owner"), (bob.bare, "member")}
    assert pubsub_error(affiliate("n", "emperor")) == ("modify", "not-acceptable", None)
    ok(affiliate("n", "none"))
    assert pubsub_error(items(bob, "n", to=alice.bare))[2] == "closed-node"


def entries(answer, what):
    return {(each.get("jid"), each.get(what)) for each in answer.iter(tag(names.PUBSUB_OWNER, what))}


def change(client, what, people, node="n"):
    """As the owner; `people`: (address, word) or (address, None)."""
    return request(client, "<%ss node='%s'>%s</%ss>" % (
        what, node, "".join(element(what, "", jid=jid, **({what: word} if word else {})) for jid, word in people), what),
        owner=True)


def people_of(client, what, node="n"):
    return entries(ok(request(client, "<%ss node='%s'/>" % (what, node), "get", owner=True)), what)


def test_a_list_of_standings_is_taken_whole_or_not_at_all(folk):
    alice, bob = folk.online(2)
    ok(publish(alice, "n", tune("one"), options={"access_model": "whitelist"}))
    ok(change(alice, "affiliation", [(bob.bare, "member")]))
    before = people_of(alice, "affiliation")
    refused = change(alice, "affiliation", [("x@example.org", "member"), (bob.bare, "outcast"), (alice.bare, "none")])
    assert pubsub_error(refused) == ("modify", "not-acceptable", None)
    # who is not among them would count as changed
    assert entries(refused, "affiliation") == {("x@example.org", "none"), (bob.bare, "member"), (alice.bare, "owner")}
    for word, feature in (("publisher", "publisher-affiliation"), ("publish-only", "publish-only-affiliation")):
        refused = change(alice, "affiliation", [(bob.bare, word)])
        assert pubsub_error(refused) == ("cancel", "feature-not-implemented", "unsupported")
        assert refused.find(".//" + tag(names.PUBSUB_ERRORS, "unsupported")).get("feature") == feature
    assert pubsub_error(change(alice, "affiliation", [(bob.bare, "none"), (bob.jid, "none")]))[1] == "bad-request"
    ok(change(alice, "affiliation", [(bob.bare, None)]))
    assert people_of(alice, "affiliation") == before


def test_who_is_subscribed_or_not_by_the_owner_is_told(folk):
    alice, bob = folk.online(2)
    ok(publish(alice, "n", tune("one"), options={"access_model": "open"}))
    for word in ("subscribed", "none"):
        ok(change(alice, "subscription", [(bob.bare, word)]))
        got = bob.expect(event("n", alice.bare, "subscription")).find(".//" + tag(names.PUBSUB_EVENT, "subscription"))
        assert (got.get("jid"), got.get("subscription")) == (bob.bare, word)
        ok(change(alice, "subscription", [(bob.bare, word), ("x@example.org", None)]))  # says nothing new
    assert not [each for each in bob.settle(alice) if event("n", None, "subscription")(each)]
    refused = change(alice, "subscription", [(bob.bare, "subscribed"), ("x@example.org", "perhaps")])
    assert pubsub_error(refused) == ("modify", "not-acceptable", None)
    assert entries(refused, "subscription") == {(bob.bare, "none"), ("x@example.org", "none")}


@pytest.mark.parametrize("how", ["unsubscribed", "removed", "group", "model", "standing"])
def test_who_loses_the_right_to_look_in_loses_the_subscription(folk, how):
    alice, bob = folk.friends(2)
    group = "<item jid='%s'><group>%s</group></item>"
    options = {"access_model": "presence"}
    if how == "group":
        ok(alice.ask(names.ROSTER, type="set", payload=group % (bob.bare, "Work")))
        options = {"access_model": "roster", "roster_groups_allowed": "Work"}
    if how == "standing":
        options = {"access_model": "whitelist"}
        ok(publish(alice, "n", tune("one"), options=options))
        ok(change(alice, "affiliation", [(bob.bare, "member")]))
    ok(publish(alice, "n", tune("one"), options=options))
    ok(publish(alice, "open", tune("one"), options={"access_model": "open"}))
    for node in ("n", "open"):
        ok(request(bob, "<subscribe node='%s' jid='%s'/>" % (node, bob.jid), to=alice.bare))
        bob.expect(event(node, alice.bare))
    assert people_of(alice, "subscription") == {(bob.jid, "subscribed")}
    if how == "unsubscribed":
        alice.send(presence_to(bob.bare, "unsubscribed"))
        bob.expect(roster_push(alice.bare, subscription="from"))
    elif how == "removed":
        ok(alice.ask(names.ROSTER, type="set", payload="<item jid='%s' subscription='remove'/>" % bob.bare))
    elif how == "group":
        ok(alice.ask(names.ROSTER, type="set", payload=group % (bob.bare, "Family")))
    elif how == "model":
        ok(request(alice, "<configure node='n'>%s</configure>" % form({"access_model": "whitelist"}), owner=True))
    else:
        ok(change(alice, "affiliation", [(bob.bare, "none")]))
    eventually(lambda: people_of(alice, "subscription") == set())
    assert people_of(alice, "subscription", "open") == {(bob.jid, "subscribed")}
    if how in ("model", "standing"):
        got = bob.expect(event("n", alice.bare, "subscription")).find(".//" + tag(names.PUBSUB_EVENT, "subscription"))
        assert (got.get("jid"), got.get("subscription")) == (bob.jid, "none")


def test_who_comes_into_a_group_gets_the_last_item(folk):
    alice, bob = folk.friends(2)
    ok(publish(alice, "n", tune("one"), options={"access_model": "roster", "roster_groups_allowed": "Work"}))
    ok(publish(alice, "open", tune("all"), options={"access_model": "open"}))
    interested(bob, "n", "open")
    bob.expect(event("open", alice.bare))  # by then it is decided what he gets for his presence
    assert not [each for each in bob.settle(alice) if event("n")(each)]
    ok(alice.ask(names.ROSTER, type="set", payload="<item jid='%s'><group>Work</group></item>" % bob.bare))
    assert title(bob.expect(event("n", alice.bare))) == "one"
    ok(alice.ask(names.ROSTER, type="set", payload="<item jid='%s'><group>Work</group><group>x</group></item>" % bob.bare))
    assert not [each for each in bob.settle(alice) if event("n")(each)]


def test_what_is_listed_is_what_may_be_seen(folk):
    alice, bob = folk.friends(2)
    ok(publish(alice, TUNE, tune("one"), id="i"))
    ok(publish(alice, "private", tune("one"), options=WHITELIST))

    def nodes(client, to):
        return {each.get("node") for each in ok(client.ask(names.DISCO_ITEMS, to=to)).iter(tag(names.DISCO_ITEMS, "item"))}
    assert nodes(bob, alice.bare) == {TUNE}
    assert nodes(alice, alice.bare) == {TUNE, "private", None}
    listed = ok(bob.ask(names.DISCO_ITEMS, to=alice.bare, node=TUNE))
    assert [each.get("name") for each in listed.iter(tag(names.DISCO_ITEMS, "item"))] == ["i"]
    found = ok(bob.ask(names.DISCO_INFO, to=alice.bare, node=TUNE))
    assert found.find(".//" + tag(names.DISCO_INFO, "identity")).get("type") == "leaf"
    assert Error(bob.ask(names.DISCO_INFO, to=alice.bare, node="private")).condition == "item-not-found"


def test_nobody_has_no_nodes_and_neither_has_somebody_behind_a_wall(folk, server):
    people = []
    for number, group in enumerate(("pep-left", "pep-right")):
        account = Account("pwall%d@%s" % (number, server.domain), PASSWORD_MARK + "pep")
        server.import_csv("%s,%s,Somebody,%s,,,\n" % (account.jid, account.password, group))
        people.append(folk.client(account).online())
    left, right = people
    ok(publish(left, "open", tune("one"), options={"access_model": "open"}))
    for to in (left.bare, "nobody-at-all@example.org"):
        assert request(right, "<items node='open'/>", "get", to).get("type") == "error"
    carol, = folk.online(1)
    assert title(items(carol, "open", to=left.bare)) == "one"
    assert tuple(Error(items(carol, "open", to="nobody-at-all@example.org"))) == ("cancel", "service-unavailable")


# --- events

@pytest.mark.tsan
def test_who_wants_them_gets_events(folk):
    alice, bob = folk.friends(2)
    phone = folk.another(alice)
    for client in (bob, phone):
        interested(client, TUNE)
    ok(publish(alice, TUNE, tune("one"), id="i"))
    for client in (bob, phone):
        got = client.expect(event(TUNE, alice.bare))
        assert title(got) == "one" and got.get("to") == client.jid and got.get("type") == "headline"
        assert stamped(got) is None
    ok(publish(alice, MOOD, "<mood xmlns='%s'/>" % MOOD))
    ok(publish(alice, TUNE, tune("two")))
    assert title(bob.expect(event(TUNE))) == "two"
    assert not bob.take(event(MOOD))
    assert not alice.take(event(TUNE))  # has said nothing of what it wants


@pytest.mark.tsan
def test_the_last_item_comes_with_presence(folk):
    alice, bob = folk.friends(2)
    ok(publish(alice, TUNE, tune("one")))
    ok(publish(alice, "quiet", tune("two"), options={"send_last_published_item": "never"}))
    interested(bob, TUNE, "quiet")
    got = bob.expect(event(TUNE, alice.bare))
    assert title(got) == "one" and stamped(got) is not None and got.get("to") == bob.jid
    assert not [each for each in bob.settle(alice) if event("quiet")(each)]
    interested(folk.another(bob), TUNE).expect(event(TUNE, alice.bare))
    interested(folk.another(alice), TUNE).expect(event(TUNE, alice.bare))


def test_another_interest_brings_only_what_is_new(folk):
    alice, bob = folk.friends(2)
    ok(publish(alice, TUNE, tune("one")))
    ok(publish(alice, MOOD, "<mood xmlns='%s'/>" % MOOD))
    interested(bob, TUNE)
    bob.expect(event(TUNE, alice.bare))
    interested(bob, TUNE, MOOD)
    bob.expect(event(MOOD, alice.bare))
    assert not [each for each in bob.settle(alice) if event(TUNE)(each)]


def test_a_new_subscriber_to_presence_gets_the_last_item(folk):
    alice, bob = folk.online(2)
    ok(publish(alice, TUNE, tune("one")))
    interested(bob, TUNE)
    befriend_without_loss(alice, bob)
    bob.expect(event(TUNE, alice.bare))


def befriend_without_loss(asked, asker):
    asker.send(presence_to(asked.bare, "subscribe"))
    asked.expect(presence(type="subscribe", from_=asker.bare))
    asked.send(presence_to(asker.bare, "subscribed"))
    asker.expect(presence(from_=asked.jid, type=""))


@pytest.mark.parametrize("caps_first", [True, False])
def test_who_shows_himself_hears_of_open_nodes_as_long(folk, caps_first):
    alice, bob = folk.online(2)
    ok(publish(alice, "n", tune("one"), options={"access_model": "open"}))
    ok(publish(alice, TUNE, tune("one")))
    if caps_first:
        interested(bob, "n", TUNE)
    bob.send(presence_to(alice.jid))
    alice.expect(presence(from_=bob.jid))
    if not caps_first:
        interested(bob, "n", TUNE)
    assert title(bob.expect(event("n", alice.bare))) == "one"
    for what in ("two", "three"):
        bob.send(presence_to(alice.jid))  # again, which brings nothing again
        ok(publish(alice, TUNE, tune(what)))
        ok(publish(alice, "n", tune(what)))
        assert title(bob.expect(event("n", alice.bare))) == what
    bob.send(presence_to(alice.jid, "unavailable"))
    alice.expect(presence(from_=bob.jid, type="unavailable"))
    ok(publish(alice, "n", tune("four")))
    assert not [each for each in bob.settle(alice) if event("n")(each) or event(TUNE)(each)]


def test_who_is_seen_but_does_not_see_hears_of_open_nodes(folk):
    alice, bob = folk.online(2)
    befriend_without_loss(bob, alice)  # alice gets bob's presence
    alice.settle(bob)
    ok(publish(alice, "n", tune("one"), options={"access_model": "open"}))
    ok(publish(alice, TUNE, tune("one")))
    interested(bob, "n", TUNE)
    assert title(bob.expect(event("n", alice.bare))) == "one"
    ok(publish(alice, "n", tune("two")))
    assert title(bob.expect(event("n", alice.bare))) == "two"
    assert not [each for each in bob.settle(alice) if event(TUNE)(each)]


def test_who_is_no_contact_any_more_hears_nothing(folk):
    alice, bob = folk.friends(2)
    interested(bob, TUNE)
    alice.send(presence_to(bob.bare, "unsubscribed"))
    bob.expect(roster_push(alice.bare, subscription="from"))
    ok(publish(alice, TUNE, tune("one")))
    assert not [each for each in bob.settle(alice) if event(TUNE)(each)]


def test_who_is_blocked_hears_nothing(folk):
    alice, bob = folk.friends(2)
    interested(bob, TUNE)
    carol, = folk.online(1)
    ok(alice.ask(names.BLOCKING, type="set", name="block", payload="<item jid='%s'/>" % bob.bare))
    ok(publish(alice, TUNE, tune("one")))
    assert not [each for each in bob.settle(carol) if event(TUNE)(each)]


def test_a_stranger_subscribes_to_an_open_node(folk):
    alice, bob = folk.online(2)
    ok(publish(alice, "n", tune("one"), options={"access_model": "open"}))
    ok(publish(alice, TUNE, tune("one")))
    subscribe = "<subscribe node='%s' jid='%s'/>"
    assert pubsub_error(request(bob, subscribe % (TUNE, bob.bare), to=alice.bare))[2] == "presence-subscription-required"
    assert pubsub_error(request(bob, subscribe % ("n", alice.bare), to=alice.bare)) == ("modify", "bad-request", "invalid-jid")
    got = ok(request(bob, subscribe % ("n", bob.bare), to=alice.bare)).find(".//" + tag(names.PUBSUB, "subscription"))
    assert (got.get("node"), got.get("jid"), got.get("subscription")) == ("n", bob.bare, "subscribed")
    assert title(bob.expect(event("n", alice.bare))) == "one"
    ok(publish(alice, "n", tune("two")))
    assert title(bob.expect(event("n", alice.bare))) == "two"
    mine = ok(request(bob, "<subscriptions/>", "get", alice.bare))
    assert [each.get("node") for each in mine.iter(tag(names.PUBSUB, "subscription"))] == ["n"]
    listed = ok(request(alice, "<subscriptions node='n'/>", "get", owner=True))
    assert [each.get("jid") for each in listed.iter(tag(names.PUBSUB_OWNER, "subscription"))] == [bob.bare]
    ok(request(bob, "<unsubscribe node='n' jid='%s'/>" % bob.bare, to=alice.bare))
    assert pubsub_error(request(bob, "<unsubscribe node='n' jid='%s'/>" % bob.bare, to=alice.bare)) == (
        "cancel", "unexpected-request", "not-subscribed")
    ok(publish(alice, "n", tune("three")))
    assert not [each for each in bob.settle(alice) if event("n")(each)]


def test_a_subscriber_hears_with_those_clients_that_want_it_or_else_as_of_a_message_to_him(folk):
    alice, bob = folk.friends(2)
    phone = folk.another(bob)
    ok(publish(alice, "n", tune("one"), options={"access_model": "open"}))
    ok(request(bob, "<subscribe node='n' jid='%s'/>" % bob.bare, to=alice.bare))
    for client in (bob, phone):
        assert client.expect(event("n", alice.bare)).get("to") == bob.bare
    interested(phone, "n")
    phone.expect(event("n", alice.bare))
    ok(publish(alice, "n", tune("two")))
    got = phone.expect(event("n", alice.bare))
    assert (title(got), got.get("to")) == ("two", phone.jid)
    assert not [each for each in bob.settle(alice) if event("n")(each)]
    ok(request(bob, "<subscribe node='n' jid='%s'/>" % bob.jid, to=alice.bare))
    bob.expect(event("n", alice.bare))
    ok(publish(alice, "n", tune("three")))
    got = bob.expect(event("n", alice.bare))
    assert (title(got), got.get("to")) == ("three", bob.jid)


def test_an_account_subscribes_to_a_node_with_few_addresses(folk):
    alice, bob = folk.online(2)
    ok(publish(alice, "n", tune("one"), options={"access_model": "open"}))
    subscribe = "<subscribe node='n' jid='%s/%d'/>"
    for number in range(10):
        ok(request(bob, subscribe % (bob.bare, number), to=alice.bare))
    assert pubsub_error(request(bob, subscribe % (bob.bare, 10), to=alice.bare)) == (
        "wait", "policy-violation", "too-many-subscriptions")
    ok(request(bob, subscribe % (bob.bare, 9), to=alice.bare))  # has it already
    ok(request(bob, "<unsubscribe node='n' jid='%s/0'/>" % bob.bare, to=alice.bare))
    ok(request(bob, subscribe % (bob.bare, 10), to=alice.bare))


def test_the_end_of_a_node_and_its_purge_are_told(folk):
    alice, bob = folk.friends(2)
    interested(bob, "n")
    ok(publish(alice, "n", tune("one")))
    ok(request(alice, "<purge node='n'/>", owner=True))
    bob.expect(event("n", alice.bare, "purge"))
    ok(request(alice, "<configure node='n'>%s</configure>" % form({"notify_config": "1"}), owner=True))
    bob.expect(event("n", alice.bare, "configuration"))
    ok(request(alice, "<delete node='n'/>", owner=True))
    bob.expect(event("n", alice.bare, "delete"))


# --- capabilities

@pytest.mark.tsan
def test_a_hash_is_asked_for_once(folk):
    alice, bob = folk.friends(2)
    features = [names.DISCO_INFO, "urn:example:once+notify"]
    alice.send(presence_to(None, None, caps(features)))
    question = asked(alice)
    assert question.get("from") == "example.org"
    answer(alice, question, features)
    alice.roundtrip()
    bob.send(presence_to(None, None, caps(features)))
    assert not [each for each in bob.settle(alice) if iq(type="get")(each)]
    ok(publish(alice, "urn:example:once", tune("one")))
    for client in (alice, bob):
        client.expect(event("urn:example:once"))


def test_sha_256_is_understood(folk):
    alice, bob = folk.friends(2)
    interested(bob, "urn:example:sha", hash="sha-256")
    ok(publish(alice, "urn:example:sha", tune("one")))
    bob.expect(event("urn:example:sha"))


@pytest.mark.parametrize("kind", ["wrong", "twice", "error"])
def test_what_does_not_hash_to_it_is_not_believed_and_the_next_is_asked(folk, kind):
    alice, bob = folk.friends(2)
    features = [names.DISCO_INFO, "urn:example:%s+notify" % kind]
    alice.send(presence_to(None, None, caps(features)))
    question = asked(alice)
    bob.send(presence_to(None, None, caps(features)))
    bob.roundtrip()
    if kind == "error":
        alice.send(iq_to(question.get("from"), "error", "<error type='cancel'><item-not-found xmlns='%s'/></error>" %
                         names.STANZA_ERROR, id=question.get("id")))
    else:
        answer(alice, question, features + [features[1] if kind == "twice" else "urn:example:lie+notify"])
    answer(bob, asked(bob), features)
    bob.roundtrip()
    ok(publish(alice, features[1][:-7], tune("one")))
    bob.expect(event(features[1][:-7]))
    ok(publish(alice, "urn:example:lie", tune("one")))
    assert not [each for each in alice.settle(bob) if event("urn:example:lie")(each)]


@pytest.mark.parametrize("how", ["error", "lie", "unknown hash"])
def test_who_shows_another_hash_that_says_nothing_wants_nothing(folk, how):
    alice, bob = folk.friends(2)
    interested(bob, TUNE)
    ok(publish(alice, TUNE, tune("one")))
    bob.expect(event(TUNE, alice.bare))
    features = [names.DISCO_INFO, "urn:example:other-%s" % how]
    if how == "unknown hash":
        bob.send(presence_to(None, None, "<c xmlns='%s' hash='md5' node='urn:example:client' ver='x'/>" % names.CAPS))
    else:
        bob.send(presence_to(None, None, caps(features)))
        question = asked(bob)
        if how == "lie":
            answer(bob, question, features + ["urn:example:more"])
        else:
            bob.send(iq_to(question.get("from"), "error", "<error type='cancel'><item-not-found xmlns='%s'/></error>" %
                           names.STANZA_ERROR, id=question.get("id")))
    bob.roundtrip()
    ok(publish(alice, TUNE, tune("two")))
    assert not [each for each in bob.settle(alice) if event(TUNE)(each)]
    interested(bob, TUNE)
    assert title(bob.expect(event(TUNE, alice.bare))) == "two"
    bob.send(presence_to(None, None, "<show>away</show>"))  # says nothing of it
    bob.roundtrip()
    ok(publish(alice, TUNE, tune("three")))
    assert title(bob.expect(event(TUNE, alice.bare))) == "three"


@pytest.mark.parametrize("how", ["error", "answer"])
def test_who_goes_back_to_a_known_hash_is_asked_in_vain_about_another(folk, how):
    alice, bob = folk.friends(2)
    interested(bob, TUNE)
    features = [names.DISCO_INFO, "urn:example:between-%s+notify" % how]
    bob.send(presence_to(None, None, caps(features)))
    question = asked(bob)
    interested(bob, TUNE)
    if how == "answer":
        answer(bob, question, features)
    else:
        bob.send(iq_to(question.get("from"), "error", "<error type='cancel'><item-not-found xmlns='%s'/></error>" %
                       names.STANZA_ERROR, id=question.get("id")))
    bob.roundtrip()
    ok(publish(alice, features[1][:-7], tune("none")))
    ok(publish(alice, TUNE, tune("one")))
    assert title(bob.expect(event(TUNE, alice.bare))) == "one"
    assert not [each for each in bob.settle(alice) if event(features[1][:-7])(each)]


def test_who_waits_for_one_hash_and_shows_another_is_asked_no_more_about_the_first(folk):
    alice, = folk.online(1)
    bob, carol = folk.another(alice), folk.another(alice)  # one account: one list of who waits
    first, other = ([names.DISCO_INFO, "urn:example:%s+notify" % each] for each in ("in-turn", "instead"))
    for client in (alice, bob, carol):
        client.send(presence_to(None, None, caps(first)))
        client.roundtrip()
    asked(alice)
    bob.send(presence_to(None, None, caps(other)))  # who was next
    question = asked(bob)
    alice.send(presence_to(None, None, caps(other)))  # who was asked
    alice.roundtrip()
    answer(carol, asked(carol), first)
    answer(bob, question, other)
    bob.roundtrip()
    for node, want, others in (("urn:example:in-turn", (carol,), (alice, bob)), ("urn:example:instead", (alice, bob), (carol,))):
        ok(publish(alice, node, tune("one")))
        for each in want:
            each.expect(event(node, alice.bare))
        for each in others:
            assert not [got for got in each.settle(alice) if event(node)(got)]


def test_an_answer_nobody_asked_for_is_nothing(folk):
    alice, bob = folk.friends(2)
    alice.send(iq_to("example.org", "result", "<query xmlns='%s'><feature var='%s+notify'/></query>" % (
        names.DISCO_INFO, TUNE), id="caps-1"))
    ok(publish(bob, TUNE, tune("one")))
    assert not [each for each in alice.settle(bob) if event(TUNE)(each)]


# --- limits

def test_there_are_so_many_nodes_and_no_more(folk):
    alice, = folk.online(1)
    for number in range(6):
        ok(publish(alice, "n%d" % number, tune("one")))
    full = ("wait", "policy-violation", "max-nodes-exceeded")
    assert pubsub_error(publish(alice, "n6", tune("one"))) == pubsub_error(request(alice, "<create node='n6'/>")) == full
    ok(publish(alice, "n5", tune("two")))


def test_there_is_so_much_room_and_no_more(folk):
    alice, = folk.online(1)
    for number in range(3):
        ok(publish(alice, "n%d" % number, tune("x" * 3500)))
    assert pubsub_error(publish(alice, "n3", tune("x" * 3500))) == ("wait", "resource-constraint", None)
    assert pubsub_error(items(alice, "n3"))[1] == "item-not-found"
    ok(publish(alice, "n2", tune("y" * 3500)))
    assert title(items(alice, "n2"))[0] == "y"


# --- the way of all content

def test_a_forbidden_word_is_published_nowhere(folk):
    alice, bob = folk.friends(2)
    interested(bob, TUNE)
    refused = publish(alice, TUNE, tune("the %s" % WORD))
    assert Error(refused).condition == "policy-violation"
    assert pubsub_error(items(alice, TUNE))[1] == "item-not-found"
    for payload in ("<create node='the %s'/>" % WORD,
                    "<create node='x'/><configure>%s</configure>" % form({"title": WORD})):
        assert Error(request(alice, payload)).condition == "policy-violation"
    assert not [each for each in bob.settle(alice) if event(TUNE)(each)]


def test_it_is_in_the_record_and_so_is_who_got_it(folk, server):
    alice, bob = folk.friends(2)
    carol, = folk.online(1)
    interested(bob, TUNE)
    text = words("a song")
    ok(publish(alice, TUNE, tune(text), options={"access_model": "open"}))
    bob.expect(event(TUNE))
    assert title(items(carol, TUNE, to=alice.bare)) == text
    entry, = content_with(server, text)
    assert entry["from"] == alice.jid
    eventually(lambda: {bob.jid, carol.jid} <= handed_to(server, entry))


@pytest.mark.recorder_runs("stops it itself")
def test_it_waits_for_the_recorder(folk, server):
    alice, bob = folk.friends(2)
    interested(bob, TUNE)
    ok(publish(alice, TUNE, tune("early")))
    bob.expect(event(TUNE))
    with stopped(server):
        alice.send(iq_to(None, "set", "<pubsub xmlns='%s'>%s</pubsub>" % (names.PUBSUB, published(TUNE, tune("late"))), id="late"))
        assert title(items(bob, TUNE, to=alice.bare)) == "early"
        assert not [each for each in bob.listen(0.3) if event(TUNE)(each)]
    assert title(bob.expect(event(TUNE))) == "late"
    alice.expect(iq(id="late", type="result"))


def test_it_is_there_after_a_restart(folk, server):
    alice, bob = folk.friends(2)
    ok(publish(alice, "n", tune("kept"), id="i", options={"access_model": "open", "title": "Name"}))
    ok(request(bob, "<subscribe node='n' jid='%s'/>" % bob.bare, to=alice.bare))
    accounts = alice.account, bob.account
    server.stop()
    server.start()
    alice, bob = (folk.client(each).online() for each in accounts)
    assert title(items(bob, "n", to=alice.bare)) == "kept"
    assert config_of(alice, "n")["pubsub#title"] == "Name"
    ok(publish(alice, "n", tune("new")))
    assert title(bob.expect(event("n"))) == "new"
