"""Many senders, one victim (settings flood.*): people whom somebody does not know are held off when there are too many of them,
or too much; contacts and whom he writes to go on; he is told once; the help desk can do it, too. And what all sessions of
one account may send together."""

import signal
import time

import pytest

from lib.client import Client
from lib.folk import befriend
from lib.record import content_with, entries, eventually
from lib.stanza import Error, body_of, error_payload, message, message_to, presence, presence_to

SENDERS = 8
HELD_OFF = ("wait", "resource-constraint")


@pytest.fixture(scope="module")
def server(launch):
    return launch("flood", {"flood": {"senders": SENDERS, "sender_seconds": 3600, "seconds": 10, "exempt_group": "services"}})


def attack(attackers, victim, passing=SENDERS):
    """Each says something to the victim; who was refused, and what they said. Waits until no more than `passing` were not."""
    said = [attacker.say(victim.bare) for attacker in attackers]
    refused = set()

    def answers():  # they come from the victim's loop, when the record has what was said
        for attacker, one in zip(attackers, said):
            attacker.roundtrip()
            if attacker.take(message(type="error", id=one.id)):
                refused.add(attacker)
        return len(refused) >= len(attackers) - passing

    eventually(answers, 10)
    answers()
    return [attacker for attacker in attackers if attacker in refused], [one.body for one in said]


def notices(stanzas):
    return [each for each in stanzas if each.get("type") == "headline"]


def told_once(victim):
    """What the victim is told; nothing else of the kind comes. All that came meanwhile is in the inbox."""
    notice = victim.expect(message(type="headline"))
    rest = victim.listen(0.3)
    assert not notices(rest)
    victim.inbox.extend(rest)
    return notice


def test_too_many_strangers_are_held_off_and_the_victim_is_told_once(folk, server):
    victim, friend, *attackers = folk.online(2 + 3 * SENDERS)
    befriend(victim, friend)
    refused, bodies = attack(attackers, victim)
    assert len(refused) == 2 * SENDERS
    for attacker in refused:
        id = attacker.say(victim.bare).id
        assert tuple(Error(attacker.expect(message(type="error", id=id)))) == HELD_OFF
    notice = told_once(victim)
    assert len(victim.take(message(type="chat"))) == SENDERS
    assert notice.get("from") == server.domain and "peace for 1 min." in body_of(notice)
    said = friend.say(victim.bare)
    victim.expect(message(body=said.body))
    assert any(each["type"] == "alarm" and each["reason"] == "flood" and each["target"] == victim.bare
               for each in entries(server.dir / "record"))
    for body in bodies:
        content_with(server, body)  # also what was held off


def test_who_is_written_to_can_answer_and_a_contact_can(folk):
    victim, *attackers = folk.online(1 + 2 * SENDERS)
    refused, _ = attack(attackers, victim)
    one, other = refused[:2]
    said = victim.say(one.bare)
    one.expect(message(body=said.body))
    said = one.say(victim.bare)
    victim.expect(message(body=said.body))
    victim.roster_set(other.bare)
    said = other.say(victim.bare)
    victim.expect(message(body=said.body))


def test_requests_and_presence_are_held_off_like_messages(folk):
    victim, *attackers = folk.online(1 + 2 * SENDERS)
    refused, _ = attack(attackers, victim)
    one, other = refused[:2]
    told_once(victim)
    victim.take()
    one.send(presence_to(victim.bare, "subscribe"))
    assert tuple(Error(one.expect(presence(type="error")))) == HELD_OFF
    other.send(presence_to(victim.jid))
    assert tuple(Error(other.expect(presence(type="error")))) == HELD_OFF
    late, = folk.online(1)
    late.send(presence_to(victim.bare, "subscribe"))
    assert tuple(Error(late.expect(presence(type="error", from_=victim.bare)))) == HELD_OFF
    assert not victim.listen(0.3)
    one.send(presence_to(victim.bare, "unsubscribe"))  # what ends something passes
    one.roundtrip()
    assert not one.take(presence(type="error"))


def test_requests_alone_are_a_flood(folk):
    victim, *attackers = folk.online(1 + 2 * SENDERS)
    for attacker in attackers:
        attacker.send(presence_to(victim.bare, "subscribe"))
        attacker.roundtrip()
    told_once(victim)
    assert len(victim.take(presence(type="subscribe"))) == SENDERS


def test_a_victim_that_is_away_is_told_when_he_comes(folk, server):
    account, = folk.accounts(1)
    attackers = folk.online(2 * SENDERS)
    victim = Client(server, account).online()
    victim.end()
    attack(attackers, victim)
    victim = Client(server, account).online()
    told_once(victim)
    assert not notices(folk.another(victim).listen(0.3))


def test_peace_ends_it(folk):
    victim, *attackers = folk.online(1 + 2 * SENDERS)
    attack(attackers, victim)
    time.sleep(10.5)
    said = attackers[0].say(victim.bare)  # has written before
    victim.expect(message(body=said.body))


def test_a_service_hears_everybody(folk, server):
    service, *people = folk.online(1 + 2 * SENDERS)
    server.run("user", "change", service.bare, "--groups", "services")
    service = folk.another(service)
    refused, bodies = attack(people, service, passing=len(people))
    assert not refused
    for body in bodies:
        service.expect(message(body=body))


