"""One server, two domains: the same name in both is two people."""

import pytest

from lib import names
from lib.client import Account, Refused
from lib.server import PASSWORD_MARK
from lib.stanza import Error, message, presence, presence_to


@pytest.fixture
def twins(server):
    """The same localpart in both domains, with different passwords."""
    server.twins = getattr(server, "twins", 0) + 1
    accounts = [Account("twin%d@%s" % (server.twins, domain), PASSWORD_MARK + domain) for domain in server.domains]
    server.import_csv("".join("%s,%s,Twin,,,,\n" % account for account in accounts))
    return accounts


def test_each_twin_logs_in_with_the_own_password_only(folk, twins):
    one, two = twins
    for account, password, works in ((one, one.password, True), (two, two.password, True),
                                     (one, two.password, False), (two, one.password, False)):
        client = folk.client(account).connect()
        client.start()
        if works:
            client.authenticate(password=password)
        else:
            with pytest.raises(Refused):
                client.authenticate(password=password)


def test_the_domain_of_the_stream_decides_who_one_is(folk, twins):
    one, two = [folk.client(account).online() for account in twins]
    assert (one.bare, two.bare) == (twins[0].jid, twins[1].jid)


def test_one_cannot_be_authorized_for_the_twin(folk, twins):
    one, two = twins
    client = folk.client(one).connect()
    client.start()
    with pytest.raises(Refused) as refused:
        client.authenticate(authzid=two.jid)
    assert refused.value.condition == "invalid-authzid"


def test_messages_find_the_right_twin(folk, twins):
    one, two = [folk.client(account).online() for account in twins]
    writer, = folk.online(1)
    first, second = writer.say(one.bare), writer.say(two.bare)
    one.expect(message(body=first.body))
    two.expect(message(body=second.body))
    assert not [each for each in one.settle(writer) if each.get("id") == second.id]
    assert not [each for each in two.settle(writer) if each.get("id") == first.id]


def test_twins_have_rosters_of_their_own(folk, twins):
    one, two = [folk.client(account).online() for account in twins]
    one.roster_set("x@example.org")
    assert list(one.roster()) == ["x@example.org"] and two.roster() == {}


def test_twins_can_be_friends_of_each_other(folk, twins):
    one, two = [folk.client(account).online() for account in twins]
    one.send(presence_to(two.bare, "subscribe"))
    two.expect(presence(type="subscribe", from_=one.bare))
    two.send(presence_to(one.bare, "subscribed"))
    one.expect(presence(from_=two.jid, type=""))


def test_the_other_domain_answers_for_itself(folk, server):
    alice, = folk.online(1)
    for domain in server.domains:
        answer = alice.ask(names.PING, to=domain, name="ping")
        assert answer.get("type") == "result" and answer.get("from") == domain
    assert Error(alice.ask(names.PING, to="third.example", name="ping")).condition in (
        "remote-server-not-found", "service-unavailable", "item-not-found")
