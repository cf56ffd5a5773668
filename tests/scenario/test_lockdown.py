"""Switching things off in an emergency: what each switch stops, for whom, until when; that nothing waits for the record or the
store, and nothing is lost. Each test uses groups of its own, so that its switches are for its people alone."""

import time

import pytest

from lib import names, record, rooms
from lib.client import Account, Refused
from lib.lockdown import (OOB, REASON, a_group, acts, arrives, headline, member, people, refused, status, stopped_on_its_way,
                          switching)
from lib.names import tag
from lib.posing import GAJIM_NEW, PROFANITY_NEW, PROFANITY_OLD, Posing
from lib.standstill import stopped, store_held
from lib.stanza import Error, iq, message, message_to, presence_to

RTP = ("<iq type='set' id='%s' to='%s'><jingle xmlns='urn:xmpp:jingle:1' action='session-initiate' sid='s'><content creator="
       "'initiator' name='c'><description xmlns='urn:xmpp:jingle:apps:rtp:1' media='audio'/><transport xmlns='urn:xmpp:jingle:"
       "transports:ice-udp:1' pwd='p' ufrag='u'>%s</transport></content></jingle></iq>")
DTLS = "<fingerprint xmlns='urn:xmpp:jingle:apps:dtls:0' hash='sha-256' setup='actpass'>AA</fingerprint>"


@pytest.fixture(scope="module")
def server(launch):
    return launch("lockdown", {"lockdown": {"break_glass_group": "glass"}})


@pytest.fixture
def off(server):
    with switching(server) as switch:
        yield switch


# --- everything

def test_a_program_is_switched_off_by_itself(folk, server, off):
    """A version of it: who is there with it, and who comes with it."""
    old, new, other = [Posing(server, member(folk), program) for program in (PROFANITY_OLD, PROFANITY_NEW, GAJIM_NEW)]
    for each in (old, new, other):
        each.online()
    off("everything", "--product", "Profanity", "--versions", "<0.15")
    assert REASON in headline(old)
    assert old.stream_error() == "policy-violation"
    assert arrives(new, other) is not None
    again = Posing(server, old.account, PROFANITY_OLD).login()
    again.send(presence_to(None, None, again.shown()))
    assert again.stream_error() == "policy-violation"
    back = Posing(server, old.account, PROFANITY_NEW).online()
    assert arrives(other, back) is not None


def test_sessions_end_with_the_reason_and_nobody_logs_in_until_it_is_on_again(folk, server, off):
    group = a_group()
    accounts = [member(folk, group), member(folk, group, language="de"), member(folk)]
    one, german, other = [folk.client(each).online() for each in accounts]
    answer = off("everything", "--group", group, "--for", "1h")
    assert answer["reached"] == 2 and answer["ended"] == 2
    assert "Switched off until 20" in headline(one)
    assert one.stream_error() == "policy-violation"
    assert REASON in one.last_error.find(tag(names.STREAM_ERROR, "text")).text
    assert german.stream_error() == "policy-violation"
    assert german.last_error.find(tag(names.STREAM_ERROR, "text")).text.startswith("Abgeschaltet bis")
    assert arrives(other, folk.client(member(folk)).online()) is not None
    with pytest.raises(Refused) as refusal:
        folk.client(accounts[0]).login()
    assert refusal.value.condition == "temporary-auth-failure"
    assert REASON in refusal.value.element.find(tag(names.SASL, "text")).text
    assert not [each for each in server.sessions() if each["jid"].startswith((accounts[0].jid, accounts[1].jid))]
    server.run("lockdown", "off", answer["switch"]["id"])
    folk.client(accounts[0]).online()


def test_what_is_written_to_who_is_shut_out_waits_for_him(folk, server, off):
    group = a_group()
    shut, other = member(folk, group), folk.online()[0]
    client = folk.client(shut).online()
    answer = off("everything", "--group", group)
    assert client.stream_error() == "policy-violation"
    said = other.say(client.bare, "kept for later")
    other.settle_at("example.org")
    server.json("lockdown", "off", answer["switch"]["id"])
    again = folk.client(shut).online()
    assert again.expect(message(id=said.id)).find(tag(names.CLIENT, "body")).text == said.body


