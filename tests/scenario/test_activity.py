"""Who was there last (XEP-0012), what time it is (XEP-0202), whom to turn to (XEP-0157), what the server can do
(XEP-0115), how much a stream takes (XEP-0478)."""

import base64
import datetime
import hashlib
import time

import pytest
import yaml

from lib import names
from lib.folk import subscribe
from lib.stanza import Error, child, element, iq, iq_to, presence, presence_to

LAST = "jabber:iq:last"
TIME = "urn:xmpp:time"
LIMITS = "urn:xmpp:stream-limits:0"
CONTACTS = {"abuse": ["mailto:abuse@example.org", "xmpp:guard@example.org"], "support": ["https://help.example.org/?a=1&b=2"]}


@pytest.fixture(scope="module")
def server(launch):
    return launch("activity", {"contact": CONTACTS})


def seconds(answer):
    assert answer.get("type") == "result", Error(answer)
    query = answer.find("{%s}query" % LAST)
    assert len(query) == 0 and not query.text
    return int(query.get("seconds"))


def test_the_server_says_how_long_it_has_been_running(folk, server):
    alice, = folk.online(1)
    first = seconds(alice.ask(LAST, to=server.domain))
    time.sleep(1.1)
    assert first < seconds(alice.ask(LAST, to=server.domain)) < 600


def test_a_friend_who_is_there_was_active_just_now(folk):
    alice, bob = folk.friends(2)
    assert seconds(alice.ask(LAST, to=bob.bare)) == 0
    assert seconds(alice.ask(LAST, to=alice.bare)) == 0
    assert seconds(alice.ask(LAST)) == 0


def test_a_friend_who_has_gone_was_there_when_she_left(folk):
    alice, bob = folk.friends(2)
    bob.end()
    alice.expect(presence(type="unavailable", from_=bob.jid))
    time.sleep(1.2)
    assert 1 <= seconds(alice.ask(LAST, to=bob.bare)) <= 10


def test_it_is_known_after_a_restart(launch):
    from lib.folk import Folk
    server = launch("activity-restart")
    folk = Folk(server)
    alice, bob = folk.friends(2)
    server.restart()
    time.sleep(1.1)
    again = folk.client(alice.account).online()
    assert 1 <= seconds(again.ask(LAST, to=bob.bare)) <= 60


def test_a_stranger_is_forbidden_to_know_and_cannot_tell_who_exists(folk):
    alice, bob = folk.online(2)
    for to in (bob.bare, bob.jid, bob.bare + "/nowhere", "nobody-at-all@example.org", "nobody-at-all@example.org/x"):
        assert tuple(Error(alice.ask(LAST, to=to))) == ("auth", "forbidden"), to
    assert not [each for each in bob.settle(alice) if each.tag == "{%s}iq" % names.CLIENT]


def test_a_subscription_counts_in_its_direction_only(folk):
    alice, bob = folk.online(2)
    subscribe(alice, bob)
    assert seconds(alice.ask(LAST, to=bob.bare)) == 0
    assert tuple(Error(bob.ask(LAST, to=alice.bare))) == ("auth", "forbidden")


def test_directed_presence_is_no_subscription(folk):
    alice, bob = folk.online(2)
    bob.send(presence_to(alice.jid))
    alice.expect(presence(from_=bob.jid))
    assert tuple(Error(alice.ask(LAST, to=bob.jid))) == ("auth", "forbidden")


def test_a_resource_answers_for_itself(folk):
    alice, bob = folk.friends(2)
    alice.send(iq_to(bob.jid, "get", "<query xmlns='%s'/>" % LAST, id="idle"))
    got = bob.expect(iq(id="idle", from_=alice.jid))
    bob.send(iq_to(got.get("from"), "result", "<query xmlns='%s' seconds='123'/>" % LAST, id="idle"))
    assert seconds(alice.expect(iq(id="idle", type="result"))) == 123


def test_who_is_blocked_learns_nothing(folk):
    alice, bob = folk.friends(2)
    bob.iq("set", "<block xmlns='%s'><item jid='%s'/></block>" % (names.BLOCKING, alice.bare))
    assert tuple(Error(alice.ask(LAST, to=bob.bare))) == ("cancel", "service-unavailable")


@pytest.mark.parametrize("to", ["domain", "account", None])
def test_the_time_is_told_in_utc(folk, server, to):
    alice, = folk.online(1)
    answer = alice.ask(TIME, to={"domain": server.domain, "account": alice.bare, None: None}[to], name="time")
    told = answer.find("{%s}time" % TIME)
    assert told.findtext("{%s}tzo" % TIME) == "+00:00"
    utc = datetime.datetime.strptime(told.findtext("{%s}utc" % TIME), "%Y-%m-%dT%H:%M:%SZ")
    assert abs((datetime.datetime.utcnow() - utc).total_seconds()) < 5


def test_a_friends_client_is_asked_for_its_own_time(folk):
    alice, bob = folk.friends(2)
    alice.send(iq_to(bob.jid, "get", "<time xmlns='%s'/>" % TIME, id="clock"))
    got = bob.expect(iq(id="clock"))
    bob.send(iq_to(got.get("from"), "result", "<time xmlns='%s'><tzo>-06:00</tzo><utc>2026-01-02T03:04:05Z</utc></time>" %
                   TIME, id="clock"))
    answer = alice.expect(iq(id="clock", type="result"))
    assert answer.find("{%s}time" % TIME).findtext("{%s}tzo" % TIME) == "-06:00"


