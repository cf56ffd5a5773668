"""People's own history: XEP-0313 with XEP-0441, XEP-0059, XEP-0359, XEP-0334, and what is never in it."""

import contextlib
import datetime
import sqlite3

import pytest

from lib import names, record
from lib.names import tag
from lib.folk import Folk
from lib.archive import Page, ask, history, inner, query_text, refused, result, until_kept
from lib.record import eventually
from lib.rules import add_rules, word_rule
from lib.standstill import stopped, store_held
from lib.stanza import Error, body_of, child, iq, iq_to, message, message_to, stamped, stanza_id

PAGE = 20


WORD = "hushword"


@pytest.fixture(scope="module")
def server(launch):
    return launch("history", {"history": {"page": PAGE}},
                  lambda server: add_rules(server, word_rule("history-word", WORD, "Not this.")))


def assert_recorded(server, bodies):
    """Whatever people's histories hold, the record has it, once each."""
    lines = list(record.lines(server.dir / "record"))
    for each in bodies:
        assert len([line for line in lines if each.split()[-1].encode() in line]) == 1


def talk(alice, bob, count):
    """Turn by turn; all bodies, in order, all of it delivered."""
    said = []
    for number in range(count):
        speaker, hearer = (alice, bob) if number % 2 == 0 else (bob, alice)
        said.append(speaker.say(hearer.bare, "number %d" % number).body)
        hearer.expect(message(body=said[-1]))
    return said


# --- what is in it

@pytest.mark.tsan
def test_both_find_what_they_said_and_heard_at_once_each_with_its_stanza_id(folk):
    alice, bob = folk.online(2)
    said = alice.say(bob.bare, extra="<x xmlns='urn:example:x'>kept</x>")
    got = bob.expect(message(body=said.body))
    for client in (alice, bob):
        page = history(client, queryid="q1")
        assert page.bodies == [said.body] and page.complete
        assert page.ids == [stanza_id(got, bob.bare)]
        outer, = page.results
        assert outer.get("from") == client.bare and outer.get("to") == client.jid
        assert result(outer).get("queryid") == "q1"
        message_in = inner(outer)
        assert message_in.get("from") == alice.jid and message_in.get("to") == bob.bare
        assert message_in.get("id") == said.id and message_in.findtext("{urn:example:x}x") == "kept"
        stamp = child(child(result(outer), "forwarded", names.FORWARD), "delay", names.DELAY).get("stamp")
        stamp = datetime.datetime.fromisoformat(stamp.replace("Z", "+00:00"))
        assert abs((stamp - datetime.datetime.now(datetime.timezone.utc)).total_seconds()) < 60


def test_an_empty_history_is_complete(folk):
    alice, = folk.online(1)
    page = history(alice)
    assert page.results == [] and page.complete and page.first is None and page.count == "0"


def test_two_resources_with_carbons_have_one_history_without_doubles(folk):
    account = folk.account()
    desk, phone = folk.client(account).online("desk"), folk.client(account).online("phone")
    bob, = folk.online(1)
    for client in (desk, phone):
        assert client.iq("set", "<enable xmlns='%s'/>" % names.CARBONS).get("type") == "result"
    sent = desk.say(bob.bare)
    copy = phone.expect(message(where=lambda each: child(each, "sent", names.CARBONS) is not None))
    forwarded = child(child(child(copy, "sent", names.CARBONS), "forwarded", names.FORWARD), "message")
    to_one = bob.say(desk.jid)
    to_all = bob.say(desk.bare)
    desk.expect(message(body=to_all.body))
    phone.expect(message(body=to_all.body))
    for client in (desk, phone):
        page = history(client)
        assert page.bodies == [sent.body, to_one.body, to_all.body]
        assert page.ids[0] == stanza_id(forwarded, client.bare)


