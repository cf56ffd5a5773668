"""Presence: RFC 6121 section 4."""

import pytest

from lib.stanza import Error, presence, presence_to, words
from lib.folk import subscribe


def presences(received, sender=None):
    return [each for each in received if each.tag.endswith("}presence") and each.get("type") != "error"
            and (sender is None or each.get("from", "").startswith(sender))]


def test_initial_presence_goes_to_subscribers_and_own_resources_and_to_nobody_else(folk):
    alice, bob = folk.friends(2)
    stranger, = folk.online(1)
    second = folk.client(alice.account).login("second")
    second.send(presence_to(None, None, "<show>chat</show>"))
    for receiver in (bob, alice):
        assert receiver.expect(presence(from_=second.jid)).findtext("{jabber:client}show") == "chat"
    assert not presences(stranger.settle(second))


def test_a_newcomer_learns_who_of_the_friends_and_of_the_own_resources_is_there(folk):
    alice, bob = folk.friends(2)
    bob.available("<show>xa</show>")
    second = folk.client(alice.account).online("second")
    assert second.expect(presence(from_=bob.jid)).findtext("{jabber:client}show") == "xa"
    second.expect(presence(from_=alice.jid))


def test_presence_changes_reach_friends_with_all_their_content(folk):
    alice, bob = folk.friends(2)
    status = words("at lunch & back <soon>")
    alice.available("<show>away</show><status xml:lang='en'>%s</status><c xmlns='http://jabber.org/protocol/caps' "
                    "hash='sha-1' node='urn:example' ver='x'/>" % status.replace("&", "&amp;").replace("<", "&lt;"), 5)
    got = bob.expect(presence(from_=alice.jid))
    assert got.findtext("{jabber:client}status") == status
    assert got.findtext("{jabber:client}priority") == "5"
    assert got.find("{http://jabber.org/protocol/caps}c").get("ver") == "x"
    assert got.get("to") in (bob.bare, bob.jid)


def test_unavailable_reaches_friends_with_its_status(folk):
    alice, bob = folk.friends(2)
    status = words("gone home")
    alice.send(presence_to(None, "unavailable", "<status>%s</status>" % status))
    assert bob.expect(presence(from_=alice.jid, type="unavailable")).findtext("{jabber:client}status") == status


def test_closing_the_stream_is_unavailable_for_friends(folk):
    alice, bob = folk.friends(2)
    alice.end()
    bob.expect(presence(from_=alice.jid, type="unavailable"))


@pytest.mark.tsan
def test_a_lost_connection_is_unavailable_for_friends(folk):
    alice, bob = folk.friends(2)
    alice.drop()
    bob.expect(presence(from_=alice.jid, type="unavailable"))


def test_an_unavailable_resource_gets_no_presence(folk):
    alice, bob = folk.friends(2)
    bob.send(presence_to(None, "unavailable"))
    alice.expect(presence(from_=bob.jid, type="unavailable"))
    alice.available("<show>dnd</show>")
    assert not presences(bob.settle(alice), alice.bare)


def test_one_who_is_only_subscribed_one_way_sees_one_way(folk):
    alice, bob = folk.online(2)
    subscribe(alice, bob)
    alice.settle(bob)
    bob.settle(alice)
    alice.available("<show>away</show>")
    assert not presences(bob.settle(alice), alice.bare)
    bob.available("<show>away</show>")
    alice.expect(presence(from_=bob.jid))


def test_a_probe_by_a_friend_is_answered_with_the_current_presence(folk):
    alice, bob = folk.friends(2)
    bob.available("<show>xa</show>")
    alice.expect(presence(from_=bob.jid))
    alice.send(presence_to(bob.bare, "probe"))
    assert alice.expect(presence(from_=bob.jid)).findtext("{jabber:client}show") == "xa"
    assert not [each for each in bob.settle(alice) if each.get("type") == "probe"]


def test_a_probe_by_a_stranger_reveals_nothing(folk):
    alice, bob = folk.online(2)
    alice.send(presence_to(bob.bare, "probe"))
    alice.send(presence_to("nobody-at-all@example.org", "probe"))
    received = alice.settle(bob) + alice.settle_at("nobody-at-all@example.org")
    assert not [each for each in presences(received, bob.bare) if each.get("type") in (None, "unavailable")]
    answers = {each.get("from"): each.get("type") for each in received if each.tag.endswith("presence")}
    assert set(answers.values()) <= {"unsubscribed"}
    assert len(answers) in (0, 2)  # the same for somebody who exists and for nobody


def test_directed_presence_reaches_one_who_is_not_subscribed(folk):
    alice, bob = folk.online(2)
    alice.send(presence_to(bob.jid, None, "<show>chat</show>"))
    got = bob.expect(presence(from_=alice.jid))
    assert got.findtext("{jabber:client}show") == "chat"
    assert got.get("to") == bob.jid