def form_of(query):
    form = query.find("{%s}x" % names.DATA_FORMS)
    return form, {field.get("var"): [value.text for value in field] for field in form} if form is not None else {}


def test_contacts_stand_in_a_form(folk, server):
    alice, = folk.online(1)
    query = alice.ask(names.DISCO_INFO, to=server.domain).find("{%s}query" % names.DISCO_INFO)
    form, fields = form_of(query)
    assert form.get("type") == "result"
    assert fields == {"FORM_TYPE": ["http://jabber.org/network/serverinfo"], "abuse-addresses": CONTACTS["abuse"],
                      "support-addresses": CONTACTS["support"]}


def test_where_nobody_is_named_there_is_no_form(folk, main_server):
    from lib.folk import Folk
    alice, = Folk(main_server).online(1)
    query = alice.ask(names.DISCO_INFO, to=main_server.domain).find("{%s}query" % names.DISCO_INFO)
    assert form_of(query)[0] is None


# --- the capabilities of the server (XEP-0115 section 6.3)

def capabilities(client):
    caps = child(client.features, "c", names.CAPS)
    assert caps.get("hash") == "sha-1" and caps.get("node")
    return caps.get("node"), caps.get("ver")


def verification_of(query):
    """The string of section 5.1 from an answer, hashed."""
    identities = sorted("/".join((each.get("category"), each.get("type"), "", each.get("name", "")))
                        for each in query.findall("{%s}identity" % names.DISCO_INFO))
    features = sorted(each.get("var") for each in query.findall("{%s}feature" % names.DISCO_INFO))
    text = "".join(each + "<" for each in identities + features)
    fields = form_of(query)[1]
    if fields:
        text += fields.pop("FORM_TYPE")[0] + "<"
        for name in sorted(fields):
            text += "".join(each + "<" for each in [name] + sorted(fields[name]))
    return base64.b64encode(hashlib.sha1(text.encode()).digest()).decode()


def said_of(client, server, node):
    return client.ask(names.DISCO_INFO, to=server.domain, node=node)


def test_the_features_of_a_stream_name_the_servers_capabilities(folk, server):
    alice, = folk.online(1)
    node, ver = capabilities(alice)
    told = said_of(alice, server, node + "#" + ver).find("{%s}query" % names.DISCO_INFO)
    assert told.get("node") == node + "#" + ver  # mirrored: XEP-0030 section 3.2
    assert verification_of(told) == ver
    plain = said_of(alice, server, None).find("{%s}query" % names.DISCO_INFO)
    assert plain.get("node") is None and verification_of(plain) == ver
    assert names.CAPS in {each.get("var") for each in told}
    for other in (node, node + "#", node + "#" + ver[:-2], node + ver, "urn:example:other#" + ver):
        assert tuple(Error(said_of(alice, server, other))) == ("cancel", "item-not-found")


def test_before_login_a_stream_names_none(folk, server):
    client = folk.client().connect()
    assert child(client.start(), "c", names.CAPS) is None


def test_other_settings_are_other_capabilities(folk, server):
    before = server.yaml.read_text()
    alice, = folk.online(1)
    node, old = capabilities(alice)
    config = yaml.safe_load(before)
    config["contact"] = {"security": ["mailto:security@example.org"]}
    try:
        server.yaml.write_text(yaml.safe_dump(config))
        assert server.run("reload").returncode == 0
        bob, = folk.online(1)
        ver = capabilities(bob)[1]
        assert ver != old
        told = said_of(bob, server, node + "#" + ver).find("{%s}query" % names.DISCO_INFO)
        assert verification_of(told) == ver and "security-addresses" in form_of(told)[1]
        assert tuple(Error(said_of(alice, server, node + "#" + old))) == ("cancel", "item-not-found")
    finally:
        server.yaml.write_text(before)
        assert server.run("reload").returncode == 0


def test_a_mistyped_contact_is_refused(server, place):
    from lib.server import run
    config = yaml.safe_load(server.yaml.read_text())
    config["contact"] = {"abuse": ["abuse@example.org"]}
    folder = place / "mistyped"
    folder.mkdir()
    (folder / "gatehouse.yaml").write_text(yaml.safe_dump(config))
    done = run("config", "check", "--dir", folder)
    assert done.returncode != 0 and "mailto:" in done.stderr + done.stdout


def test_a_stream_says_how_much_it_takes(folk, server):
    alice = folk.client(folk.account()).connect()

    def limits():
        found = alice.start().find("{%s}limits" % LIMITS)
        return tuple(int(found.findtext("{%s}%s" % (LIMITS, name))) for name in ("max-bytes", "idle-seconds"))

    assert limits() == (10000, 30)
    alice.authenticate()
    assert limits() == (262144, 30)
    alice.bind()
    alice.send(iq_to(server.domain, "get", element("ping", "x" * 262144, xmlns=names.PING)))
    assert alice.stream_error() == "policy-violation"