def test_what_one_says_to_oneself_stands_once(folk):
    alice, bob = folk.online(2)
    note = alice.say(alice.bare)
    alice.expect(message(body=note.body))
    talk(alice, bob, 1)
    assert history(alice, **{"with": alice.bare}).bodies == [note.body]
    assert len(history(alice).bodies) == 2


def test_somebody_who_was_not_there_finds_it_and_still_gets_it(folk):
    alice, = folk.online(1)
    account = folk.account()
    said = alice.say(account.jid)
    bob = folk.client(account).login()
    until_kept(bob, said.body)
    bob.send("<presence/>")
    got = bob.expect(message(body=said.body))
    assert stamped(got) is not None and history(bob).ids == [stanza_id(got, bob.bare)]
    assert history(alice).bodies == [said.body]


def test_what_one_has_said_is_in_ones_history_whatever_it_still_waits_for(folk, server):
    """The store, until it has the one; and the other that the one is handed over."""
    alice, = folk.online(1)
    bob = folk.client(folk.account()).login()
    with store_held(server):
        first = alice.say(bob.bare)
        eventually(lambda: record.holding(server.dir / "record", first.body))
        bob.available()
        second = alice.say(bob.bare)
        alice.send(iq_to(None, "set", query_text(), id="all"))
        eventually(lambda: record.holding(server.dir / "record", second.body))
    answer = alice.expect(iq(id="all"))
    assert Page(alice.take(lambda each: result(each) is not None), answer).bodies == [first.body, second.body]
    assert [body_of(bob.expect(message())) for _ in range(2)] == [first.body, second.body]


def test_a_message_to_nobody_is_in_the_senders_history_as_his_resources_saw_it(folk):
    alice, = folk.online(1)
    said = alice.say("nobody-at-all@example.org")
    alice.expect(message(id=said.id, type="error"))
    assert history(alice).bodies == [said.body]


# --- what is not

@pytest.mark.parametrize("hint", ["no-store", "no-permanent-store"])
def test_a_hint_keeps_it_out_of_history_and_not_out_of_the_record(folk, server, hint):
    alice, bob = folk.online(2)
    said = alice.say(bob.bare, extra="<%s xmlns='%s'/>" % (hint, names.HINTS))
    bob.expect(message(body=said.body))
    assert history(alice).results == [] and history(bob).results == []
    assert_recorded(server, [said.body])


def test_a_correction_stands_behind_what_it_changes_and_the_record_has_both(folk, server):
    alice, bob = folk.online(2)
    first = alice.say(bob.bare)
    second = alice.say(bob.bare, "changed", extra="<replace xmlns='%s' id='%s'/>" % (names.CORRECT, first.id))
    bob.expect(message(body=second.body))
    for client in (alice, bob):
        assert history(client).bodies == [first.body, second.body]
    assert_recorded(server, [first.body, second.body])


def test_a_correction_is_inspected_again(folk, server):
    alice, bob = folk.online(2)
    first = alice.say(bob.bare)
    second = alice.say(bob.bare, "the %s" % WORD, extra="<replace xmlns='%s' id='%s'/>" % (names.CORRECT, first.id))
    assert Error(alice.expect(message(id=second.id, type="error"))).condition == "policy-violation"
    bob.expect(message(body=first.body))
    for client in (alice, bob):
        assert history(client).bodies == [first.body]
    assert_recorded(server, [first.body, second.body])


# --- retraction

def take_back(client, to, id, text="/me took it back", **more):
    return client.say(to, text, extra="<retract xmlns='%s' id='%s'/><fallback xmlns='urn:xmpp:fallback:0' for='%s'/>" % (
        names.RETRACT, id, names.RETRACT) + more.pop("extra", ""), **more)


def tombstone(stanza):
    return inner(stanza).find(tag(names.RETRACT, "retracted"))


def test_the_account_says_that_it_sets_tombstones(folk):
    alice, = folk.online(1)
    query = alice.ask(names.DISCO_INFO, to=alice.bare).find(tag(names.DISCO_INFO, "query"))
    features = {each.get("var") for each in query.iter(tag(names.DISCO_INFO, "feature"))}
    assert {names.RETRACT, names.RETRACT + "#tombstone"} <= features


