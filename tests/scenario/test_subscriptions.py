"""Subscriptions: every state and every stanza of RFC 6121 appendix A, between two people of one server.

A row says, for a user in STATE who sends KIND: whether the contact sees the stanza, and the states of both
afterwards. The contact's state before is the mirror of the user's. Only what can arise between two local
people appears: their states are always each other's mirror.
"""

import pytest

from lib.client import Client
from lib.stanza import presence, presence_to, roster_push

NONE, PENDING_OUT, PENDING_IN, PENDING_BOTH = "none", "none+out", "none+in", "none+out+in"
TO, TO_IN, FROM, FROM_OUT, BOTH = "to", "to+in", "from", "from+out", "both"

MIRROR = {NONE: NONE, PENDING_OUT: PENDING_IN, PENDING_IN: PENDING_OUT, PENDING_BOTH: PENDING_BOTH, TO: FROM,
          TO_IN: FROM_OUT, FROM: TO, FROM_OUT: TO_IN, BOTH: BOTH}

# What takes (user, contact) from nothing to the user's state: who sends what.
PATHS = {
    NONE: [], PENDING_OUT: ["u subscribe"], PENDING_IN: ["c subscribe"], PENDING_BOTH: ["u subscribe", "c subscribe"],
    TO: ["u subscribe", "c subscribed"], TO_IN: ["u subscribe", "c subscribed", "c subscribe"],
    FROM: ["c subscribe", "u subscribed"], FROM_OUT: ["c subscribe", "u subscribed", "u subscribe"],
    BOTH: ["u subscribe", "c subscribed", "c subscribe", "u subscribed"],
}

# state: {kind: (delivered to the contact?, user's state after)}
TABLE = {
    NONE: {"subscribe": (True, PENDING_OUT), "unsubscribe": (False, NONE),
           "subscribed": (False, NONE), "unsubscribed": (False, NONE)},
    PENDING_OUT: {"subscribe": (False, PENDING_OUT), "unsubscribe": (True, NONE),
                  "subscribed": (False, PENDING_OUT), "unsubscribed": (False, PENDING_OUT)},
    PENDING_IN: {"subscribe": (True, PENDING_BOTH), "unsubscribe": (False, PENDING_IN),
                 "subscribed": (True, FROM), "unsubscribed": (True, NONE)},
    PENDING_BOTH: {"subscribe": (False, PENDING_BOTH), "unsubscribe": (True, PENDING_IN),
                   "subscribed": (True, FROM_OUT), "unsubscribed": (True, PENDING_OUT)},
    TO: {"subscribe": (False, TO), "unsubscribe": (True, NONE),
         "subscribed": (False, TO), "unsubscribed": (False, TO)},
    TO_IN: {"subscribe": (False, TO_IN), "unsubscribe": (True, PENDING_IN),
            "subscribed": (True, BOTH), "unsubscribed": (True, TO)},
    FROM: {"subscribe": (True, FROM_OUT), "unsubscribe": (False, FROM),
           "subscribed": (False, FROM), "unsubscribed": (True, NONE)},
    FROM_OUT: {"subscribe": (False, FROM_OUT), "unsubscribe": (True, FROM),
               "subscribed": (False, FROM_OUT), "unsubscribed": (True, PENDING_OUT)},
    BOTH: {"subscribe": (False, BOTH), "unsubscribe": (True, FROM),
           "subscribed": (False, BOTH), "unsubscribed": (True, TO)},
}


def state_of(client, other):
    """What the roster and the waiting requests of `client` say about `other`."""
    item = client.roster().get(other)
    state = item.get("subscription") if item is not None else NONE
    if item is not None and item.get("ask") == "subscribe":
        state += "+out"
    return state


def waiting_request(server, client, other):
    """Whether a request from `other` waits for `client`: it is shown to each resource that comes online."""
    fresh = Client(server, client.account).online()
    found = [each for each in fresh.settle(client) if each.get("type") == "subscribe" and each.get("from") == other]
    fresh.end()
    assert len(found) <= 1
    return bool(found)


def full_state(server, client, other):
    return state_of(client, other) + ("+in" if waiting_request(server, client, other) else "")


def bring(user, contact, state):
    for step in PATHS[state]:
        who, kind = step.split()
        sender, receiver = (user, contact) if who == "u" else (contact, user)
        sender.send(presence_to(receiver.bare, kind))
        receiver.expect(presence(type=kind, from_=sender.bare))
    user.settle(contact)
    contact.settle(user)


