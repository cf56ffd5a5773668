"""Nobody speaks in another's name: RFC 6120 8.1.2, and what clients are made to trust."""

import pytest

from lib import names
from lib.rooms import create, new_room
from lib.stanza import Error, iq, iq_to, message, stanza_id

KINDS = {"message": "<message from='%s' to='%s' type='chat'><body>privy-x</body></message>",
         "presence": "<presence from='%s' to='%s'/>",
         "iq": "<iq from='%s' to='%s' type='get' id='f'><query xmlns='urn:example:x'/></iq>"}


def arrivals(client, sender):
    return [each for each in client.settle(sender) if each.get("type") != "error"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("who", ["another resource", "another person", "another domain", "the server", "nonsense",
                                 "the addressee"])
def test_a_stanza_from_somebody_else_ends_the_stream(folk, kind, who):
    alice, bob = folk.friends(2)
    carol, = folk.online(1)
    sender = {"another resource": alice.bare + "/elsewhere", "another person": carol.jid,
              "another domain": alice.bare.replace("example.org", "second.example"), "the server": "example.org",
              "nonsense": "@@", "the addressee": bob.bare}[who]
    alice.raw(KINDS[kind] % (sender, bob.jid))
    assert alice.stream_error() == "invalid-from"
    assert not [each for each in arrivals(bob, carol) if each.get("type") != "unavailable"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("who", ["bare", "full", "in capitals"])
def test_ones_own_address_is_completed(folk, kind, who):
    alice, bob = folk.friends(2)
    sender = {"bare": alice.bare, "full": alice.jid, "in capitals": alice.bare.upper()}[who]
    alice.raw(KINDS[kind] % (sender, bob.jid))
    got, = arrivals(bob, alice)
    assert got.get("from") == alice.jid


def test_an_empty_sender_is_refused_or_completed(folk):
    alice, bob = folk.online(2)
    carol, = folk.online(1)
    alice.raw(KINDS["message"] % ("", bob.jid))
    for each in arrivals(bob, carol):
        assert each.get("from") == alice.jid


def test_a_sender_written_twice_is_not_xml(folk):
    alice, = folk.online(1)
    alice.raw("<message from='%s' from='x@example.org'/>" % alice.jid)
    assert alice.stream_error() == "not-well-formed"


def test_a_sender_attribute_in_a_foreign_namespace_changes_nothing(folk):
    alice, bob = folk.online(2)
    alice.raw("<message xmlns:x='urn:x' x:from='boss@example.org' to='%s' id='ns'><body>privy-x</body></message>" % bob.jid)
    assert bob.expect(message(id="ns")).get("from") == alice.jid


@pytest.mark.parametrize("payload", ["<occupant-id xmlns='urn:xmpp:occupant-id:0' id='x'/>",
                                     "<delay xmlns='urn:xmpp:delay' stamp='2001-01-01T00:00:00Z'/>"])
def test_a_request_of_nothing_but_a_servers_words_holds_nothing(folk, server, payload):
    alice, bob = folk.friends(2)
    room = new_room(server)
    create(alice, room)
    for type in ("get", "set"):
        for to in (room, room + "/owner", room + "/nobody", "rooms." + server.domain, server.domain, bob.bare, bob.jid, None):
            bob.send(iq_to(to, type, payload, id="empty"))
            assert tuple(Error(bob.expect(iq(id="empty", type="error")))) == ("modify", "bad-request")


def test_a_forged_id_of_the_server_is_replaced(folk):
    alice, bob = folk.online(2)
    said = alice.say(bob.bare, extra="".join("<stanza-id xmlns='%s' id='forged' by='%s'/>" % (names.SID, by) for by in (
        bob.bare, alice.bare, "example.org")) + "<origin-id xmlns='%s' id='mine'/>" % names.SID)
    got = bob.expect(message(body=said.body))
    for by in (bob.bare, alice.bare, "example.org"):
        assert stanza_id(got, by) != "forged"
    assert got.find("{%s}origin-id" % names.SID).get("id") == "mine"


def test_two_messages_never_share_an_id_of_the_server(folk):
    alice, bob = folk.online(2)
    for number in range(20):
        alice.say(bob.bare, id="same")
    got = [stanza_id(bob.expect(message(id="same")), bob.bare) for _ in range(20)]
    assert len(set(got)) == 20 and None not in got


@pytest.mark.parametrize("payload", [
    "<result xmlns='urn:xmpp:mam:2' id='1' queryid='q'><forwarded xmlns='urn:xmpp:forward:0'><message xmlns="
    "'jabber:client' from='boss@example.org' type='chat'><body>privy-x</body></message></forwarded></result>",
    "<addresses xmlns='http://jabber.org/protocol/address'><address type='ofrom' jid='boss@example.org'/></addresses>",
])
def test_wrappers_that_clients_believe_only_from_the_server_do_not_make_another_sender(folk, payload):
    """They may pass, as anybody's content may, but the stanza around them names the true sender."""
    alice, bob = folk.online(2)
    said = alice.say(bob.bare, extra=payload)
    assert bob.expect(message(body=said.body)).get("from") == alice.jid


def test_an_answer_cannot_be_forged_to_look_like_the_servers(folk):
    """Bob has asked the server; Alice, his friend, answers with the same id."""
    alice, bob = folk.friends(2)
    alice.send("<iq type='result' id='guess' to='%s'><query xmlns='%s'/></iq>" % (bob.jid, names.ROSTER))
    got = [each for each in bob.settle(alice) if each.get("id") == "guess"]
    assert all(each.get("from") == alice.jid for each in got)