def test_what_one_takes_back_is_a_tombstone_for_both_and_the_record_has_everything(folk, server):
    alice, bob = folk.online(2)
    secret = alice.say(bob.bare, extra="<x xmlns='urn:example:x'>aside</x><origin-id xmlns='urn:xmpp:sid:0' id='o-1'/>")
    other = alice.say(bob.bare)
    bob.expect(message(body=other.body))
    ids = history(bob).ids
    back = take_back(alice, bob.bare, secret.id)
    bob.expect(message(body=back.body))
    for client in (alice, bob):
        page = history(client)
        assert page.bodies == [None, other.body, back.body] and page.ids[:2] == ids
        buried = inner(page.results[0])
        assert (buried.get("from"), buried.get("to"), buried.get("id"), buried.get("type")) == (
            alice.jid, bob.bare, secret.id, "chat")
        assert [each.tag for each in buried] == [tag(names.RETRACT, "retracted")]
        assert tombstone(page.results[0]).get("id") == back.id and tombstone(page.results[0]).get("stamp")
        assert inner(page.results[2]).find(tag(names.RETRACT, "retract")).get("id") == secret.id
        assert history(client, ids=ids[:1]).bodies == [None]
    assert_recorded(server, [secret.body, other.body, back.body])
    assert b"aside" in b"".join(record.lines(server.dir / "record"))


@pytest.mark.parametrize("by", ["origin-id", "stanza-id"])
def test_a_message_is_also_known_by_its_other_ids(folk, by):
    alice, bob = folk.online(2)
    secret = alice.say(bob.bare, extra="<origin-id xmlns='urn:xmpp:sid:0' id='the-origin'/>")
    kept = alice.say(bob.bare)
    bob.expect(message(body=kept.body))
    back = take_back(alice, bob.bare, "the-origin" if by == "origin-id" else history(alice).ids[0])
    bob.expect(message(body=back.body))
    assert history(bob).bodies[:2] == [None, kept.body] and secret.body not in history(alice).bodies


def test_nobody_takes_back_what_somebody_else_said_or_said_to_somebody_else(folk):
    alice, bob, carol = folk.online(3)
    said = alice.say(bob.bare)
    bob.expect(message(body=said.body))
    for client, to in ((bob, alice.bare), (carol, bob.bare), (alice, carol.bare)):
        back = take_back(client, to, said.id)
        {alice.bare: alice, bob.bare: bob, carol.bare: carol}[to].expect(message(body=back.body))
    assert history(bob).bodies[0] == said.body and history(alice).bodies[0] == said.body


def test_who_has_blocked_the_author_keeps_what_he_had(folk):
    alice, bob = folk.online(2)
    said = alice.say(bob.bare)
    bob.expect(message(body=said.body))
    assert bob.iq("set", "<block xmlns='%s'><item jid='%s'/></block>" % (names.BLOCKING, alice.bare)).get("type") == "result"
    back = take_back(alice, bob.bare, said.id)
    alice.expect(message(id=back.id, type="error"))
    assert history(bob).bodies == [said.body] and history(alice).bodies[0] == said.body


def test_a_retraction_that_is_not_to_be_kept_takes_back_all_the_same(folk, server):
    alice, bob = folk.online(2)
    secret = alice.say(bob.bare)
    back = take_back(alice, bob.bare, secret.id, extra="<no-store xmlns='%s'/>" % names.HINTS)
    bob.expect(message(body=back.body))
    for client in (alice, bob):
        assert history(client).bodies == [None]
    assert_recorded(server, [secret.body, back.body])


def test_a_retraction_that_a_rule_stops_takes_nothing_back(folk, server):
    alice, bob = folk.online(2)
    said = alice.say(bob.bare)
    back = take_back(alice, bob.bare, said.id, "the %s" % WORD)
    assert Error(alice.expect(message(id=back.id, type="error"))).condition == "policy-violation"
    assert history(bob).bodies == [said.body]
    assert_recorded(server, [said.body, back.body])


