"""Subscriptions by the tables of RFC 6121 appendix A, and approvals given beforehand (section 3.4). The contact lives at a
component, which says whatever it likes: so each stanza meets each of the nine states, also those that two people of one
server cannot bring about, since theirs are always each other's mirror (test_subscriptions.py).
"""

import itertools

import pytest

from lib import names
from lib.component import Component, prepared, settings
from lib.names import tag
from lib.record import eventually
from lib.stanza import body, child, message, message_to, new_id, presence, presence_to, roster_push, words

AWAY = "away.example.org"
KINDS = ("subscribe", "unsubscribe", "subscribed", "unsubscribed")

NONE, OUT, IN, OUT_IN = "none", "none+out", "none+in", "none+out+in"
TO, TO_IN, FROM, FROM_OUT, BOTH = "to", "to+in", "from", "from+out", "both"

# What takes a user from nothing to the state: > he says, < he hears.
PATHS = {NONE: [], OUT: [">subscribe"], IN: ["<subscribe"], OUT_IN: [">subscribe", "<subscribe"],
         TO: [">subscribe", "<subscribed"], TO_IN: [">subscribe", "<subscribed", "<subscribe"],
         FROM: ["<subscribe", ">subscribed"], FROM_OUT: ["<subscribe", ">subscribed", ">subscribe"],
         BOTH: [">subscribe", "<subscribed", "<subscribe", ">subscribed"]}

# A.2: for each state and what the user says, in the order of KINDS: whether it is routed, and the state afterwards.
OUTBOUND = {
    NONE:     [(True, OUT),      (True, NONE), (False, NONE),     (False, NONE)],
    OUT:      [(True, OUT),      (True, NONE), (False, OUT),      (False, OUT)],
    IN:       [(True, OUT_IN),   (True, IN),   (True, FROM),      (True, NONE)],
    OUT_IN:   [(True, OUT_IN),   (True, IN),   (True, FROM_OUT),  (True, OUT)],
    TO:       [(True, TO),       (True, NONE), (False, TO),       (False, TO)],
    TO_IN:    [(True, TO_IN),    (True, IN),   (True, BOTH),      (True, TO)],
    FROM:     [(True, FROM_OUT), (True, FROM), (False, FROM),     (True, NONE)],
    FROM_OUT: [(True, FROM_OUT), (True, FROM), (False, FROM_OUT), (True, OUT)],
    BOTH:     [(True, BOTH),     (True, FROM), (False, BOTH),     (True, TO)],
}

# A.3: for each state and what the contact says: whether the user gets it, and the state afterwards.
INBOUND = {
    NONE:     [(True, IN),         (False, NONE), (False, NONE), (False, NONE)],
    OUT:      [(True, OUT_IN),     (False, OUT),  (True, TO),    (True, NONE)],
    IN:       [(False, IN),        (True, NONE),  (False, IN),   (False, IN)],
    OUT_IN:   [(False, OUT_IN),    (True, OUT),   (True, TO_IN), (True, IN)],
    TO:       [(True, TO_IN),      (False, TO),   (False, TO),   (True, NONE)],
    TO_IN:    [(False, TO_IN),     (True, TO),    (False, TO_IN), (True, IN)],
    FROM:     [(False, FROM),      (True, NONE),  (False, FROM), (False, FROM)],
    FROM_OUT: [(False, FROM_OUT),  (True, OUT),   (True, BOTH),  (True, FROM)],
    BOTH:     [(False, BOTH),      (True, TO),    (False, BOTH), (True, FROM)],
}
ANSWERED = {FROM, FROM_OUT, BOTH}  # who asks again has his yes already: the server gives it (A.3.1, 3.1.3)

# 3.4.2: what remembers a yes that nobody has asked for, and what it is when the question comes.
APPROVED = {NONE: FROM, OUT: FROM_OUT, TO: BOTH}

_number = itertools.count(1)


