"""What is switched off for somebody, for a program or for one device does not reach him, it, whatever way it comes: from others and
from his own devices, out of a room and its history, from what waits, from a look at somebody's picture, by a token instead of a
password. And a switch with its end is the same after restarts on later days, and in a store made anew from the record."""

import pytest

from lib import archive, clock, names, pep, record, rooms, sasl2
from lib.client import Refused
from lib.folk import befriend
from lib.lockdown import (OOB, REASON, a_group, acts, arrives, headline, member, nothing_of, on_again, people, status, switching)
from lib.names import tag
from lib.posing import GAJIM_NEW, GAJIM_OLD, PROFANITY_NEW, Posing
from lib.stanza import Error, body_of, child, message, message_to, presence
from test_backup import backup, lose_store, rebuild

FILE = OOB % "https://example.org/wormy.png"
PICTURE = "<vCard xmlns='vcard-temp'><PHOTO><TYPE>image/png</TYPE><BINVAL>iVBORw0KGgo=</BINVAL></PHOTO></vCard>"


@pytest.fixture(scope="module")
def server(launch):
    return launch("lockdown-ways", {"lockdown": {"break_glass_group": "glass"}, "clients": {"ask": True}})


@pytest.fixture
def off(server):
    with switching(server) as switch:
        yield switch


def with_program(server, account, program):
    """Online, and the server knows with what."""
    client = Posing(server, account, program).online()

    def is_known():
        client.settle_at("example.org")
        known, = [each for each in server.sessions() if each["jid"] == client.jid]
        return (known["product"], known["version"]) == program.software[:2]
    record.eventually(is_known)
    return client


@pytest.fixture
def pair(folk, server):
    """Somebody with two programs, and who writes to him."""
    account = member(folk, a_group())
    return with_program(server, account, GAJIM_NEW), with_program(server, account, PROFANITY_NEW), folk.online(1)[0]


# --- one program

def test_no_file_comes_to_a_program_or_from_it_and_words_do(off, pair):
    gajim, other, sender = pair
    answer = off("files", "--product", "Gajim")
    assert answer["reached"] == 1 and "files" in headline(gajim)
    word = sender.say(gajim.bare, "a word")
    file = sender.say(gajim.bare, "wormy", extra=FILE)
    for client in (gajim, other):
        client.expect(message(id=word.id))
    other.expect(message(id=file.id))
    nothing_of(gajim, "wormy")
    mine = gajim.say(sender.jid, "mine", extra=FILE)
    assert REASON in Error(gajim.expect(message(id=mine.id, type="error"))).text
    theirs = other.say(sender.jid, "theirs", extra=FILE)
    sender.expect(message(id=theirs.id))


def test_versions_of_a_program(folk, server, off):
    account, sender = member(folk, a_group()), folk.online(1)[0]
    old, new = [with_program(server, account, each) for each in (GAJIM_OLD, GAJIM_NEW)]
    off("files", "--product", "Gajim", "--versions", "<1.8")
    file = sender.say(old.bare, "wormy", extra=FILE)
    new.expect(message(id=file.id))
    nothing_of(old, "wormy")


def test_copies_of_what_other_devices_send_and_get_do_not_come_to_it(off, pair):
    gajim, other, sender = pair
    assert gajim.iq("set", "<enable xmlns='%s'/>" % names.CARBONS).get("type") == "result"
    off("files", "--product", "Gajim")
    headline(gajim)
    sent = other.say(sender.bare, "wormy, sent", extra=FILE)
    sender.expect(message(id=sent.id))
    got = sender.say(other.jid, "wormy, got", extra=FILE)
    other.expect(message(id=got.id))
    word = other.say(sender.bare, "a word")
    gajim.expect(message(where=lambda each: word.body in "".join(each.itertext())))
    nothing_of(gajim, "wormy")