def test_what_still_waits_for_somebody_and_is_taken_back_reaches_him_as_a_tombstone(folk, server):
    alice, = folk.online(1)
    account = folk.account()
    secret, kept = alice.say(account.jid, "hushed up"), alice.say(account.jid)
    back = take_back(alice, account.jid, secret.id)
    eventually(lambda: history(alice).bodies == [None, kept.body, back.body])  # what waits changes in the same transaction
    bob = folk.client(account).online()
    stone, got, told = [each for each in bob.settle(alice) if each.tag.endswith("}message")]
    assert body_of(stone) is None and body_of(got) == kept.body and body_of(told) == back.body
    assert (stone.get("from"), stone.get("to"), stone.get("id"), stone.get("type")) == (
        alice.jid, account.jid, secret.id, "chat")
    assert stone.find(tag(names.RETRACT, "retracted")).get("id") == back.id
    assert stamped(stone) is not None and stanza_id(stone, bob.bare) == history(bob).ids[0]
    assert_recorded(server, [secret.body, kept.body, back.body])


def test_who_comes_while_something_is_taken_back_gets_it_and_then_that_it_was(folk, server):
    alice, = folk.online(1)
    bob = folk.client(folk.account()).login()
    secret, kept = alice.say(bob.bare, "hushed up"), alice.say(bob.bare)
    until_kept(alice, secret.body, kept.body)
    with store_held(server):  # so it is not taken back yet
        back = take_back(alice, bob.bare, secret.id)
        eventually(lambda: record.holding(server.dir / "record", back.body))
        bob.available()
    assert [body_of(bob.expect(message())) for _ in range(3)] == [secret.body, kept.body, back.body]
    eventually(lambda: history(bob).bodies == history(alice).bodies == [None, kept.body, back.body])
    assert not [each for each in bob.settle(alice) if each.tag.endswith("}message")]
    assert_recorded(server, [secret.body, kept.body, back.body])


def test_a_tombstone_outlives_kill_9(folk, server):
    alice, bob = folk.online(2)
    secret, kept = alice.say(bob.bare), alice.say(bob.bare)
    back = take_back(alice, bob.bare, secret.id)
    bob.expect(message(body=back.body))
    account = bob.account
    server.kill_tree()
    server.close_clients()
    server.start()
    assert history(folk.client(account).login()).bodies == [None, kept.body, back.body]
    assert_recorded(server, [secret.body])


@pytest.mark.parametrize("type", ["headline", "groupchat"])
def test_headlines_and_rooms_are_not_in_it(folk, type):
    alice, bob = folk.online(2)
    said = alice.say(bob.jid, type=type)
    bob.expect(message(body=said.body))
    assert history(alice).results == [] and history(bob).results == []


def test_chat_states_and_receipts_are_not_in_it(folk):
    alice, bob = folk.online(2)
    alice.send(message_to(bob.jid, "<composing xmlns='%s'/>" % names.CHATSTATES, id="light"))
    alice.send(message_to(bob.jid, "<received xmlns='%s' id='x'/>" % names.RECEIPTS, id="receipt"))
    bob.expect(message(id="receipt"))
    assert history(alice).results == [] and history(bob).results == []


def test_what_a_rule_stopped_is_in_nobodys_history(folk, server):
    alice, bob = folk.online(2)
    said = alice.say(bob.bare, "the %s" % WORD)
    assert Error(alice.expect(message(id=said.id, type="error"))).condition == "policy-violation"
    assert history(alice).results == [] and history(bob).results == []
    assert_recorded(server, [said.body])


