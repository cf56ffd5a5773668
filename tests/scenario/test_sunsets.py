"""What is retired by dates though no program is: a mechanism of SASL, a version of TLS, old extensions. Nothing is different before;
then people are told; from the day on it is refused, also to who is connected, and after a restart."""

import datetime
import json

import pytest

from lib import names, record
from lib.client import Account, Client, Refused
from lib.clock import at, day, midnight, noon
from lib.folk import befriend
from lib.names import tag
from lib.record import eventually
from lib.server import PASSWORD_MARK
from lib.stanza import Error, body, body_of, message, message_to, words

DATES = {"warn_from": str(day(-30)), "deny_from": str(day(-10))}
HELP = "mailto:help@example.org"
CLIENTS = {"rules": [
    {"id": "plain-goes", "purpose": "Passwords are not sent.", "clients": {"mechanism": ["PLAIN"]}, "effect": "deny",
     "mode": "enforce", "campaign": DATES, "reason": {"en": "It sends your password.", "de": "Sie sendet Ihr Passwort."}},
    {"id": "old-tls-goes", "purpose": "TLS 1.3 for all.", "clients": {"tls": "TLSv1.2"}, "effect": "deny", "mode": "enforce",
     "campaign": DATES, "reason": {"en": "It is old."}}]}
FILES, EVENTS = "http://jabber.org/protocol/si", "jabber:x:event"
RULES = {"rules": [
    {"id": "old-files-go", "type": "namespace", "purpose": "XEP-0095 is deprecated.", "match": {"namespaces": [FILES]},
     "action": "block", "mode": "enforce", "campaign": DATES,
     "notice": {"en": "Send files by upload.", "de": "Senden Sie Dateien durch Hochladen."}},
    {"id": "old-events-go", "type": "namespace", "purpose": "XEP-0022 is obsolete.", "match": {"namespaces": [EVENTS]},
     "action": "strip", "mode": "enforce", "campaign": DATES, "notice": {"en": "Events of old are taken out."}},
    {"id": "watched-only", "type": "namespace", "purpose": "Who uses it?", "match": {"namespaces": [EVENTS]},
     "action": "strip", "mode": "observe", "campaign": DATES, "notice": {"en": "This is told to nobody."}}]}
OFFER = "<si xmlns='%s' id='a'/>" % FILES
EVENT = "<x xmlns='%s'><composing/></x>" % EVENTS
TLS12 = {"connect": {"only": "1.2"}}


def prepare(server):
    for path, rules in (("clients/sunsets.yaml", CLIENTS), ("rules/sunsets.yaml", RULES)):
        path = server.dir / "policy" / path
        path.write_text(json.dumps(rules))  # which is YAML
        path.chmod(0o644)


@pytest.fixture(scope="module")
def server(launch):
    return launch("sunsets", {"sasl": {"plain": True}, "contact": {"support": [HELP]}}, env=at(noon(-40)), prepare=prepare)


@pytest.fixture(scope="module")
def people(server):
    accounts = {name: Account(name + "@example.org", PASSWORD_MARK + name) for name in ("anna", "berta", "carl", "dora")}
    server.import_csv("".join("%s,%s,%s,,,%s,\n" % (each.jid, each.password, name.title(), "en" if name == "dora" else "de")
                              for name, each in accounts.items()))
    return accounts


def again(server, when):
    server.stop()
    server.env = at(when)
    server.start()


def told(client):
    """The headlines it has had so far."""
    return [body_of(each) for each in client.settle(client) if each.tag == tag(names.CLIENT, "message")
            and each.get("type") == "headline"]


def headline(client):
    return body_of(client.expect(message(type="headline"), 20))


def online(server, account, **login):
    return Client(server, account).online(**login)


def ending(client, seconds=40):
    assert client.stream_error(seconds) == "policy-violation"
    return client.last_error.findtext(tag(names.STREAM_ERROR, "text"))


def refusal(server, account, **login):
    with pytest.raises(Refused) as refused:
        Client(server, account).login(**login)
    assert refused.value.condition == "temporary-auth-failure"
    return refused.value.element.findtext(tag(names.SASL, "text"))


