"""Clients that rules restrict: nobody outside, no files. Both hold for what they send, for what reaches them, and for history."""

import signal

import pytest

from lib import archive, names, rooms
from lib.admission import lines, nothing_comes, person, rules
from lib.component import Component, prepared, settings
from lib.lockdown import switching
from lib.names import tag
from lib.posing import GAJIM_NEW, Posing, Program
from lib.record import content_with, eventually
from lib.server import free_port
from lib.stanza import body_of, child, error_payload, iq, iq_to, message, message_to, presence, presence_to, words

OUT = "gate.example"
PORT = free_port()
INSIDER = Program("Insider", "urn:example:insider", software=("Insider", "1", "Linux"))
BARE = Program("Bare", "urn:example:bare", software=("Bare", "1", "Linux"))

RULES = """rules:
  - { id: insiders, purpose: Nobody outside., clients: { product: Insider }, effect: restrict, restrict: [outside], mode: enforce,
      samples: [{ product: Insider, version: "1", effect: restrict }] }
  - { id: no-files, purpose: No files., clients: { product: Bare }, effect: restrict, restrict: [files], mode: enforce,
      samples: [{ product: Bare, version: "1", effect: restrict }] }
"""
LINK = "<x xmlns='jabber:x:oob'><url>https://files.example.org/a.png</url></x>"
SLOT = "<request xmlns='urn:xmpp:http:upload:0' filename='a.png' size='10'/>"
JINGLE = ("<jingle xmlns='urn:xmpp:jingle:1' action='session-initiate' sid='s1'><content creator='initiator' name='f'>"
          "<description xmlns='urn:xmpp:jingle:apps:file-transfer:5'><file><name>a.png</name></file></description>"
          "<transport xmlns='urn:xmpp:jingle:transports:ice-udp:1'/></content></jingle>")
END = "<jingle xmlns='urn:xmpp:jingle:1' action='session-terminate' sid='s1'><reason><cancel/></reason></jingle>"
SHARED = "<file-sharing xmlns='urn:xmpp:sfs:0'><file xmlns='urn:xmpp:file:metadata:0'><name>a.png</name></file></file-sharing>"


@pytest.fixture(scope="module")
def server(launch):
    def prepare(server):
        prepared(OUT)(server)
        rules(server, RULES)
    return launch("restricted", settings(PORT, outside=[OUT]), prepare=prepare)


@pytest.fixture
def gate(server, folk):
    component = Component(server, PORT, OUT).join()
    yield component
    if component.wire and not component.gone:
        component.end()


@pytest.fixture
def colleague(folk):
    return folk.online(1)[0]


def online(folk, program, account=None):
    """A client of that program that has been judged: its presence has come back."""
    client = Posing(folk.server, account or person(folk).account, program).online()
    if program in (INSIDER, BARE):
        client.expect(message(type="headline"))
        client.take()
    return client


def refused(client, id):
    error = child(client.expect(lambda each: each.get("id") == id and each.get("type") == "error"), "error")
    return [each.tag.split("}")[1] for each in error if not each.tag.endswith("}text")][0]


def is_blocked(server, text, rule):
    entry = content_with(server, text)[0]
    return entry["action"] == "block" and entry["rules"] == [rule]


# --- nobody outside

def test_a_client_without_outside_sends_nothing_there(folk, server, gate):
    client = online(folk, INSIDER)
    said = client.say("mary@" + OUT)
    assert refused(client, said.id) == "policy-violation"
    client.send(presence_to("mary@" + OUT, "subscribe", id="wish"))
    assert refused(client, "wish") == "policy-violation"
    answer = client.iq("get", "<query xmlns='%s'/>" % names.DISCO_INFO, to=OUT)
    assert answer.get("type") == "error"
    nothing_comes(gate)
    assert is_blocked(server, said.body, "insiders")


def test_what_comes_from_outside_goes_to_another_client_of_the_person(folk, gate):
    client = online(folk, INSIDER)
    free = online(folk, GAJIM_NEW, client.account)
    client.iq("set", "<enable xmlns='urn:xmpp:carbons:2'/>")
    text = words("from outside")
    gate.send(message_to(client.bare, "<body>%s</body>" % text, from_="mary@" + OUT))
    free.expect(message(body=text))
    direct = words("straight to it")
    gate.send(message_to(client.jid, "<body>%s</body>" % direct, from_="mary@" + OUT))
    free.expect(message(body=direct))
    assert not [each for each in client.listen(0.5) if text in "".join(each.itertext()) or direct in "".join(each.itertext())]


def test_what_comes_from_outside_waits_where_there_is_no_other(folk, gate):
    client = online(folk, INSIDER)
    text = words("for later")
    gate.send(message_to(client.bare, "<body>%s</body>" % text, from_="mary@" + OUT))
    gate.send(presence_to(client.bare, None, "<status>%s</status>" % words("here"), from_="mary@%s/x" % OUT))
    nothing_comes(client)
    free = online(folk, GAJIM_NEW, client.account)
    free.expect(message(body=text))
    assert not [each for each in client.listen(0.4) if text in "".join(each.itertext())]


