"""Stream management: XEP-0198."""

import time

import pytest

from lib import names
from lib.archive import until_kept
from lib.client import Client
from lib.stanza import (Error, body_of, child, iq, iq_to, message, message_to, nonza, presence, presence_to, stamped,
                        stanza_id, body, words)

RESUME_SECONDS = 2


@pytest.fixture(scope="module")
def server(launch):
    """Sessions are kept for so short a time that their end can be waited for."""
    return launch("stream-management", {"sm": {"resume_seconds": RESUME_SECONDS}})


@pytest.fixture
def user(folk):
    return folk.online(1)[0]


@pytest.fixture
def keeper(folk):
    """Somebody online whose stream can be resumed."""
    client, = folk.online(1)
    client.sm_enable()
    return client


def reconnect(client):
    """A new connection of the same account, authenticated and not bound."""
    return Client(client.server, client.account).login(bind=False)


def resume(client):
    """Resumes the session of `client` on a new connection, which is returned."""
    again = reconnect(client)
    answer = client.resume_on(again)
    assert answer.tag == "{%s}resumed" % names.SM, answer
    assert answer.get("previd") == client.sm_id
    return again


def condition(failed):
    assert failed.tag == "{%s}failed" % names.SM
    return [each.tag.split("}")[1] for each in failed]


def test_enabling_gives_an_id_for_resumption(user):
    enabled = user.sm_enable()
    assert enabled.get("resume") in ("true", "1")
    assert len(enabled.get("id")) >= 16
    assert 0 < int(enabled.get("max")) <= RESUME_SECONDS


def test_enabling_without_resumption_gives_none(user):
    enabled = user.sm_enable(resume=False)
    assert enabled.get("resume") in (None, "false", "0")


def test_the_client_may_ask_for_a_shorter_time(user):
    assert int(user.sm_enable(max=1).get("max")) == 1


def test_the_client_cannot_ask_for_a_longer_time(user):
    assert int(user.sm_enable(max=100000).get("max")) <= RESUME_SECONDS


def test_enabling_before_a_resource_is_bound_fails(folk):
    client = folk.client(folk.account()).login(bind=False)
    client.raw("<enable xmlns='%s'/>" % names.SM)
    assert condition(client.expect(nonza("failed", names.SM))) == ["unexpected-request"]
    assert client.bind().get("type") == "result"


@pytest.mark.parametrize("element", ["<enable xmlns='%s'/>" % names.SM,
                                     "<resume xmlns='%s' h='0' previd='x'/>" % names.SM])
@pytest.mark.parametrize("how", ["direct", "starttls"])
def test_stream_management_before_login_fails_and_login_goes_on(folk, element, how):
    """XEP-0198 section 3: the server SHALL enforce the order and return <failed/>."""
    client = folk.client(folk.account()).connect(how)
    client.start()
    client.raw(element)
    assert condition(client.expect(nonza("failed", names.SM))) == ["unexpected-request"]
    if how == "starttls":
        client.starttls()
        client.start()
    client.authenticate()
    client.start()
    assert client.bind().get("type") == "result"


def test_enabling_twice_ends_the_stream(user):
    """Section 3: a client makes at most one attempt."""
    user.sm_enable()
    user.raw("<enable xmlns='%s'/>" % names.SM)
    assert user.stream_error() == "policy-violation"


@pytest.mark.parametrize("element", ["<r xmlns='%s'/>" % names.SM, "<a xmlns='%s' h='0'/>" % names.SM])
def test_acks_without_enabling_end_the_stream_or_are_ignored(user, element):
    user.raw(element)
    user.raw("<iq type='get' id='after' to='example.org'><ping xmlns='%s'/></iq>" % names.PING)
    answer = user.next()
    assert answer.tag == "{%s}error" % names.STREAM or answer.get("id") == "after" or "failed" in answer.tag


def test_the_server_counts_every_kind_of_stanza_and_nothing_else(folk, keeper):
    other, = folk.online(1)
    assert keeper.sync() == 0
    keeper.say(other.bare)
    keeper.send(presence_to(None, None, "<show>away</show>"))
    keeper.send(iq_to("example.org", "get", "<ping xmlns='%s'/>" % names.PING))
    keeper.raw("  \n ")
    keeper.raw("<a xmlns='%s' h='%d'/>" % (names.SM, keeper.sm_in))
    keeper.send(message_to("nobody-at-all@example.org", body("privy-x")))
    assert keeper.sync() == 4


def test_who_never_pauses_gets_acknowledgements_all_the_same(folk, keeper):
    """XEP-0198 section 4: an answer waits for what came before the request, not for what comes after it."""
    account, rounds = folk.account(), 100
    request = "<r xmlns='%s'/>" % names.SM
    keeper.raw("".join(message_to(account.jid, body(words("flood")), type="headline") if number else request
                       for _ in range(rounds) for number in (1, 2, 3, 4, 5, 0)))
    counts = []
    while not counts or counts[-1] < 5 * rounds:
        counts.append(int(keeper.expect(nonza("a", names.SM)).get("h")))
    assert counts[0] == 5 and counts == sorted(set(counts))


