"""What the administrator says of people's privacy (settings privacy.*), and what somebody chooses for himself with his client where
that is not locked (XEP-0050): who reaches him, who learns when he was there, to whom he may open what he publishes."""

import pytest

from lib import names, pep
from lib.client import Client
from lib.command import command, field, inside
from lib.folk import befriend
from lib.names import tag
from lib.record import entries, eventually
from lib.stanza import Error, body_of, element, message

OWN = "urn:gatehouse:own#"
NODE = OWN + "privacy"
LAST = "<query xmlns='jabber:iq:last'/>"
LOCKED = {"privacy": {"last_activity": "nobody", "publish": "presence"}}


@pytest.fixture(scope="module")
def server(launch):
    return launch("privacy", {"privacy": {"people_choose": ["reach", "last_activity"], "groups": ["directors=contacts"]}})


@pytest.fixture(scope="module")
def locked(launch):
    server = launch("privacy-locked", LOCKED)
    yield server
    server.close_clients()


def ask(client, payload="", **attributes):
    return command(client, "privacy", to=client.bare, payload=payload, prefix=OWN, **attributes)


def choices(answer):
    """{var: (value, [what can be chosen])} of the form."""
    return {each.get("var"): (each.findtext(tag(names.DATA, "value")), [one.findtext(tag(names.DATA, "value"))
                                                                       for one in each.iter(tag(names.DATA, "option"))])
            for each in answer.iter(tag(names.DATA, "field")) if each.get("type") != "hidden"}


def choose(client, **values):
    """Through the whole dialog; the last answer."""
    session = inside(ask(client)).get("sessionid")
    form = field("FORM_TYPE", OWN.rstrip("#")) + "".join(field(*each) for each in values.items())
    return ask(client, element("x", form, xmlns=names.DATA, type="submit"), sessionid=session, action="complete")


def listed(client):
    items = client.ask(names.DISCO_ITEMS, node=names.COMMANDS, to=client.bare)
    return [each.get("node") for each in items.iter(tag(names.DISCO_ITEMS, "item"))]


def held(client):
    return [each for each in client.listen(0.5) if each.get("type") == "headline"]


# --- chosen

def test_a_client_finds_the_command_and_shows_how_it_is(folk):
    alice, = folk.online(1)
    features = {each.get("var") for each in alice.ask(names.DISCO_INFO, to=alice.bare).iter(tag(names.DISCO_INFO, "feature"))}
    assert names.COMMANDS in features
    assert listed(alice) == [NODE]  # and nothing of the administrators'
    info = alice.ask(names.DISCO_INFO, node=NODE, to=alice.bare)
    assert info.find(".//" + tag(names.DISCO_INFO, "identity")).get("type") == "command-node"
    answer = ask(alice)
    assert inside(answer).get("status") == "executing"
    assert choices(answer) == {"reach": ("organisation", ["contacts", "organisation"]),
                               "last_activity": ("contacts", ["nobody", "contacts"])}
    session = inside(answer).get("sessionid")
    assert inside(ask(alice, sessionid=session, action="cancel")).get("status") == "canceled"


def test_who_chooses_contacts_hears_of_others_quietly_and_that_stays(folk, server):
    alice, bob, carol = folk.online(3)
    befriend(alice, carol)
    assert inside(choose(alice, reach="contacts")).get("status") == "completed"
    said = bob.say(alice.bare)
    alice.inbox.append(alice.expect(message(type="headline")))
    got = held(alice)
    assert len(got) == 1 and bob.bare in body_of(got[0]) and not alice.take(message(body=said.body))
    friendly = carol.say(alice.bare)
    alice.expect(message(body=friendly.body))
    alice.end()
    server.restart()
    alice = Client(server, alice.account).online()
    assert choices(ask(alice))["reach"][0] == "contacts"
    bob = Client(server, bob.account).online()
    again = bob.say(alice.bare)
    alice.roundtrip()
    assert not alice.take(message(body=again.body))
    assert inside(choose(alice, reach="organisation")).get("status") == "completed"
    alice.expect(message(body=said.body))  # what was held comes now
    alice.expect(message(body=again.body))
    assert any(NODE in each.get("stanza", "") for each in entries(server.dir / "record"))
    server.close_clients()