def test_what_only_that_program_could_get_waits_for_the_end(folk, server, off):
    account, sender = member(folk, a_group()), folk.online(1)[0]
    gajim = with_program(server, account, GAJIM_NEW)
    answer = off("files", "--product", "Gajim")
    headline(gajim)
    file = sender.say(gajim.bare, "wormy", extra=FILE)
    word = sender.say(gajim.bare, "a word")
    gajim.expect(message(id=word.id))
    nothing_of(gajim, "wormy")
    on_again(server, answer)
    assert "Switched on again" in headline(gajim)
    gajim.expect(message(id=file.id))
    assert not [each for each in gajim.settle_at("example.org") if each.get("id") in (file.id, word.id)]


def test_another_program_of_his_fetches_what_waits(folk, server, off):
    account, sender = member(folk, a_group()), folk.online(1)[0]
    gajim = with_program(server, account, GAJIM_NEW)
    off("files", "--product", "Gajim")
    headline(gajim)
    file = sender.say(gajim.bare, "wormy", extra=FILE)
    sender.settle_at("example.org")
    other = Posing(server, account, PROFANITY_NEW).online()
    other.expect(message(id=file.id))


def test_it_asks_for_no_history_in_which_files_stand_and_the_other_program_does(off, pair):
    gajim, other, sender = pair
    said = sender.say(gajim.bare, "wormy", extra=FILE)
    for client in (gajim, other):
        client.expect(message(id=said.id))
    off("files", "--product", "Gajim")
    headline(gajim)
    answer = gajim.iq("set", archive.query_text())
    assert Error(answer).condition == "policy-violation" and REASON in Error(answer).text
    assert said.body in archive.history(other).bodies


def test_no_call_comes_to_it(off, pair):
    gajim, other, sender = pair
    off("calls", "--product", "Gajim")
    headline(gajim)
    propose = ("<propose xmlns='urn:xmpp:jingle-message:0' id='%s'><description xmlns='urn:xmpp:jingle:apps:rtp:1' media='audio'/>"
               "</propose>")
    sender.send(message_to(gajim.bare, propose % "ring", id="ring", type="chat"))
    other.expect(message(id="ring"))
    nothing_of(gajim, "ring")


def test_a_program_is_in_no_room_and_is_not_invited(folk, room, off, pair):
    gajim, other, sender = pair
    third, = folk.online(1)
    rooms.trio_in(room, sender, [gajim, third])
    rooms.join(other, room, "other")
    off("rooms", "--product", "Gajim")
    third.expect(presence(type="unavailable", where=lambda each: each.get("from", "").startswith(room)))
    said = rooms.say(third, room, "among us")
    other.expect(message(type="groupchat", body=said))
    sender.send(message_to(gajim.bare, "<x xmlns='jabber:x:conference' jid='%s'/>" % room, id="come", type="normal"))
    other.expect(message(id="come"))
    got = gajim.settle_at("example.org") + list(gajim.inbox)
    assert not [each for each in got if each.get("id") == "come" or "among us" in "".join(each.itertext())]


# --- one device

def test_one_device_by_its_address_gets_no_file_written_to_the_account(off, pair):
    device, other, sender = pair
    off("files", "--device", device.jid)
    assert "files" in headline(device)
    file = sender.say(device.bare, "wormy", extra=FILE)
    other.expect(message(id=file.id))
    nothing_of(device, "wormy")
    stopped = sender.say(device.jid, "wormy, there", extra=FILE)
    assert REASON in Error(sender.expect(message(id=stopped.id, type="error"))).text


def test_one_installation_gets_no_link_and_no_session_when_all_is_off_for_it(folk, off):
    account, sender = member(folk, a_group()), folk.online(1)[0]
    agent = sasl2.agent()
    here, other = sasl2.login(folk, account, agent), folk.client(account).login()
    for client in (here, other):
        client.available()
    answer = off("links", "--device", agent.id)
    assert answer["reached"] == 1
    link = sender.say(here.bare, "see https://example.org/wormy")
    other.expect(message(id=link.id))
    nothing_of(here, "wormy")
    off("everything", "--device", agent.id)
    assert here.stream_error() == "policy-violation"
    client = sasl2.connect(folk, account)
    with pytest.raises(Refused) as refusal:
        sasl2.authenticate(client, agent=agent, inline=sasl2.bind())
    assert REASON in refusal.value.element.find(tag(names.SASL2, "text")).text
    assert other.iq("get", "<ping xmlns='urn:xmpp:ping'/>", to="example.org").get("type") == "result"


