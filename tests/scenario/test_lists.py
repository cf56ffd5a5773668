"""The lists of who may exchange anything with people here (XEP-0133 4.11, 4.12)."""

import pytest

from lib import names, record
from lib.client import Client
from lib.command import ADMIN, administrator, begin, command, data, done, failed, form
from lib.component import Component, prepared, settings
from lib.standstill import stopped
from lib.stanza import Error, body, element, iq, iq_to, message, message_to, words

OUT = "gateway.example.org"
QUIET = 0.5


@pytest.fixture(scope="module")
def server(launch, port):
    return launch("lists", settings(port, [OUT]), prepare=prepared(OUT))


@pytest.fixture
def admin(folk, server):
    client = administrator(server)
    yield client
    again = client if not client.gone else Client(server, client.account).online()
    for name, var in (("edit-blacklist", "blacklistjids"), ("edit-whitelist", "whitelistjids")):
        done(again, name, **{var: ""})


@pytest.fixture
def gateway(folk, server, port):
    component = Component(server, port, OUT).join()
    yield component
    component.end()


def refusal(client, to, text="hello"):
    client.send(message_to(to, body(words(text)), type="chat", id="r"))
    return tuple(Error(client.expect(message(id="r", type="error"))))


def test_a_list_is_shown_as_it_was_filled_in_and_made_empty_again(admin, server):
    for name, var in (("edit-blacklist", "blacklistjids"), ("edit-whitelist", "whitelistjids")):
        assert data(command(admin, name))[var] == []
        done(admin, name, **{var: ["Marlowe.LIT", "x@denmark.lit/R s"]})
        assert data(command(admin, name))[var] == ["marlowe.lit", "x@denmark.lit/R s"]
        done(admin, name, **{var: ""})
        assert data(command(admin, name))[var] == []


def test_entries_that_say_nothing_are_refused_and_change_nothing(admin, server):
    done(admin, "edit-blacklist", blacklistjids="marlowe.lit")
    for entry, why in (("a@b@c", "valid JID: a@b@c"), (server.domain, "own address"),
                       ("room@rooms." + server.domain, "own address")):
        assert why in failed(admin, "edit-blacklist", blacklistjids=["x.lit", entry])
    assert data(command(admin, "edit-blacklist"))["blacklistjids"] == ["marlowe.lit"]


def test_who_is_on_the_blacklist_exchanges_nothing_and_it_is_recorded(admin, folk, server):
    alice, bob = folk.friends(2)
    done(admin, "edit-blacklist", blacklistjids=bob.bare)
    gone = alice.expect(lambda each: each.tag.endswith("}presence") and each.get("from") == bob.jid)
    assert gone.get("type") == "unavailable"
    assert refusal(alice, bob.bare, "blackword one") == ("modify", "policy-violation")
    assert refusal(bob, alice.bare, "blackword two") == ("modify", "policy-violation")
    lines = [each for each in record.holding(server.dir / "record", "blackword")]
    assert [(each["action"], each["rules"]) for each in lines] == [("block", ["blacklist"])] * 2
    act, = [each for each in record.entries(server.dir / "record")
            if each.get("command") == "edit-blacklist" and each.get("actor") == admin.bare]
    form_, = [each for each in record.holding(server.dir / "record", bob.bare) if each.get("id") == act["text"]]
    assert "blacklistjids" in form_["stanza"]
    bob.roundtrip()  # the server itself still answers him
    done(admin, "edit-blacklist", blacklistjids="")
    there = alice.expect(lambda each: each.tag.endswith("}presence") and each.get("from") == bob.jid)
    assert there.get("type") is None
    text = words("again")
    alice.send(message_to(bob.bare, body(text), type="chat"))
    bob.expect(lambda each: each.findtext("{jabber:client}body") == text)


def test_one_resource_is_on_it_and_another_is_not(admin, folk):
    alice, bob = folk.friends(2)
    desk = folk.another(bob)
    done(admin, "edit-blacklist", blacklistjids=bob.jid)
    assert refusal(bob, alice.bare) == ("modify", "policy-violation")
    assert refusal(alice, bob.jid) == ("modify", "policy-violation")
    text = words("from the other")
    desk.send(message_to(alice.bare, body(text), type="chat"))
    alice.expect(lambda each: each.findtext("{jabber:client}body") == text)


def test_a_domain_outside_is_on_it_and_survives_a_restart_and_a_reload(admin, folk, gateway, server):
    alice, = folk.online(1)
    text = words("through the gateway")
    gateway.send(message_to(alice.jid, body(text), type="chat", from_="mary@" + OUT))
    alice.expect(lambda each: each.findtext("{jabber:client}body") == text)
    done(admin, "edit-blacklist", blacklistjids=OUT)
    for _ in range(2):
        gateway.send(message_to(alice.jid, body("no"), type="chat", from_="mary@" + OUT, id="g"))
        assert tuple(Error(gateway.expect(message(id="g", type="error")))) == ("modify", "policy-violation")
        assert refusal(alice, "mary@" + OUT) == ("modify", "policy-violation")
        server.run("reload")


def test_while_the_whitelist_has_entries_others_outside_are_shut_out(admin, folk, gateway):
    alice, bob = folk.friends(2)
    done(admin, "edit-whitelist", whitelistjids=["mary@" + OUT])
    for sender, passes in (("mary", True), ("john", False)):
        text = words("from " + sender)
        gateway.send(message_to(alice.jid, body(text), type="chat", from_=sender + "@" + OUT, id=sender))
        if passes:
            alice.expect(lambda each: each.findtext("{jabber:client}body") == text)
        else:
            assert tuple(Error(gateway.expect(message(id=sender, type="error")))) == ("modify", "policy-violation")
    assert refusal(alice, "john@" + OUT) == ("modify", "policy-violation")
    text = words("inside")
    alice.send(message_to(bob.bare, body(text), type="chat"))
    bob.expect(lambda each: each.findtext("{jabber:client}body") == text)


def test_a_list_holds_after_a_restart(launch):
    server = launch("lists-restart")
    alice, bob = [Client(server, account).online() for account in server.people(2)]
    admin = administrator(server)
    done(admin, "edit-blacklist", blacklistjids=bob.bare)
    server.restart()
    alice = Client(server, alice.account).online()
    assert refusal(alice, bob.bare) == ("modify", "policy-violation")
    admin = Client(server, admin.account).online()
    assert data(command(admin, "edit-blacklist"))["blacklistjids"] == [bob.bare]


def test_nothing_changes_while_the_record_takes_nothing(admin, folk, server):
    alice, bob = folk.friends(2)
    id = begin(admin, "edit-blacklist")
    with stopped(server):
        admin.send(iq_to(admin.domain, "set", element("command", form({"blacklistjids": bob.bare}), xmlns=names.COMMANDS,
                                                      node=ADMIN + "edit-blacklist", sessionid=id), id="wait"))
        assert not [each for each in alice.listen(QUIET) if each.tag.endswith("}presence")]
    admin.expect(iq(id="wait", type="result"))
    assert refusal(alice, bob.bare) == ("modify", "policy-violation")


def test_nobody_else_may(folk):
    alice, = folk.online(1)
    for name in ("edit-blacklist", "edit-whitelist"):
        assert tuple(Error(command(alice, name))) == ("auth", "forbidden")