@pytest.mark.parametrize("kind", ["subscribe", "unsubscribe", "subscribed", "unsubscribed"])
@pytest.mark.parametrize("state", TABLE)
def test_appendix_a(folk, server, state, kind):
    user, contact = folk.online(2)
    bring(user, contact, state)
    delivered, after = TABLE[state][kind]
    user.send(presence_to(contact.bare, kind))
    got = [each for each in contact.settle(user) if each.get("type") == kind]
    assert len(got) == (1 if delivered else 0)
    if delivered:
        assert got[0].get("from") == user.bare
    assert full_state(server, user, contact.bare) == after
    assert full_state(server, contact, user.bare) == MIRROR[after]


def test_a_request_reaches_every_available_resource(folk):
    alice, bob = folk.online(2)
    second = folk.another(bob)
    alice.send(presence_to(bob.bare, "subscribe"))
    for client in (bob, second):
        assert client.expect(presence(type="subscribe")).get("from") == alice.bare


def test_a_request_waits_for_somebody_who_is_offline(folk):
    alice, = folk.online(1)
    account = folk.account()
    alice.send(presence_to(account.jid, "subscribe"))
    alice.expect(roster_push(account.jid, ask="subscribe"))
    for _ in range(2):
        bob = folk.client(account).online()
        bob.expect(presence(type="subscribe", from_=alice.bare))
        bob.end()
    bob = folk.client(account).online()
    bob.expect(presence(type="subscribe", from_=alice.bare))
    bob.send(presence_to(alice.bare, "subscribed"))
    alice.expect(roster_push(account.jid, subscription="to", ask=None))
    bob.end()
    bob = folk.client(account).online()
    assert not [each for each in bob.settle(alice) if each.get("type") == "subscribe"]


def test_the_text_of_a_request_is_kept(folk):
    alice, = folk.online(1)
    account = folk.account()
    alice.send(presence_to(account.jid, "subscribe", "<status>It is me, from privy-lunch</status>"))
    for _ in range(2):  # by the second time it is kept
        bob = folk.client(account).online()
        got = bob.expect(presence(type="subscribe", from_=alice.bare))
        assert got.findtext("{jabber:client}status") == "It is me, from privy-lunch"
        bob.end()


def test_an_approval_shows_presence_at_once(folk):
    alice, bob = folk.online(2)
    bob.available("<show>away</show>")
    second = folk.another(bob)
    alice.send(presence_to(bob.bare, "subscribe"))
    bob.expect(presence(type="subscribe"))
    bob.send(presence_to(alice.bare, "subscribed"))
    alice.expect(presence(type="subscribed", from_=bob.bare))
    assert alice.expect(presence(from_=bob.jid)).findtext("{jabber:client}show") == "away"
    alice.expect(presence(from_=second.jid))


def test_a_cancelled_subscription_shows_unavailable_at_once(folk):
    alice, bob = folk.friends(2)
    bob.send(presence_to(alice.bare, "unsubscribed"))
    alice.expect(presence(type="unavailable", from_=bob.jid))
    alice.expect(presence(type="unsubscribed", from_=bob.bare))
    alice.settle(bob)
    bob.available("<show>dnd</show>")
    assert not [each for each in alice.settle(bob) if each.tag.endswith("presence")]


def test_unsubscribing_ends_the_others_presence(folk):
    alice, bob = folk.friends(2)
    alice.send(presence_to(bob.bare, "unsubscribe"))
    alice.expect(roster_push(bob.bare, subscription="from"))
    bob.expect(roster_push(alice.bare, subscription="to"))
    alice.expect(presence(type="unavailable", from_=bob.jid))


def test_the_address_of_a_request_is_the_bare_one(folk):
    alice, bob = folk.online(2)
    alice.send(presence_to(bob.jid, "subscribe"))
    got = bob.expect(presence(type="subscribe"))
    assert got.get("from") == alice.bare
    assert got.get("to") == bob.bare
    alice.expect(roster_push(bob.bare, ask="subscribe"))


def test_a_request_to_nobody_is_not_answered_by_anybody(folk):
    alice, bob = folk.online(2)
    alice.send(presence_to("nobody-at-all@example.org", "subscribe"))
    got = alice.settle(bob)
    assert not [each for each in got if each.get("type") in ("subscribed", "error")]


def test_a_request_to_oneself_changes_nothing(folk):
    alice, bob = folk.online(2)
    alice.send(presence_to(alice.bare, "subscribe"))
    alice.settle(bob)
    assert alice.roster() == {}


def test_subscriptions_work_across_domains_of_one_server(folk):
    alice, = folk.online(1)
    account = folk.accounts(1, "second.example")[0]
    bob = folk.client(account).online()
    alice.send(presence_to(bob.bare, "subscribe"))
    bob.expect(presence(type="subscribe", from_=alice.bare))
    bob.send(presence_to(alice.bare, "subscribed"))
    alice.expect(presence(from_=bob.jid))
    assert alice.roster()[bob.bare].get("subscription") == "to"
