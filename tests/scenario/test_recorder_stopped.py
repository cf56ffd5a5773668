"""Nothing is delivered that is not recorded: while the recorder is stopped, no other person's content arrives by any
path, and what is no content still flows. When it goes on, all arrives, in order, once.

The only waiting by the clock in these scenarios is here: QUIET seconds in which something could have arrived.
"""

import os
import signal

import pytest

from lib import names
from lib.standstill import stopped
from lib.stanza import (body, body_of, child, iq, iq_to, message, message_to, presence, presence_to, roster_push, words)

QUIET = 0.3


@pytest.fixture(scope="module")
def server(launch):
    return launch("recorder-stopped")


@pytest.fixture
def three(folk):
    """Alice, Bob and Carol, all friends; Carol has nothing waiting and proves that Bob still hears."""
    return folk.friends(3)


def signal_arrives(carol, bob):
    carol.send(message_to(bob.jid, "<composing xmlns='%s'/>" % names.CHATSTATES, id="still-here"))
    bob.expect(message(id="still-here"))


def text():
    return words("secret")


# name: (what Alice sends, what Bob must not get yet and gets later)
PATHS = {
    "a chat message": lambda a, b, t: (message_to(b.bare, body(t)), message(body=t)),
    "a chat message to a resource": lambda a, b, t: (message_to(b.jid, body(t)), message(body=t)),
    "a normal message": lambda a, b, t: (message_to(b.bare, body(t), type=None), message(body=t)),
    "a headline": lambda a, b, t: (message_to(b.bare, body(t), type="headline"), message(body=t)),
    "a room message": lambda a, b, t: (message_to(b.jid, body(t), type="groupchat"), message(body=t)),
    "a subject": lambda a, b, t: (message_to(b.bare, "<subject>%s</subject>" % t, id="sub"), message(id="sub")),
    "an error message with a body": lambda a, b, t: (
        message_to(b.jid, body(t) + "<error type='cancel'><gone xmlns='%s'/></error>" % names.STANZA_ERROR,
                   type="error"), message(body=t)),
    "an unknown namespace": lambda a, b, t: (message_to(b.bare, "<x xmlns='urn:example:unknown'>%s</x>" % t, id="unk"),
                                             message(id="unk")),
    "a chat state with a body": lambda a, b, t: (
        message_to(b.bare, "<active xmlns='%s'/>%s" % (names.CHATSTATES, body(t))), message(body=t)),
    "a chat state with an unknown neighbour": lambda a, b, t: (
        message_to(b.bare, "<active xmlns='%s'/><x xmlns='urn:example:unknown'>%s</x>" % (names.CHATSTATES, t), id="nb"),
        message(id="nb")),
    "a chat state with content inside": lambda a, b, t: (
        message_to(b.bare, "<active xmlns='%s'><x xmlns='urn:example:unknown'>%s</x></active>" % (names.CHATSTATES, t),
                   id="in"), message(id="in")),
    "a chat state with text inside": lambda a, b, t: (
        message_to(b.bare, "<active xmlns='%s'>%s</active>" % (names.CHATSTATES, t), id="tx"), message(id="tx")),
    "a chat state with a namespace of its own": lambda a, b, t: (
        message_to(b.bare, "<active xmlns='%s' x:a='' xmlns:x='%s'/>" % (names.CHATSTATES, t), id="ns"), message(id="ns")),
    "a chat state under another name": lambda a, b, t: (
        message_to(b.bare, "<%s xmlns='%s'/>" % ("-".join(["said"] + t.split() * 4), names.CHATSTATES), id="nm"),
        message(id="nm")),
    "a receipt with a body": lambda a, b, t: (
        message_to(b.bare, "<received xmlns='%s' id='1'/>%s" % (names.RECEIPTS, body(t))), message(body=t)),
    "a request between people": lambda a, b, t: (
        iq_to(b.jid, "set", "<query xmlns='urn:example:game'>%s</query>" % t, id="iq"), iq(id="iq")),
    "an answer between people": lambda a, b, t: (
        iq_to(b.jid, "result", "<query xmlns='urn:example:game'>%s</query>" % t, id="iqr"), iq(id="iqr")),
    "a status text": lambda a, b, t: (
        presence_to(None, None, "<status>%s</status>" % t),
        presence(from_=a.jid, where=lambda e: e.findtext("{jabber:client}status") == t)),
    "a status text to one person": lambda a, b, t: (
        presence_to(b.jid, None, "<status>%s</status>" % t),
        presence(from_=a.jid, where=lambda e: e.findtext("{jabber:client}status") == t)),
    "a status text of somebody who leaves": lambda a, b, t: (
        presence_to(None, "unavailable", "<status>%s</status>" % t),
        presence(from_=a.jid, where=lambda e: e.findtext("{jabber:client}status") == t)),
    "a picture's words of somebody who leaves": lambda a, b, t: (
        presence_to(None, "unavailable", "<x xmlns='vcard-temp:x:update'>%s</x>" % t),
        presence(from_=a.jid, type="unavailable")),
    "a nickname in presence": lambda a, b, t: (
        presence_to(b.jid, None, "<nick xmlns='%s'>%s</nick>" % (names.NICK, t)),
        presence(from_=a.jid, where=lambda e: e.findtext("{%s}nick" % names.NICK) == t)),
}


@pytest.mark.parametrize("name", PATHS)
def test_it_waits_for_the_recorder(three, server, name):
    alice, bob, carol = three
    secret = text()
    sent, awaited = PATHS[name](alice, bob, secret)
    with stopped(server):
        alice.send(sent)
        signal_arrives(carol, bob)
        early = bob.listen(QUIET)
        assert not [each for each in early if each.tag and each.get("from") == alice.jid and
                    secret in "".join(each.itertext())]
        assert not [each for each in early if awaited(each)]
        signal_arrives(carol, bob)
    bob.expect(awaited)


