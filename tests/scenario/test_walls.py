"""Walls where one stanza goes to many: presence and its probes, subscriptions, lists; and what becomes of those who
see each other when a wall goes up between them. Messages to one person are in test_policy.py."""

import itertools

import pytest

from lib import names, rooms
from lib.client import Account
from lib.folk import befriend
from lib.names import tag
from lib.pep import TUNE, event, interested, items, publish, request, title, tune
from lib.server import PASSWORD_MARK
from lib.stanza import Error, message, presence, presence_to, roster_push, words
from lib.walls import DOOR, NOTICE

_number = itertools.count(1)


@pytest.fixture(scope="module")
def server(launch):
    return launch("walls")


def member(folk, *groups):
    """A new person of those groups, online."""
    account = Account("wall%d@example.org" % next(_number), PASSWORD_MARK + "wall")
    folk.server.import_csv("%s,%s,Member,%s,,,\n" % (account.jid, account.password, ";".join(groups)))
    return folk.client(account).online()


def three(folk, *more):
    """One of the left, one of the right, one of neither: all friends."""
    people = left, right, third = member(folk, "left", *more), member(folk, "right"), member(folk)
    for one, other in itertools.combinations(people, 2):
        befriend(one, other)
    for one, other in itertools.permutations(people, 2):
        one.settle(other)
    return left, right, third


def of(received, client):
    """What of it comes from that person."""
    return [each for each in received if (each.get("from") or "").startswith(client.bare)]


def nothing_of(client, other, witness):
    assert not of(client.settle(witness), other)


def gone(left, right):
    right.expect(presence(from_=left.jid, type="unavailable"))
    left.expect(presence(from_=right.jid, type="unavailable"))


@pytest.mark.tsan
def test_a_wall_that_goes_up_takes_presence_away_and_one_that_comes_down_brings_it_back(folk, wall):
    left, right, third = three(folk)
    wall()
    gone(left, right)
    nothing_of(third, left, right)
    status = words("behind the wall")
    left.available("<show>away</show><status>%s</status>" % status)
    third.expect(presence(from_=left.jid))
    nothing_of(right, left, third)
    wall(None)
    assert right.expect(presence(from_=left.jid, type="")).findtext("{jabber:client}status") == status
    left.expect(presence(from_=right.jid, type=""))


def test_a_broadcast_with_words_reaches_friends_but_nobody_beyond_the_wall(folk, wall):
    left, right, third = three(folk)
    wall()
    gone(left, right)
    for sender, beyond in ((left, right), (right, left)):
        status = words("to all my friends")
        sender.available("<status>%s</status>" % status)
        assert third.expect(presence(from_=sender.jid)).findtext("{jabber:client}status") == status
        nothing_of(beyond, sender, third)
        sender.send(presence_to(None, "unavailable", "<status>%s</status>" % status))
        third.expect(presence(from_=sender.jid, type="unavailable"))
        nothing_of(beyond, sender, third)


@pytest.mark.parametrize("ending", ["end", "drop"])
def test_coming_and_going_is_not_seen_beyond_the_wall(folk, wall, ending):
    left, right, third = three(folk)
    wall()
    gone(left, right)
    second = folk.another(left)
    third.expect(presence(from_=second.jid))
    assert not of(second.settle(third), right)
    getattr(second, ending)()
    third.expect(presence(from_=second.jid, type="unavailable"))
    nothing_of(right, left, third)


def test_probes_are_not_answered_across_the_wall_and_end_no_subscription(folk, wall):
    left, right, third = three(folk)
    wall()
    gone(left, right)
    for sender, beyond in ((left, right), (right, left)):
        sender.send(presence_to(beyond.bare, "probe", id="pr"))
        assert Error(sender.expect(presence(id="pr", type="error"))).condition == "policy-violation"
        nothing_of(sender, beyond, third)
    assert left.roster()[right.bare].get("subscription") == "both"