def test_whom_one_has_blocked_does_not_get_into_ones_history(folk):
    alice, bob = folk.online(2)
    bob.iq("set", "<block xmlns='%s'><item jid='%s'/></block>" % (names.BLOCKING, alice.bare))
    said = alice.say(bob.bare)
    alice.expect(message(id=said.id, type="error"))
    assert history(bob).results == []
    other = bob.say(alice.bare)
    bob.expect(message(id=other.id, type="error"))
    assert other.body not in history(bob).bodies and other.body not in history(alice).bodies


# --- paging

@pytest.fixture
def long_talk(folk):
    alice, bob = folk.online(2)
    return alice, bob, talk(alice, bob, 25)


def test_pages_forward_and_backward_hold_everything_once(long_talk):
    alice, bob, said = long_talk
    got, rsm = [], "<max>10</max>"
    while True:
        page = history(alice, rsm=rsm)
        got += page.bodies
        assert page.first == page.ids[0] and page.last == page.ids[-1]
        if page.complete:
            break
        assert len(page.results) == 10
        rsm = "<max>10</max><after>%s</after>" % page.last
    assert got == said
    got, rsm = [], "<max>10</max><before/>"
    while True:
        page = history(bob, rsm=rsm)
        got = page.bodies + got
        if page.complete:
            break
        rsm = "<max>10</max><before>%s</before>" % page.first
    assert got == said


def test_no_page_is_longer_than_the_setting(long_talk):
    alice, _, said = long_talk
    for rsm in (None, "<max>100000</max>"):
        page = history(alice, rsm=rsm)
        assert page.bodies == said[:PAGE] and not page.complete
    assert history(alice, rsm="<before/>").bodies == said[-PAGE:]


def test_a_page_can_be_flipped(long_talk):
    alice, _, said = long_talk
    page = history(alice, rsm="<max>5</max><before/>", flip=True)
    assert page.bodies == said[:-6:-1]
    assert (page.first, page.last) == (page.ids[-1], page.ids[0])


def test_max_zero_asks_for_the_number(long_talk):
    alice, bob, said = long_talk
    page = history(alice, rsm="<max>0</max>")
    assert page.results == [] and page.count == str(len(said))
    assert history(alice, rsm="<max>0</max>", **{"with": bob.bare}).count == str(len(said))


def test_a_page_that_is_all_there_is_says_so(long_talk):
    alice, _, said = long_talk
    page = history(alice, ids=history(alice).ids[:3])
    first = page.fin.find(".//" + tag(names.RSM, "first"))
    assert page.complete and page.count == "3" and first.get("index") == "0"
    page = history(alice)
    assert len(said) > PAGE and not page.complete and page.count is None
    assert page.fin.find(".//" + tag(names.RSM, "first")).get("index") is None
    assert history(alice, rsm="<after>%s</after>" % page.ids[-1]).count is None


def test_a_page_behind_the_last_is_empty_and_complete(long_talk):
    alice, _, _ = long_talk
    last = history(alice, rsm="<before/>").last
    page = history(alice, rsm="<after>%s</after>" % last)
    assert page.results == [] and page.complete


# --- filters

def test_with_whom(folk):
    alice, bob, carol = folk.online(3)
    to_bob, to_carol = talk(alice, bob, 4), talk(alice, carol, 3)
    assert history(alice, **{"with": bob.bare}).bodies == to_bob
    assert history(alice, **{"with": carol.jid}).bodies == to_carol[1:2]  # the bare address was written to otherwise
    assert history(alice, **{"with": "nobody@example.org"}).results == []
    assert history(bob).bodies == to_bob


def test_from_when_until_when(folk):
    alice, bob = folk.online(2)
    first = talk(alice, bob, 1)
    stamps = [child(child(result(each), "forwarded", names.FORWARD), "delay", names.DELAY).get("stamp")
              for each in history(alice).results]
    second = talk(alice, bob, 2)
    assert history(alice, end=stamps[0]).bodies == first
    assert history(alice, start=stamps[0]).bodies == first + second
    assert history(alice, start="2001-01-01T00:00:00Z", end="2001-01-02T00:00:00+02:00").results == []
    assert history(alice, start="2101-01-01T00:00:00Z").results == []