def test_a_token_does_not_get_around_it_and_is_good_again_afterwards(folk, server, off):
    group = a_group()
    account, agent = member(folk, group), sasl2.agent()
    client = sasl2.connect(folk, account)
    success = sasl2.authenticate(client, agent=agent, inline=sasl2.request_token("HT-SHA-256-NONE") + sasl2.bind())
    token = sasl2.token_in(success, "HT-SHA-256-NONE")
    client.expect(lambda each: each.tag == tag(names.STREAM, "features"))
    answer = off("everything", "--group", group)
    assert client.stream_error() == "policy-violation"
    again = sasl2.connect(folk, account)
    with pytest.raises(Refused) as refusal:
        sasl2.use_token(again, token, agent, inline=sasl2.bind())
    assert refusal.value.condition == "temporary-auth-failure"
    assert REASON in refusal.value.element.find(tag(names.SASL2, "text")).text
    assert not [each for each in server.sessions() if each["jid"].startswith(account.jid)]

    def failed():
        return [each for each in record.entries(server.dir / "record") if each["type"] == "login-failed" and each["from"] == account.jid]
    record.eventually(failed)
    assert failed()[-1]["reason"] == "switched off"
    on_again(server, answer)
    again = sasl2.connect(folk, account)
    sasl2.use_token(again, token, agent, inline=sasl2.bind())
    assert again.bare == account.jid


# --- what was there before

def test_who_enters_a_room_is_not_shown_what_is_off_for_him(folk, room, off):
    group = a_group()
    owner, third = folk.online(2)
    one, free = people(folk, group, 1)[0], folk.online(1)[0]
    rooms.trio_in(room, owner, folk.online(2))
    rooms.say(owner, room, "see https://example.org/wormy")
    plain = rooms.say(owner, room, "no link")
    off("links", "--group", group)
    for client, links in ((free, 1), (one, 0)):
        client.take()
        rooms.join(client, room, "late%d" % links)
        got = [body_of(each) for each in client.take(message(type="groupchat"))]
        assert plain in got and len([each for each in got if "wormy" in each]) == links
    answer = one.iq("set", archive.query_text(), to=room)
    assert Error(answer).condition == "policy-violation"


def test_what_is_in_the_queue_of_a_connection_that_breaks_is_not_sent_again(folk, server, off):
    """The client has not said that it has it when the switch comes, and comes back."""
    group = a_group()
    account, sender = member(folk, group), folk.online(1)[0]
    client = folk.client(account).online()
    client.sm_enable()
    client.answer_acks = False
    link = sender.say(client.bare, "see https://example.org/wormy")
    client.expect(message(id=link.id))
    answer = off("links", "--group", group)
    client.drop()
    record.eventually(lambda: [each["state"] for each in server.sessions() if each["jid"] == client.jid] == ["resumable"])
    again = folk.client(account).login(bind=False)
    assert client.resume_on(again, h=0).tag == tag(names.SM, "failed")
    again.bind()
    again.available()
    nothing_of(again, "wormy")
    on_again(server, answer)
    again.expect(message(id=link.id))


def test_a_picture_is_not_shown_and_a_link_in_a_status_is_not(folk, server, off):
    group = a_group()
    friend, one = folk.online(1)[0], people(folk, group, 1)[0]
    befriend(friend, one)
    assert friend.iq("set", PICTURE).get("type") == "result"
    assert one.iq("get", "<vCard xmlns='vcard-temp'/>", to=friend.bare).get("type") == "result"
    off("files", "--group", group)
    off("links", "--group", group)
    answer = one.iq("get", "<vCard xmlns='vcard-temp'/>", to=friend.bare)
    assert Error(answer).condition == "policy-violation" and REASON in Error(answer).text
    one.take()
    friend.available("<show>dnd</show><status>see https://example.org/wormy</status>")
    shown = one.expect(presence(from_=friend.jid, where=lambda each: child(each, "show") is not None))
    assert child(shown, "show").text == "dnd" and child(shown, "status") is None