def test_an_acknowledged_message_has_been_delivered_or_stored(folk, keeper):
    account = folk.account()
    said = [keeper.say(account.jid, "number %d" % number) for number in range(50)]
    while keeper.sm_acked < 50:
        keeper.sync()
    other = folk.client(account).online()
    for each in said:
        other.expect(message(body=each.body))


def test_the_server_asks_for_acks(folk, keeper):
    sender, = folk.online(1)
    keeper.answer_acks = False
    for _ in range(20):
        sender.say(keeper.bare)
    keeper.expect(nonza("r", names.SM))


@pytest.mark.tsan
def test_a_resumed_session_gets_what_it_missed_once_and_in_order(folk, keeper):
    sender, = folk.online(1)
    keeper.answer_acks = False
    first = [sender.say(keeper.jid, "before %d" % number) for number in range(5)]
    for each in first:
        keeper.expect(message(body=each.body))
    keeper.acknowledge(keeper.sm_in - 2)  # as if the last two had been lost on the way
    keeper.sm_in -= 2
    keeper.roundtrip()
    keeper.sm_in -= 1  # the answer just read is lost too
    keeper.drop()
    missed = [sender.say(keeper.bare, "while away %d" % number) for number in range(5)]
    until_kept(sender, *[each.body for each in missed])
    again = resume(keeper)
    got = [body_of(each) for each in again.settle(sender) if each.tag.endswith("}message")]
    assert got == [each.body for each in first[3:] + missed]


def test_a_message_is_the_same_when_it_comes_again(folk, keeper):
    sender, = folk.online(1)
    keeper.answer_acks = False
    said = sender.say(keeper.bare)
    first = keeper.expect(message(body=said.body))
    keeper.sm_in -= 1
    keeper.drop()
    second = resume(keeper).expect(message(body=said.body))
    assert stanza_id(first, keeper.bare) == stanza_id(second, keeper.bare) is not None
    assert second.get("id") == said.id


def test_friends_do_not_notice_a_resumed_session(folk):
    alice, bob = folk.friends(2)
    alice.sm_enable()
    alice.drop()
    again = resume(alice)
    assert not [each for each in bob.settle(again) if each.tag.endswith("presence")]
    assert again.jid == alice.jid


def test_a_resumed_session_keeps_its_counts_and_can_be_resumed_again(folk, keeper):
    other, = folk.online(1)
    for _ in range(3):
        keeper.say(other.bare)
    assert keeper.sync() == 3
    keeper.drop()
    again = resume(keeper)
    again.say(other.bare)
    assert again.sync() == 4
    again.drop()
    assert resume(again).sync() == 4


def test_the_client_learns_what_the_server_had_got(folk, keeper):
    other, = folk.online(1)
    said = keeper.say(other.bare)
    other.expect(message(body=said.body))
    keeper.drop()
    again = reconnect(keeper)
    answer = keeper.resume_on(again)
    assert int(answer.get("h")) == 1
    assert len(again.unacked) == 0


def test_a_session_can_be_taken_over_while_the_old_connection_is_open(folk, keeper):
    again = resume(keeper)
    assert keeper.stream_error() == "conflict"
    again.roundtrip()


def test_an_unknown_id_cannot_be_resumed(folk, keeper):
    keeper.drop()
    again = reconnect(keeper)
    assert condition(keeper.resume_on(again, previd="unknown-id-0000000000")) == ["item-not-found"]
    assert again.bind().get("type") == "result"


def test_nobody_else_can_resume_a_session(folk, keeper):
    thief = folk.client(folk.account()).login(bind=False)
    answer = keeper.resume_on(thief)
    assert condition(answer) == ["item-not-found"] and answer.get("h") is None
    keeper.roundtrip()


def test_a_session_cannot_be_resumed_after_a_clean_end(folk, keeper):
    keeper.end()
    again = reconnect(keeper)
    assert condition(keeper.resume_on(again)) == ["item-not-found"]


def test_a_session_without_the_right_to_resume_ends_with_its_connection(folk):
    alice, bob = folk.friends(2)
    alice.sm_enable(resume=False)
    alice.drop()
    bob.expect(presence(type="unavailable", from_=alice.jid))


def test_resuming_after_binding_fails(folk, keeper):
    keeper.drop()
    again = Client(keeper.server, keeper.account).login("other")
    assert condition(keeper.resume_on(again)) == ["unexpected-request"]