def test_a_stream_that_waits_to_be_resumed_is_ended_and_what_it_had_is_not_lost(folk, server, off):
    group = a_group()
    shut, other = member(folk, group), folk.online()[0]
    client = folk.client(shut).online()
    client.sm_enable()
    client.drop()
    record.eventually(lambda: [each["state"] for each in server.sessions() if each["jid"] == client.jid] == ["resumable"])
    said = other.say(client.bare, "in its queue")
    other.settle_at("example.org")
    answer = off("everything", "--group", group)
    record.eventually(lambda: not [each for each in server.sessions() if each["jid"] == client.jid])
    server.json("lockdown", "off", answer["switch"]["id"])
    again = folk.client(shut).login(bind=False)
    assert client.resume_on(again).tag == tag(names.SM, "failed")
    again.bind()
    again.available()
    again.expect(message(id=said.id))


def test_who_is_in_between_login_and_resource_gets_no_session(folk, server, off):
    group = a_group()
    client = folk.client(member(folk, group)).login(bind=False)
    off("everything", "--group", group)
    answer = client.bind()
    assert Error(answer).condition == "policy-violation" and REASON in Error(answer).text
    assert client.stream_error() == "policy-violation"


def test_one_device_loses_its_session_and_the_other_stays(folk, server, off):
    account = member(folk)
    phone, desk = folk.client(account).online("phone"), folk.client(account).online("desk")
    off("everything", "--device", account.jid + "/phone")
    assert phone.stream_error() == "policy-violation"
    assert desk.iq("get", "<ping xmlns='urn:xmpp:ping'/>", to="example.org").get("type") == "result"
    again = folk.client(account).login(bind=False)
    assert Error(again.bind("phone")).condition == "policy-violation"


def test_an_account_is_shut_out_even_in_the_security_team(folk, server, off):
    glass, friend = people(folk, "glass")
    off("everything", "--account", glass.bare)
    assert glass.stream_error() == "policy-violation"
    assert arrives(friend, folk.client(member(folk)).online()) is not None


def test_those_shut_out_leave_their_rooms(folk, server, room, off):
    group = a_group()
    (owner, third), shut = folk.online(2), people(folk, group, 1)[0]
    rooms.trio_in(room, owner, [shut, third])
    owner.take()
    off("everything", "--group", group)
    owner.expect(lambda each: each.get("type") == "unavailable" and (each.get("from") or "").startswith(room + "/"))


# --- one thing at a time

def test_messages_are_off_and_the_security_team_goes_on_talking(folk, off):
    group = a_group()
    one, other = people(folk, group)
    glass = folk.client(member(folk, "glass", group)).online()
    arrives(one, other)
    answer = off("messages", "--group", group)
    assert answer["reached"] == 2 and answer["ended"] == 0
    assert "messages" in headline(one) and "messages" in headline(other)
    stopped_on_its_way(one, other, "messages")
    arrives(glass, one)
    arrives(one, glass)
    assert one.iq("get", "<ping xmlns='urn:xmpp:ping'/>", to="example.org").get("type") == "result"
    answer = one.iq("set", "<query xmlns='urn:xmpp:mam:2'/>")
    assert Error(answer).condition == "policy-violation"


def test_files_are_off_and_words_go_on(folk, off):
    group = a_group()
    one, other = people(folk, group)
    off("files", "--group", group)
    arrives(one, other)
    stopped_on_its_way(one, other, "files", extra=OOB % "https://example.org/f.png")
    si = "<si xmlns='http://jabber.org/protocol/si' id='a' profile='http://jabber.org/protocol/si/profile/file-transfer'/>"
    assert Error(one.iq("set", si, to=other.jid)).condition == "policy-violation"
    picture = ("<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='urn:xmpp:avatar:data'><item id='x'>"
               "<data xmlns='urn:xmpp:avatar:data'>AA==</data></item></publish></pubsub>")
    assert Error(one.iq("set", picture)).condition == "policy-violation"


def test_links_are_off_to_and_from_the_group(folk, off):
    group = a_group()
    one, other = people(folk, group)
    stranger = folk.online()[0]
    off("links", "--group", group)
    stopped_on_its_way(one, other, "links", "see https://example.org/worm")
    stopped_on_its_way(stranger, one, "links", "see www.example.org")
    arrives(stranger, one, "no link at all")
    arrives(stranger, folk.online()[0], "see https://example.org/x")