def test_a_one_way_wall_hides_one_side_only(folk, wall):
    left, right, third = three(folk)
    wall("one-way")
    right.expect(presence(from_=left.jid, type="unavailable"))
    nothing_of(left, right, third)
    left.available("<show>away</show>")
    third.expect(presence(from_=left.jid))
    nothing_of(right, left, third)
    right.available("<show>xa</show>")
    assert left.expect(presence(from_=right.jid)).findtext("{jabber:client}show") == "xa"
    second = folk.another(left)  # the server asks for it, which the wall does not stop
    assert second.expect(presence(from_=right.jid)).findtext("{jabber:client}show") == "xa"
    right.send(presence_to(left.bare, "probe"))
    nothing_of(right, left, third)


def test_directed_presence_is_refused_and_what_was_shown_before_is_taken_away(folk, wall):
    left, right = member(folk, "left"), member(folk, "right")
    third, = folk.online(1)
    left.send(presence_to(right.jid, None, "<show>chat</show>"))
    right.expect(presence(from_=left.jid))
    wall()
    right.expect(presence(from_=left.jid, type="unavailable"))
    left.send(presence_to(right.jid, None, "<show>chat</show>", id="dp"))
    assert Error(left.expect(presence(id="dp", type="error"))).text == NOTICE
    left.end()
    nothing_of(right, left, third)


@pytest.mark.parametrize("type", ["subscribe", "subscribed", "unsubscribe", "unsubscribed"])
def test_a_subscription_stanza_is_refused_with_the_rules_words_and_changes_nothing(folk, wall, type):
    left, right = member(folk, "left"), member(folk, "right")
    third, = folk.online(1)
    wall()
    for sender, beyond in ((left, right), (right, left)):
        sender.send(presence_to(beyond.bare, type, id="su"))
        error = Error(sender.expect(presence(id="su", type="error")))
        assert (error.condition, error.text) == ("policy-violation", NOTICE)
        assert sender.roster() == {}
        nothing_of(beyond, sender, third)


def test_a_request_that_waits_is_shown_when_the_wall_has_come_down(folk, wall):
    left, right = member(folk, "left"), member(folk, "right")
    right.end()
    left.send(presence_to(right.bare, "subscribe"))
    left.expect(roster_push(right.bare, ask="subscribe"))
    wall()
    back = folk.client(right.account).online()
    nothing_of(back, left, folk.online(1)[0])
    back.end()
    wall(None)
    folk.client(right.account).online().expect(presence(from_=left.bare, type="subscribe"))


def test_ones_own_list_keeps_who_is_beyond_the_wall_and_removing_them_ends_it_on_both_sides(folk, wall):
    left, right, third = three(folk)
    wall()
    gone(left, right)
    assert left.roster()[right.bare].get("subscription") == "both"
    assert left.iq("set", "<query xmlns='%s'><item jid='%s' subscription='remove'/></query>" % (
        names.ROSTER, right.bare)).get("type") == "result"
    right.expect(roster_push(left.bare, subscription="none"))
    nothing_of(right, left, third)
    wall(None)
    left.available("<show>away</show>")
    third.expect(presence(from_=left.jid))
    nothing_of(right, left, third)


def test_no_carbon_of_what_a_wall_has_stopped(folk, wall):
    left, right, third = three(folk)
    phone = folk.another(left)
    phone.iq("set", "<enable xmlns='%s'/>" % names.CARBONS)
    wall()
    said = left.say(right.bare)
    assert Error(left.expect(message(id=said.id, type="error"))).text == NOTICE
    assert not [each for each in phone.settle(third) if each.tag.endswith("}message")]


def test_a_door_in_the_wall_lets_presence_through(folk, wall):
    left, right, third = three(folk, "pass")
    wall(door=DOOR)
    left.available("<show>away</show>")
    assert right.expect(presence(from_=left.jid)).findtext("{jabber:client}show") == "away"
    assert not [each for each in of(left.settle(third), right) if each.get("type")]


@pytest.mark.parametrize("how", [{"mode": "observe"}, {"kinds": "[message, iq]"}])
def test_a_wall_that_is_not_about_presence_or_only_observes_hides_nobody(folk, wall, how):
    left, right, third = three(folk)
    wall(**how)
    assert not [each for each in of(right.settle(third), left) if each.get("type") == "unavailable"]
    left.available("<show>away</show>")
    assert right.expect(presence(from_=left.jid)).findtext("{jabber:client}show") == "away"


# --- what people publish (XEP-0163): an event is a message, what is fetched an IQ