def test_between_two_ids_and_by_ids(long_talk):
    alice, bob, said = long_talk
    ids = history(alice).ids
    assert history(alice, after_id=ids[2], before_id=ids[6]).bodies == said[3:6]
    assert history(alice, ids=[ids[7], ids[4]]).bodies == [said[4], said[7]]
    assert history(alice, ids=ids[0], **{"with": bob.bare}).bodies == said[:1]
    page = history(alice, after_id=ids[2], before_id=ids[6], rsm="<max>1</max><after>%s</after>" % ids[3])
    assert page.bodies == said[4:5] and not page.complete


@pytest.mark.parametrize("wish", [{"after_id": "no-such-id"}, {"before_id": "no-such-id"}, {"ids": ["no-such-id"]},
                                  {"rsm": "<after>no-such-id</after>"}, {"rsm": "<before>no-such-id</before>"}])
def test_an_unknown_id_is_item_not_found(long_talk, wish):
    assert refused(long_talk[0], **wish) == ("cancel", "item-not-found")


def test_an_id_of_somebody_elses_archive_is_unknown(folk, long_talk):
    carol, = folk.online(1)
    assert refused(carol, ids=history(long_talk[0]).ids[:1]) == ("cancel", "item-not-found")


@pytest.mark.parametrize("wish, condition", [
    ({"{urn:example}field": "x"}, ("cancel", "feature-not-implemented")),
    ({"rsm": "<index>1</index>"}, ("cancel", "feature-not-implemented")),
    ({"start": "yesterday"}, ("modify", "bad-request")),
    ({"end": "2024-02-30T00:00:00Z"}, ("modify", "bad-request")),
    ({"with": "@@"}, ("modify", "bad-request")),
    ({"rsm": "<max>many</max>"}, ("modify", "bad-request")),
    ({"extra": "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>urn:x</value></field></x>"},
     ("modify", "bad-request"))])
def test_what_cannot_be_understood_is_refused(folk, wish, condition):
    alice, = folk.online(1)
    assert refused(alice, **wish) == condition


def test_ones_history_is_nobody_elses(folk):
    alice, bob = folk.friends(2)
    talk(alice, bob, 1)
    for to in (bob.bare, "nobody-at-all@example.org"):
        assert refused(alice, to=to) == ("auth", "forbidden")
        answer = alice.iq("get", "<metadata xmlns='%s'/>" % names.MAM, to=to)
        assert tuple(Error(answer)) == ("auth", "forbidden")


# --- what else can be asked

def test_the_account_says_so_and_gives_its_form_and_ends(long_talk):
    alice, _, said = long_talk
    query = alice.ask(names.DISCO_INFO, to=alice.bare).find(tag(names.DISCO_INFO, "query"))
    features = {each.get("var") for each in query.iter(tag(names.DISCO_INFO, "feature"))}
    assert {names.MAM, names.MAM + "#extended", names.MAM + "#groupchat-field"} <= features
    query = alice.ask(names.DISCO_INFO, to=alice.domain).find(tag(names.DISCO_INFO, "query"))
    assert names.MAM in {each.get("var") for each in query.iter(tag(names.DISCO_INFO, "feature"))}  # some ask nobody else
    answer = alice.iq("get", "<query xmlns='%s'/>" % names.MAM)
    fields = {each.get("var") for each in answer.iter(tag(names.DATA_FORMS, "field"))}
    assert fields == {"FORM_TYPE", "with", "start", "end", "before-id", "after-id", "ids", "include-groupchat"}
    assert history(alice, include_groupchat="true").bodies == said[:PAGE]
    metadata = child(alice.iq("get", "<metadata xmlns='%s'/>" % names.MAM), "metadata", names.MAM)
    first, last = history(alice).first, history(alice, rsm="<before/>").last
    assert (child(metadata, "start", names.MAM).get("id"), child(metadata, "end", names.MAM).get("id")) == (first, last)