def test_who_chooses_nobody_is_not_asked_when_he_was_there(folk):
    alice, bob = folk.friends(2)
    assert bob.iq("get", LAST, to=alice.bare).get("type") == "result"
    choose(alice, last_activity="nobody")
    for to in (alice.bare, alice.jid):
        assert Error(bob.iq("get", LAST, to=to)).condition == "forbidden"
    assert alice.iq("get", LAST, to=alice.bare).get("type") == "result"
    assert choices(ask(alice))["reach"][0] == "organisation"  # what the form left out stayed


def test_nobody_chooses_more_than_the_administrator_allows(folk, server):
    alice, director = folk.online(2)
    server.run("user", "change", director.bare, "--groups", "directors")
    assert choices(ask(director))["reach"] == ("contacts", ["contacts"])
    for client, value in ((alice, "anyone"), (director, "organisation"), (alice, "nonsense")):
        assert Error(choose(client, reach=value)).condition == "bad-request"
    assert choices(ask(alice))["reach"][0] == "organisation"


# --- locked

def test_where_it_is_locked_there_is_no_command(locked):
    alice, = [Client(locked, account).online() for account in locked.people(1)]
    info = alice.ask(names.DISCO_INFO, to=alice.bare)
    assert names.COMMANDS not in {each.get("var") for each in info.iter(tag(names.DISCO_INFO, "feature"))}
    assert Error(ask(alice)).condition == "forbidden"


def test_what_was_chosen_does_not_count_once_it_is_locked(folk, server):
    alice, bob = folk.online(2)
    choose(alice, reach="contacts")
    server.configure({"privacy": {"people_choose": ["last_activity"]}})
    assert server.run("reload").returncode == 0
    try:
        assert list(choices(ask(alice))) == ["last_activity"]
        said = bob.say(alice.bare)
        alice.expect(message(body=said.body))
    finally:
        server.configure({"privacy": {"people_choose": ["reach", "last_activity"]}})
        assert server.run("reload").returncode == 0
    assert choices(ask(alice))["reach"][0] == "contacts"


def test_where_nobody_learns_of_it_also_contacts_do_not(locked):
    alice, bob = [Client(locked, account).online() for account in locked.people(2)]
    befriend(alice, bob)
    assert Error(bob.iq("get", LAST, to=alice.bare)).condition == "forbidden"


def test_nothing_published_is_open_to_more_than_is_allowed(locked):
    alice, friend, other = [Client(locked, account).online() for account in locked.people(3)]
    befriend(alice, friend)
    refused = pep.publish(alice, pep.TUNE, pep.tune("One"), options={"access_model": "open"})
    assert pep.pubsub_error(refused)[:2] == ("modify", "not-acceptable")
    assert pep.publish(alice, pep.TUNE, pep.tune("Two"), id="a").get("type") == "result"
    change = "<configure node='%s'>%s</configure>" % (pep.TUNE, pep.form({"access_model": "open"}))
    assert Error(pep.request(alice, change, owner=True)).condition == "not-acceptable"
    assert pep.ids(pep.items(friend, pep.TUNE, to=alice.bare)) == ["a"]
    assert Error(pep.items(other, pep.TUNE, to=alice.bare)).condition == "not-authorized"


def test_what_was_open_before_is_so_no_more(launch):
    server = launch("privacy-narrowed")
    alice, other = [Client(server, account).online() for account in server.people(2)]
    assert pep.publish(alice, pep.TUNE, pep.tune("One"), id="a", options={"access_model": "open"}).get("type") == "result"
    assert pep.ids(pep.items(other, pep.TUNE, to=alice.bare)) == ["a"]
    server.configure({"privacy": {"publish": "whitelist"}})
    assert server.run("reload").returncode == 0
    eventually(lambda: Error(pep.items(other, pep.TUNE, to=alice.bare)).condition == "not-allowed")
    assert pep.publish(alice, pep.MOOD, "<mood xmlns='%s'/>" % pep.MOOD, id="b").get("type") == "result"  # for himself
    assert pep.ids(pep.items(alice, pep.MOOD)) == ["b"]
    server.close_clients()
