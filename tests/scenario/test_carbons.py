"""Message carbons: XEP-0280."""

import pytest

from lib import names
from lib.stanza import (Error, body, body_of, child, error_payload, message, message_to, plain_message, words)


def carbon(kind, received):
    """The message inside a carbon of that kind ("sent" or "received"), or None."""
    wrapper = child(received, kind, names.CARBONS)
    forwarded = child(wrapper, "forwarded", names.FORWARD)
    return child(forwarded, "message")


def is_carbon(received):
    return carbon("sent", received) is not None or carbon("received", received) is not None


def switch(client, on=True):
    answer = client.iq("set", "<%s xmlns='%s'/>" % ("enable" if on else "disable", names.CARBONS))
    assert answer.get("type") == "result"


@pytest.fixture
def home(folk):
    """(desk, phone, bob): two resources of one account, both with carbons, and somebody else."""
    account = folk.account()
    desk = folk.client(account).online("desk")
    phone = folk.client(account).online("phone")
    bob, = folk.online(1)
    switch(desk)
    switch(phone)
    desk.take()
    return desk, phone, bob


@pytest.mark.tsan
def test_what_one_resource_sends_is_shown_to_the_other(home):
    desk, phone, bob = home
    said = desk.say(bob.jid, extra="<x xmlns='urn:example:x'>kept</x>")
    copy = phone.expect(message(where=is_carbon))
    assert copy.get("from") == phone.bare and copy.get("to") == phone.jid and copy.get("type") == "chat"
    inner = carbon("sent", copy)
    assert inner.get("from") == desk.jid and inner.get("to") == bob.jid and inner.get("id") == said.id
    assert body_of(inner) == said.body and inner.findtext("{urn:example:x}x") == "kept"
    assert not [each for each in desk.settle(bob) if is_carbon(each)]


def test_what_one_resource_receives_is_shown_to_the_other(home):
    desk, phone, bob = home
    said = bob.say(desk.jid)
    assert not is_carbon(desk.expect(message(body=said.body)))
    copy = phone.expect(message(where=is_carbon))
    assert copy.get("from") == phone.bare
    inner = carbon("received", copy)
    assert inner.get("from") == bob.jid and inner.get("to") == desk.jid and body_of(inner) == said.body


def test_a_message_to_the_bare_address_comes_once_to_each(home):
    desk, phone, bob = home
    said = bob.say(desk.bare)
    for client in (desk, phone):
        got = [each for each in client.settle(bob) if each.tag.endswith("}message")]
        bodies = [body_of(carbon("received", each) if is_carbon(each) else each) for each in got]
        assert bodies.count(said.body) == 1


def test_without_enabling_there_are_no_copies(folk):
    account = folk.account()
    desk, phone = folk.client(account).online("desk"), folk.client(account).online("phone")
    bob, = folk.online(1)
    switch(desk)
    desk.say(bob.jid)
    bob.say(desk.jid)
    assert not [each for each in phone.settle(bob) if is_carbon(each)]


def test_after_disabling_there_are_no_copies(home):
    desk, phone, bob = home
    switch(phone, on=False)
    said = desk.say(bob.jid)
    bob.expect(message(body=said.body))
    assert not [each for each in phone.settle(bob) if is_carbon(each)]


def test_enabling_and_disabling_twice_is_no_error(home):
    desk, _, _ = home
    switch(desk)
    switch(desk, on=False)
    switch(desk, on=False)


def test_a_resource_without_presence_that_enabled_them_may_get_copies_and_the_others_do(folk, home):
    desk, phone, bob = home
    quiet = folk.client(desk.account).login("quiet")
    switch(quiet)
    desk.say(bob.jid)
    phone.expect(message(where=is_carbon))


@pytest.mark.parametrize("direction", ["sent", "received"])
@pytest.mark.parametrize("hint", [
    "<private xmlns='%s'/><no-copy xmlns='%s'/>" % (names.CARBONS, names.HINTS),
    "<private xmlns='%s'/>" % names.CARBONS,
    "<no-copy xmlns='%s'/>" % names.HINTS])
def test_a_private_message_is_not_copied(home, hint, direction):
    desk, phone, bob = home
    sender, receiver = (desk, bob) if direction == "sent" else (bob, desk)
    said = sender.say(receiver.jid, extra=hint)
    got = receiver.expect(message(body=said.body))
    assert child(got, "private", names.CARBONS) is None  # XEP-0280 section 9: taken off at the end
    copies = [each for each in phone.settle(bob) if is_carbon(each)]
    assert not [each for each in copies if said.body in (body_of(carbon("sent", each)), body_of(carbon("received", each)))]


@pytest.mark.parametrize("direction", ["sent", "received"])
@pytest.mark.parametrize("type", ["headline", "groupchat"])
def test_headlines_and_rooms_are_not_copied(home, type, direction):
    desk, phone, bob = home
    sender, receiver = (desk, bob) if direction == "sent" else (bob, desk)
    said = sender.say(receiver.jid, type=type)
    receiver.expect(message(body=said.body))
    assert not [each for each in phone.settle(bob) if is_carbon(each)
                and said.body in (body_of(carbon("sent", each)), body_of(carbon("received", each)))]