def test_nobody_outside_asks_it_anything(folk, gate):
    client = online(folk, INSIDER)
    gate.send(iq_to(client.jid, "get", "<query xmlns='%s'/>" % names.VERSION, id="what", from_="mary@%s/x" % OUT))
    assert refused(gate, "what") == "service-unavailable"


def test_nobody_outside_sees_it(folk, gate):
    """Who sees the person's presence: neither what it says of itself nor that it is there, not even when asked."""
    account = person(folk).account
    free = online(folk, GAJIM_NEW, account)
    seen_by(free, gate)
    text = words("free")
    free.send(presence_to(None, None, "<status>%s</status>" % text))
    gate.expect(lambda each: text in "".join(each.itertext()))
    client = online(folk, INSIDER, account)
    client.send(presence_to(None, None, "<status>%s</status>" % words("restricted")))
    gate.send(presence_to(client.bare, "probe", from_="mary@" + OUT))
    gate.expect(lambda each: text in "".join(each.itertext()))
    free.close()
    gate.expect(presence(type="unavailable"))
    client.send(presence_to(None, "unavailable", "<status>%s</status>" % words("gone")))
    assert not [each for each in gate.listen(0.7) if "restricted" in "".join(each.itertext()) or "gone" in "".join(each.itertext())]


def test_where_the_outside_is_switched_off_nobody_there_sees_anybody(folk, server, gate):
    client = online(folk, GAJIM_NEW)
    seen_by(client, gate)
    with switching(server) as switch:
        switch("outside")
        text = words("locked")
        client.send(presence_to(None, None, "<status>%s</status>" % text))
        assert not [each for each in gate.listen(0.7) if text in "".join(each.itertext())]
        client.close()
        gate.expect(presence(type="unavailable"))


@pytest.mark.recorder_runs("it stops the recorder itself")
def test_what_waited_for_the_record_meanwhile_does_not_go_out(folk, server, gate):
    client = online(folk, GAJIM_NEW)
    with switching(server) as switch:
        server.signal("recorder", signal.SIGSTOP)
        try:
            said = client.say("mary@" + OUT)
            client.listen(0.5)
            switch("outside")
        finally:
            server.signal("recorder", signal.SIGCONT)
        assert refused(client, said.id) == "policy-violation"
        assert not [each for each in gate.listen(0.7) if said.body in "".join(each.itertext())]


def seen_by(client, gate):
    gate.send(presence_to(client.bare, "subscribe", from_="mary@" + OUT))
    client.expect(presence(type="subscribe"))
    client.send(presence_to("mary@" + OUT, "subscribed"))
    gate.expect(presence(type="subscribed"))


def test_people_inside_are_none_of_it(folk, colleague):
    client = online(folk, INSIDER)
    said = client.say(colleague.jid)
    colleague.expect(message(id=said.id))
    heard = colleague.say(client.jid)
    client.expect(message(id=heard.id))


def test_history_of_talks_with_people_outside_is_left_out_for_it(folk, gate, colleague):
    client = online(folk, INSIDER)
    free = online(folk, GAJIM_NEW, client.account)
    said = free.say("mary@" + OUT)
    gate.expect(message(id=said.id))
    text = words("an answer")
    gate.send(message_to(client.bare, "<body>%s</body>" % text, from_="mary@" + OUT))
    free.expect(message(body=text))
    inside = colleague.say(client.bare)
    archive.until_kept(free, said.body, text, inside.body)
    assert archive.history(free).bodies == [said.body, text, inside.body]
    page = archive.history(client)
    assert page.bodies == [inside.body] and page.complete
    assert archive.history(client, **{"with": "mary@" + OUT}).bodies == []
    assert archive.history(free, **{"with": "mary@" + OUT}).bodies == [said.body, text]


# --- no files

@pytest.mark.parametrize("payload", [LINK, SHARED], ids=["link", "shared"])
def test_a_client_without_files_says_none(folk, server, colleague, payload):
    client = online(folk, BARE)
    text = words("look")
    client.send(message_to(colleague.jid, "<body>%s</body>%s" % (text, payload), id="file"))
    assert refused(client, "file") == "policy-violation"
    nothing_comes(colleague)
    assert is_blocked(server, text, "no-files")
    said = client.say(colleague.jid)
    colleague.expect(message(id=said.id))


def test_a_client_without_files_asks_for_no_place_to_put_one_and_offers_none(folk, gate, colleague):
    client = online(folk, BARE)
    colleague.send(presence_to(client.jid))
    client.expect(presence(from_=colleague.jid))
    for to, payload, type in ((OUT, SLOT, "get"), (colleague.jid, JINGLE, "set")):
        client.send(iq_to(to, type, payload, id="file"))
        assert refused(client, "file") == "policy-violation"
    nothing_comes(gate)
    nothing_comes(colleague)


