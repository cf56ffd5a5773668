"""Who is not known to somebody (settings privacy.*): requests and first messages are held, told of once in a quiet message, and
reach him when he adds the person or writes to him."""

import pytest

from lib.client import Client
from lib.component import Component, prepared, settings
from lib.record import content_with, eventually, handed_to
from lib.rules import word_rule
from lib.server import free_port
from lib.stanza import Error, body, body_of, child, message, message_to, presence, presence_to, roster_push, words

OUT = "gate.example"
WORD = "strangerword"
PORT = free_port()
BY_SENDER = 2


@pytest.fixture(scope="module")
def server(launch):
    def prepare(server):
        prepared(OUT, rules=(word_rule("strangers-word", WORD, "Not like this."),))(server)
    return launch("strangers", dict(settings(PORT, outside=[OUT]), privacy={"reach": "organisation", "held_by_sender": BY_SENDER,
                                                                           "groups": ["directors=contacts", "desk=anyone"]}),
                  prepare)


@pytest.fixture
def gate(server, folk):
    component = Component(server, PORT, OUT).join()
    yield component
    if component.wire and not component.gone:
        component.end()


def somebody(name, _seen=[0]):
    _seen[0] += 1
    return "%s%d@%s" % (name, _seen[0], OUT)


def say(gate, from_, to, text=None, type="chat"):
    text = words(text or "good morning")
    gate.send(message_to(to, body(text), type=type, from_=from_))
    return text


def heard(client, seconds=0.4):
    """Bodies of what people have said, and of what the server has told."""
    got = client.listen(seconds)
    return ([body_of(each) for each in got if each.get("type") in ("chat", "normal")],
            [body_of(each) for each in got if each.get("type") == "headline"])


def heard_when_told(client, seconds=0.4):
    """The same, and more than that long if nothing has been told by then."""
    client.inbox.append(client.expect(message(type="headline")))
    return heard(client, seconds)


def test_a_message_from_outside_is_held_and_told_of_once(folk, server, gate):
    bob, = folk.online(1)
    mary, john = somebody("mary"), somebody("john")
    content_with(server, say(gate, mary, bob.bare))
    said, told = heard_when_told(bob, 1)
    assert said == [] and len(told) == 1
    assert "1 person whom you do not know" in told[0] and told[0].endswith("\n" + mary)
    for sender in (mary, john):
        content_with(server, say(gate, sender, bob.bare))
    assert heard(bob, 1) == ([], [])
    assert not gate.take(message(type="error"))


def test_what_was_held_comes_when_he_writes_and_from_then_on_at_once(folk, server, gate):
    bob, = folk.online(1)
    mary, john = somebody("mary"), somebody("john")
    first, other = say(gate, mary, bob.bare), say(gate, john, bob.bare)
    content_with(server, first), content_with(server, other)
    heard(bob)
    bob.say(mary)
    got = bob.expect(message(from_=mary, body=first))
    assert child(got, "delay", "urn:xmpp:delay") is not None
    entry, = content_with(server, first)
    eventually(lambda: bob.jid in handed_to(server, entry))
    again = say(gate, mary, bob.bare)
    bob.expect(message(body=again))
    assert heard(bob)[0] == []
    bob.roster_set(john)
    bob.expect(message(body=other))


def test_it_waits_over_a_restart_and_is_given_to_who_comes_later(folk, server, gate):
    bob, = folk.online(1)
    mary = somebody("mary")
    first = say(gate, mary, bob.bare)
    content_with(server, first)
    heard(bob)
    bob.end()
    gate.end()
    server.restart()
    bob = Client(server, bob.account).online()
    said, told = heard_when_told(bob)
    assert said == [] and len(told) == 1 and mary in told[0]
    bob.roster_set(mary)
    bob.expect(message(body=first))
    bob.end()
    assert heard(Client(server, bob.account).online())[0] == []


def test_a_request_is_held_and_shown_when_he_adds_the_person(folk, gate):
    bob, = folk.online(1)
    mary = somebody("mary")
    gate.send(presence_to(bob.bare, "subscribe", from_=mary))
    notice = bob.expect(message(type="headline"))
    assert mary in body_of(notice)
    assert not [each for each in bob.listen(0.4) if each.get("type") in ("subscribe", "headline")]
    again = folk.another(bob)
    assert not [each for each in again.listen(0.4) if each.get("type") == "subscribe"]
    bob.roster_set(mary)
    bob.expect(presence(type="subscribe", from_=mary))
    bob.send(presence_to(mary, "subscribed"))
    bob.expect(roster_push(mary, subscription="from"))
    gate.expect(presence(type="subscribed", from_=bob.bare))


def test_one_who_writes_again_and_again_is_told_to_wait(folk, gate):
    bob, = folk.online(1)
    mary = somebody("mary")
    for _ in range(BY_SENDER + 1):
        say(gate, mary, bob.bare)
    assert tuple(Error(gate.expect(message(type="error", to=mary)))) == ("wait", "resource-constraint")


def test_colleagues_are_no_strangers_but_for_whom_the_administrator_says_so(folk, server):
    alice, bob, director = folk.online(3)
    server.run("user", "change", director.bare, "--groups", "directors")
    said = alice.say(bob.bare)
    bob.expect(message(body=said.body))
    said = alice.say(director.bare)
    assert heard(director, 0.6)[0] == []
    director.say(alice.bare)
    director.expect(message(body=said.body))


def test_whoever_hears_everybody_hears_outside_at_once(folk, server, gate):
    desk, = folk.online(1)
    server.run("user", "change", desk.bare, "--groups", "desk")
    desk.expect(message(body=say(gate, somebody("mary"), desk.bare)))


def test_what_is_held_is_inspected(folk, gate):
    bob, = folk.online(1)
    mary = somebody("mary")
    say(gate, mary, bob.bare, WORD)
    assert Error(gate.expect(message(type="error", to=mary))).condition == "policy-violation"
    said, told = heard(bob)
    assert said == told == []


def test_refused_they_hear_what_they_would_of_nobody(launch, folk):
    port = free_port()
    strict = launch("strangers-refused", dict(settings(port, outside=[OUT]), privacy={"reach": "organisation", "strangers": "refuse"}),
                    prepared(OUT))
    gate = Component(strict, port, OUT).join()
    bob = Client(strict, strict.people(1)[0]).online()
    mary = somebody("mary")
    answers = []
    for to in (bob.bare, "nobody-at-all@" + strict.domain):
        say(gate, mary, to)
        answers.append(tuple(Error(gate.expect(message(type="error", to=mary)))))
    assert answers[0] == answers[1] == ("cancel", "service-unavailable")
    gate.send(presence_to(bob.bare, "subscribe", from_=mary))
    gate.expect(presence(type="unsubscribed", from_=bob.bare))
    assert heard(bob) == ([], [])
    strict.close_clients()
