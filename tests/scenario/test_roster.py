"""Rosters: RFC 6121 section 2."""

import pytest

from lib import names
from lib.stanza import Error, element, iq, iq_to, presence, presence_to, roster_push

CONTACT = "contact@elsewhere.example"


@pytest.fixture
def user(folk):
    return folk.online(1)[0]


def groups(item):
    return {each.text for each in item.findall("{%s}group" % names.ROSTER)}


def test_a_new_roster_is_empty(user):
    assert user.roster() == {}


def test_an_added_contact_is_in_the_roster_with_name_and_groups(user):
    answer = user.roster_set(CONTACT, "Our <friend> & \"co\"", ["Friends", "Übung"])
    assert answer.get("type") == "result" and len(answer) == 0
    item = user.roster()[CONTACT]
    assert item.get("name") == "Our <friend> & \"co\""
    assert item.get("subscription") == "none" and item.get("ask") is None
    assert groups(item) == {"Friends", "Übung"}


def test_a_change_is_pushed_to_every_resource_that_asked_for_the_roster(folk, user):
    second = folk.another(user)
    unasked = folk.client(user.account).login()
    unasked.send(presence_to())
    unasked.expect(presence(from_=unasked.jid))
    user.roster_set(CONTACT, "Name")
    for client in (user, second):
        push = client.expect(roster_push(CONTACT, subscription="none", name="Name"))
        assert push.get("from") in (None, client.bare)
        assert push.get("to") in (None, client.bare, client.jid)
        client.send(iq_to(None, "result", "", id=push.get("id")))
    assert not [each for each in unasked.settle(user) if each.tag == "{%s}iq" % names.CLIENT]


def test_an_update_replaces_the_item(user):
    user.roster_set(CONTACT, "Old", ["A", "B"])
    user.roster_set(CONTACT, "New", ["B", "C"])
    item = user.roster()[CONTACT]
    assert item.get("name") == "New" and groups(item) == {"B", "C"}
    user.roster_set(CONTACT)
    item = user.roster()[CONTACT]
    assert not item.get("name") and groups(item) == set()


def test_a_removed_contact_is_gone_and_the_removal_is_pushed(user):
    user.roster_set(CONTACT, "Name")
    user.expect(roster_push(CONTACT))
    assert user.roster_set(CONTACT, subscription="remove").get("type") == "result"
    user.expect(roster_push(CONTACT, subscription="remove"))
    assert CONTACT not in user.roster()


def test_removing_a_stranger_is_item_not_found(user):
    answer = user.roster_set("stranger@example.org", subscription="remove")
    assert Error(answer).condition == "item-not-found"


def test_removing_a_friend_cancels_both_subscriptions(folk):
    alice, bob = folk.friends(2)
    alice.roster_set(bob.bare, subscription="remove")
    alice.expect(roster_push(bob.bare, subscription="remove"))
    bob.expect(presence(type="unsubscribe", from_=alice.bare))
    bob.expect(presence(type="unsubscribed", from_=alice.bare))
    bob.expect(presence(type="unavailable", from_=alice.jid))
    bob.expect(roster_push(alice.bare, subscription="none"))
    assert bob.bare not in alice.roster()
    assert bob.roster()[alice.bare].get("subscription") == "none"


@pytest.mark.parametrize("state", ["both", "to", "from", "none", "nonsense"])
def test_a_client_cannot_write_its_own_subscription_state(user, state):
    user.roster_set(CONTACT, "Name", subscription=state)
    assert user.roster()[CONTACT].get("subscription") == "none"


def test_a_client_cannot_write_ask_or_approved(user):
    user.roster_set(CONTACT, ask="subscribe", approved="true")
    item = user.roster()[CONTACT]
    assert item.get("ask") is None and item.get("approved") in (None, "false")


def test_writing_both_does_not_leak_presence(folk):
    alice, bob = folk.online(2)
    alice.roster_set(bob.bare, subscription="both")
    alice.available("<show>away</show>")
    bob.available("<show>dnd</show>")
    assert not [each for each in bob.settle(alice) if each.tag.endswith("presence")]
    assert not [each for each in alice.settle(bob) if each.get("from", "").startswith(bob.bare)
                and each.tag.endswith("presence")]


def item(jid, inner="", **attributes):
    return element("item", inner, jid=jid, **attributes)