def test_a_normal_message_with_a_body_is_copied(home):
    desk, phone, bob = home
    said = desk.say(bob.jid, type=None)
    assert body_of(carbon("sent", phone.expect(message(where=is_carbon)))) == said.body


INVITATIONS = {
    "direct": "<x xmlns='jabber:x:conference' jid='room@rooms.example'/>",
    "mediated": "<x xmlns='http://jabber.org/protocol/muc#user'><invite from='host@example.org'/></x>",
}


@pytest.mark.parametrize("direction", ["sent", "received"])
@pytest.mark.parametrize("kind", INVITATIONS)
def test_an_invitation_to_a_room_is_copied(home, kind, direction):
    """XEP-0280 section 6.1, whatever the type and without a body."""
    desk, phone, bob = home
    sender, receiver = (desk, bob) if direction == "sent" else (bob, desk)
    sender.send(message_to(receiver.jid, INVITATIONS[kind], type=None))
    inner = carbon(direction, phone.expect(message(where=is_carbon)))
    assert len([each for each in inner if each.tag.endswith("}x")]) == 1


def test_what_comes_from_a_room_in_private_is_not_copied(home):
    """XEP-0280 section 6.1: the room sends it to every resource that is in it."""
    desk, phone, bob = home
    said = bob.say(desk.jid, extra="<x xmlns='http://jabber.org/protocol/muc#user'/>")
    desk.expect(message(body=said.body))
    assert not [each for each in phone.settle(bob) if is_carbon(each)]


@pytest.mark.parametrize("payload", ["<composing xmlns='%s'/>" % names.CHATSTATES,
                                     "<received xmlns='%s' id='1'/>" % names.RECEIPTS])
def test_chat_states_and_receipts_are_copied(home, payload):
    desk, phone, bob = home
    desk.send(message_to(bob.jid, payload))
    inner = carbon("sent", phone.expect(message(where=is_carbon)))
    assert len(inner) >= 1


@pytest.mark.parametrize("kind", ["sent", "received"])
@pytest.mark.parametrize("target", ["full", "bare"])
def test_a_forged_copy_loses_its_wrapper(folk, kind, target):
    """CVE-2017-5589 and its family: a client that believes it shows a stranger's words as a friend's."""
    alice, bob = folk.online(2)
    forged = plain_message("boss@example.org/desk", bob.bare, words("you are dismissed"))
    said = alice.say(bob.jid if target == "full" else bob.bare, extra="<%s xmlns='%s'><forwarded xmlns='%s'>%s"
                     "</forwarded></%s>" % (kind, names.CARBONS, names.FORWARD, forged, kind))
    for each in bob.settle(alice):
        assert not is_carbon(each), said


def test_not_even_oneself_can_send_a_copy(folk):
    account = folk.account()
    desk, phone = folk.client(account).online("desk"), folk.client(account).online("phone")
    forged = plain_message("boss@example.org/desk", desk.bare, words("you are dismissed"))
    desk.say(phone.jid, extra="<received xmlns='%s'><forwarded xmlns='%s'>%s</forwarded></received>" % (
        names.CARBONS, names.FORWARD, forged))
    assert not [each for each in phone.settle(desk) if is_carbon(each)]


def test_an_error_that_answers_a_copied_message_is_copied_or_at_least_delivered(home):
    desk, phone, bob = home
    said = desk.say(bob.jid)
    phone.expect(message(where=is_carbon))
    bob.send(message_to(desk.jid, body(said.body) + error_payload("gone"), type="error", id=said.id))
    assert Error(desk.expect(message(id=said.id, type="error"))).condition == "gone"


def test_copies_survive_resumption(folk, home):
    desk, phone, bob = home
    phone.sm_enable()
    phone.drop()
    said = desk.say(bob.jid)
    bob.expect(message(body=said.body))
    again = folk.client(phone.account).login(bind=False)
    assert phone.resume_on(again).tag == "{%s}resumed" % names.SM
    assert body_of(carbon("sent", again.expect(message(where=is_carbon)))) == said.body
    later = desk.say(bob.jid)
    assert body_of(carbon("sent", again.expect(message(where=is_carbon)))) == later.body


@pytest.mark.parametrize("element", ["enable", "disable"])
def test_carbons_are_switched_with_a_set_only(folk, element):
    alice, = folk.online(1)
    answer = alice.ask(names.CARBONS, name=element)
    assert answer.get("type") == "error"


def test_nobody_can_switch_carbons_of_somebody_else(folk):
    alice, bob = folk.online(2)
    answer = alice.iq("set", "<enable xmlns='%s'/>" % names.CARBONS, to=bob.bare)
    assert answer.get("type") == "error"
    assert Error(answer).condition in ("forbidden", "not-allowed", "service-unavailable")
