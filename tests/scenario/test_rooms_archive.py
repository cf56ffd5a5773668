"""What was said in a room can be read later (XEP-0313), is shown to who enters after a restart, and can be taken back by
who said it (XEP-0424) or by a moderator (XEP-0425): users see a tombstone, the record keeps everything."""

import os
import signal

import pytest

from lib import names, record
from lib.archive import history, inner, refused, result
from lib.client import Account
from lib.names import tag
from lib.record import eventually
from lib.rooms import codes, configure, create, entry, item, join, occupant, say, subject_of
from lib.rules import add_rules, wall_rule, word_rule
from lib.server import PASSWORD_MARK
from lib.stanza import Error, body, body_of, child, element, message, message_to, presence_to, stanza_id

RULES = (
    word_rule("archive-word", "plughword", "Not this."),
    wall_rule("archive-wall", ("group:archive-east", "group:archive-west")),
)


@pytest.fixture(scope="module")
def server(launch):
    def prepare(server):
        add_rules(server, *RULES)
    return launch("rooms-archive", prepare=prepare)


@pytest.fixture
def pair(folk, room):
    """An owner in a room that stays, and somebody who came in."""
    alice, bob = folk.online(2)
    create(alice, room, "alice", persistentroom="1")
    join(bob, room, "bob")
    alice.expect(occupant(room, "bob"))
    alice.take()
    return alice, bob


def heard(client, text):
    return client.expect(message(body=text))


def features(client, room):
    return {each.get("var") for each in client.ask(names.DISCO_INFO, to=room).iter(tag(names.DISCO_INFO, "feature"))}


def real(forwarded):
    found = item(forwarded)
    return None if found is None else found.get("jid")


def talk(alice, bob, room, count):
    said = []
    for number in range(count):
        speaker, hearer = (alice, bob) if number % 2 == 0 else (bob, alice)
        said.append(say(speaker, room, "number %d" % number))
        heard(hearer, said[-1])
    return said


# --- reading

def test_what_was_said_is_read_by_its_room_with_ids_that_were_seen(pair, room):
    alice, bob = pair
    said, ids = [], []
    for speaker in (alice, bob):
        said.append(say(speaker, room))
        ids.append(stanza_id(heard(bob, said[-1]), room))
    page = history(bob, to=room)
    assert page.bodies == said and page.ids == ids and page.complete
    first, second = [inner(each) for each in page.results]
    assert first.get("from") == room + "/alice" and first.get("to") is None and first.get("type") == "groupchat"
    assert page.results[0].get("from") == room and page.answer.get("from") == room
    assert child(first, "occupant-id", names.OCCUPANT_ID) is not None
    assert child(first, "delay", names.DELAY) is None
    assert real(first) is None  # the room is semi-anonymous and bob no moderator
    assert real(inner(history(alice, to=room).results[1])) == bob.jid
    assert {names.MAM, names.MAM + "#extended", names.RETRACT, names.RETRACT + "#tombstone",
            names.MODERATE} <= features(bob, room)


def test_real_addresses_are_for_all_where_the_room_says_so(pair, room):
    alice, bob = pair
    heard(bob, say(alice, room))
    assert configure(alice, room, whois="anyone").get("type") == "result"
    assert real(inner(history(bob, to=room).results[0])) == alice.jid


def test_pages_bounds_and_who_said_it(pair, room):
    alice, bob = pair
    said = talk(alice, bob, room, 7)
    page = history(bob, to=room, rsm="<max>3</max>")
    assert page.bodies == said[:3] and not page.complete
    assert history(bob, to=room, rsm="<max>3</max><after>%s</after>" % page.last).bodies == said[3:6]
    assert history(bob, to=room, rsm="<max>2</max><before/>").bodies == said[-2:]
    assert history(bob, to=room, rsm="<max>0</max>").count == "7"
    assert history(bob, to=room, ids=page.ids[:2]).bodies == said[:2]
    assert history(bob, to=room, **{"with": room + "/bob"}).bodies == said[1::2]
    assert history(alice, to=room, **{"with": bob.bare}).bodies == said[1::2]
    assert history(bob, to=room, **{"with": bob.bare}).bodies == said[1::2]
    assert refused(bob, to=room, **{"with": alice.bare}) == ("auth", "forbidden")  # it would tell who alice is
    assert refused(bob, to=room, rsm="<max>2</max><after>nothing</after>") == ("cancel", "item-not-found")


