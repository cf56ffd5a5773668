"""Messages for people who are not there: RFC 6121 8.5.2.2, XEP-0203, XEP-0334, and the limit offline.max."""

import datetime

import pytest

from lib import names
from lib.archive import until_kept
from lib.stanza import Error, body_of, message, message_to, stamped, stanza_id

MAX = 20


@pytest.fixture(scope="module")
def server(launch):
    return launch("offline", {"offline": {"max": MAX}})


def waiting(folk, account, sender):
    """What a newcomer of that account is given, in order."""
    client = folk.client(account).online()
    got = [each for each in client.settle(sender) if each.tag.endswith("}message")]
    return client, got


def test_messages_wait_in_order_and_come_once_with_their_time_and_id(folk):
    sender, = folk.online(1)
    account = folk.account()
    begin = datetime.datetime.now(datetime.timezone.utc)
    said = [sender.say(account.jid, "number %d" % number) for number in range(10)]
    until_kept(sender, *[each.body for each in said])
    client, got = waiting(folk, account, sender)
    assert [body_of(each) for each in got] == [each.body for each in said]
    for each in got:
        delay = stamped(each)
        assert delay.get("from") in (None, "example.org", account.jid)
        stamp = datetime.datetime.fromisoformat(delay.get("stamp").replace("Z", "+00:00"))
        assert abs((stamp - begin).total_seconds()) < 60
        assert stanza_id(each, account.jid)
        assert each.get("from") == sender.jid and each.get("to") == account.jid
    client.end()
    assert waiting(folk, account, sender)[1] == []


def test_what_comes_after_an_empty_queue_waits_as_well_each_time(folk):
    sender, = folk.online(1)
    account = folk.account()
    client, got = waiting(folk, account, sender)
    assert got == []
    for absence in range(3):
        client.end()
        said = sender.say(account.jid, "absence %d" % absence)
        until_kept(sender, said.body)
        client, got = waiting(folk, account, sender)
        assert [each.get("id") for each in got] == [said.id]


def test_a_direct_message_carries_no_delay(folk):
    alice, bob = folk.online(2)
    said = alice.say(bob.bare)
    assert stamped(bob.expect(message(body=said.body))) is None


def test_the_queue_is_bounded_and_the_sender_is_told(folk):
    sender, = folk.online(1)
    account = folk.account()
    ids = [sender.say(account.jid, "number %d" % number).id for number in range(MAX + 3)]
    refused = [sender.expect(message(type="error")) for _ in ids[MAX:]]
    assert [each.get("id") for each in refused] == ids[MAX:]
    for each in refused:
        assert Error(each).condition in ("service-unavailable", "resource-constraint")
    _, got = waiting(folk, account, sender)
    assert [each.get("id") for each in got] == ids[:MAX]


def test_somebody_with_negative_priority_is_given_nothing_until_it_rises(folk):
    sender, = folk.online(1)
    account = folk.account()
    client = folk.client(account).online(priority=-1)
    said = sender.say(account.jid)
    assert not [each for each in client.settle(sender) if each.get("id") == said.id]
    client.available(priority=0)
    assert stamped(client.expect(message(id=said.id))) is not None


def test_a_resource_without_presence_is_given_nothing(folk):
    sender, = folk.online(1)
    account = folk.account()
    client = folk.client(account).login()
    said = sender.say(account.jid)
    assert not [each for each in client.settle(sender) if each.get("id") == said.id]
    client.send("<presence/>")
    client.expect(message(id=said.id))


def test_a_chat_state_is_worth_nothing_later_and_is_not_kept(folk):
    sender, = folk.online(1)
    account = folk.account()
    sender.send(message_to(account.jid, "<composing xmlns='%s'/>" % names.CHATSTATES, id="light"))
    assert not [each for each in sender.settle_at(account.jid)
                if each.get("id") == "light" and each.get("type") != "error"]
    _, got = waiting(folk, account, sender)
    assert got == []


@pytest.mark.parametrize("type", ["headline", "groupchat", "error"])
def test_types_that_are_not_kept(folk, type):
    sender, = folk.online(1)
    account = folk.account()
    sender.say(account.jid, type=type)
    sender.settle_at(account.jid)
    assert waiting(folk, account, sender)[1] == []


def test_a_forged_time_is_taken_off(folk):
    alice, bob = folk.online(2)
    said = alice.say(bob.bare, extra="<delay xmlns='%s' from='example.org' stamp='2001-01-01T00:00:00Z'/>"
                     "<delay xmlns='%s' from='%s' stamp='2001-01-01T00:00:00Z'/>" % (names.DELAY, names.DELAY, bob.bare))
    got = bob.expect(message(body=said.body))
    assert not [each for each in got.findall("{%s}delay" % names.DELAY)
                if each.get("from") in ("example.org", bob.bare)]


def test_messages_wait_across_a_restart_of_the_server(folk, server):
    sender, = folk.online(1)
    account = folk.account()
    said = [sender.say(account.jid, "number %d" % number) for number in range(5)]
    until_kept(sender, *[each.body for each in said])
    sender_account = sender.account
    server.restart()
    sender = folk.client(sender_account).online()
    _, got = waiting(folk, account, sender)
    assert [body_of(each) for each in got] == [each.body for each in said]


def test_the_first_of_several_resources_takes_all_and_the_next_gets_none(folk):
    sender, = folk.online(1)
    account = folk.account()
    said = sender.say(account.jid)
    until_kept(sender, said.body)
    first = folk.client(account).online()
    first.expect(message(id=said.id))
    second = folk.client(account).online()
    assert not [each for each in second.settle(sender) if each.get("id") == said.id]
