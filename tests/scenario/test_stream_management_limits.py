"""What stream management may cost: the queue of a client that never acknowledges is bounded, and a connection
that is dead without a word is noticed."""

import time

import pytest

from lib.stanza import message, presence, stamped

UNACKED = 30


@pytest.fixture(scope="module")
def server(launch):
    return launch("stream-management-limits", {
        "sm": {"unacked_max": UNACKED, "resume_seconds": 5}, "ping": {"interval_seconds": 1, "timeout_seconds": 1}})


def test_a_client_that_never_acknowledges_is_cut_off_and_loses_nothing(folk):
    account = folk.account()
    lazy = folk.client(account).online()
    lazy.sm_enable(max=1)
    lazy.answer_acks = False
    sender, = folk.online(1)
    said = [sender.say(account.jid, "number %d" % number) for number in range(UNACKED * 2)]
    assert lazy.stream_error() in ("policy-violation", "resource-constraint", "connection-timeout")
    again = folk.client(account).online()
    for each in said:
        assert again.expect(message(body=each.body), timeout=20) is not None


def test_a_client_that_does_not_answer_pings_is_gone(folk):
    alice, bob = folk.friends(2)
    alice.answer_pings = alice.answer_acks = False
    bob.expect(presence(from_=alice.jid, type="unavailable"), timeout=15)


def test_a_client_that_answers_pings_stays(folk):
    alice, bob = folk.friends(2)
    received = alice.listen(3.5)
    assert not [each for each in received if each.tag and each.tag.endswith("presence")]
    alice.roundtrip()


def test_a_dead_connection_with_stream_management_is_noticed_and_its_messages_are_kept(folk):
    account = folk.account()
    dead = folk.client(account).online()
    dead.sm_enable(max=1)
    dead.answer_pings = dead.answer_acks = False
    sender, = folk.online(1)
    said = sender.say(account.jid)
    deadline = time.monotonic() + 15
    while dead.jid in {each["jid"] for each in dead.server.sessions()}:
        assert time.monotonic() < deadline, "still kept"
        sender.listen(0.2)
    again = folk.client(account).online()
    assert stamped(again.expect(message(body=said.body))) is not None
