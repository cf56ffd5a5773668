"""What the server answers itself: XEP-0030, XEP-0092, XEP-0199."""

import pytest

from lib import names, pep
from lib.stanza import Error, iq

# Each is a promise with its own scenarios; a feature appears here in the same change as in the server.
DOMAIN_FEATURES = {names.DISCO_INFO, names.DISCO_ITEMS, names.PING, names.VERSION, names.CARBONS, names.BLOCKING,
                   "msgoffline", names.SID, "jabber:iq:last", "urn:xmpp:time",
                   "jabber:iq:register", "jabber:iq:search", "urn:xmpp:reporting:1", names.COMMANDS,
                   names.VCARD, names.CAPS, names.MAM, "http://jabber.org/protocol/pubsub#publish-options"}
OPTIONAL_DOMAIN_FEATURES = {names.ROSTER, "jabber:iq:privacy", "urn:xmpp:carbons:rules:0", names.DELAY,
                            "urn:ietf:params:xml:ns:xmpp-session", "urn:ietf:params:xml:ns:xmpp-bind",
                            "urn:ietf:params:xml:ns:xmpp-stanzas", names.SM}
ACCOUNT_FEATURES = {names.CAM, names.DISCO_INFO, names.DISCO_ITEMS, names.PRIVATE, names.VCARD, "urn:xmpp:bookmarks:1#compat",
                    "urn:xmpp:bookmarks:1#compat-pep", "urn:xmpp:pep-vcard-conversion:0"} | pep.FEATURES


def info(client, to, node=None):
    answer = client.ask(names.DISCO_INFO, to=to, node=node)
    assert answer.get("type") == "result", Error(answer)
    query = answer.find("{%s}query" % names.DISCO_INFO)
    identities = [(each.get("category"), each.get("type"))
                  for each in query.findall("{%s}identity" % names.DISCO_INFO)]
    features = [each.get("var") for each in query.findall("{%s}feature" % names.DISCO_INFO)]
    return identities, features


def test_the_domain_says_what_it_is_and_what_it_can(folk, server):
    alice, = folk.online(1)
    identities, features = info(alice, server.domain)
    assert ("server", "im") in identities and ("pubsub", "pep") in identities
    assert len(features) == len(set(features))
    assert DOMAIN_FEATURES - {"msgoffline", names.SID} <= set(features)
    assert set(features) <= DOMAIN_FEATURES | OPTIONAL_DOMAIN_FEATURES


def test_the_domain_answers_before_presence_is_sent(folk, server):
    alice, = folk.login(1)
    assert ("server", "im") in info(alice, server.domain)[0]


def test_the_other_domain_answers_too(folk):
    alice, = folk.online(1)
    assert ("server", "im") in info(alice, "second.example")[0]


def test_the_items_of_the_domain_are_a_list(folk, server):
    alice, = folk.online(1)
    answer = alice.ask(names.DISCO_ITEMS, to=server.domain)
    assert answer.get("type") == "result"
    assert answer.find("{%s}query" % names.DISCO_ITEMS) is not None


def test_ones_own_account_is_a_registered_account(folk):
    alice, = folk.online(1)
    for to in (alice.bare, None):
        identities, features = info(alice, to)
        assert ("account", "registered") in identities and ("pubsub", "pep") in identities
        assert ACCOUNT_FEATURES <= set(features)


def test_a_friends_account_answers(folk):
    alice, bob = folk.friends(2)
    assert ("account", "registered") in info(alice, bob.bare)[0]


def test_a_stranger_cannot_tell_an_account_from_nobody(folk):
    alice, bob = folk.online(2)
    for to in (bob.bare, "nobody-at-all@example.org"):
        answer = alice.ask(names.DISCO_INFO, to=to)
        assert answer.get("type") == "error"
        assert tuple(Error(answer)) == ("cancel", "service-unavailable")


