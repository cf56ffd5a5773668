"""Blocking: XEP-0191."""

import pytest

from lib import names
from lib.stanza import (Error, child, element, error_payload, iq, iq_to, message, message_to, presence, presence_to)


def block(client, *jids):
    items = "".join(element("item", jid=jid) for jid in jids)
    return client.iq("set", "<block xmlns='%s'>%s</block>" % (names.BLOCKING, items))


def unblock(client, *jids):
    items = "".join(element("item", jid=jid) for jid in jids)
    return client.iq("set", "<unblock xmlns='%s'>%s</unblock>" % (names.BLOCKING, items))


def blocklist(client):
    answer = client.ask(names.BLOCKING, name="blocklist")
    assert answer.get("type") == "result"
    return {each.get("jid") for each in answer.iter("{%s}item" % names.BLOCKING)}


def push(name):
    return iq(type="set", has=(name, names.BLOCKING))


def pushed(received, name):
    return {each.get("jid") for each in child(received, name, names.BLOCKING)}


def from_(sender, received):
    return [each for each in received if (each.get("from") or "").startswith(sender.bare)]


def test_the_list_is_empty_at_first_and_holds_what_was_blocked(folk):
    alice, = folk.online(1)
    assert blocklist(alice) == set()
    assert block(alice, "a@example.org", "bad.example", "b@example.org/x").get("type") == "result"
    assert blocklist(alice) == {"a@example.org", "bad.example", "b@example.org/x"}
    assert unblock(alice, "bad.example").get("type") == "result"
    assert blocklist(alice) == {"a@example.org", "b@example.org/x"}
    assert unblock(alice).get("type") == "result"
    assert blocklist(alice) == set()


def test_changes_are_pushed_to_the_resources_that_asked_for_the_list(folk):
    alice, = folk.online(1)
    second, unasked = folk.another(alice), folk.another(alice)
    blocklist(alice)
    blocklist(second)
    block(alice, "a@example.org", "b@example.org")
    for client in (alice, second):
        got = client.expect(push("block"))
        assert pushed(got, "block") == {"a@example.org", "b@example.org"}
        assert got.get("from") in (None, client.bare)
    unblock(second, "a@example.org")
    assert pushed(alice.expect(push("unblock")), "unblock") == {"a@example.org"}
    unblock(alice)
    second.expect(push("unblock"))  # of the first unblock
    assert pushed(second.expect(push("unblock")), "unblock") == set()
    assert not [each for each in unasked.settle(alice) if push("block")(each)]


def test_the_list_survives_a_new_login(folk):
    alice, = folk.online(1)
    block(alice, "a@example.org")
    alice.end()
    assert blocklist(folk.client(alice.account).online()) == {"a@example.org"}


@pytest.mark.parametrize("payload,conditions", [
    ("<block xmlns='%s'/>" % names.BLOCKING, {"bad-request"}),
    ("<block xmlns='%s'><item/></block>" % names.BLOCKING, {"bad-request", "jid-malformed"}),
    ("<block xmlns='%s'><item jid='@'/></block>" % names.BLOCKING, {"bad-request", "jid-malformed"}),
    ("<block xmlns='%s'><item jid='a@example.org'/><item jid='@x'/></block>" % names.BLOCKING,
     {"bad-request", "jid-malformed"}),
])
def test_a_malformed_block_changes_nothing(folk, payload, conditions):
    alice, = folk.online(1)
    answer = alice.iq("set", payload)
    assert Error(answer).condition in conditions
    assert blocklist(alice) == set()


def test_a_blocked_address_is_stored_in_its_normal_form(folk):
    alice, = folk.online(1)
    block(alice, "Bad@EXAMPLE.org")
    assert blocklist(alice) == {"bad@example.org"}


@pytest.mark.parametrize("form", ["bare", "full", "domain"])
def test_a_blocked_person_cannot_reach_one_and_is_told_as_if_one_were_away(folk, form):
    alice, bob = folk.online(1)[0], folk.client(folk.accounts(1, "second.example")[0]).online()
    other, = folk.online(1)
    block(alice, {"bare": bob.bare, "full": bob.jid, "domain": "second.example"}[form])
    for to in (alice.bare, alice.jid):
        said = bob.say(to)
        assert tuple(Error(bob.expect(message(id=said.id)))) == ("cancel", "service-unavailable")
        for type in ("get", "set"):
            answer = bob.iq(type, "<query xmlns='urn:example:game'/>", to=to)
            assert tuple(Error(answer)) == ("cancel", "service-unavailable")
        bob.send(iq_to(to, "result", "", id="stray"))
        bob.send(iq_to(to, "error", error_payload(), id="stray"))
        bob.send(message_to(to, error_payload(), type="error", id="stray"))
        for type in (None, "unavailable", "subscribe", "subscribed", "unsubscribe", "unsubscribed", "probe"):
            bob.send(presence_to(to, type))
    received = bob.settle(other)
    assert not [each for each in received if each.tag.endswith("presence") or each.get("id") == "stray"]
    assert not from_(bob, alice.settle(other))


