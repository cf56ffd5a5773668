"""Rules of type namespace: which extensions people may use with whom."""

import pytest

from lib import names, record
from lib.client import Account
from lib.folk import befriend
from lib.names import tag
from lib.server import PASSWORD_MARK
from lib.stanza import Error, body, iq, iq_to, message, message_to, words

RULES = """
rules:
  - id: scenario-strip
    type: namespace
    purpose: Guests have no calls.
    from: group:guests
    match: { namespaces: ["urn:xmpp:jingle*"] }
    action: strip
    mode: enforce
    notice: { en: "No calls for guests." }
  - id: scenario-block
    type: namespace
    purpose: Nobody has that.
    match: { namespaces: ["urn:example:forbidden"] }
    action: block
    mode: enforce
    notice: { en: "That is not in use here." }
"""
PROPOSE = "<propose xmlns='urn:xmpp:jingle-message:0' id='call-1'/>"
STATE = "<active xmlns='%s'/>" % names.CHATSTATES


@pytest.fixture(scope="module")
def server(launch):
    server = launch("namespaces")
    path = server.dir / "policy/rules/scenario.yaml"
    path.write_text(RULES)
    path.chmod(0o644)
    done = server.run("reload")
    assert done.returncode == 0, done.stdout + done.stderr
    return server


def pair(folk, name, groups):
    """Somebody of those groups and a friend of his."""
    account = Account(name + "@example.org", PASSWORD_MARK + name)
    folk.server.import_csv("%s,%s,Member,%s,,,\n" % (account.jid, account.password, groups))
    one, other = folk.client(account).online(), folk.client(folk.account()).online()
    befriend(one, other)
    return one, other


def test_what_a_rule_names_is_taken_out_and_the_rest_arrives(folk, server):
    guest, friend = pair(folk, "guest1", "guests")
    text = words("call me")
    guest.send(message_to(friend.jid, body(text) + PROPOSE + "<a xmlns='urn:example:a'>%s</a>" % PROPOSE, id="strip"))
    heard = friend.expect(message(id="strip"))
    assert heard.findtext(tag(names.CLIENT, "body")) == text
    assert heard.find(tag("urn:example:a", "a")) is not None
    assert not [each for each in heard.iter() if "jingle" in each.tag]
    entry = record.holding(server.dir / "record", text)[0]
    assert "jingle-message" in entry["stanza"] and "jingle-message" not in entry["deliver"]
    assert entry["action"] == "strip" and entry["rules"] == ["scenario-strip"]


def test_history_has_what_was_delivered(folk, server):
    guest, friend = pair(folk, "guest2", "guests")
    guest.send(message_to(friend.jid, body(words("later")) + PROPOSE, id="later"))
    friend.expect(message(id="later"))
    friend.send("<iq type='set' id='page'><query xmlns='%s'/></iq>" % names.MAM)
    page = friend.expect(message())
    assert page.find(".//" + tag(names.CLIENT, "body")) is not None
    assert not [each for each in page.iter() if "jingle" in each.tag]


def test_a_signal_loses_what_it_must_not_have(folk, server):
    guest, friend = pair(folk, "guest3", "guests")
    guest.send(message_to(friend.jid, STATE + PROPOSE, id="signal"))
    assert [each.tag for each in friend.expect(message(id="signal"))][0] == tag(names.CHATSTATES, "active")


def test_a_question_that_would_be_empty_is_refused(folk, server):
    guest, friend = pair(folk, "guest4", "guests")
    guest.send(iq_to(friend.jid, "set", "<jingle xmlns='urn:xmpp:jingle:1' action='session-initiate' sid='s'/>",
                     id="jingle"))
    assert Error(guest.expect(iq(id="jingle"))).condition == "policy-violation"
    assert not [each for each in friend.settle(guest) if each.get("id") == "jingle"]


def test_others_may(folk, server):
    staff, friend = pair(folk, "staff1", "staff")
    staff.send(message_to(friend.jid, PROPOSE, id="call"))
    assert friend.expect(message(id="call")).find(tag("urn:xmpp:jingle-message:0", "propose")) is not None


def test_what_nobody_may_is_refused_with_the_rules_words(folk, server):
    staff, friend = pair(folk, "staff2", "staff")
    text = words("hidden")
    staff.send(message_to(friend.jid, body(text) + "<x xmlns='urn:example:forbidden'/>", id="block"))
    answer = staff.expect(message(id="block", type="error"))
    assert "That is not in use here." in "".join(answer.itertext())
    assert record.holding(server.dir / "record", text)[0]["action"] == "block"
