"""Clients are judged before anything they say goes anywhere: what waits, what passes, in which order, and what becomes of it."""

import itertools
import time

import pytest

from lib import names, record, sasl2
from lib.admission import (answer_all, answer_disco, answer_version, lines, noted, nothing_comes, person, question, refuse, rules,
                           unread)
from lib.client import Refused
from lib.names import tag
from lib.pep import caps, verification
from lib.standstill import stopped
from lib.stanza import body_of, child, iq, iq_to, message, presence, presence_to, words

RULES = """rules:
  - id: evil-out
    purpose: A program that leaks.
    clients: { product: Evil }
    from: "group:judged"
    effect: deny
    mode: enforce
    reason: { en: It leaks., de: Es ist undicht. }
    link: https://example.org/new
    samples: [{ product: Evil, version: "1", from: "group:judged", effect: deny }]
  - id: silent-out
    purpose: Who does not answer.
    clients: { class: silent }
    from: "group:strict"
    effect: deny
    mode: enforce
    samples: [{ class: silent, from: "group:strict", effect: deny }]
  - id: oldie-warned
    purpose: An old program.
    clients: { product: Oldie }
    from: "group:judged"
    effect: warn
    mode: enforce
    samples: [{ product: Oldie, version: "1", from: "group:judged", effect: warn }]
  - id: reader-reads
    purpose: A program that may read only.
    clients: { product: Reader }
    from: "group:judged"
    effect: restrict
    restrict: [speak]
    mode: enforce
    samples: [{ product: Reader, version: "1", from: "group:judged", effect: restrict }]
"""
_number = itertools.count(1)
WAIT = 4  # seconds a session is held that does not answer
AT_ONCE = WAIT - 1


def ruled(server):
    rules(server, RULES)


@pytest.fixture(scope="module")
def server(launch):
    return launch("admit", {"clients": {"wait_seconds": WAIT}}, prepare=ruled)


@pytest.fixture
def watcher(folk):
    """Somebody whom no rule is about."""
    return person(folk).online()


def judged(folk, *groups):
    return person(folk, "judged", *groups).login()


def test_who_is_not_concerned_by_any_rule_does_not_wait(folk, watcher):
    other = person(folk).login()
    said = other.say(watcher.jid)
    watcher.expect(message(id=said.id), timeout=AT_ONCE)
    nothing_comes(other)


def test_what_is_sent_waits_and_goes_out_in_order_when_the_client_has_answered(folk, watcher):
    client = judged(folk)
    first = client.say(watcher.jid, "first")
    client.send(presence_to(watcher.jid, None, id="directed"))
    second = client.say(watcher.jid, "second")
    client.roundtrip()
    nothing_comes(watcher)
    answer_all(client, "Nice", "2.1")
    got = [watcher.next() for _ in range(3)]
    assert [each.get("id") for each in got] == [first.id, "directed", second.id]
    line = noted(folk.server, "client", client)
    assert line["client"] == "Nice 2.1" and line["reason"] == "named"
    assert '"version":{"answer":"result","name":"Nice"' in line["signals"]


def test_what_is_needed_to_come_up_passes_at_once(folk):
    client = judged(folk)
    client.send(presence_to(None, None, "<status>%s</status>" % words("here")))
    for request in (
            "<query xmlns='jabber:iq:roster'/>", "<vCard xmlns='vcard-temp'/>",
            "<blocklist xmlns='urn:xmpp:blocking'/>",
            "<query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'/></query>",
            "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:xmpp:bookmarks:1'/></pubsub>"):
        begin = time.monotonic()
        client.iq("get", request)
        assert time.monotonic() - begin < AT_ONCE, request
    assert client.iq("set", "<enable xmlns='urn:xmpp:carbons:2'/>").get("type") == "result"
    for service in ("example.org", "rooms.example.org"):
        assert client.ask(names.DISCO_INFO, to=service).get("type") == "result"
    assert not client.take(presence())