def test_the_form_and_the_ends(pair, room):
    alice, bob = pair
    said = talk(alice, bob, room, 3)
    form = bob.iq("get", "<query xmlns='%s'/>" % names.MAM, to=room)
    assert {"with", "start", "end", "ids"} <= {each.get("var") for each in form.iter(tag(names.DATA_FORMS, "field"))}
    ends = bob.iq("get", "<metadata xmlns='%s'/>" % names.MAM, to=room)
    page = history(bob, to=room)
    assert page.bodies == said
    found = child(ends, "metadata", names.MAM)
    assert child(found, "start", names.MAM).get("id") == page.ids[0]
    assert child(found, "end", names.MAM).get("id") == page.ids[-1]


@pytest.mark.parametrize("fields", [dict(membersonly="1"), dict(passwordprotectedroom="1", roomsecret="earl")])
def test_strangers_of_a_closed_room_read_nothing(pair, room, folk, fields):
    alice, bob = pair
    dave, = folk.online(1)
    heard(bob, say(alice, room))
    assert len(history(dave, to=room).results) == 1
    assert configure(alice, room, **fields).get("type") == "result"
    assert refused(dave, to=room) == ("auth", "forbidden")
    assert Error(dave.iq("get", "<metadata xmlns='%s'/>" % names.MAM, to=room)).condition == "forbidden"
    assert history(alice, to=room).results


def test_the_banned_read_nothing(pair, room):
    alice, bob = pair
    heard(bob, say(alice, room))
    alice.ask(names.MUC_ADMIN, to=room, type="set", payload=element("item", "", nick="bob", affiliation="outcast"))
    assert refused(bob, to=room) == ("auth", "forbidden")


def test_a_wall_holds_for_what_was_said_before(server, folk, room):
    def person(group):
        account = Account("wall-%s@%s" % (group, server.domain), PASSWORD_MARK + "rooms")
        server.import_csv("%s,%s,Person,archive-%s,,,\n" % (account.jid, account.password, group))
        return folk.client(account).online()
    east, west = person("east"), person("west")
    alice, = folk.online(1)
    create(alice, room)
    join(east, room, "east")
    heard(alice, say(east, room))
    assert refused(west, to=room) == ("modify", "policy-violation")  # who may not enter now
    east.send(presence_to(room + "/east", "unavailable"))
    alice.expect(occupant(room, "east", "unavailable"))
    text = say(alice, room)
    heard(alice, text)
    assert history(west, to=room).bodies == [text]


def test_what_is_not_in_it(pair, room):
    alice, bob = pair
    alice.send(message_to(room + "/bob", body("for one"), type="chat"))
    heard(bob, "for one")
    alice.send(message_to(room, body("a plughword"), type="groupchat", id="no"))
    alice.expect(message(id="no", type="error"))
    heard(bob, say(alice, room, extra="<no-store xmlns='%s'/>" % names.HINTS))
    alice.send(message_to(room, "<composing xmlns='%s'/>" % names.CHATSTATES, type="groupchat", id="typing"))
    bob.expect(message(id="typing"))
    alice.send(message_to(room, "<subject>Tea</subject>", type="groupchat"))
    bob.expect(subject_of(room, "Tea"))
    text = say(alice, room)
    heard(bob, text)
    subject, said = [inner(each) for each in history(bob, to=room).results]
    assert child(subject, "subject").text == "Tea" and body_of(said) == text