BAD_SETS = {
    "two items": (item("a@example.org") + item("b@example.org"), {("modify", "bad-request")}),
    "no item": ("", {("modify", "bad-request")}),
    "no jid": ("<item name='x'/>", {("modify", "bad-request")}),
    "an empty jid": (item(""), {("modify", "bad-request"), ("modify", "jid-malformed")}),
    "a malformed jid": (item("@example.org"), {("modify", "bad-request"), ("modify", "jid-malformed")}),
    "a jid with a space": (item("a b@example.org"), {("modify", "bad-request"), ("modify", "jid-malformed")}),
    "the same group twice": (item(CONTACT, "<group>A</group><group>A</group>"), {("modify", "bad-request")}),
    "an empty group": (item(CONTACT, "<group/>"), {("modify", "not-acceptable")}),
    "a very long group": (item(CONTACT, "<group>%s</group>" % ("g" * 5000)), {("modify", "not-acceptable")}),
    "a very long name": (item(CONTACT, name="n" * 5000), {("modify", "not-acceptable")}),
}


@pytest.mark.parametrize("name", BAD_SETS)
def test_a_roster_set_is_refused_that_has(user, name):
    payload, errors = BAD_SETS[name]
    answer = user.ask(names.ROSTER, type="set", payload=payload)
    assert answer.get("type") == "error"
    assert tuple(Error(answer)) in errors
    assert user.roster() == {}


def test_ones_own_address_cannot_be_a_contact(user):
    answer = user.roster_set(user.bare, "Me")
    assert tuple(Error(answer)) == ("cancel", "not-allowed")


def test_a_contact_is_stored_by_its_normal_address(user):
    user.roster_set("CONTACT@Elsewhere.Example", "Name")
    assert list(user.roster()) == [CONTACT]


@pytest.mark.parametrize("type", ["get", "set"])
def test_the_roster_of_somebody_else_is_forbidden(folk, type):
    alice, bob = folk.online(2)
    payload = item(CONTACT) if type == "set" else ""
    answer = alice.ask(names.ROSTER, to=bob.bare, type=type, payload=payload)
    assert answer.get("type") == "error"
    assert Error(answer).condition in (("forbidden",) if type == "set" else ("forbidden", "service-unavailable"))
    assert bob.roster() == {}


def test_nobody_can_push_a_roster_item_to_another_client(folk):
    """CVE-2015-8688: a client that believes such a push lets a stranger write its contact list."""
    alice, bob = folk.friends(2)
    alice.send(iq_to(bob.jid, "set", "<query xmlns='%s'>%s</query>" % (names.ROSTER, item(
        "attacker@example.org", subscription="both")), id="forged"))
    answer = alice.expect(iq(id="forged"))
    assert answer.get("type") == "error"
    assert not [each for each in bob.settle(alice) if each.find("{%s}query" % names.ROSTER) is not None]


def test_a_roster_get_may_be_addressed_to_ones_own_account(user):
    answer = user.ask(names.ROSTER, to=user.bare)
    assert answer.get("type") == "result" and answer.find("{%s}query" % names.ROSTER) is not None


def test_a_roster_survives_a_new_login(folk, user):
    user.roster_set(CONTACT, "Name", ["Group"])
    user.end()
    again = folk.client(user.account).login()
    assert again.roster()[CONTACT].get("name") == "Name"


def fetched(user, ver):
    """The <query/> that answers a roster get with this version; None when the answer is empty."""
    answer = user.ask(names.ROSTER, ver=ver)
    assert answer.get("type") == "result"
    assert len(answer) <= 1
    return answer.find("{%s}query" % names.ROSTER)


def pushed_version(user, jid, **attributes):
    return user.expect(roster_push(jid, **attributes)).find("{%s}query" % names.ROSTER).get("ver")


def test_versions_of_rosters_are_offered(folk):
    """RFC 6121 section 2.6.1: a stream feature, after login only."""
    client = folk.client(folk.account()).connect()
    assert client.start().find("{urn:xmpp:features:rosterver}ver") is None
    client.authenticate()
    assert client.start().find("{urn:xmpp:features:rosterver}ver") is not None


@pytest.mark.parametrize("ver", ["", "0", "1", "-1", "nonsense", "99999999999999999999999", " "])
def test_an_unknown_version_is_answered_with_the_whole_roster(user, ver):
    """RFC 6121 section 2.6.2, 2.6.3; the empty one begins the use of versions."""
    user.roster_set(CONTACT, "Name")
    query = fetched(user, ver)
    assert [each.get("jid") for each in query] == [CONTACT] and query.get("ver")