def test_the_names_of_rooms_wait(folk):
    client = judged(folk)
    client.send(iq_to("rooms.example.org", "get", "<query xmlns='%s'/>" % names.DISCO_ITEMS, id="rooms"))
    asked = question(client, "query", names.DISCO_INFO)
    client.roundtrip()
    assert not client.take(iq(id="rooms"))
    answer_disco(client, [names.DISCO_INFO], ("client", "pc", "", "Nice"), asked)
    answer_version(client, "Nice")
    assert client.expect(iq(id="rooms")).get("type") == "result"


def test_history_waits(folk):
    client = judged(folk)
    client.send(iq_to(None, "set", "<query xmlns='urn:xmpp:mam:2'/>", id="history"))
    asked = question(client, "query", names.DISCO_INFO)
    client.roundtrip()
    assert not client.take(iq(id="history"))
    answer_disco(client, [names.DISCO_INFO], ("client", "pc", "", "Nice"), asked)
    answer_version(client, "Nice")
    assert client.expect(iq(id="history")).get("type") == "result"


DINO = ["urn:xmpp:" + each for each in (
    "avatar:metadata+notify", "blocking", "bookmarks:1+notify", "carbons:2", "chat-markers:0", "jingle-message:0", "jingle:1",
    "jingle:apps:dtls:0", "jingle:apps:file-transfer:5", "jingle:apps:rtp:1", "jingle:apps:rtp:audio", "jingle:apps:rtp:video",
    "jingle:jet-omemo:0", "jingle:jet:0", "jingle:muji:0", "jingle:transports:ibb:1", "jingle:transports:ice-udp:1",
    "jingle:transports:raw-udp:1", "jingle:transports:s5b:1", "message-correct:0", "ping", "reactions:0", "receipts")] + [
    names.CAPS, names.DISCO_INFO, "http://jabber.org/protocol/chatstates", "http://jabber.org/protocol/muc",
    "eu.siacs.conversations.axolotl.devicelist+notify"]


def test_a_hash_of_the_table_that_its_own_answer_proves_is_enough(folk, watcher):
    """Dino as it was recorded: it has been asked without a node before, answers that, and its version only when nothing waits."""
    client = judged(folk)
    first = client.say(watcher.jid)
    asked = question(client, "query", names.DISCO_INFO)
    client.send(presence_to(None, None, "<c xmlns='%s' hash='sha-1' node='https://dino.im' ver='6ggwrxA97IN314qDlU0ic5OWBEc='/>" % names.CAPS))
    again = question(client, "query", names.DISCO_INFO)
    assert child(again, "query", names.DISCO_INFO).get("node") == "https://dino.im#6ggwrxA97IN314qDlU0ic5OWBEc="
    answer_disco(client, DINO, ("client", "pc", "", "Dino"), asked)
    watcher.expect(message(id=first.id), timeout=AT_ONCE)
    assert noted(folk.server, "client", client)["client"] == "Dino 0.4.2"


def test_an_error_is_an_answer(folk, watcher):
    client = judged(folk)
    said = client.say(watcher.jid)
    refuse(client, question(client, "query", names.DISCO_INFO))
    refuse(client, question(client, "query", names.VERSION))
    watcher.expect(message(id=said.id), timeout=AT_ONCE)
    assert noted(folk.server, "client", client)["reason"] == "unknown"


def test_who_does_not_answer_is_silent_when_the_time_is_over(folk, watcher):
    client = judged(folk)
    begin = time.monotonic()
    said = client.say(watcher.jid)
    watcher.expect(message(id=said.id))
    assert WAIT - 0.5 < time.monotonic() - begin < WAIT + 3
    assert noted(folk.server, "client", client)["reason"] == "silent"
    answer_all(client, "Evil")  # late, but it counts
    assert client.stream_error() == "policy-violation"


def test_who_is_silent_is_denied_where_a_rule_says_so_and_nobody_hears_him(folk, watcher):
    client = person(folk, "strict").login()
    said = client.say(watcher.jid)
    assert client.stream_error() == "policy-violation"
    nothing_comes(watcher)
    assert unread(folk.server, said)
    line = noted(folk.server, "client-rule", client)
    assert line["action"] == "deny" and line["rules"] == ["silent-out"]