def test_a_file_reaches_another_client_of_the_person(folk, server, colleague):
    client = online(folk, BARE)
    free = online(folk, GAJIM_NEW, client.account)
    client.iq("set", "<enable xmlns='urn:xmpp:carbons:2'/>")
    text = words("look")
    colleague.send(message_to(client.bare, "<body>%s</body>%s" % (text, LINK)))
    free.expect(message(body=text))
    said = colleague.say(client.bare)
    client.expect(message(id=said.id))
    assert not [each for each in client.take() if text in "".join(each.itertext())]
    eventually(lambda: any(each.get("action") == "block" for each in lines(server, "client-rule", client.jid)))
    line = lines(server, "client-rule", client.jid)[-1]
    assert line["rules"] == ["no-files"] and line["of_seq"] == content_with(server, text)[0]["seq"]


def test_a_file_waits_where_there_is_no_other(folk, colleague):
    client = online(folk, BARE)
    text = words("look")
    colleague.send(message_to(client.jid, "<body>%s</body>%s" % (text, LINK)))
    said = colleague.say(client.jid)
    client.expect(message(id=said.id))
    free = online(folk, GAJIM_NEW, client.account)
    assert child(free.expect(message(body=text)), "x", "jabber:x:oob") is not None
    assert not [each for each in client.listen(0.4) if text in "".join(each.itertext())]


def test_an_offer_of_a_file_is_answered_as_if_nobody_was_there(folk, colleague):
    client = online(folk, BARE)
    free = online(folk, GAJIM_NEW, client.account)
    for each in (client, free):
        each.send(presence_to(colleague.jid))
        colleague.expect(presence(from_=each.jid))
    colleague.send(iq_to(client.jid, "set", JINGLE, id="kept"))
    assert refused(colleague, "kept") == "service-unavailable"
    assert not client.take(iq(id="kept"))
    colleague.send(iq_to(free.jid, "set", JINGLE, id="given"))
    free.expect(iq(type="set", id="given"))


def test_what_is_taken_back_is_heard_of_in_any_case(folk, colleague):
    """The end of what was offered, and that somebody cannot take it."""
    client = online(folk, BARE)
    client.send(presence_to(colleague.jid))
    colleague.expect(presence(from_=client.jid))
    colleague.send(iq_to(client.jid, "set", END, id="end"))
    client.expect(iq(type="set", id="end"))
    colleague.send(iq_to(client.jid, "error", JINGLE + error_payload(), id="unasked"))
    client.expect(iq(type="error", id="unasked"))


def test_a_file_in_a_room_reaches_the_others(folk, room):
    client = online(folk, BARE)
    owner, other = folk.online(2)
    rooms.create(owner, room)
    rooms.join(other, room, "other")
    rooms.join(client, room, "bare")
    text, later = words("look"), words("nothing to see")
    owner.send(message_to(room, "<body>%s</body>%s" % (text, LINK), type="groupchat"))
    owner.send(message_to(room, "<body>%s</body>" % later, type="groupchat"))
    other.expect(message(body=text))
    client.expect(message(body=later))
    assert not [each for each in client.take() if body_of(each) == text]


def test_history_of_files_is_left_out_for_it(folk, colleague):
    client = online(folk, BARE)
    text = words("look")
    colleague.send(message_to(client.bare, "<body>%s</body>%s" % (text, LINK)))
    said = colleague.say(client.bare)
    client.expect(message(id=said.id))
    free = online(folk, GAJIM_NEW, client.account)
    archive.until_kept(free, text, said.body)
    assert archive.history(free).bodies == [text, said.body]
    assert archive.history(client).bodies == [said.body]


def test_a_resumed_stream_keeps_its_numbers_and_has_no_file_in_it(folk, server, colleague):
    """What was sent before the rule came, and not acknowledged, is sent again without what stands in it."""
    program = Program("Late", "urn:example:late", software=("Late", "1", "Linux"))
    client = online(folk, program)
    client.sm_enable()
    client.answer_acks = False
    texts = [words("one"), words("two")]
    for text, payload in zip(texts, (LINK, "")):
        colleague.send(message_to(client.jid, "<body>%s</body>%s" % (text, payload)))
        client.expect(message(body=text))
    client.drop()
    try:
        rules(server, RULES + RULES.split("rules:\n")[1].splitlines()[2].replace("no-files", "late").replace("Bare", "Late") + "\n"
              + "      samples: [{ product: Late, version: \"1\", effect: restrict }] }\n")
        assert server.run("reload").returncode == 0
        again = Posing(server, client.account, program).login(bind=False)
        client.sm_in = 0
        assert client.resume_on(again).tag == tag(names.SM, "resumed")
        again.expect(message(body=texts[1]))
        held = again.take(message(from_=colleague.jid))
        assert len(held) == 1 and body_of(held[0]) is None and child(held[0], "x", "jabber:x:oob") is None
    finally:
        rules(server, RULES)
        server.run("reload")