def test_calls_are_off_and_can_be_ended(folk, off):
    group = a_group()
    one, other = people(folk, group)
    off("calls", "--group", group)
    one.send(RTP % ("call", other.jid, DTLS))
    refused(one, "call", "calls")
    one.send(message_to(other.jid, "<propose xmlns='urn:xmpp:jingle-message:0' id='c'><description xmlns='urn:xmpp:jingle:apps:"
                        "rtp:1' media='audio'/></propose>", id="propose"))
    refused(one, "propose", "calls")
    one.send(message_to(other.jid, "<finish xmlns='urn:xmpp:jingle-message:0' id='c'/>", id="finish"))
    other.expect(message(id="finish"))


def test_rooms_are_off_those_in_them_leave_and_nobody_is_invited(folk, room, off):
    group = a_group()
    one, other = people(folk, group)
    owner, third = folk.online(2)
    rooms.trio_in(room, owner, [one, third])
    off("rooms", "--group", group)
    one.expect(lambda each: each.get("type") == "unavailable" and (each.get("from") or "").startswith(room + "/"))
    owner.expect(lambda each: each.get("type") == "unavailable" and (each.get("from") or "").startswith(room + "/"))
    one.send(presence_to(room + "/again", None, "<x xmlns='http://jabber.org/protocol/muc'/>", id="enter"))
    refused(one, "enter", "rooms")
    owner.send(message_to(one.jid, "<x xmlns='jabber:x:conference' jid='%s'/>" % room, id="invite", type="normal"))
    refused(owner, "invite", "rooms")
    arrives(one, other)


def test_in_a_room_who_is_left_out_hears_what_others_do_not(folk, room, off):
    """A link said in a room reaches those for whom links are on."""
    group = a_group()
    owner, third = folk.online(2)
    member_ = people(folk, group, 1)[0]
    rooms.trio_in(room, owner, [member_, third])
    off("links", "--group", group)
    said = rooms.say(owner, room, "see https://example.org/worm")
    third.expect(message(type="groupchat", body=said))
    later = rooms.say(owner, room, "no link")
    member_.expect(message(type="groupchat", body=later))
    assert not [each for each in member_.take() if "org/worm" in "".join(each.itertext())]


def test_what_waits_is_looked_at_when_it_is_handed_out(folk, server, off):
    group = a_group()
    account, sender = member(folk, group), folk.online()[0]
    link = sender.say(account.jid, "see https://example.org/worm")
    plain = sender.say(account.jid, "no link")
    sender.settle_at("example.org")
    answer = off("links", "--group", group)
    client = folk.client(account).online()
    assert "links" in headline(client)
    client.expect(message(id=plain.id))
    client.settle_at("example.org")
    assert not [each for each in client.inbox if each.get("id") == link.id]
    server.json("lockdown", "off", answer["switch"]["id"])
    assert "Switched on again" in headline(client)
    client.expect(message(id=link.id))
    assert not [each for each in client.settle_at("example.org") if each.get("id") == plain.id]


def test_what_a_client_that_is_away_had_in_its_queue_is_looked_at_too(folk, server, off):
    group = a_group()
    account, sender = member(folk, group), folk.online()[0]
    client = folk.client(account).online()
    client.sm_enable()
    client.drop()
    record.eventually(lambda: [each["state"] for each in server.sessions() if each["jid"] == client.jid] == ["resumable"])
    link = sender.say(client.bare, "see https://example.org/worm")
    sender.settle_at("example.org")
    answer = off("links", "--group", group)
    again = folk.client(account).login(bind=False)
    assert client.resume_on(again).tag == tag(names.SM, "failed")
    again.bind()
    again.available()
    again.settle_at("example.org")
    assert not [each for each in again.inbox if each.get("id") == link.id]
    server.json("lockdown", "off", answer["switch"]["id"])
    again.expect(message(id=link.id))


# --- invitations

def test_an_invitation_waits(folk, server, off):
    invite = server.json("invite", "create", "--group", "lock-invited")["invite"]
    token = invite["uri"].split("preauth=")[1]
    member(folk, "lock-invited")
    answer = off("everything", "--group", "lock-invited")
    preauth = "<iq type='set' id='pa' to='example.org'><preauth xmlns='urn:xmpp:pars:0' token='%s'/></iq>" % token

    def ask():
        guest = folk.client(Account("guest@example.org", "x")).connect()
        guest.start()
        guest.raw(preauth)
        return guest.next()
    got = ask()
    assert Error(got).condition == "not-allowed" and REASON in Error(got).text
    server.json("lockdown", "off", answer["switch"]["id"])
    assert ask().get("type") == "result"


# --- the end, restarts, the record

