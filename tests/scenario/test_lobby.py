"""What waits for a session until its client is known is bounded, and nothing of it is lost: what there is no room for waits where messages
wait for people who are away; a client that says more than may wait is not read meanwhile."""

import pytest

from lib import names
from lib.admission import Clock, about_features, about_version, answer_disco, answer_version, nothing_comes, person, rules
from lib.archive import until_kept
from lib.stanza import message, presence, presence_to

HELD, WAITING, SECONDS = 5, 8, 4
RULES = """rules:
  - { id: evil-out, purpose: It leaks., clients: { product: Evil }, effect: deny, mode: enforce,
      samples: [{ product: Evil, version: "1", effect: deny }] }
"""


@pytest.fixture(scope="module")
def server(launch):
    return launch("lobby", {"clients": {"wait_seconds": SECONDS, "held_max": HELD}, "limits": {"waiting": WAITING}},
                  prepare=lambda server: rules(server, RULES))


@pytest.fixture
def sender(folk):
    """Somebody whose client is known."""
    client = person(folk).login()
    client.send(presence_to())
    let_in(client)
    client.expect(presence(from_=client.jid))
    return client


@pytest.fixture
def held(folk):
    client = person(folk).login()
    client.send(presence_to())
    return client


def let_in(client, disco=None, version=None, name="Nice"):
    disco, version = disco or about_features(client), version or about_version(client)
    answer_disco(client, [names.DISCO_INFO], ("client", "pc", "", name), disco)
    answer_version(client, name, asked=version)


def arrived(sender, said):
    """Their ids, once all of them wait."""
    until_kept(sender, said[-1].body)
    return [each.id for each in said]


def in_order(client, said, sender):
    assert [client.expect(message(from_=sender.jid)).get("id") for _ in said] == said


def clients(server):
    return server.status()["clients"]


def test_more_than_may_wait_comes_behind_it(server, sender, held):
    said = arrived(sender, [sender.say(held.jid, "word %d" % i) for i in range(3 * HELD)])
    disco, version = about_features(held), about_version(held)
    nothing_comes(held, 0.3)
    let_in(held, disco, version)
    in_order(held, said, sender)


def test_more_bytes_than_may_wait_come_behind_them(server, sender, held):
    said = arrived(sender, [sender.say(held.jid, "x" * 200000) for _ in range(4)])
    let_in(held)
    in_order(held, said, sender)


def test_a_client_that_says_more_than_may_wait_loses_nothing(server, sender, held):
    before = clients(server)
    with Clock() as clock:
        said = [held.say(sender.jid, "word %d" % i).id for i in range(5 * WAITING)]
        now = clients(server)
        assert now["held"] == before["held"] and 0 < now["held_stanzas"] <= WAITING
        in_order(sender, said, held)
    assert SECONDS - 1 < clock.seconds < SECONDS + 3
    after = clients(server)
    assert after["overdue"] == before["overdue"] + 1 and after["judged"]["silent"] == before["judged"]["silent"] + 1
    assert after["held"] == before["held"] - 1 and after["held_stanzas"] == 0


def test_one_that_is_denied_leaves_nothing_waiting(server, sender, held):
    before = clients(server)
    held.say(sender.jid)
    said = arrived(sender, [sender.say(held.jid) for _ in range(2 * HELD)])
    let_in(held, name="Evil")
    assert held.stream_error() == "policy-violation"
    after = clients(server)
    assert after["held"] == before["held"] - 1 and after["held_stanzas"] == 0
    assert after["denied"]["evil-out"] == before["denied"].get("evil-out", 0) + 1
    again = type(held)(server, held.account).login()
    again.send(presence_to())
    let_in(again)
    in_order(again, said, sender)
