"""Clients nobody is looking at: XEP-0352."""

import pytest

from lib import names
from lib.client import Client
from lib.folk import Folk, befriend, subscribe
from lib.stanza import element, iq, iq_to, message, message_to, nonza, presence, presence_to, roster_push

CSI = "urn:xmpp:csi:0"
COMPOSING = element("composing", xmlns=names.CHATSTATES)
PAUSED = element("paused", xmlns=names.CHATSTATES)


@pytest.fixture(scope="module")
def server(launch):
    return launch("idle", {"csi": {"held_max": 8}})


@pytest.fixture
def pair(folk):
    """Somebody who talks and a friend of hers whose client is inactive."""
    alice, bob = folk.friends(2)
    inactive(bob)
    return alice, bob


def inactive(client):
    client.raw("<inactive xmlns='%s'/>" % CSI)
    client.roundtrip()


def active(client):
    client.raw("<active xmlns='%s'/>" % CSI)
    client.roundtrip()


def show(client, word):
    client.send(presence_to(None, None, "<show>%s</show>" % word))
    client.roundtrip()


def shown(stanzas):
    return [each.findtext("{%s}show" % names.CLIENT) for each in stanzas if each.tag == "{%s}presence" % names.CLIENT]


def state_to(client, to, state):
    client.send(message_to(to, state))
    client.roundtrip()


def of(stanzas):
    """What they are, in order: shows of presence, names of chat states, bodies."""
    found = []
    for each in stanzas:
        if each.tag == "{%s}presence" % names.CLIENT:
            found.append(each.findtext("{%s}show" % names.CLIENT) or each.get("type") or "online")
        else:
            found += [child.tag.split("}")[1] for child in each]
    return found


def test_it_is_offered_after_login_only(folk):
    alice = folk.client(folk.account()).connect()
    assert alice.start().find("{%s}csi" % CSI) is None
    alice.authenticate()
    assert alice.start().find("{%s}csi" % CSI) is not None


def test_it_is_not_offered_when_it_is_off(launch):
    server = launch("never-idle", {"csi": {"held_max": 0}})
    account, = server.people(1)
    alice = Client(server, account).connect()
    alice.start()
    alice.authenticate()
    assert alice.start().find("{%s}csi" % CSI) is None
    alice.bind()
    alice.raw("<inactive xmlns='%s'/>" % CSI)
    alice.available()  # nothing is held back


def test_presence_waits_and_the_last_of_each_sender_counts(folk, pair):
    alice, bob = pair
    for word in ("away", "xa", "dnd"):
        show(alice, word)
    active(bob)
    assert shown(bob.take(presence(from_=alice.jid))) == ["dnd"]


def test_what_waits_is_there_before_the_answer_to_the_next_request(folk, pair):
    """Section 5: the state changes before later requests are answered."""
    alice, bob = pair
    show(alice, "away")
    bob.raw("<active xmlns='%s'/>" % CSI)
    bob.send(iq_to(bob.domain, "get", "<ping xmlns='%s'/>" % names.PING, id="after"))
    seen = []
    while not iq(id="after")(seen[-1] if seen else None):
        seen.append(bob.next())
    assert shown(seen) == ["away"]


def test_chat_states_wait_too(folk, pair):
    alice, bob = pair
    state_to(alice, bob.jid, COMPOSING)
    state_to(alice, bob.jid, PAUSED)
    active(bob)
    assert of(bob.take(message())) == ["paused"]


def test_a_message_never_waits_and_brings_the_rest_in_order(folk, pair):
    alice, bob = pair
    show(alice, "away")
    state_to(alice, bob.jid, COMPOSING)
    said = alice.say(bob.bare)
    seen = []
    while not message(body=said.body)(seen[-1] if seen else None):
        seen.append(bob.next())
    assert of(seen)[:3] == ["away", "composing", "body"]
    show(alice, "xa")  # and again it waits
    show(alice, "dnd")
    active(bob)
    assert shown(bob.take(presence())) == ["dnd"]


