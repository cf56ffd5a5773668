"""What an account that is removed leaves with others: subscriptions end on both sides (XEP-0077 3.2; RFC 6121 3.2, 3.3), at
once for who is there, in the stored roster for who is not, whoever removes it."""

import os
import signal

import pytest

from lib import names, record
from lib.command import administrator, done
from lib.component import Component, prepared, settings
from lib.folk import Folk, subscribe
from lib.names import tag
from lib.record import eventually
from lib.stanza import message, presence, presence_to, roster_push, words

AWAY = "away.example.org"


@pytest.fixture(scope="module")
def server(launch, port):
    return launch("removal", dict(settings(port, [AWAY]), sasl={"remove_account": True}), prepare=prepared(AWAY))


def by_command(server, leaver):
    answer = server.run("user", "remove", leaver.bare, "--yes")
    assert answer.returncode == 0, answer.stderr


def by_an_administrator(server, leaver):
    done(administrator(server), "delete-user", accountjids=leaver.bare)


def by_oneself(server, leaver):
    leaver.send("<iq type='set' id='gone'><query xmlns='%s'><remove/></query></iq>" % names.REGISTER)


WAYS = pytest.mark.parametrize("remove", [by_command, by_an_administrator, by_oneself])


def is_gone(server, leaver):
    return server.run("user", "show", leaver.bare).returncode != 0


def items(client, ver=None):
    """The answer to a roster get: {jid: (subscription, ask, name)}, and its version; None when it is empty."""
    query = client.ask(names.ROSTER, **({} if ver is None else {"ver": ver})).find(tag(names.ROSTER, "query"))
    if query is None:
        return None, ver
    return {each.get("jid"): (each.get("subscription"), each.get("ask"), each.get("name")) for each in query}, query.get("ver")


def again(folk, client):
    """The same account, logged in anew, with its roster."""
    fresh = folk.another(client)
    return fresh, items(fresh)[0]


@WAYS
def test_who_is_there_hears_that_both_subscriptions_have_ended(folk, server, remove):
    leaver, friend = folk.friends(2)
    friend.roster_set(leaver.bare, "A Name", ["Group"])
    second = folk.another(friend)
    friend.take()
    remove(server, leaver)
    for client in (friend, second):
        client.expect(presence(from_=leaver.jid, type="unavailable"))
        client.expect(presence(from_=leaver.bare, type="unsubscribe"))
        client.expect(roster_push(leaver.bare, subscription="to"))
        client.expect(presence(from_=leaver.bare, type="unsubscribed"))
        push = client.expect(roster_push(leaver.bare, subscription="none", ask=None, name="A Name"))
        assert [each.text for each in push.iter(tag(names.ROSTER, "group"))] == ["Group"]
    assert items(friend)[0] == {leaver.bare: ("none", None, "A Name")}
    assert is_gone(server, leaver)


@WAYS
def test_the_roster_of_who_is_not_there_changes_and_an_old_version_of_it_is_known_to_be_old(folk, server, remove):
    leaver, friend = folk.friends(2)
    _, before = items(friend)
    friend.end()
    remove(server, leaver)
    eventually(lambda: is_gone(server, leaver))
    fresh = folk.client(friend.account).login()
    answer, _ = items(fresh, before)
    if answer is None:  # what has changed since is pushed
        fresh.expect(roster_push(leaver.bare, subscription="none"))
    assert items(fresh)[0] == {leaver.bare: ("none", None, None)}
    fresh.available()
    assert not [each for each in fresh.settle_at(leaver.bare) if each.get("from", "").startswith(leaver.bare)]


def test_one_sided_subscriptions_and_requests_end(folk, server):
    leaver, watcher, watched, asker, asked, listed = folk.online(6)
    subscribe(watcher, leaver)
    subscribe(leaver, watched)
    asker.send(presence_to(leaver.bare, "subscribe"))
    leaver.expect(presence(type="subscribe", from_=asker.bare))
    leaver.send(presence_to(asked.bare, "subscribe"))
    asked.expect(presence(type="subscribe", from_=leaver.bare))
    listed.roster_set(leaver.bare, "Only a name")
    for client in (watcher, watched, asker, asked, listed):
        client.roundtrip()
        client.take()
    by_command(server, leaver)
    watcher.expect(presence(from_=leaver.jid, type="unavailable"))
    for client, said, ask in ((watcher, "unsubscribed", None), (watched, "unsubscribe", None), (asker, "unsubscribed", None)):
        client.expect(presence(from_=leaver.bare, type=said))
        client.expect(roster_push(leaver.bare, subscription="none", ask=None))
        assert items(client)[0] == {leaver.bare: ("none", None, None)}
    asked.expect(presence(from_=leaver.bare, type="unsubscribe"))
    assert items(asked)[0] == {}
    fresh, roster = again(folk, asked)  # nothing to be answered any more
    fresh.roundtrip()
    assert roster == {} and not [each for each in fresh.take() if each.get("type") == "subscribe"]
    assert not [each for each in listed.settle_at(leaver.bare) if each.get("from") == leaver.bare]
    assert items(listed)[0] == {leaver.bare: ("none", None, "Only a name")}


def test_who_blocks_the_account_is_not_told_but_his_roster_changes(folk, server):
    leaver, friend = folk.friends(2)
    assert friend.ask(names.BLOCKING, name="block", type="set",
                      payload="<item jid='%s'/>" % leaver.bare).get("type") == "result"
    friend.roundtrip()
    friend.take()
    by_command(server, leaver)
    friend.expect(roster_push(leaver.bare, subscription="none"))
    assert not [each for each in friend.settle_at(leaver.bare) if each.tag.endswith("}presence")]
    assert again(folk, friend)[1] == {leaver.bare: ("none", None, None)}


def test_a_component_hears_it(folk, server, port):
    leaver, = folk.online(1)
    away = Component(server, port, AWAY).join()
    contact = "someone@" + AWAY
    leaver.send(presence_to(contact, "subscribe"))
    away.expect(presence(from_=leaver.bare, type="subscribe"))
    away.send(presence_to(leaver.bare, "subscribed", from_=contact))
    leaver.expect(roster_push(contact, subscription="to"))
    by_command(server, leaver)
    away.expect(presence(from_=leaver.bare, type="unsubscribe"))
    away.end()


def test_it_is_the_same_while_the_server_does_not_run_or_dies_at_once(launch):
    """The command alone; and a gate that is killed as soon as the removal is done."""
    server = launch("removal-offline")
    folk = Folk(server)
    leaver, second, friend = folk.friends(3)
    said = leaver.say(friend.bare, words("what stays"))
    friend.expect(message(body=said.body))
    server.stop()
    by_command(server, leaver)
    server.start()
    fresh, roster = again(folk, friend)
    assert roster == {leaver.bare: ("none", None, None), second.bare: ("both", None, None)}
    by_command(server, second)
    gate = server.pid("gate")
    os.kill(gate, signal.SIGKILL)
    fresh.wait_closed()
    eventually(lambda: server.pid("gate") not in (0, gate), 10)
    server.wait_ready()
    fresh, roster = again(folk, friend)
    assert roster == {leaver.bare: ("none", None, None), second.bare: ("none", None, None)}
    assert len(record.holding(server.dir / "record", said.body)) == 1
    acts = [each for each in record.entries(server.dir / "record") if each.get("command") == "user.remove"]
    assert [each["target"] for each in acts] == [leaver.bare, second.bare]