def test_what_somebody_publishes_does_not_come_to_who_gets_no_links(folk, off):
    group = a_group()
    friend, one = folk.online(1)[0], people(folk, group, 1)[0]
    befriend(friend, one)
    pep.interested(one, "http://jabber.org/protocol/tune")
    off("links", "--group", group)
    for text in ("see https://example.org/wormy", "no link"):
        assert friend.iq("set", "<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='http://jabber.org/protocol/tune'>"
                         "<item><tune xmlns='http://jabber.org/protocol/tune'><title>%s</title></tune></item></publish></pubsub>"
                         % text).get("type") == "result"
    one.expect(message(where=lambda each: "no link" in "".join(each.itertext())))
    nothing_of(one, "wormy")


def test_everything_is_off_and_the_security_team_goes_on_talking(folk, off):
    group = a_group()
    one = people(folk, group, 1)[0]
    guard, other = [folk.client(member(folk, "glass", group)).online() for _ in range(2)]
    answer = off("everything", "--group", group)
    assert answer["reached"] == 1 and one.stream_error() == "policy-violation"
    arrives(guard, other)
    arrives(other, guard, "see https://example.org/report")
    folk.client(guard.account).online()
    everybody = off("everything")
    assert everybody["switch"]["scope"] == "all"
    arrives(guard, other)
    folk.client(guard.account).online()


# --- days

@pytest.mark.recorder_runs("the server is started anew")
def test_a_switch_with_its_end_is_the_same_on_the_next_day_and_gone_on_the_one_after(launch):
    server = launch("lockdown-days", env=clock.at(clock.TODAY))  # its certificate holds from then on
    account, = server.people(1)
    until = clock.noon(2).strftime("%Y-%m-%dT%H:%M:%SZ")
    on = server.json("lockdown", "on", "everything", "--account", account.jid, "--until", until, "--reason", REASON)["switch"]

    def on_day(n):
        server.stop()
        server.env = clock.at(clock.noon(n))
        server.start()

    on_day(1)
    assert [each["id"] for each in status(server)["switches"]] == [on["id"]]
    with pytest.raises(Refused) as refusal:
        server.client(account).login()
    text = refusal.value.element.find(tag(names.SASL, "text")).text
    assert REASON in text and until[:10] in text
    on_day(3)
    assert not status(server)["switches"]
    server.client(account).online()

    def over():
        return [each for each in acts(server, "lockdown.end") if each["text"] == on["id"]]
    record.eventually(over)
    on_day(4)
    assert len(over()) == 1


def by_id(server):
    return {each["id"]: each for each in status(server)["switches"]}


@pytest.mark.recorder_runs("the server is started anew")
@pytest.mark.parametrize("copied", [False, True])
def test_a_store_made_anew_from_the_record_has_what_is_off(launch, copied):
    server = launch("lockdown-anew-%s" % ("copy" if copied else "record"))
    account, = server.people(1)

    def on(*options):
        return server.json("lockdown", "on", *options)["switch"]
    before, gone = on("links", "--reason", "Before \"it\"; of all: things", "--for", "1h"), on("calls", "--reason", "Not for long.")
    where = ("--store", backup(server, server.parent / "shelf")["backup"]) if copied else ()
    server.json("lockdown", "off", gone["id"])
    shut = on("everything", "--account", account.jid, "--reason", "Gestohlenes Telefon", "--until", "2100-01-01T00:00:00Z")
    program = on("files", "--product", "Gajim", "--versions", ">=1.0, <1.8", "--reason", "See \\ there.")
    short = on("rooms", "--reason", "A moment.", "--for", "1s")
    server.json("lockdown", "extend", shut["id"], "--until", "2101-01-01T00:00:00Z")
    record.eventually(lambda: [each for each in acts(server, "lockdown.end") if each["text"] == short["id"]])
    assert set(by_id(server)) == {before["id"], shut["id"], program["id"]}
    was = by_id(server)
    server.stop()
    lose_store(server)
    assert rebuild(server, *where)["switches"] == 3
    server.start()
    assert by_id(server) == was
    with pytest.raises(Refused):
        server.client(account).login()