def test_a_request_for_subscription_with_a_text_waits(folk, server):
    alice, bob, carol = folk.online(3)
    secret = text()
    with stopped(server):
        alice.send(presence_to(bob.bare, "subscribe", "<status>%s</status>" % secret))
        signal_arrives(carol, bob)
        assert not [each for each in bob.listen(QUIET) if each.get("type") == "subscribe"]
    got = bob.expect(presence(type="subscribe", from_=alice.bare))
    assert got.findtext("{jabber:client}status") == secret


@pytest.mark.parametrize("direction", ["sent", "received"])
def test_a_carbon_copy_waits(folk, server, direction):
    alice, bob, carol = folk.friends(3)
    phone = folk.client(bob.account).online("phone")
    assert phone.iq("set", "<enable xmlns='%s'/>" % names.CARBONS).get("type") == "result"
    sender, receiver = (bob, alice) if direction == "sent" else (alice, bob)
    with stopped(server):
        said = sender.say(receiver.jid)
        signal_arrives(carol, phone)
        heard = phone.listen(QUIET) + receiver.listen(0.01)
        assert not [each for each in heard if said.body in "".join(each.itertext())]
    receiver.expect(message(body=said.body))
    phone.expect(message(has=(direction, names.CARBONS)))


def test_a_message_for_somebody_who_is_away_waits(folk, server):
    alice, carol = folk.online(2)
    account = folk.account()
    with stopped(server):
        said = alice.say(account.jid)
        bob = folk.client(account).online()
        signal_arrives(carol, bob)
        assert not [each for each in bob.listen(QUIET) if body_of(each) == said.body]
    bob.expect(message(body=said.body))


def test_a_name_in_the_contact_list_waits_before_other_resources_see_it(folk, server):
    alice, carol = folk.online(2)
    second = folk.another(alice)
    secret = text()
    with stopped(server):
        alice.send(iq_to(None, "set", "<query xmlns='%s'><item jid='x@example.org' name='%s'/></query>" % (
            names.ROSTER, secret), id="ro"))
        signal_arrives(carol, second)
        assert not [each for each in second.listen(QUIET) if roster_push("x@example.org")(each)]
    second.expect(roster_push("x@example.org", name=secret))
    alice.expect(iq(id="ro", type="result"))


@pytest.mark.tsan
def test_what_waited_arrives_in_order_and_once(three, server):
    alice, bob, carol = three
    with stopped(server):
        said = [alice.say(bob.bare, "number %d" % number) for number in range(50)]
        signal_arrives(carol, bob)
        assert not [each for each in bob.listen(QUIET) if body_of(each)]
    got = [body_of(each) for each in bob.settle(alice) if each.get("from") == alice.jid]
    assert got == [each.body for each in said]


def test_an_acknowledgement_waits_too(folk, server):
    """<a h=.../> takes responsibility, so it may not run ahead of the record."""
    alice, bob = folk.online(2)
    alice.sm_enable()
    with stopped(server):
        alice.say(bob.bare)
        alice.raw("<r xmlns='%s'/>" % names.SM)
        alice.listen(QUIET)
        assert alice.sm_acked == 0
    while alice.sm_acked < 1:
        alice.sync()


def test_signals_still_flow(three, server):
    alice, bob, carol = three
    with stopped(server):
        signal_arrives(alice, bob)
        for id, payload in (("paused", "<paused xmlns='%s'/>" % names.CHATSTATES),
                            ("receipt", "<received xmlns='%s' id='7'/>" % names.RECEIPTS),
                            ("marker", "<displayed xmlns='%s' id='7'/>" % names.MARKERS)):
            alice.send(message_to(bob.jid, payload, id=id))
            bob.expect(message(id=id))
        alice.send(presence_to(None, None, "<show>away</show>", id="pp"))
        bob.expect(presence(from_=alice.jid, where=lambda e: e.findtext("{jabber:client}show") == "away"))
        assert alice.ask(names.PING, to="example.org", name="ping").get("type") == "result"
        assert alice.ask(names.DISCO_INFO, to="example.org").get("type") == "result"
        assert alice.roster()
        bob.answer_pings = False
        alice.send(iq_to(bob.jid, "get", "<ping xmlns='%s'/>" % names.PING, id="pi"))
        bob.expect(iq(id="pi"))


def test_what_was_recorded_before_the_stop_is_given_out_during_it(folk, server):
    alice, = folk.online(1)
    account = folk.account()
    said = alice.say(account.jid)
    alice.sm_enable()
    second = alice.say(account.jid)
    while alice.sm_acked < 1:
        alice.sync()
    with stopped(server):
        bob = folk.client(account).online()
        bob.expect(message(body=said.body))
        bob.expect(message(body=second.body))


def test_nothing_is_lost_when_the_recorder_dies_while_messages_wait(folk, server):
    alice, bob = folk.online(2)
    pid = server.pid("recorder")
    os.kill(pid, signal.SIGSTOP)
    said = [alice.say(bob.bare, "number %d" % number) for number in range(20)]
    bob.listen(QUIET)
    os.kill(pid, signal.SIGKILL)
    got = [body_of(each) for each in bob.settle(alice) if each.get("from") == alice.jid]
    assert got == [each.body for each in said]
    assert server.pid("recorder") != pid
    assert child(alice.roundtrip(), "error") is None