def test_it_ends_by_itself_and_people_hear_of_it(folk, server, off):
    group = a_group()
    one, other = people(folk, group)
    answer = off("messages", "--group", group, "--for", "2s")
    assert "until" in headline(one)
    stopped_on_its_way(one, other, "messages")
    assert "Switched on again" in headline(one)
    arrives(one, other)
    assert answer["switch"]["id"] not in [each["id"] for each in status(server)["switches"]]
    record.eventually(lambda: [each for each in acts(server, "lockdown.end") if each["text"] == answer["switch"]["id"]])


def test_the_same_is_not_switched_off_twice(folk, server, off):
    group = a_group()
    member(folk, group)
    member(folk, "glass")
    id = off("links", "--group", group)["switch"]["id"]
    again = server.run("lockdown", "on", "links", "--group", group, "--for", "2h", "--reason", "another reason")
    assert again.returncode == 1 and id in again.stderr and "lockdown extend %s" % id in again.stderr
    off("files", "--group", group)
    off("links", "--group", group, "--except", "glass")
    assert len([each for each in status(server)["switches"] if each["name"] == group]) == 3


def test_one_that_takes_longer_gets_another_end_and_people_hear_of_it(folk, server, off):
    group = a_group()
    one, other = people(folk, group)
    id = off("messages", "--group", group, "--for", "3s")["switch"]["id"]
    assert "until" in headline(one)
    answer = server.json("lockdown", "extend", id, "--for", "1h")
    assert answer["reached"] == 2 and answer["switch"]["reason"] == REASON and answer["ended"] == 0
    told = headline(one)
    assert told.startswith("Switched off until") and REASON in told
    row, = [each for each in status(server)["switches"] if each["id"] == id]
    assert row["end"] == answer["switch"]["end"] and row["start"] < row["end"]
    time.sleep(4)
    stopped_on_its_way(one, other, "messages")
    server.json("lockdown", "extend", id, "--no-end")
    assert "further notice" in headline(one)
    server.json("lockdown", "extend", id, "--for", "2s")  # shorter
    assert "until" in headline(one) and "Switched on again" in headline(one)
    arrives(one, other)
    record.eventually(lambda: len([each for each in acts(server, "lockdown.extend") if id in each["text"]]) == 3)
    gone = server.run("lockdown", "extend", id, "--for", "1h")
    assert gone.returncode == 1 and "no such switch" in gone.stderr
    for options in ([], ["--for", "1h", "--no-end"], ["--until", "2020-01-01T00:00:00Z"], ["--for", "soon"]):
        assert server.run("lockdown", "extend", id, *options).returncode in (1, 2)


@pytest.mark.recorder_runs("the server is started anew")
def test_a_restart_changes_nothing_and_an_end_is_not_missed(folk, server, off):
    group, short = a_group(), a_group()
    shut, brief = member(folk, group), member(folk, short)
    answer = off("everything", "--group", group)
    ended = off("everything", "--group", short, "--for", "2s")
    longer = off("links", "--group", group, "--for", "1h")["switch"]["id"]
    end = server.json("lockdown", "extend", longer, "--for", "2h")["switch"]["end"]
    server.restart()
    assert [each["end"] for each in status(server)["switches"] if each["id"] == longer] == [end]
    ids = [each["id"] for each in status(server)["switches"]]
    assert answer["switch"]["id"] in ids
    with pytest.raises(Refused) as refusal:
        folk.client(shut).login()
    assert REASON in refusal.value.element.find(tag(names.SASL, "text")).text

    def over():
        return [each for each in acts(server, "lockdown.end") if each["text"] == ended["switch"]["id"]]
    record.eventually(over, 10)
    folk.client(brief).online()
    server.restart()
    assert len(over()) == 1


@pytest.mark.recorder_runs("it stops it itself")
def test_it_is_done_while_the_record_takes_nothing_and_recorded_when_it_can(folk, server, off):
    group = a_group()
    shut = people(folk, group, 1)[0]
    with stopped(server):
        begun = time.monotonic()
        answer = off("everything", "--group", group)
        assert time.monotonic() - begun < 5
        assert shut.stream_error() == "policy-violation"
    id = answer["switch"]["id"]
    record.eventually(lambda: [each for each in acts(server, "lockdown.on") if id in each["text"]])
    record.eventually(lambda: [each for each in acts(server, "lockdown.reached") if id in each["text"]])


@pytest.mark.recorder_runs("it is about the store")
def test_it_is_done_while_the_store_takes_nothing(folk, server, off):
    group = a_group()
    shut = people(folk, group, 1)[0]
    with store_held(server):
        off("everything", "--group", group)
        assert shut.stream_error() == "policy-violation"