def test_receipts_wait_and_all_arrive(folk, pair):
    alice, bob = pair
    state_to(alice, bob.jid, element("received", xmlns=names.RECEIPTS, id="one"))
    show(alice, "away")
    state_to(alice, bob.jid, element("received", xmlns=names.RECEIPTS, id="two"))
    show(alice, "dnd")
    active(bob)
    seen = [each for each in bob.take() if each.tag != "{%s}iq" % names.CLIENT]
    assert of(seen) == ["received", "received", "dnd"]
    assert [each.find("{%s}received" % names.RECEIPTS).get("id") for each in seen[:2]] == ["one", "two"]


def test_presence_with_words_is_recorded_before_it_waits_and_is_shown_afterwards(folk, pair):
    alice, bob = pair
    alice.send(presence_to(None, None, "<status>privy-gone-for-lunch</status>"))
    alice.expect(presence(from_=alice.jid))
    alice.send(presence_to(None, None, "<status>privy-back-soon</status>"))
    alice.expect(presence(from_=alice.jid))
    active(bob)
    got, = bob.take(presence(from_=alice.jid))
    assert got.findtext("{%s}status" % names.CLIENT) == "privy-back-soon"


def test_requests_do_not_wait(folk, pair):
    alice, bob = pair
    carol, = folk.online(1)
    carol.send(presence_to(bob.bare, "subscribe"))
    bob.expect(presence(type="subscribe", from_=carol.bare))
    bob.answer_pings = False
    alice.send(iq_to(bob.jid, "get", "<ping xmlns='%s'/>" % names.PING, id="direct"))
    bob.expect(iq(id="direct"))
    bob.roster_set("contact@elsewhere.example", "Name")
    bob.expect(roster_push("contact@elsewhere.example"))


def test_ones_own_presence_does_not_wait(pair):
    alice, bob = pair
    bob.available("<show>away</show>")


def test_the_ninth_brings_all_nine(folk):
    """Eight wait at most here."""
    bob, = folk.online(1)
    friends = [folk.online(1)[0] for _ in range(9)]
    for friend in friends:
        subscribe(bob, friend)
    inactive(bob)
    for friend in friends:
        show(friend, "xa")
    assert [bob.expect(presence(from_=friend.jid)).findtext("{%s}show" % names.CLIENT) for friend in friends] == ["xa"] * 9


def test_of_many_who_speak_the_last_of_each_kind_of_each_is_shown(launch):
    folk = Folk(launch("idle-many", {"csi": {"held_max": 100}}))
    bob, *others = folk.online(7)
    for each in others:
        befriend(bob, each)
    inactive(bob)
    for word, state in (("away", COMPOSING), ("xa", PAUSED)):
        for each in others:
            show(each, word)
            state_to(each, bob.jid, state)
    active(bob)
    for each in others:
        assert of(bob.take(lambda stanza: stanza.get("from") == each.jid)) == ["xa", "paused"]


def test_a_resumed_stream_is_active(folk):
    """Section 5: the state is not restored; what waited comes, and counts."""
    alice, bob = folk.friends(2)
    bob.sm_enable()
    inactive(bob)
    show(alice, "away")
    bob.drop()
    show(alice, "dnd")
    again = Client(bob.server, bob.account).login(bind=False)
    assert bob.resume_on(again).tag == "{%s}resumed" % names.SM
    assert again.expect(presence(from_=alice.jid)).findtext("{%s}show" % names.CLIENT) == "dnd"
    show(alice, "xa")
    assert again.expect(presence(from_=alice.jid)).findtext("{%s}show" % names.CLIENT) == "xa"
    assert again.take(presence()) == []  # one that was replaced never came


def test_what_waits_is_not_counted_as_sent(folk):
    alice, bob = folk.friends(2)
    bob.sm_enable()
    inactive(bob)
    show(alice, "away")
    bob.acknowledge()
    bob.raw("<r xmlns='%s'/>" % names.SM)
    bob.expect(nonza("a", names.SM))
    active(bob)
    bob.expect(presence(from_=alice.jid))
    bob.acknowledge()
    bob.roundtrip()


def test_before_binding_it_ends_the_stream(folk):
    alice = folk.client(folk.account()).login(bind=False)
    alice.raw("<inactive xmlns='%s'/>" % CSI)
    assert alice.stream_error() == "unsupported-stanza-type"