def test_without_an_archive(pair, room):
    alice, bob = pair
    heard(bob, say(alice, room))
    assert configure(alice, room, enablearchiving="0").get("type") == "result"
    assert "171" in codes(bob.expect(message(where=lambda e: "171" in codes(e))))
    assert names.MAM not in features(bob, room)
    assert refused(bob, to=room) == ("cancel", "service-unavailable")
    heard(bob, say(alice, room))
    assert configure(alice, room, enablelogging="1").get("type") == "result"
    assert "170" in codes(bob.expect(message(where=lambda e: "170" in codes(e))))
    assert len(history(bob, to=room).results) == 1  # what was said meanwhile is not there


def test_a_new_room_of_the_same_name_has_no_past(folk, room):
    alice, bob = folk.online(2)
    create(alice, room)
    text = say(alice, room)
    heard(alice, text)
    assert history(alice, to=room).bodies == [text]
    alice.send(presence_to(room + "/owner", "unavailable"))
    alice.expect(occupant(room, "owner", "unavailable"))
    create(bob, room)
    assert history(bob, to=room).bodies == []
    assert bob.iq("get", "<metadata xmlns='%s'/>" % names.MAM, to=room).find(
        ".//" + tag(names.MAM, "start")) is None


# --- after a restart

def entered(client, room, nick):
    """What one is shown on entering: the messages before the subject."""
    client.take()
    client.send(entry(room, nick))
    client.expect(subject_of(room))
    return [each for each in client.inbox if each.tag == tag(names.CLIENT, "message") and body_of(each)]


def test_who_enters_after_a_restart_is_shown_what_was_said(server, folk, pair, room):
    alice, bob = pair
    said = talk(alice, bob, room, 4)
    ids = history(alice, to=room).ids
    accounts = alice.account, bob.account
    server.restart()
    alice, bob = [folk.client(account).online() for account in accounts]
    shown = entered(bob, room, "bob")
    assert [body_of(each) for each in shown] == said
    assert [stanza_id(each, room) for each in shown] == ids
    assert all(child(each, "delay", names.DELAY) is not None and item(each) is None for each in shown)
    assert [each.get("from") for each in shown[:2]] == [room + "/alice", room + "/bob"]
    assert history(bob, to=room).bodies == said


def test_after_a_crash_everything_is_there_once(server, folk, pair, room):
    alice, bob = pair
    said = talk(alice, bob, room, 5)
    target = stanza_id(heard(alice, said[-1]), room) if said[-1] in [body_of(e) for e in alice.inbox] else None
    accounts = alice.account, bob.account
    server.kill_tree()
    server.start()
    alice, bob = [folk.client(account).online() for account in accounts]
    page = history(bob, to=room)
    assert page.bodies == said and len(set(page.ids)) == 5 and (target is None or page.ids[-1] == target)
    assert [inner(each).get("from") for each in page.results[:2]] == [room + "/alice", room + "/bob"]
    assert [body_of(each) for each in entered(bob, room, "bob")] == said
    assert real(inner(history(alice, to=room).results[1])).split("/")[0] == bob.bare


# --- taking back

def retraction(room, id, own="r1"):
    return message_to(room, "<retract xmlns='%s' id='%s'/>" % (names.RETRACT, id) + body("took it back"),
                      type="groupchat", id=own)


def tombstone(stanza):
    return child(stanza, "retracted", names.RETRACT)


def test_the_author_takes_it_back(server, folk, pair, room):
    alice, bob = pair
    text = say(bob, room, "a mistake")
    id = stanza_id(heard(alice, text), room)
    bob.send(retraction(room, id))
    seen = alice.expect(message(id="r1"))
    assert child(seen, "retract", names.RETRACT).get("id") == id

    results = []

    def gone():
        results[:] = history(alice, to=room).results
        return tombstone(inner(results[0])) is not None
    eventually(gone)
    first, second = [inner(each) for each in results]
    assert tombstone(first).get("id") == "r1" and tombstone(first).get("stamp")
    assert not body_of(first) and first.get("from") == room + "/bob" and result(results[0]).get("id") == id
    assert child(first, "occupant-id", names.OCCUPANT_ID).get("id") == child(
        second, "occupant-id", names.OCCUPANT_ID).get("id")
    assert child(second, "retract", names.RETRACT) is not None
    carol, = folk.online(1)
    carol.send(entry(room, "carol"))
    carol.expect(subject_of(room))
    assert [each for each in carol.inbox if tombstone(each) is not None]
    assert not [each for each in carol.inbox if body_of(each) == text]
    lines = [line for line in record.entries(server.dir / "record") if text in line.get("stanza", "")]
    assert len(lines) == 1 and lines[0]["id"] == id  # the record has it as it was said