def test_an_empty_roster_has_a_version_too(user):
    query = fetched(user, "")
    assert len(query) == 0 and query.get("ver")
    assert fetched(user, query.get("ver")) is None


def test_a_version_that_is_current_is_answered_with_nothing(folk, user):
    """RFC 6121 section 2.6.3: an empty result, now, in a later session, and to another resource."""
    user.roster_set(CONTACT, "Name")
    current = fetched(user, "").get("ver")
    assert fetched(user, current) is None
    assert fetched(folk.another(user), current) is None
    user.end()
    again = folk.client(user.account).login()
    assert fetched(again, current) is None
    again.roster_set(CONTACT, "Other")
    assert again.expect(roster_push(CONTACT, name="Other"))  # who got the empty answer gets the pushes


def test_every_push_has_the_version_of_the_roster_after_it(user):
    """RFC 6121 section 2.6.3: with each push, and each another one."""
    versions = [fetched(user, "").get("ver")]
    for change in ({"name": "A"}, {"name": "B"}, {"groups": ["G"]}, {"subscription": "remove"}):
        user.roster_set(CONTACT, **change)
        versions.append(pushed_version(user, CONTACT))
        assert fetched(user, versions[-1]) is None
    assert len(set(versions)) == len(versions)
    for old in versions[1:-1]:
        assert fetched(user, old) is None  # and then what has changed since
        assert pushed_version(user, CONTACT, subscription="remove") == versions[-1]


def test_a_change_by_the_other_side_has_a_version_too(folk):
    alice, bob = folk.online(2)
    before = fetched(alice, "").get("ver")
    alice.send(presence_to(bob.bare, "subscribe"))
    asked = pushed_version(alice, bob.bare, ask="subscribe")
    bob.expect(presence(type="subscribe", from_=alice.bare))
    bob.send(presence_to(alice.bare, "subscribed"))
    answered = pushed_version(alice, bob.bare, subscription="to")
    assert len({before, asked, answered}) == 3
    assert fetched(alice, answered) is None
    assert fetched(alice, asked) is None
    assert pushed_version(alice, bob.bare, subscription="to") == answered


def test_all_resources_are_pushed_the_same_version(folk, user):
    second = folk.another(user)
    user.roster_set(CONTACT, "Name")
    assert pushed_version(user, CONTACT) == pushed_version(second, CONTACT)


def test_the_answer_comes_even_when_other_resources_never_answer_their_push(folk, user):
    silent = folk.another(user)
    for number in range(20):
        assert user.roster_set("c%d@elsewhere.example" % number).get("type") == "result"
    silent.expect(roster_push("c19@elsewhere.example"))
    assert len(user.roster()) == 20


def test_an_older_version_is_answered_with_what_has_changed_since(folk, user):
    """RFC 6121 section 2.6.3: an empty result, then pushes, the last change of each contact once, in their order."""
    for jid in ("one@elsewhere.example", "two@elsewhere.example", "three@elsewhere.example"):
        user.roster_set(jid)
    before = fetched(user, "").get("ver")
    user.roster_set("two@elsewhere.example", "Two", ["Group"])
    user.roster_set("one@elsewhere.example", subscription="remove")
    user.roster_set("four@elsewhere.example")
    user.roster_set("two@elsewhere.example", "Second")
    current = fetched(user, "").get("ver")
    again = folk.client(user.account).login()
    assert fetched(again, before) is None
    again.roundtrip()
    pushes = [each for each in again.take() if each.find("{%s}query" % names.ROSTER) is not None]
    items = [each.find(".//{%s}item" % names.ROSTER) for each in pushes]
    assert [(item.get("jid").split("@")[0], item.get("subscription")) for item in items] == [
        ("one", "remove"), ("four", "none"), ("two", "none")]
    assert items[2].get("name") == "Second"
    versions = [each.find("{%s}query" % names.ROSTER).get("ver") for each in pushes]
    assert len(set(versions)) == 3 and versions[-1] == current
    assert fetched(again, current) is None


def test_a_version_that_is_too_old_is_answered_with_the_whole_roster(folk, user):
    user.roster_set(CONTACT, "First")
    old = fetched(user, "").get("ver")
    for number in range(55):
        user.roster_set("contact%d@elsewhere.example" % number)
    query = fetched(folk.client(user.account).login(), old)
    assert len(query) == 56