def test_the_help_desk_silences_and_lets_in_again(folk, server):
    victim, friend, stranger = folk.online(3)
    befriend(victim, friend)
    assert server.run("flood", "silence", "nobody-at-all@" + server.domain).returncode != 0
    assert server.run("flood", "silence", victim.bare, "--for", "soon").returncode == 2
    assert server.run("flood", "silence", victim.bare, "--for", "2h").returncode == 0
    told_once(victim)
    for _ in range(2):
        id = stranger.say(victim.bare).id
        assert tuple(Error(stranger.expect(message(type="error", id=id)))) == HELD_OFF
    said = friend.say(victim.bare)
    victim.expect(message(body=said.body))
    one, = [each for each in server.json("flood", "list")["victims"] if each["jid"] == victim.bare]
    assert one["cause"] == "asked" and one["refused"] == 2 and one["until"] > one["since"]
    assert server.run("flood", "release", victim.bare).returncode == 0
    assert server.run("flood", "release", victim.bare).returncode != 0
    said = stranger.say(victim.bare)
    victim.expect(message(body=said.body))
    acts = [each for each in entries(server.dir / "record") if each["type"] == "admin" and each.get("target") == victim.bare
            and each["command"].startswith("flood.")]
    assert [each["command"] for each in acts][:2] == ["flood.silence", "flood.release"]
    assert acts[0]["text"] == "7200 seconds"


def admin_acts(server, jid, command):
    return [each for each in entries(server.dir / "record") if each["type"] == "admin" and each.get("target") == jid
            and each["command"] == command]


def listed(server, jid):
    return [each for each in server.json("flood", "list")["victims"] if each["jid"] == jid]


def test_what_the_help_desk_silenced_stays_so_over_a_restart(folk, server):
    account, = folk.accounts(1)
    assert server.run("flood", "silence", account.jid, "--for", "1h").returncode == 0
    before, = listed(server, account.jid)
    gate = server.pid("gate")
    server.signal("gate", signal.SIGKILL)  # what was promised is kept already
    eventually(lambda: server.pid("gate") not in (None, gate), 20)
    server.wait_ready()
    victim = Client(server, account).online()
    told_once(victim)
    server.restart()
    after, = listed(server, account.jid)
    assert (after["cause"], after["until"][:18]) == ("asked", before["until"][:18])
    victim, stranger = Client(server, account).online(), folk.online(1)[0]
    assert not notices(victim.listen(0.5))  # he knows it
    id = stranger.say(victim.bare).id
    assert tuple(Error(stranger.expect(message(type="error", id=id)))) == HELD_OFF
    assert server.run("flood", "release", victim.bare).returncode == 0
    assert not listed(server, victim.bare)
    eventually(lambda: admin_acts(server, victim.bare, "flood.end"))
    server.restart()
    assert not listed(server, victim.bare)
    victim.close()


def test_a_flood_goes_on_after_a_restart_and_its_end_is_recorded(folk, server):
    victim, *attackers = folk.online(1 + 2 * SENDERS)
    refused, _ = attack(attackers, victim)
    told_once(victim)
    account = victim.account
    time.sleep(1.5)  # that it has begun is kept each second
    id = refused[0].say(victim.bare).id
    assert tuple(Error(refused[0].expect(message(type="error", id=id)))) == HELD_OFF
    before, = listed(server, account.jid)
    server.restart()
    one, = listed(server, account.jid)
    assert one["cause"] == "senders" and one["refused"] == before["refused"] == len(refused) + 1
    victim, stranger = Client(server, account).online(), folk.online(1)[0]
    assert not notices(victim.listen(0.3))
    id = stranger.say(victim.bare).id
    assert tuple(Error(stranger.expect(message(type="error", id=id)))) == HELD_OFF
    eventually(lambda: admin_acts(server, victim.bare, "flood.end"), 20)
    end, = admin_acts(server, victim.bare, "flood.end")
    assert end["actor"] == "gatehouse" and end["text"] == "%d stanzas were refused" % (len(refused) + 2)
    assert not listed(server, victim.bare)
    victim.close()


def test_errors_never_begin_a_flood(folk):
    victim, *others = folk.online(1 + 2 * SENDERS)
    for other in others:
        other.send(message_to(victim.jid, error_payload(), type="error"))
        other.roundtrip()
    said = others[-1].say(victim.bare)
    victim.expect(message(body=said.body))


def test_all_sessions_of_an_account_share_what_it_may_send(launch):
    slow = launch("flood-account", {"limits": {"account_stanzas_per_second": 100, "account_stanza_burst": 100}})
    account, other = slow.people(2)
    sessions = [Client(slow, account).login() for _ in range(3)]
    other = Client(slow, other).login()
    begin = time.monotonic()
    for session in sessions:
        for _ in range(150):
            session.send("<iq type='get' id='x'><ping xmlns='urn:xmpp:ping'/></iq>")
    other.roundtrip()
    served = time.monotonic() - begin
    for session in sessions:
        session.timeout = 30
        session.roundtrip()
    taken = time.monotonic() - begin
    assert 2 < taken < 15 and served < taken - 1, (served, taken)  # 450 and more at 100 a second, 100 of them at once
    slow.close_clients()