def test_nobody_takes_back_what_another_said(pair, room):
    alice, bob = pair
    text = say(alice, room)
    id = stanza_id(heard(bob, text), room)
    bob.send(retraction(room, id))
    alice.expect(message(id="r1"))
    heard(alice, say(bob, room))
    assert body_of(inner(history(bob, to=room).results[0])) == text


def moderate(client, room, id, reason=None, inner_="<retract xmlns='%s'/>" % names.RETRACT):
    payload = inner_ + ("" if reason is None else "<reason>%s</reason>" % reason)
    return client.iq("set", "<moderate xmlns='%s' id='%s'>%s</moderate>" % (names.MODERATE, id, payload), to=room)


def test_a_moderator_takes_it_back(server, folk, pair, room):
    alice, bob = pair
    text = say(bob, room, "rude")
    id = stanza_id(heard(alice, text), room)
    assert moderate(alice, room, id, "be kind").get("type") == "result"
    seen = bob.expect(message(from_=room))
    found = child(seen, "retract", names.RETRACT)
    assert found.get("id") == id and seen.get("type") == "groupchat"
    assert child(found, "moderated", names.MODERATE).get("by") == room + "/alice"
    assert found.findtext(tag(names.RETRACT, "reason")) == "be kind"
    first, second = [inner(each) for each in history(bob, to=room).results]
    grave = tombstone(first)
    assert child(grave, "moderated", names.MODERATE).get("by") == room + "/alice"
    assert child(child(grave, "moderated", names.MODERATE), "occupant-id", names.OCCUPANT_ID) is not None
    assert not body_of(first) and child(second, "retract", names.RETRACT).get("id") == id
    account = bob.account
    server.restart()
    bob = folk.client(account).online()
    bob.send(entry(room, "bob"))
    bob.expect(subject_of(room))
    assert [each for each in bob.inbox if tombstone(each) is not None]
    assert len([line for line in record.entries(server.dir / "record") if text in line.get("stanza", "")]) == 1
    assert [line for line in record.entries(server.dir / "record") if "be kind" in line.get("stanza", "")]


def test_an_older_client_moderates_and_reads_of_it(pair, room):
    alice, bob = pair
    assert {names.MODERATE, names.MODERATE_OLD} <= features(alice, room)
    text = say(bob, room, "rude")
    id = stanza_id(heard(alice, text), room)
    inside = "<apply-to xmlns='%s' id='%s'><moderate xmlns='%s'>%%s<reason>%%s</reason></moderate></apply-to>" % (
        names.FASTEN, id, names.MODERATE_OLD)
    retract = "<retract xmlns='%s'/>" % names.RETRACT_OLD
    assert tuple(Error(alice.iq("set", inside % ("", "be kind"), to=room))) == ("modify", "bad-request")
    assert tuple(Error(bob.iq("set", inside % (retract, "be kind"), to=room))) == ("auth", "forbidden")
    assert Error(alice.iq("set", inside % (retract, "a plughword"), to=room)).condition == "policy-violation"
    assert alice.iq("set", inside % (retract, "be kind"), to=room).get("type") == "result"
    seen = bob.expect(message(from_=room))
    assert child(seen, "retract", names.RETRACT).get("id") == id
    old = child(seen, "apply-to", names.FASTEN)
    moderated = child(old, "moderated", names.MODERATE_OLD)
    assert old.get("id") == id and moderated.get("by") == room + "/alice"
    assert child(moderated, "retract", names.RETRACT_OLD) is not None
    assert moderated.findtext(tag(names.MODERATE_OLD, "reason")) == "be kind"
    assert tombstone(inner(history(bob, to=room).results[0])) is not None