@pytest.mark.parametrize("node", [None, "urn:example:'node'"])
def test_a_stranger_is_told_the_items_of_an_account_and_of_nobody_alike(folk, node):
    """XEP-0030 section 8: an empty list for both, no matter if the request specifies a node or not."""
    alice, bob = folk.online(2)
    for to in (bob.bare, "nobody-at-all@example.org"):
        answer = alice.ask(names.DISCO_ITEMS, to=to, node=node)
        assert answer.get("type") == "result" and answer.get("from") == to
        query = answer.find("{%s}query" % names.DISCO_ITEMS)
        assert len(query) == 0 and query.get("node") == node


def test_the_items_of_a_friend_are_an_empty_list(folk):
    alice, bob = folk.friends(2)
    answer = alice.ask(names.DISCO_ITEMS, to=bob.bare)
    assert answer.get("type") == "result"
    assert len(answer.find("{%s}query" % names.DISCO_ITEMS)) == 0  # no resource is revealed


@pytest.mark.parametrize("namespace", [names.DISCO_INFO, names.DISCO_ITEMS])
@pytest.mark.parametrize("who", ["domain", "account"])
def test_an_unknown_node_is_item_not_found(folk, server, namespace, who):
    alice, = folk.online(1)
    answer = alice.ask(namespace, to=server.domain if who == "domain" else alice.bare, node="urn:example:nothing")
    assert tuple(Error(answer)) == ("cancel", "item-not-found")


def test_what_the_account_lists_is_in_no_conflict_with_the_domain(folk, server):
    alice, = folk.online(1)
    assert names.CARBONS not in set(info(alice, alice.bare)[1]) - set(info(alice, server.domain)[1])


@pytest.mark.parametrize("to", ["example.org", "second.example", None, "bare"])
def test_a_ping_is_answered(folk, to):
    alice, = folk.online(1)
    to = alice.bare if to == "bare" else to
    answer = alice.ask(names.PING, to=to, name="ping")
    assert answer.get("type") == "result" and len(answer) == 0
    assert answer.get("from") in ({None, alice.bare} if to in (None, alice.bare) else {to})


def test_a_ping_between_friends_arrives(folk):
    alice, bob = folk.friends(2)
    bob.answer_pings = False
    alice.send("<iq type='get' id='p' to='%s'><ping xmlns='%s'/></iq>" % (bob.jid, names.PING))
    got = bob.expect(iq(id="p"))
    bob.send("<iq type='result' id='p' to='%s'/>" % got.get("from"))
    assert alice.expect(iq(id="p", type="result")).get("from") == bob.jid


def test_the_version_names_the_product(folk, server):
    alice, = folk.online(1)
    answer = alice.ask(names.VERSION, to=server.domain)
    query = answer.find("{%s}query" % names.VERSION)
    assert query.findtext("{%s}name" % names.VERSION) == "Gatehouse"
    assert query.findtext("{%s}version" % names.VERSION)
    assert query.find("{%s}os" % names.VERSION) is None  # nobody needs to know


@pytest.mark.parametrize("namespace,name", [(names.PING, "ping"), (names.VERSION, "query"),
                                            (names.DISCO_INFO, "query"), (names.DISCO_ITEMS, "query")])
def test_a_question_is_not_an_order(folk, server, namespace, name):
    alice, = folk.online(1)
    answer = alice.ask(namespace, to=server.domain, name=name, type="set")
    assert answer.get("type") == "error"
    assert Error(answer).condition in ("not-allowed", "bad-request", "service-unavailable", "feature-not-implemented")


@pytest.mark.parametrize("namespace", ["jabber:iq:auth", "http://jabber.org/protocol/commands", "urn:xmpp:mam:1"])
def test_what_is_not_offered_is_service_unavailable(folk, server, namespace):
    alice, = folk.online(1)
    for to in (None, server.domain):
        answer = alice.ask(namespace, to=to)
        assert tuple(Error(answer)) == ("cancel", "service-unavailable")