def test_a_denied_client_is_told_why_and_nothing_of_it_is_counted_as_handled(folk, watcher):
    client = judged(folk)
    client.sm_enable()
    said = client.say(watcher.jid)
    client.raw("<r xmlns='%s'/>" % names.SM)
    answer_disco(client, [names.DISCO_INFO], ("client", "pc", "", "Evil"))
    answer_version(client, "Evil")
    assert client.stream_error() == "policy-violation"
    text = client.last_error.find(tag(names.STREAM_ERROR, "text")).text
    assert "It leaks." in text and "https://example.org/new" in text
    assert not [each for each in client.take() if each.tag == tag(names.SM, "a") and int(each.get("h")) > 0]
    nothing_comes(watcher)
    assert unread(folk.server, said)


def test_capabilities_that_are_known_judge_at_once_and_only_the_system_is_asked_for(folk, watcher):
    features, identity = [names.DISCO_INFO, "urn:example:%d" % next(_number)], ("client", "pc", "", "Clear 3.2")
    shown = caps(features, ver=verification(features, identity))
    first = judged(folk)
    first.send(presence_to(None, None, shown))
    node = answer_disco(first, features, identity)
    assert node == "urn:example:client#" + verification(features, identity)
    answer_version(first, "Clear", "3.2")
    first.expect(presence(from_=first.jid))
    second = judged(folk)
    begin = time.monotonic()
    second.send(presence_to(None, None, shown))
    second.expect(presence(from_=second.jid))
    said = second.say(watcher.jid)
    watcher.expect(message(id=said.id))
    assert time.monotonic() - begin < AT_ONCE
    asked = [each for each in second.listen(0.5) if each.get("type") == "get"]
    assert len(asked) == 1 and iq(has=("query", names.VERSION))(asked[0])
    line = noted(folk.server, "client", second)
    assert line["client"] == "Clear 3.2" and '"basis":"identity"' in line["judgement"]


def test_an_answer_that_hashes_to_something_else_contradicts(folk, watcher):
    client = judged(folk)
    client.send(presence_to(None, None, caps(["urn:example:%d" % next(_number)])))
    answer_disco(client, [names.DISCO_INFO], ("client", "pc", "", "Nice"))
    answer_version(client, "Nice")
    line = noted(folk.server, "client", client)
    assert "disco" in line["contradicts"]


def test_what_comes_for_a_session_waits_with_it(folk, watcher):
    client = judged(folk)
    said = [watcher.say(client.jid, "word %d" % i) for i in range(3)]
    client.say(watcher.jid, "hello")
    disco = question(client, "query", names.DISCO_INFO)
    version = question(client, "query", names.VERSION)
    nothing_comes(client)
    answer_disco(client, [names.DISCO_INFO], ("client", "pc", "", "Nice"), disco)
    answer_version(client, "Nice", asked=version)
    assert [client.expect(message(from_=watcher.jid)).get("id") for _ in said] == [each.id for each in said]


def test_what_comes_for_a_denied_session_waits_offline(folk, watcher):
    account = person(folk, "judged")
    client = account.login()
    said = watcher.say(client.jid, "for later")
    watcher.settle_at("example.org")
    client.say(watcher.jid)
    answer_all(client, "Evil")
    assert client.stream_error() == "policy-violation"
    again = folk.client(account.account).login()
    again.send(presence_to(None, None))
    answer_all(again, "Nice")
    got = again.expect(message(id=said.id))
    assert body_of(got) == said.body


def test_a_resumed_session_does_not_wait(folk, watcher):
    client = judged(folk)
    client.sm_enable()
    client.say(watcher.jid, "once")
    answer_all(client, "Nice")
    watcher.expect(message(from_=client.jid))
    client.sync()
    client.drop()
    connection = folk.client(client.account).login(bind=False)
    assert client.resume_on(connection).tag == tag(names.SM, "resumed")
    begin = time.monotonic()
    said = connection.say(watcher.jid)
    watcher.expect(message(id=said.id))
    assert time.monotonic() - begin < AT_ONCE