def test_moderation_is_refused(pair, room):
    alice, bob = pair
    id = stanza_id(heard(bob, say(alice, room)), room)
    assert tuple(Error(moderate(bob, room, id))) == ("auth", "forbidden")
    assert tuple(Error(moderate(alice, room, "nothing"))) == ("cancel", "item-not-found")
    assert tuple(Error(moderate(alice, room, ""))) == ("modify", "bad-request")
    assert tuple(Error(moderate(alice, room, id, inner_=""))) == ("modify", "bad-request")
    assert Error(moderate(alice, room, id, "a plughword")).condition == "policy-violation"
    assert moderate(alice, room, id).get("type") == "result"
    assert tuple(Error(moderate(alice, room, id))) == ("cancel", "item-not-found")


@pytest.mark.parametrize("archiving", ["1", "0"])
def test_what_the_room_says_of_it_is_moderated_by_nobody(folk, pair, room, archiving):
    alice, bob = pair
    assert configure(alice, room, enablearchiving=archiving).get("type") == "result"
    id = stanza_id(heard(alice, say(bob, room)), room)
    assert moderate(alice, room, id).get("type") == "result"
    told = bob.expect(message(from_=room, where=lambda e: child(e, "retract", names.RETRACT) is not None))
    assert tuple(Error(moderate(alice, room, stanza_id(told, room)))) == ("cancel", "item-not-found")
    alice.send(retraction(room, stanza_id(told, room)))
    bob.expect(message(id="r1"))
    carol, = folk.online(1)
    carol.send(entry(room, "carol"))  # and is shown it, in one piece
    carol.expect(subject_of(room))
    assert [each for each in carol.inbox if stanza_id(each, room) == stanza_id(told, room) and
            child(each, "retract", names.RETRACT).get("id") == id]


def test_moderation_without_an_archive(pair, room):
    alice, bob = pair
    assert configure(alice, room, enablearchiving="0").get("type") == "result"
    id = stanza_id(heard(alice, say(bob, room)), room)
    assert moderate(alice, room, id).get("type") == "result"
    assert child(bob.expect(message(from_=room, where=lambda e: child(e, "retract", names.RETRACT) is not None)),
                 "retract", names.RETRACT).get("id") == id


@pytest.mark.parametrize("forged", [
    "<retracted xmlns='%s' id='x'/>" % names.RETRACT,
    "<retract xmlns='%s' id='x'><moderated xmlns='%s' by='y'/></retract>" % (names.RETRACT, names.MODERATE),
    "<moderated xmlns='%s' by='y'/>" % names.MODERATE,
    "<apply-to xmlns='%s' id='x'><moderated xmlns='%s' by='y'/></apply-to>" % (names.FASTEN, names.MODERATE_OLD),
])
def test_a_moderators_word_is_not_forged(pair, room, forged):
    alice, bob = pair
    text = say(bob, room, extra=forged)
    seen = heard(alice, text)
    assert not [each for each in seen.iter() if each.tag in (
        tag(names.RETRACT, "retracted"), tag(names.RETRACT, "retract"), tag(names.MODERATE, "moderated"),
        tag(names.MODERATE_OLD, "moderated"))]


def test_a_retraction_waits_for_the_recorder(server, pair, room):
    alice, bob = pair
    id = stanza_id(heard(bob, say(bob, room)), room)
    pid = server.pid("recorder")
    bob.take()
    os.kill(pid, signal.SIGSTOP)
    try:
        alice.raw("<iq type='set' id='m' to='%s'><moderate xmlns='%s' id='%s'><retract xmlns='%s'/></moderate></iq>" % (
            room, names.MODERATE, id, names.RETRACT))
        assert not bob.listen(0.5)
    finally:
        os.kill(pid, signal.SIGCONT)
    bob.expect(message(from_=room))


def test_the_record_of_all_this_verifies(server):
    server.stop()
    record.verify(server)
