"""What an account may do in some time that costs others more than a stanza (settings limits.*): content, rooms entered, nicknames
changed, what is asked of one account, presence to all; all people of a domain together. What real clients do at a login passes."""

import time

import pytest

from lib.client import Client
from lib.folk import befriend
from lib.record import content_with, entries
from lib.rooms import create, entry, join, new_room, occupant, refusal
from lib.stanza import Error, body, body_of, iq, iq_to, message, message_to, presence, presence_to, words

HELD_OFF = ("wait", "resource-constraint")
JOINS, NICKS, REQUESTS, BYTES = 6, 3, 20, 65536
VCARD = "<vCard xmlns='vcard-temp'/>"
PING = "<ping xmlns='urn:xmpp:ping'/>"


@pytest.fixture(scope="module")
def server(launch):
    return launch("budgets", {"limits": {
        "room_joins": JOINS, "room_joins_per_minute": 1, "nick_changes": NICKS, "nick_change_seconds": 3600, "requests_burst": REQUESTS,
        "requests_per_second": 1, "content_bytes_per_hour": BYTES}})


@pytest.fixture
def over(server):
    """How much has been refused for that budget since the test began."""
    def figures():
        return server.status()["figures"]["over"]
    before = figures()
    return lambda name: figures()[name] - before[name]


def test_who_enters_too_many_rooms_is_told_to_wait(folk, server, over):
    alice, bob = folk.online(2)
    rooms = [new_room(server) for _ in range(JOINS + 1)]
    for room in rooms[:JOINS]:
        create(alice, room, "alice")
    assert tuple(Error(refusal(alice, rooms[-1], "alice"))) == HELD_OFF
    other = folk.another(alice)  # all sessions of the account together
    assert tuple(Error(refusal(other, rooms[0], "alice"))) == HELD_OFF
    assert over("rooms") == 2
    alice.send(presence_to(rooms[0] + "/alice", None, "<show>away</show>"))  # where she is she goes on
    alice.expect(occupant(rooms[0], "alice", where=lambda e: e.find("{jabber:client}show") is not None))
    alice.send(presence_to(rooms[1] + "/alice", "unavailable"))
    alice.expect(occupant(rooms[1], "alice", "unavailable"))
    join(bob, rooms[0], "bob")
    assert any(each["type"] == "refused" for each in entries(server.dir / "record"))


def test_a_nickname_is_not_changed_again_and_again(folk, server, over):
    alice, bob = folk.online(2)
    here, there = new_room(server), new_room(server)
    create(alice, here, "alice")
    create(alice, there, "alice")
    join(bob, here, "bob")
    for i in range(NICKS):
        alice.send(presence_to("%s/alice%d" % (here, i)))
        bob.expect(occupant(here, "alice%d" % i))
    alice.send(presence_to(here + "/another"))
    assert tuple(Error(alice.expect(presence(type="error", from_=here + "/another")))) == HELD_OFF
    assert not bob.take(occupant(here, "another")) and over("nicks") == 1
    alice.send(presence_to("%s/alice%d" % (here, NICKS - 1), None, "<status>still here</status>"))
    bob.expect(occupant(here, "alice%d" % (NICKS - 1), where=lambda e: e.find("{jabber:client}status") is not None))
    alice.send(presence_to(there + "/another"))  # each room by itself
    alice.expect(occupant(there, "another"))


def test_what_is_asked_of_one_account_is_bounded_for_all_who_ask(folk, over):
    alice, bob, carol, dave = folk.online(4)

    def ask(asker, of):
        return asker.iq("get", VCARD, to=of.bare)
    for i in range(REQUESTS):
        ask(alice if i % 2 else carol, bob)
    answers = [ask(carol, bob) for _ in range(3)]  # one may have come back meanwhile
    refused = [tuple(Error(each)) for each in answers if Error(each).condition == "resource-constraint"]
    assert refused and set(refused) == {HELD_OFF} and over("requests") == len(refused)
    assert Error(ask(alice, dave)).condition != "resource-constraint"
    assert Error(bob.iq("get", VCARD)).condition == "item-not-found"  # his own
    befriend(alice, dave)
    for _ in range(2 * REQUESTS):  # to his client: that one answers
        alice.send(iq_to(dave.jid, "get", "<query xmlns='urn:example:question'/>"))
    for _ in range(2 * REQUESTS):
        dave.expect(iq(type="get", from_=alice.jid))