def test_directed_presence_to_a_bare_address_reaches_all_resources(folk):
    alice, bob = folk.online(2)
    second = folk.another(bob)
    alice.send(presence_to(bob.bare))
    for client in (bob, second):
        assert client.expect(presence(from_=alice.jid)).get("to") == bob.bare


@pytest.mark.parametrize("ending", ["unavailable", "close", "drop"])
def test_those_who_got_directed_presence_get_the_unavailable_too(folk, ending):
    alice, bob = folk.online(2)
    alice.send(presence_to(bob.jid))
    bob.expect(presence(from_=alice.jid, type=""))
    if ending == "unavailable":
        alice.send(presence_to(None, "unavailable"))
    elif ending == "close":
        alice.end()
    else:
        alice.drop()
    bob.expect(presence(from_=alice.jid, type="unavailable"))


def test_directed_unavailable_is_the_end_of_directed_presence(folk):
    alice, bob = folk.online(2)
    alice.send(presence_to(bob.jid))
    bob.expect(presence(from_=alice.jid, type=""))
    alice.send(presence_to(bob.jid, "unavailable"))
    bob.expect(presence(from_=alice.jid, type="unavailable"))
    alice.send(presence_to(None, "unavailable"))
    assert not presences(bob.settle(alice), alice.jid)


def test_directed_presence_works_without_initial_presence(folk):
    alice, = folk.login(1)
    bob, = folk.online(1)
    alice.send(presence_to(bob.jid))
    bob.expect(presence(from_=alice.jid))


def test_later_broadcasts_do_not_go_to_those_with_directed_presence_only(folk):
    alice, bob = folk.online(2)
    alice.send(presence_to(bob.jid))
    bob.expect(presence(from_=alice.jid))
    alice.available("<show>dnd</show>")
    assert not presences(bob.settle(alice), alice.jid)


@pytest.mark.parametrize("priority", ["-128", "-1", "0", "1", "127", "+5"])
def test_a_valid_priority_is_passed_on(folk, priority):
    alice, = folk.online(1)
    alice.send(presence_to(None, None, "<priority>%s</priority>" % priority, id="prio"))
    got = alice.expect(presence(id="prio"))
    assert int(got.findtext("{jabber:client}priority") or "0") == int(priority)


@pytest.mark.parametrize("priority", ["128", "-129", "high", "1.5", "99999999999999999999", "0x10", "1 2"])
def test_an_invalid_priority_is_refused_or_counts_as_none(folk, priority):
    alice, bob = folk.friends(2)
    alice.send(presence_to(None, None, "<priority>%s</priority>" % priority, id="prio"))
    got = alice.expect(presence(id="prio"))
    if got.get("type") == "error":
        assert tuple(Error(got)) == ("modify", "bad-request")
        assert not presences(bob.settle(alice), alice.jid)
    else:
        assert int(bob.expect(presence(from_=alice.jid)).findtext("{jabber:client}priority") or "0") == 0


@pytest.mark.parametrize("type", ["available", "invisible", "nonsense", "error2"])
def test_an_unknown_type_of_presence_is_a_bad_request(folk, type):
    alice, bob = folk.friends(2)
    alice.send(presence_to(None, type, id="odd"))
    got = alice.expect(presence(id="odd"))
    assert got.get("type") == "error" and Error(got).condition == "bad-request"
    assert not presences(bob.settle(alice), alice.jid)


def test_the_sender_of_presence_is_stamped_with_the_full_address(folk):
    alice, bob = folk.friends(2)
    alice.send("<presence from='%s'><show>away</show></presence>" % alice.jid)
    assert bob.expect(presence()).get("from") == alice.jid


def test_presence_waits_for_nobody_who_is_offline(folk):
    """No presence is stored: who comes later sees the last one only."""
    alice, bob = folk.friends(2)
    bob.end()
    alice.expect(presence(from_=bob.jid, type="unavailable"))
    for show in ("away", "xa", "dnd"):
        alice.available("<show>%s</show>" % show)
    again = folk.client(bob.account).online()
    again.roundtrip()
    got = presences(again.settle(alice), alice.jid)
    assert [each.findtext("{jabber:client}show") for each in got] == ["dnd"]


def test_many_friends_all_see_one_change(folk):
    alice, *others = folk.online(13)
    for other in others:
        subscribe(other, alice)
    alice.available("<show>chat</show>")
    for other in others:
        other.expect(presence(from_=alice.jid, where=lambda each: each.findtext("{jabber:client}show") == "chat"))


def test_presence_errors_are_not_answered(folk):
    alice, bob = folk.friends(2)
    alice.send("<presence type='error' to='%s'><error type='cancel'><gone xmlns="
               "'urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>" % bob.jid)
    alice.send("<presence type='error' to='nobody@example.org'><error type='cancel'><gone xmlns="
               "'urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>")
    assert not [each for each in alice.settle(bob) if each.tag.endswith("presence")]