@pytest.fixture(scope="module")
def server(launch, port):
    return launch("subscription-states", settings(port, [AWAY]), prepare=prepared(AWAY))


@pytest.fixture
def away(folk, server, port):
    component = Component(server, port, AWAY).join()
    yield component
    if component.wire and not component.gone:
        component.end()
        eventually(lambda: "component %s has gone" % AWAY in server.log.read_text(errors="replace")
                   .rsplit("component %s has connected" % AWAY, 1)[-1])


@pytest.fixture
def alice(folk):
    return folk.online(1)[0]


class Pair:
    """A user and a contact at the component."""

    def __init__(self, user, away):
        self.user, self.away = user, away
        self.contact = "contact%d@%s" % (next(_number), AWAY)

    def says(self, kind):
        self.user.send(presence_to(self.contact, kind))

    def hears(self, kind):
        self.away.send(presence_to(self.user.bare, kind, from_=self.contact))

    def reached(self):
        """The subscription stanzas that the contact got up to now."""
        id = new_id("barrier")
        self.user.send(message_to(self.contact, body(words("barrier")), id=id))
        self.away.expect(message(id=id))
        return [each.get("type") for each in self.away.take(presence(to=self.contact)) if each.get("type") in KINDS]

    def got(self):
        """Those that the user got, from the contact's bare address."""
        id = new_id("barrier")
        self.away.send(message_to(self.user.jid, body(words("barrier")), id=id, from_=self.contact))
        self.user.expect(message(id=id))
        return [each.get("type") for each in self.user.take(presence(from_=self.contact)) if each.get("type") in KINDS]

    def bring(self, state):
        for step in PATHS[state]:
            self.says(step[1:]) if step[0] == ">" else self.hears(step[1:])
            self.reached(), self.got()
        return self

    def approve(self):
        """Says yes beforehand; nothing of it is left to read."""
        self.says("subscribed")
        self.user.expect(roster_push(self.contact, approved="true"))
        assert self.reached() == []
        self.user.take()

    def item(self):
        return self.user.roster().get(self.contact)

    def approved(self):
        item = self.item()
        return item is not None and item.get("approved") in ("true", "1")


def states(folk, pairs):
    """The state of each pair: the roster says it, and whoever comes online is shown the requests that wait."""
    user = pairs[0].user
    roster = user.roster()
    fresh = folk.another(user)
    asking = [each.get("from") for each in fresh.settle(user) if each.get("type") == "subscribe"]
    fresh.end()
    found = []
    for pair in pairs:
        item = roster.get(pair.contact)
        state = item.get("subscription") if item is not None else NONE
        state += "+out" if item is not None and item.get("ask") == "subscribe" else ""
        assert asking.count(pair.contact) <= 1
        found.append(state + ("+in" if pair.contact in asking else ""))
    return found


@pytest.mark.parametrize("state", PATHS)
def test_what_the_user_says(folk, alice, away, state):
    pairs = [Pair(alice, away).bring(state) for _ in KINDS]
    assert states(folk, pairs) == [state] * len(KINDS)
    routed = []
    for pair, kind in zip(pairs, KINDS):
        pair.says(kind)
        routed.append(pair.reached())
    assert routed == [[kind] if expected[0] else [] for expected, kind in zip(OUTBOUND[state], KINDS)]
    assert states(folk, pairs) == [expected[1] for expected in OUTBOUND[state]]


@pytest.mark.parametrize("state", PATHS)
def test_what_the_contact_says(folk, alice, away, state):
    pairs = [Pair(alice, away).bring(state) for _ in KINDS]
    delivered, answers = [], []
    for pair, kind in zip(pairs, KINDS):
        pair.hears(kind)
        delivered.append(pair.got())
        answers.append(pair.reached())
    assert delivered == [[kind] if expected[0] else [] for expected, kind in zip(INBOUND[state], KINDS)]
    assert answers == [["subscribed"] if state in ANSWERED else [], [], [], []]
    assert states(folk, pairs) == [expected[1] for expected in INBOUND[state]]


