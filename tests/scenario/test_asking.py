"""Clients that nobody needs to know are asked all the same (clients.ask, as it is unless somebody says otherwise), and nobody waits; who
has to be known is waited for, five seconds at most. Whatever they answer, and whether they do."""

import pytest

from lib import names
from lib.admission import (Clock, about_features, about_version, answer_all, answer_disco, answer_version, lines, noted, nothing_comes,
                           person, refuse, rules)
from lib.pep import caps, verification
from lib.record import eventually
from lib.stanza import message, presence, presence_to

RULES = """rules:
  - id: silent-out
    purpose: Who does not answer.
    clients: { class: silent }
    from: "group:strict"
    effect: deny
    mode: enforce
    samples: [{ class: silent, from: "group:strict", effect: deny }]
"""
FEATURES, IDENTITY = [names.DISCO_INFO, "urn:example:kept"], ("client", "pc", "", "Kept 4.1")


@pytest.fixture(scope="module")
def server(launch):
    return launch("asking", {"clients": {"ask": True}}, prepare=lambda server: rules(server, RULES))


@pytest.fixture
def watcher(folk):
    client = person(folk).online()
    answer_all(client, "Watcher")
    return client


def arrives(client, watcher):
    """When what it says now reaches somebody, in seconds."""
    with Clock() as clock:
        said = client.say(watcher.jid)
        watcher.expect(message(id=said.id))
    return clock.seconds


def test_nobody_waits_and_the_inventory_knows(folk, watcher, server):
    client = person(folk).online()
    assert arrives(client, watcher) < 1.5
    answer_all(client, "Nice", "2.1")
    line = noted(server, "client", client)
    assert line["client"] == "Nice 2.1" and line["reason"] == "named"


def test_one_that_answers_for_its_version_alone(folk, watcher, server):
    client = person(folk).online()
    about_features(client)
    answer_version(client, "Nice", "2.2")
    assert noted(server, "client", client)["client"] == "Nice 2.2"


def test_one_that_tells_its_features_alone(folk, watcher, server):
    client = person(folk).online()
    answer_disco(client, [names.DISCO_INFO], ("client", "pc", "", "Nice"))
    assert noted(server, "client", client)["client"] == "Nice"


def test_an_answer_to_the_first_question_answers_the_second(folk, watcher, server):
    """It came without capabilities, is asked, shows some, and is asked for those, too: what it says then is worth both."""
    features, identity = [names.DISCO_INFO, "urn:example:twice"], ("client", "pc", "", "Twice 5.2")
    ver = verification(features, identity)
    client = person(folk).login()
    client.send(presence_to(None, None))
    first = about_features(client)
    client.send(presence_to(None, None, caps(features, ver=ver)))
    assert about_features(client).get("id") != first.get("id")
    answer_disco(client, features, identity, asked=first)
    line = noted(server, "client", client)
    assert line["client"] == "Twice 5.2", line


def test_one_that_answers_with_errors(folk, watcher, server):
    client = person(folk).online()
    refuse(client, about_features(client))
    refuse(client, about_version(client))
    assert noted(server, "client", client)["reason"] == "unknown"


def test_one_that_never_answers_goes_on(folk, watcher, server):
    client = person(folk).online()
    about_features(client)
    about_version(client)
    with Clock() as clock:
        eventually(lambda: lines(server, "client", client.jid), 10)
    assert 4 < clock.seconds < 8
    assert noted(server, "client", client)["reason"] == "silent"
    assert arrives(client, watcher) < 1.5


# --- where a rule needs to know

@pytest.mark.parametrize("answers", ["features", "version"])
def test_who_has_to_be_known_waits_a_second_for_the_other_answer(folk, watcher, answers):
    client = person(folk, "strict").login()
    said = client.say(watcher.jid)
    disco, version = about_features(client), about_version(client)
    with Clock() as clock:
        if answers == "features":
            answer_disco(client, [names.DISCO_INFO], ("client", "pc", "", "Nice"), disco)
        else:
            answer_version(client, "Nice", asked=version)
        watcher.expect(message(id=said.id))
    assert 0.7 < clock.seconds < 3


def test_errors_let_him_in_at_once(folk, watcher):
    client = person(folk, "strict").login()
    said = client.say(watcher.jid)
    disco, version = about_features(client), about_version(client)
    with Clock() as clock:
        refuse(client, disco)
        refuse(client, version)
        watcher.expect(message(id=said.id))
    assert clock.seconds < 1.5


def test_after_five_seconds_the_rule_for_silent_ones_holds(folk, watcher):
    client = person(folk, "strict").login()
    with Clock() as clock:
        client.say(watcher.jid)
        assert client.stream_error() == "policy-violation"
    assert 4 < clock.seconds < 8
    nothing_comes(watcher, 0.3)


def test_capabilities_are_known_after_a_restart_and_nobody_is_asked(folk, server):
    shown = caps(FEATURES, ver=verification(FEATURES, IDENTITY))
    first = person(folk, "strict").login()
    first.send(presence_to(None, None, shown))
    answer_disco(first, FEATURES, IDENTITY)
    answer_version(first, "Kept", "4.1")
    first.expect(presence(from_=first.jid))
    first.settle_at("example.org")
    server.restart()
    second = person(folk, "strict").login()
    with Clock() as clock:
        second.send(presence_to(None, None, shown))
        second.expect(presence(from_=second.jid))
    assert clock.seconds < 1.5
    assert not [each for each in second.listen(1.5) if each.get("type") == "get"]
    line = noted(server, "client", second)
    assert line["client"] == "Kept 4.1" and '"basis":"identity"' in line["judgement"]