def test_before_the_first_date_nothing_is_different(server, people):
    for login in ({"mechanism": "PLAIN"}, TLS12, {}):
        client = online(server, people["anna"], **login)
        assert told(client) == []
        client.end()
    one, other = online(server, people["carl"]), online(server, people["dora"])
    befriend(one, other)
    one.send(message_to(other.jid, body("offer") + OFFER + EVENT, id="before"))
    assert other.expect(message(id="before")).find(tag(FILES, "si")) is not None
    assert told(one) == []
    one.end()
    other.end()


def test_then_people_are_told(server, people):
    again(server, noon(-20))
    client = online(server, people["anna"], mechanism="PLAIN")
    text = headline(client)
    assert text.startswith("Ab %s wird die Anmeldung mit PLAIN hier nicht mehr angenommen." % day(-10)), text
    assert "Sie sendet Ihr Passwort." in text and HELP in text
    client.end()
    client = online(server, people["dora"], **TLS12)
    text = headline(client)
    assert text.startswith("From %s on, logging in with TLSv1.2 will no longer be accepted here." % day(-10)), text
    client.end()
    client = online(server, people["anna"])
    assert told(client) == []
    client.end()

    one, other = online(server, people["carl"]), online(server, people["dora"])
    phrase = words("offer")
    one.send(message_to(other.jid, body(phrase) + OFFER + EVENT, id="warned"))
    arrived = other.expect(message(id="warned"))
    assert arrived.find(tag(FILES, "si")) is not None and arrived.find(tag(EVENTS, "x")) is not None
    both = told(one)
    assert len(both) == 2 and all(str(day(-10)) in each for each in both), both
    assert [each for each in both if each.startswith("Ab ") and "Senden Sie Dateien durch Hochladen." in each]
    assert [each for each in both if each.startswith("From ") and "Events of old are taken out." in each]
    line, = record.holding(server.dir / "record", phrase)
    assert sorted(line["observed"]) == ["old-events-go", "old-files-go", "watched-only"] and line["action"] == "allow"
    # once a login
    one.send(message_to(other.jid, body("again") + OFFER + EVENT, id="twice"))
    other.expect(message(id="twice"))
    assert told(one) == []
    one.end()
    one = online(server, people["carl"])
    one.send("<iq type='get' id='self' to='%s'>%s</iq>" % (one.domain, OFFER))
    assert "Hochladen" in headline(one)
    one.end()
    other.end()


def test_on_the_day_it_is_refused_to_who_is_connected(server, people):
    again(server, midnight(-10) - datetime.timedelta(seconds=20))
    plain, old = online(server, people["anna"], mechanism="PLAIN"), online(server, people["berta"], **TLS12)
    one, other = online(server, people["carl"]), online(server, people["dora"])
    one.send(message_to(other.jid, body("still") + OFFER, id="still"))
    other.expect(message(id="still"))
    assert "Hochladen" in headline(one)
    text = ending(plain)
    assert text.startswith("Die Anmeldung mit PLAIN wird hier nicht angenommen.") and HELP in text, text
    assert "TLSv1.2" in ending(old)
    eventually(lambda: len(server.sessions()) == 2, 20)
    refused(one, other)
    one.end()
    other.end()


def refused(one, other):
    """The old extensions, and nothing else."""
    one.send(message_to(other.jid, body("offer") + OFFER, id="refused"))
    error = one.expect(message(id="refused", type="error"))
    assert Error(error).condition == "policy-violation" and "Hochladen" in "".join(error.itertext())
    one.send(message_to(other.jid, body("event") + EVENT, id="stripped"))
    arrived = other.expect(message(id="stripped"))
    assert body_of(arrived) == "event" and arrived.find(tag(EVENTS, "x")) is None
    assert not [each for each in told(one) if "abgelehnt" in each]


def test_and_it_stays_so(server, people):
    again(server, noon(-5))
    text = refusal(server, people["anna"], mechanism="PLAIN")
    assert text.startswith("Die Anmeldung mit PLAIN wird hier nicht angenommen.") and HELP in text, text
    text = refusal(server, people["dora"], **TLS12)
    assert text.startswith("Logging in with TLSv1.2 is not accepted here.") and "It is old." in text, text
    one, other = online(server, people["carl"]), online(server, people["dora"])
    refused(one, other)
    failed = [each for each in record.entries(server.dir / "record") if each["type"] == "login-failed"]
    assert {each["reason"] for each in failed} >= {"the client is denied by rule plain-goes", "the client is denied by rule old-tls-goes"}