def test_an_account_sends_so_much_content_in_an_hour(folk, server, over):
    alice, bob = folk.online(2)
    said = []
    while len(said) < 20:
        text = words("x" * 8000)
        alice.send(message_to(bob.jid, body(text), id=text[:30].strip()))
        alice.roundtrip()
        if over("content"):
            break
        said.append(text)
    assert BYTES // 8200 <= len(said) <= BYTES // 8000 + 1
    assert tuple(Error(alice.expect(message(type="error")))) == HELD_OFF
    for each in said:
        bob.expect(message(body=each))
    other = folk.another(alice)
    refused = other.say(bob.jid)
    assert tuple(Error(other.expect(message(type="error", id=refused.id)))) == HELD_OFF
    assert not bob.take(message(body=refused.body))
    alice.send(message_to(bob.jid, "<composing xmlns='http://jabber.org/protocol/chatstates'/>"))  # no content
    bob.expect(message(where=lambda e: body_of(e) is None and e.get("from") == alice.jid))
    said = bob.say(alice.jid)
    alice.expect(message(body=said.body))
    content_with(server, said.body)
    assert not [each for each in entries(server.dir / "record") if refused.body in each.get("stanza", "")]


@pytest.fixture(scope="module")
def slow(launch):
    return launch("budgets-slow", {"limits": {"domain_stanzas_per_second": 100, "domain_stanza_burst": 100}})


def pings(client, count):
    for _ in range(count):
        client.send("<iq type='get' id='x'>%s</iq>" % PING)


def test_all_people_of_a_domain_share_what_it_may_send(slow):
    crowd = [Client(slow, account).login() for account in slow.people(3)]
    other, = [Client(slow, account).login() for account in slow.people(1, "second.example")]
    begin = time.monotonic()
    for each in crowd:
        pings(each, 150)
    other.roundtrip()
    served = time.monotonic() - begin
    for each in crowd:
        each.timeout = 30
        each.roundtrip()
    taken = time.monotonic() - begin
    assert 2 < taken < 15 and served < taken - 1, (served, taken)  # 450 and more at 100 a second, 100 of them at once
    slow.close_clients()


def test_presence_to_all_costs_more_than_a_stanza(launch):
    server = launch("budgets-presence", {"limits": {"stanzas_per_second": 100, "stanza_burst": 100, "presence_price": 10}})
    alice, bob = [Client(server, account).online() for account in server.people(2)]
    begin = time.monotonic()
    for _ in range(50):
        alice.send("<presence><show>away</show></presence>")
        alice.send("<presence/>")
    for _ in range(100):
        bob.send(presence_to(alice.bare))  # to one
    bob.roundtrip()
    served = time.monotonic() - begin
    alice.timeout = 30
    alice.roundtrip()
    taken = time.monotonic() - begin
    assert 6 < taken < 25 and served < taken - 3, (served, taken)  # a thousand at a hundred a second, a hundred of them at once
    server.close_clients()


def test_what_a_client_does_at_a_login_passes_as_it_is(main_server):
    """With the settings as they are: fifty rooms, a history in pages, pictures of a hundred colleagues, presence to five hundred."""
    server = main_server
    before = server.status()["figures"]
    people = server.people(100)
    client = Client(server, people[0]).login()
    rooms = [new_room(server) for _ in range(50)]
    client.roster()
    client.available()
    text = "".join(entry(room, "me") for room in rooms)
    text += "".join(iq_to(each.jid, "get", VCARD, id="v%d" % i) for i, each in enumerate(people))
    text += "".join(presence_to("%s/r%d" % (people[i % 100].jid, i)) for i in range(500))
    begin = time.monotonic()
    client.raw(text)
    client.timeout = 60
    client.roundtrip()
    assert time.monotonic() - begin < 30
    for room in rooms:
        client.expect(occupant(room, "me"))
    for _ in range(60):  # a page after the other
        page = "<set xmlns='http://jabber.org/protocol/rsm'><max>50</max></set>"
        assert client.iq("set", "<query xmlns='urn:xmpp:mam:2'>%s</query>" % page).get("type") == "result"
    after = server.status()["figures"]
    assert after["over"] == before["over"] and after["slowed"] == before["slowed"]
    assert after["refusals"]["resource-constraint"] == before["refusals"]["resource-constraint"]
    client.end()