# --- approvals given beforehand

@pytest.mark.parametrize("state", PATHS)
def test_a_yes_that_nobody_asked_for_is_remembered(alice, away, state):
    pair = Pair(alice, away).bring(state)
    pair.says("subscribed")
    assert pair.reached() == (["subscribed"] if OUTBOUND[state][KINDS.index("subscribed")][0] else [])
    if state in APPROVED:
        alice.expect(roster_push(pair.contact, approved="true", subscription=state.split("+")[0]))
    else:
        pair.got()
        assert not alice.take(roster_push(pair.contact, approved="true"))
    assert pair.approved() == (state in APPROVED)


@pytest.mark.parametrize("state", APPROVED)
def test_a_request_approved_beforehand_is_answered_by_the_server(folk, alice, away, state):
    pair = Pair(alice, away).bring(state)
    pair.approve()
    pair.hears("subscribe")
    assert pair.got() == []
    yes = away.expect(presence(type="subscribed", to=pair.contact))
    assert yes.get("from") == alice.bare
    away.expect(presence(from_=alice.jid, to=pair.contact, type=""))
    alice.expect(roster_push(pair.contact, subscription=APPROVED[state].split("+")[0]))
    assert states(folk, [pair]) == [APPROVED[state]]


def test_it_is_answered_while_the_user_is_away(folk, alice, away):
    pair = Pair(alice, away)
    pair.approve()
    account = alice.account
    alice.end()
    pair.hears("subscribe")
    assert away.expect(presence(type="subscribed", to=pair.contact)).get("from") == account.jid
    pair.user = folk.client(account).online()
    assert states(folk, [pair]) == [FROM]


@pytest.mark.parametrize("state", APPROVED)
def test_an_approval_is_taken_back(folk, alice, away, state):
    pair = Pair(alice, away).bring(state)
    pair.approve()
    pair.says("unsubscribed")
    alice.expect(roster_push(pair.contact, approved=None))
    assert pair.reached() == [] and not pair.approved()
    pair.hears("subscribe")
    assert pair.got() == ["subscribe"] and pair.reached() == []
    assert states(folk, [pair]) == [INBOUND[state][0][1]]


def test_who_is_removed_is_approved_no_more(folk, alice, away):
    pair = Pair(alice, away)
    pair.approve()
    assert alice.roster_set(pair.contact, subscription="remove").get("type") == "result"
    pair.hears("subscribe")
    assert pair.got() == ["subscribe"] and pair.reached() == []
    assert states(folk, [pair]) == [IN]


def test_an_approval_survives_a_new_name(folk, alice, away):
    pair = Pair(alice, away)
    pair.approve()
    assert alice.roster_set(pair.contact, name="Mary", groups=["tea"]).get("type") == "result"
    assert pair.approved()
    pair.hears("subscribe")
    assert pair.got() == [] and pair.reached() == ["subscribed"]
    item = pair.item()
    assert (item.get("subscription"), item.get("name"), item.findtext(tag(names.ROSTER, "group"))) == ("from", "Mary", "tea")


def test_approvals_are_between_two_people_too(folk):
    alice, bob = folk.online(2)
    alice.send(presence_to(bob.bare, "subscribed"))
    alice.expect(roster_push(bob.bare, subscription="none", approved="true"))
    bob.send(presence_to(alice.bare, "subscribe"))
    bob.expect(presence(type="subscribed", from_=alice.bare))
    bob.expect(presence(from_=alice.jid, type=""))
    assert not [each for each in alice.settle(bob) if each.get("type") == "subscribe"]
    assert bob.roster()[alice.bare].get("subscription") == "to"


def test_the_stream_says_that_approvals_may_be_given_beforehand(folk):
    alice, = folk.login(1)
    assert child(alice.features, "sub", "urn:xmpp:features:pre-approval") is not None