def test_an_empty_history_has_no_ends(folk):
    alice, = folk.online(1)
    metadata = child(alice.iq("get", "<metadata xmlns='%s'/>" % names.MAM), "metadata", names.MAM)
    assert len(metadata) == 0


def test_a_client_that_acknowledges_nothing_is_refused_rather_than_ended(folk):
    alice, bob = folk.online(2)
    talk(alice, bob, 10)
    alice.answer_acks = False
    alice.sm_enable()
    conditions = set()
    for _ in range(80):
        answer = ask(alice)[1]
        if answer.get("type") == "error":
            conditions.add(tuple(Error(answer)))
    assert conditions == {("wait", "resource-constraint")}
    alice.answer_acks = True
    alice.acknowledge()
    assert len(history(alice).results) == 10


# --- preferences

def prefs(client, default=None, always=(), never=()):
    def items(name, jids):
        return "<%s>%s</%s>" % (name, "".join("<jid>%s</jid>" % each for each in jids), name)
    if default is None:
        answer = client.iq("get", "<prefs xmlns='%s'/>" % names.MAM)
    else:
        answer = client.iq("set", "<prefs xmlns='%s' default='%s'>%s%s</prefs>" % (
            names.MAM, default, items("always", always), items("never", never)))
    assert answer.get("type") == "result", Error(answer)
    found = child(answer, "prefs", names.MAM)
    return (found.get("default"), [each.text for each in child(found, "always", names.MAM)],
            [each.text for each in child(found, "never", names.MAM)])


def test_everything_is_kept_unless_something_else_is_wished(folk):
    alice, = folk.online(1)
    assert prefs(alice) == ("always", [], [])


def test_never_keeps_nothing_for_the_one_and_everything_for_the_other(folk, server):
    alice, bob = folk.online(2)
    assert prefs(alice, "never") == ("never", [], [])
    said = talk(alice, bob, 4)
    assert history(alice).results == [] and history(bob).bodies == said
    assert prefs(folk.another(alice)) == ("never", [], [])
    assert_recorded(server, said)


def test_roster_keeps_what_contacts_say(folk, server):
    alice, bob, carol = folk.online(3)
    alice.roster_set(bob.bare)
    prefs(alice, "roster")
    with_bob = talk(alice, bob, 2)
    with_carol = talk(alice, carol, 2)
    assert history(alice).bodies == with_bob
    assert_recorded(server, with_bob + with_carol)


def test_the_lists_go_before_the_default_and_match_resources_exactly(folk):
    alice, bob, carol = folk.online(3)
    prefs(alice, "never", always=[bob.bare], never=[bob.jid])
    assert prefs(alice) == ("never", [bob.bare], [bob.jid])
    to_bob = alice.say(bob.bare)
    bob.expect(message(body=to_bob.body))
    talk(bob, alice, 1)
    talk(alice, carol, 2)
    assert history(alice).bodies == [to_bob.body]


@pytest.mark.parametrize("payload", ["<prefs xmlns='%s'/>", "<prefs xmlns='%s' default='often'/>",
                                     "<prefs xmlns='%s' default='never'><always><jid>@@</jid></always></prefs>"])
def test_wishes_that_cannot_be_understood_change_nothing(folk, payload):
    alice, = folk.online(1)
    assert tuple(Error(alice.iq("set", payload % names.MAM))) == ("modify", "bad-request")
    assert prefs(alice) == ("always", [], [])


# --- crashes and the recorder

def test_after_kill_9_everything_is_there_once(folk, server):
    alice, bob = folk.online(2)
    hidden = folk.account()
    prefs(alice, "always", never=[hidden.jid])
    said = talk(alice, bob, 6)
    alice.say(hidden.jid)
    waiting = alice.say(bob.bare + "/nowhere")
    ids = history(alice).ids
    more = alice.say(bob.bare)
    bob.expect(message(body=more.body))
    accounts = alice.account, bob.account
    server.kill_tree()
    server.close_clients()
    server.start()
    for account in accounts:
        client = folk.client(account).login()
        page = history(client)
        assert page.bodies == said + [waiting.body, more.body]
        assert page.ids[:len(ids)] == ids
        assert len(set(page.ids)) == len(page.ids)
    server.restart()
    assert len(history(folk.client(accounts[0]).login()).results) == len(said) + 2