@pytest.mark.parametrize("h", ["-1", "x", "", "4294967296", "99999999999999999999"])
def test_a_senseless_count_ends_the_stream(keeper, h):
    keeper.raw("<a xmlns='%s' h='%s'/>" % (names.SM, h))
    assert keeper.stream_error() in ("undefined-condition", "bad-format", "invalid-xml", "policy-violation")


def test_acknowledging_more_than_was_sent_ends_the_stream(keeper):
    keeper.roundtrip()
    sent = keeper.sm_in
    keeper.acknowledge(sent + 3)
    assert keeper.stream_error() == "undefined-condition"
    detail = child(keeper.last_error, "handled-count-too-high", names.SM)
    assert int(detail.get("h")) == sent + 3 and int(detail.get("send-count")) == sent


def test_resuming_with_more_than_was_sent_fails(keeper):
    keeper.drop()
    again = reconnect(keeper)
    again.raw("<resume xmlns='%s' h='100' previd='%s'/>" % (names.SM, keeper.sm_id))
    answer = again.next()
    assert answer.tag in ("{%s}failed" % names.SM, "{%s}error" % names.STREAM)


def test_what_was_not_acknowledged_waits_when_the_session_ends(folk):
    account = folk.account()
    client = folk.client(account).online()
    client.sm_enable(max=1)
    sender, other = folk.online(2)
    client.answer_acks = False
    said = [sender.say(client.bare, "number %d" % number) for number in range(3)]
    first = [client.expect(message(body=each.body)) for each in said]
    client.acknowledge(client.sm_in - 2)
    client.roundtrip()  # a reset may overtake what was written before it
    client.drop()
    late = sender.say(client.bare, "after the drop")
    wait_for_the_end(client, sender)
    again = folk.client(account).online()
    got = [each for each in again.settle(sender) if each.tag.endswith("}message")]
    assert [body_of(each) for each in got] == [each.body for each in said[1:]] + [late.body]
    for each in got:
        assert stamped(each) is not None
    assert [stanza_id(each, client.bare) for each in got[:2]] == [stanza_id(each, client.bare) for each in first[1:]]


def wait_for_the_end(client, watcher):
    """Until the session of `client` is no longer kept: the command says so."""
    for _ in range(200):
        if client.jid not in {each["jid"] for each in client.server.sessions()}:
            return
        time.sleep(0.05)
    raise AssertionError("the session is kept beyond its time")


def test_friends_learn_that_a_session_was_not_resumed(folk):
    alice, bob = folk.friends(2)
    alice.sm_enable(max=1)
    alice.drop()
    bob.expect(presence(type="unavailable", from_=alice.jid))


def test_a_session_that_ran_out_tells_how_far_it_had_got(folk):
    alice, bob = folk.friends(2)
    alice.sm_enable(max=1)
    for _ in range(3):
        alice.say(bob.bare)
    assert alice.sync() == 3
    alice.drop()
    bob.expect(presence(type="unavailable", from_=alice.jid))
    again = reconnect(alice)
    answer = alice.resume_on(again)
    assert condition(answer) == ["item-not-found"]
    assert answer.get("h") in (None, "3")
    assert again.bind().get("type") == "result"


def test_another_resource_gets_what_a_lost_one_did_not_acknowledge(folk):
    account = folk.account()
    desk = folk.client(account).online("desk", priority=5)
    desk.sm_enable(max=1)
    desk.answer_acks = False
    phone = folk.client(account).online("phone", priority=0)
    sender, = folk.online(1)
    said = sender.say(desk.jid)
    desk.expect(message(body=said.body))
    desk.drop()
    got = phone.expect(message(body=said.body))
    assert stamped(got) is not None


def test_a_request_to_a_lost_session_is_answered_with_an_error(folk):
    alice, bob = folk.friends(2)
    alice.sm_enable(max=1)
    alice.answer_acks = False
    alice.drop()
    bob.send(iq_to(alice.jid, "get", "<query xmlns='urn:example:game'/>", id="late"))
    assert Error(bob.expect(iq(id="late"))).condition in ("service-unavailable", "recipient-unavailable")


def test_the_disconnected_session_counts_as_there_for_messages(folk, keeper):
    sender, = folk.online(1)
    keeper.drop()
    said = sender.say(keeper.jid)
    assert not [each for each in sender.settle_at(keeper.bare) if each.tag.endswith("}message")]
    resume(keeper).expect(message(body=said.body))


def test_resend_after_resumption_does_not_double_what_the_server_had(folk, keeper):
    other, = folk.online(1)
    for number in range(10):
        keeper.send(message_to(other.jid, body(words("number %d" % number)), id="r%d" % number))
    keeper.drop()
    again = resume(keeper)
    again.resend()
    again.sync()
    got = [each.get("id") for each in other.settle(again) if each.tag.endswith("}message")]
    assert got == ["r%d" % number for number in range(10)]