def published(client, what):
    assert publish(client, TUNE, tune(what), options={"access_model": "open"}).get("type") == "result"


def hears_nothing_of(client, other, witness):
    assert not [each for each in client.settle(witness) if event(TUNE, other.bare)(each)]


def test_a_wall_for_messages_stops_what_is_published(folk, wall):
    left, right, third = three(folk)
    for each in (right, third):
        interested(each, TUNE)
    wall(kinds="[message]")
    published(left, "one")
    assert title(third.expect(event(TUNE, left.bare))) == "one"
    hears_nothing_of(right, left, third)
    hears_nothing_of(interested(folk.another(right), TUNE), left, third)  # nor the last item
    assert title(items(right, TUNE, to=left.bare)) == "one"  # an IQ: which this wall says nothing of
    wall(None)
    published(left, "two")
    assert title(right.expect(event(TUNE, left.bare))) == "two"


def test_a_wall_for_messages_one_way_stops_what_is_published_on_this_side(folk, wall):
    left, right, third = three(folk)
    wall("one-way", kinds="[message]")
    for each in (left, right):
        published(each, "one")
    subscribe = "<subscribe node='%s' jid='%s'/>"
    for asker, other in ((right, left), (left, right)):
        assert request(asker, subscribe % (TUNE, asker.bare), to=other.bare).get("type") == "result"
    assert title(left.expect(event(TUNE, right.bare))) == "one"
    hears_nothing_of(right, left, third)
    for each in (left, right):
        published(each, "two")
    assert title(left.expect(event(TUNE, right.bare))) == "two"
    hears_nothing_of(right, left, third)


def test_a_wall_for_iqs_stops_what_is_fetched_and_no_event(folk, wall):
    left, right, third = three(folk)
    interested(right, TUNE)
    wall(kinds="[iq]")
    published(left, "one")
    assert title(right.expect(event(TUNE, left.bare))) == "one"
    assert Error(items(right, TUNE, to=left.bare)).text == NOTICE
    assert title(items(third, TUNE, to=left.bare)) == "one"


def test_an_account_behind_a_one_way_wall_for_iqs_answers_like_one_that_is_not_there(folk, wall):
    left, right, third = three(folk)
    for each in (left, right):
        published(each, "one")
        each.iq("set", "<vCard xmlns='%s'><FN>Somebody</FN></vCard>" % names.VCARD)
    wall("one-way", kinds="[iq]")
    nobody = ("cancel", "service-unavailable")
    assert tuple(Error(items(right, TUNE, to=left.bare))) == nobody
    assert tuple(Error(right.ask(names.VCARD, to=left.bare, name="vCard"))) == nobody
    assert tuple(Error(right.ask(names.DISCO_INFO, to=left.bare))) == nobody
    assert not list(right.ask(names.DISCO_ITEMS, to=left.bare).iter(tag(names.DISCO_ITEMS, "item")))
    for each in (third, left):
        assert title(items(each, TUNE, to=left.bare)) == "one"


def test_a_wall_for_iqs_holds_for_a_card_asked_through_a_room(folk, wall, server):
    left, right, third = three(folk)
    left.iq("set", "<vCard xmlns='%s'><FN>Somebody</FN></vCard>" % names.VCARD)
    room = rooms.new_room(server)
    rooms.create(left, room, "left")
    for client, nick in ((right, "right"), (third, "third")):
        rooms.join(client, room, nick)

    def card(client):
        return client.ask(names.VCARD, to=room + "/left", name="vCard")
    assert card(right).findtext(".//" + tag(names.VCARD, "FN")) == "Somebody"
    wall("one-way", kinds="[iq]")
    assert tuple(Error(card(right))) == ("cancel", "service-unavailable")
    assert card(third).findtext(".//" + tag(names.VCARD, "FN")) == "Somebody"


def test_a_reload_that_changes_no_wall_says_nothing_to_anybody(folk, wall, server):
    left, right, third = three(folk)
    wall()
    gone(left, right)
    (server.dir / "policy/rules/scenario.yaml").open("a").write("# another version of the same walls\n")
    assert server.run("reload").returncode == 0
    for client, other in ((right, left), (left, right), (third, left)):
        assert not of(client.settle(folk.online(1)[0]), other)