def test_each_step_is_in_the_record(folk, server, off):
    group = a_group()
    one, other = people(folk, group)
    answer = off("links", "--group", group, "--for", "1h")
    id = answer["switch"]["id"]
    stopped_on_its_way(one, other, "links", "see https://example.org/recorded")
    server.json("lockdown", "off", id)
    on = [each for each in acts(server, "lockdown.on") if id in each["text"]]
    assert len(on) == 1 and on[0]["target"] == "group " + group and REASON in on[0]["text"] and on[0]["actor"]
    assert [each for each in acts(server, "lockdown.reached") if id in each["text"] and "2 sessions" in each["text"]]
    assert [each for each in acts(server, "lockdown.off") if id in each["text"]]
    entry = record.content_with(server, "https://example.org/recorded")[0]
    assert entry["action"] == "block" and id in entry["rules"]


# --- rehearsing

def test_a_rehearsal_names_whom_it_would_hit_and_changes_nothing(folk, server, room):
    group = a_group()
    accounts = [member(folk, group, "lock-second") for _ in range(3)]
    clients = [folk.client(each).online() for each in accounts[:2]]
    owner, third = folk.online(2)
    rooms.trio_in(room, owner, [clients[0], third])
    for command, more in (("rehearse", []), ("on", ["--dry-run", "--reason", "An exercise."])):
        answer = server.json("lockdown", command, "everything", "--group", group, *more)
        assert sorted(answer["people"]) == sorted(each.jid for each in accounts)
        assert answer["sessions"] == 2 and answer["resumable"] == 0
        assert sorted(answer["groups"]) == sorted([group, "lock-second"])
        assert answer["rooms"] == [room]
    for client in clients:
        assert not [each for each in client.settle_at("example.org") if each.get("type") == "headline"]
    assert not [each for each in status(server)["switches"] if each["name"] == group]
    assert len([each for each in acts(server, "lockdown.rehearse") if each["target"] == "group " + group]) == 2


@pytest.mark.parametrize("options, said", [
    (["everythin"], "what is to be off"),
    (["files", "--group", "lock-nobody"], "nobody is in this group"),
    (["files", "--account", "nobody-here@example.org"], "no such account"),
    (["files", "--device", "x"], "a device is"),
    (["files", "--product", "Gajim", "--versions", "about two"], "range of versions"),
    (["files", "--until", "2001-01-01T00:00:00Z"], "a time to come"),
    (["files", "--except", "lock-nobody"], "nobody is in the group"),
    (["files", "--for", "soon"], "no time"),
])
def test_what_makes_no_sense_is_refused(server, options, said):
    done = server.run("lockdown", "on", *options, "--reason", "x")
    assert done.returncode == 2 and said in done.stderr, done.stderr


def test_a_reason_is_asked_for(server):
    done = server.run("lockdown", "on", "files")
    assert done.returncode == 2 and "say why" in done.stderr


# --- weaker channels

def test_a_call_without_encryption_is_refused_and_one_with_it_is_not(folk, server):
    one, other = folk.friends()
    one.send(RTP % ("bare", other.jid, ""))
    error = one.expect(iq(id="bare"))
    assert Error(error).condition == "policy-violation" and "DTLS-SRTP" in Error(error).text
    one.send(RTP % ("good", other.jid, DTLS))
    other.expect(iq(id="good"))
    entry = [each for each in record.content_with(server, "session-initiate") if "channel-weak-call" in each.get("rules", [])]
    assert entry and entry[0]["action"] == "block"


@pytest.mark.parametrize("url, passes", [("https://example.org/f", True), ("http://example.org/f", False),
                                         ("ftp://example.org/f", False)])
def test_a_file_over_an_unprotected_connection_is_refused(folk, url, passes):
    one, other = folk.online(2)
    said = one.say(other.jid, "a file", extra=OOB % url)
    if passes:
        other.expect(message(id=said.id))
    else:
        assert "http:" in Error(one.expect(message(id=said.id, type="error"))).text


def test_all_may_be_switched_on_again_where_nothing_is_off(server):
    assert server.run("lockdown", "off", "all").returncode == 0
    done = server.run("lockdown", "off", "all")
    assert done.returncode == 0 and "nothing was switched off" in done.stdout, done.stderr
    assert server.json("lockdown", "off", "all")["switches"] == []
    assert server.run("lockdown", "off", "L-none").returncode == 1