def test_a_session_resumed_before_it_was_judged_goes_on_waiting(folk, watcher):
    client = judged(folk)
    client.sm_enable()
    said = client.say(watcher.jid)
    disco, version = question(client, "query", names.DISCO_INFO), question(client, "query", names.VERSION)
    client.drop()
    connection = folk.client(client.account).login(bind=False)
    resumed = client.resume_on(connection)
    assert resumed.tag == tag(names.SM, "resumed") and resumed.get("h") == "0"
    connection.resend()
    nothing_comes(watcher)
    refuse(connection, disco)
    answer_version(connection, "Nice", asked=version)
    watcher.expect(message(id=said.id))


def test_a_warned_client_gets_a_headline_and_goes_on(folk, watcher):
    client = judged(folk)
    said = client.say(watcher.jid)
    answer_all(client, "Oldie")
    head = client.expect(message(type="headline", from_="example.org"))
    assert "Oldie" in body_of(head)
    watcher.expect(message(id=said.id))
    assert noted(folk.server, "client-rule", client)["action"] == "warn"


def test_a_reload_locks_out_who_is_there_and_lets_in_who_was_not(folk, watcher, server):
    client = judged(folk)
    client.say(watcher.jid)
    answer_all(client, "Fresh", "1.0")
    watcher.expect(message(from_=client.jid))
    try:
        rules(server, RULES + """  - id: fresh-out
    purpose: All of a sudden.
    clients: { product: Fresh, versions: "<2" }
    from: "group:judged"
    effect: deny
    mode: enforce
    samples: [{ product: Fresh, version: "1", from: "group:judged", effect: deny }]
""")
        assert server.run("reload").returncode == 0
        assert client.stream_error() == "policy-violation"
        again = folk.client(client.account).login()
        said = again.say(watcher.jid)
        answer_all(again, "Fresh", "2.0")
        watcher.expect(message(id=said.id))
    finally:
        rules(server, RULES)
        server.run("reload")


def test_a_client_that_only_reads_is_stopped_when_it_speaks_and_hears_the_rest(folk, watcher):
    client = judged(folk)
    said = client.say(watcher.jid)
    client.send(presence_to(None, None))
    answer_all(client, "Reader")
    refused = client.expect(message(id=said.id, type="error"))
    assert child(refused, "error").find(tag(names.STANZA_ERROR, "policy-violation")) is not None
    client.expect(presence(from_=client.jid))
    heard = watcher.say(client.jid)
    client.expect(message(id=heard.id))
    client.send(presence_to(None, None, "<status>for all who see me</status>"))
    client.expect(presence(type="error"))
    nothing_comes(watcher)
    entry = record.content_with(folk.server, said.body)[0]
    assert entry["action"] == "block" and entry["rules"] == ["reader-reads"]
    line = noted(folk.server, "client-rule", client)
    assert line["action"] == "restrict" and line["limits"] == ["speak"]


def test_a_question_is_answered_once(folk, watcher):
    """Who has been judged cannot be somebody else by answering again, nor put other words under a hash it has proven."""
    client = judged(folk)
    features, identity = [names.DISCO_INFO, "urn:example:%d" % next(_number)], ("client", "pc", "", "Reader")
    client.send(presence_to(None, None, caps(features, ver=verification(features, identity))))
    disco, version = question(client, "query", names.DISCO_INFO), question(client, "query", names.VERSION)
    answer_disco(client, features, identity, disco)
    answer_version(client, "Reader", asked=version)
    first = noted(folk.server, "client", client)
    assert '"verified":true' in first["signals"]
    answer_disco(client, features, ("client", "pc", "", "Nice"), disco)
    answer_version(client, "Nice", asked=version)
    said = client.say(watcher.jid)
    client.expect(message(id=said.id, type="error"))
    nothing_comes(watcher)
    assert noted(folk.server, "client", client) == first and first["client"].startswith("Reader")