def test_a_domain_blocks_all_that_lies_below_it(folk):
    alice, bob = folk.online(1)[0], folk.client(folk.accounts(1, "second.example")[0]).online()
    block(alice, "cond.example", "second.example.org", "xample")
    said = bob.say(alice.bare)
    alice.expect(message(body=said.body))
    block(alice, "example")
    said = bob.say(alice.bare)
    assert tuple(Error(bob.expect(message(id=said.id)))) == ("cancel", "service-unavailable")
    said = alice.say(bob.bare)
    assert tuple(Error(alice.expect(message(id=said.id, type="error")))) == ("cancel", "not-acceptable")


def test_a_full_address_blocks_that_resource_only(folk):
    alice, bob = folk.online(2)
    second = folk.another(bob)
    block(alice, bob.jid)
    bob.say(alice.bare)
    said = second.say(alice.bare)
    alice.expect(message(body=said.body))
    assert not [each for each in alice.settle(second) if each.get("from") == bob.jid]


def test_one_cannot_write_to_somebody_one_has_blocked(folk):
    alice, bob = folk.friends(2)
    block(alice, bob.bare)
    said = alice.say(bob.bare)
    error = Error(alice.expect(message(id=said.id, type="error")))
    assert tuple(error) == ("cancel", "not-acceptable")
    assert child(error.element, "blocked", names.BLOCKING_ERRORS) is not None
    error = Error(alice.iq("get", "<query xmlns='urn:example:game'/>", to=bob.jid))
    assert tuple(error) == ("cancel", "not-acceptable")
    assert child(error.element, "blocked", names.BLOCKING_ERRORS) is not None
    alice.send(presence_to(bob.jid, None, "<show>chat</show>", id="dp"))
    error = Error(alice.expect(presence(id="dp", type="error")))
    assert tuple(error) == ("cancel", "not-acceptable")
    witness, = folk.online(1)
    received = bob.settle(witness)
    assert not [each for each in from_(alice, received) if each.get("type") != "unavailable"]


def test_a_blocked_friend_sees_one_leave_and_return(folk):
    alice, bob = folk.friends(2)
    block(alice, bob.bare)
    bob.expect(presence(from_=alice.jid, type="unavailable"))
    alice.available("<show>away</show>")
    witness, = folk.online(1)
    assert not from_(alice, bob.settle(witness))
    unblock(alice, bob.bare)
    assert bob.expect(presence(from_=alice.jid)).findtext("{jabber:client}show") == "away"


def test_a_blocked_stranger_is_not_told_anything(folk):
    alice, bob = folk.online(2)
    witness, = folk.online(1)
    block(alice, bob.bare)
    unblock(alice, bob.bare)
    assert not from_(alice, bob.settle(witness))


def test_a_blocked_friend_who_logs_in_does_not_see_one(folk):
    alice, bob = folk.friends(2)
    block(alice, bob.bare)
    again = folk.another(bob)
    witness, = folk.online(1)
    assert not [each for each in from_(alice, again.settle(witness)) if each.get("type") != "unavailable"]


def test_after_unblocking_everything_arrives_again(folk):
    alice, bob = folk.friends(2)
    block(alice, bob.bare)
    unblock(alice)
    said = bob.say(alice.bare)
    alice.expect(message(body=said.body))
    said = alice.say(bob.bare)
    bob.expect(message(body=said.body))


def test_a_block_holds_for_messages_while_one_is_away(folk):
    alice, bob = folk.online(2)
    block(alice, bob.bare)
    alice.end()
    said = bob.say(alice.bare)
    assert tuple(Error(bob.expect(message(id=said.id)))) == ("cancel", "service-unavailable")
    again = folk.client(alice.account).online()
    witness, = folk.online(1)
    assert not from_(bob, again.settle(witness))


def test_ones_own_resources_cannot_block_each_other(folk):
    alice, = folk.online(1)
    second = folk.another(alice)
    block(alice, alice.bare)
    said = second.say(alice.jid)
    alice.expect(message(body=said.body))


def test_the_blocklist_of_somebody_else_cannot_be_read(folk):
    alice, bob = folk.friends(2)
    answer = alice.ask(names.BLOCKING, name="blocklist", to=bob.bare)
    assert answer.get("type") == "error"