def test_a_stop_leaves_nothing_to_be_brought_back(folk, server):
    alice, bob = folk.online(2)
    said = talk(alice, bob, 5)
    server.stop()
    server.close_clients()
    with contextlib.closing(sqlite3.connect("file:%s?mode=ro" % (server.dir / "store/gatehouse.db"), uri=True)) as store:
        rows = [xml for xml, in store.execute("SELECT xml FROM archive ORDER BY seq DESC LIMIT 5")]
    server.start()
    assert [body for body, row in zip(reversed(said), rows) if body in row] == said[::-1]


@pytest.mark.recorder_runs("stops it itself")
def test_what_is_not_recorded_is_in_nobodys_history(folk, server):
    alice, bob = folk.online(2)
    talk(alice, bob, 1)
    elsewhere = folk.another(alice)  # what Alice's own stream sends next waits behind the message
    with stopped(server):
        secret = alice.say(bob.bare, "secret")
        assert len(history(bob).results) == 1
        assert len(history(elsewhere).results) == 1
    bob.expect(message(body=secret.body))
    for client in (alice, elsewhere, bob):
        assert history(client).bodies[-1] == secret.body


# --- the end of an account, and of the history

def test_a_removed_account_leaves_others_their_history_and_the_record_everything(folk, server):
    alice, bob = folk.online(2)
    said = talk(alice, bob, 4)
    assert history(alice).bodies == said
    assert server.run("user", "remove", alice.bare, "--yes").returncode == 0
    assert history(bob).bodies == said
    assert history(bob, **{"with": alice.bare}).bodies == said
    assert_recorded(server, said)


def test_history_can_be_switched_off_and_on(folk, server):
    alice, bob = folk.online(2)
    said = talk(alice, bob, 1)
    try:
        server.configure({"history": {"enabled": False, "page": PAGE}})
        assert server.run("reload").returncode == 0
        unseen = talk(alice, bob, 2)
        assert refused(alice) == ("cancel", "service-unavailable")
        for to in (alice.bare, alice.domain):
            query = alice.ask(names.DISCO_INFO, to=to).find(tag(names.DISCO_INFO, "query"))
            assert names.MAM not in {each.get("var") for each in query.iter(tag(names.DISCO_INFO, "feature"))}
    finally:
        server.configure({"history": {"enabled": True, "page": PAGE}})
        assert server.run("reload").returncode == 0
    assert history(alice).bodies == said
    assert_recorded(server, said + unseen)


@pytest.mark.recorder_runs("waits for the clock")
def test_what_is_older_than_the_setting_goes_and_the_record_keeps_it_and_verifies(launch):
    """The rows are made two days older; the first look at what is too old comes half a minute after the start."""
    server = launch("history-days", {"history": {"page": PAGE, "days": 1}})
    people = Folk(server)
    alice, bob = people.online(2)
    old = talk(alice, bob, 4)
    assert history(alice).bodies == old  # else the record would bring them again, with their time
    accounts = alice.account, bob.account
    server.stop()
    with contextlib.closing(sqlite3.connect(server.dir / "store/gatehouse.db")) as store, store:
        store.execute("UPDATE archive SET time_us = time_us - 172800000000")
    server.start()
    alice, bob = [people.client(each).online() for each in accounts]
    new = talk(alice, bob, 2)
    assert history(bob).bodies == old + new
    eventually(lambda: history(bob).bodies == new, 60)
    assert history(alice).bodies == new and history(alice, rsm="<max>0</max>").count == "2"
    record.verify(server)
    assert_recorded(server, old + new)