def test_a_denied_client_that_comes_again_and_again_is_held_off_at_its_login(folk, watcher):
    client = judged(folk)
    for _ in range(4):
        client.say(watcher.jid)
        answer_all(client, "Evil")
        assert client.stream_error() == "policy-violation"
        client = folk.client(client.account)
        try:
            client.login()
        except Refused as refused:
            assert refused.condition == "temporary-auth-failure"
            assert "It leaks." in refused.element.find(tag(names.SASL, "text")).text
            break
    else:
        raise AssertionError("nobody was held off")
    folk.client(client.account).login(mechanism="SCRAM-SHA-1")  # another program from the same place
    rules(folk.server, RULES + "# changed\n")
    assert folk.server.run("reload").returncode == 0
    folk.client(client.account).login()


def test_a_client_that_shows_itself_while_it_logs_in_is_denied_before_there_is_a_session(folk, server):
    """SASL2's user-agent (XEP-0388)."""
    user = person(folk, "judged")
    stream = sasl2.connect(folk, user.account)
    with pytest.raises(Refused) as refused:
        sasl2.authenticate(stream, agent=sasl2.agent("Evil", "A desk"), inline=sasl2.bind("Evil"))
    text = refused.value.element.findtext(tag(names.SASL2, "text"))
    assert "It leaks." in text and "https://example.org/new" in text
    assert not [each for each in server.sessions() if each["jid"].startswith(user.account.jid)]
    stream = sasl2.connect(folk, user.account)
    sasl2.authenticate(stream, agent=sasl2.agent("Good", "A desk"), inline=sasl2.bind("Good"))
    assert stream.jid.startswith(user.account.jid)


def test_who_is_denied_reads_why_in_his_language(folk):
    client = person(folk, "judged", language="de").login()
    client.say("nobody@example.org")
    answer_all(client, "Evil")
    assert client.stream_error() == "policy-violation"
    text = client.last_error.find(tag(names.STREAM_ERROR, "text"))
    assert "Es ist undicht." in text.text and "It leaks." not in text.text and text.get(names.LANG) == "de"
    assert client.take(message(type="headline", where=lambda each: "Es ist undicht." in body_of(each)))


def test_who_is_warned_reads_it_in_his_language(folk):
    client = person(folk, "judged", language="de").login()
    client.say("nobody@example.org")
    answer_all(client, "Oldie")
    head = client.expect(message(type="headline"))
    assert head.get(names.LANG) == "de" and "Oldie" in body_of(head) and " should " not in body_of(head)


# --- while nothing can be recorded

@pytest.mark.recorder_runs("stops it itself")
def test_what_was_held_waits_for_the_record_too(folk, watcher, server):
    client = judged(folk)
    said = [client.say(watcher.jid, "word %d" % i) for i in range(3)]
    disco, version = question(client, "query", names.DISCO_INFO), question(client, "query", names.VERSION)
    with stopped(server):
        answer_disco(client, [names.DISCO_INFO], ("client", "pc", "", "Nice"), disco)
        answer_version(client, "Nice", asked=version)
        said.append(client.say(watcher.jid, "word 3"))
        nothing_comes(watcher, 1.5)
    assert [watcher.expect(message(from_=client.jid)).get("id") for _ in said] == [each.id for each in said]
    assert all(record.content_with(server, each.body) for each in said)


@pytest.mark.recorder_runs("stops it itself")
def test_what_comes_meanwhile_for_a_held_session_is_recorded_before_it_is_read(folk, watcher, server):
    client = judged(folk)
    client.say(watcher.jid)
    disco, version = question(client, "query", names.DISCO_INFO), question(client, "query", names.VERSION)
    with stopped(server):
        said = [watcher.say(client.jid, "word %d" % i) for i in range(3)]
        answer_disco(client, [names.DISCO_INFO], ("client", "pc", "", "Nice"), disco)
        answer_version(client, "Nice", asked=version)
        nothing_comes(client, 1.5)
    assert [client.expect(message(from_=watcher.jid)).get("id") for _ in said] == [each.id for each in said]


@pytest.mark.recorder_runs("stops it itself")
def test_who_is_denied_meanwhile_has_said_nothing(folk, watcher, server):
    client = judged(folk)
    said = client.say(watcher.jid)
    with stopped(server):
        answer_all(client, "Evil")
        assert client.stream_error() == "policy-violation"
        nothing_comes(watcher, 0.5)
    nothing_comes(watcher)
    assert unread(server, said)
