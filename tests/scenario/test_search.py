"""User search: XEP-0055."""

import itertools

import pytest

from lib import names, record
from lib.client import Account
from lib.folk import Folk
from lib.server import PASSWORD_MARK
from lib.stanza import Error, element, words

SEARCH = "jabber:iq:search"
PHRASE = """
rules:
  - id: no-elephants
    purpose: No purple elephants.
    match: { words: ["purple elephant"] }
    action: block
    mode: enforce
    notice: { en: "Not here." }
"""

_number = itertools.count(1)


@pytest.fixture(scope="module")
def server(launch):
    return launch("search", {"search": {"results": 5}})


@pytest.fixture
def person(folk):
    def make(name, mail="", groups="", domain="example.org"):
        account = Account("search%d@%s" % (next(_number), domain), PASSWORD_MARK + "search")
        folk.server.import_csv("%s,%s,%s,%s,%s,,\n" % (account.jid, account.password, name, groups, mail))
        return account.jid
    return make


@pytest.fixture
def alice(folk):
    return folk.online(1)[0]


def search(client, to="example.org", **criteria):
    """Without a form: {jid: {field: text}}."""
    payload = "".join(element(key, value) for key, value in criteria.items())
    answer = client.ask(SEARCH, to=to, type="set", payload=payload)
    assert answer.get("type") == "result", Error(answer)
    query = answer.find("{%s}query" % SEARCH)
    return {item.get("jid"): {each.tag.split("}")[1]: each.text or "" for each in item} for item in query}


def search_form(client, to="example.org", **criteria):
    fields = element("field", element("value", SEARCH), var="FORM_TYPE", type="hidden")
    fields += "".join(element("field", element("value", value), var=key) for key, value in criteria.items())
    answer = client.ask(SEARCH, to=to, type="set", payload=element("x", fields, xmlns=names.DATA_FORMS, type="submit"))
    form = answer.find("{%s}query/{%s}x" % (SEARCH, names.DATA_FORMS))
    assert form.get("type") == "result"
    reported = [field.get("var") for field in form.find("{%s}reported" % names.DATA_FORMS)]
    items = [{field.get("var"): field[0].text or "" for field in item}
             for item in form.findall("{%s}item" % names.DATA_FORMS)]
    assert all(sorted(item) == sorted(reported) for item in items)
    return reported, items


def test_the_fields_are_told_with_and_without_a_form(alice):
    query = alice.ask(SEARCH, to="example.org").find("{%s}query" % SEARCH)
    assert [each.tag.split("}")[1] for each in query] == ["instructions", "first", "last", "nick", "email", "x"]
    form = query.find("{%s}x" % names.DATA_FORMS)
    assert form.get("type") == "form"
    assert [each.get("var") for each in form if each.get("var")] == ["FORM_TYPE", "first", "last", "nick", "email"]


def test_people_are_found_by_the_beginning_of_a_name(alice, person):
    romeo = person("Romeo Maria Montague", "romeo@mail.example")
    person("Juliet Capulet")
    assert search(alice, last="monta") == {romeo: {"first": "Romeo Maria", "last": "Montague", "nick": romeo.split("@")[0],
                                                   "email": "romeo@mail.example"}}
    assert set(search(alice, first="ROMEO", last="Montague")) == {romeo}
    assert set(search(alice, email="romeo@mail")) == {romeo}
    assert set(search(alice, nick=romeo.split("@")[0])) >= {romeo}
    assert search(alice, first="Juliet", last="Montague") == {}


@pytest.mark.parametrize("name, wanted", [("Änne Øster", "ÄNNE"), ("Änne Øster", "anne"), ("ＡＮＮＥ Wide", "anne"),
                                          ("Μαρία Κ", "ΜΑΡΊΑ"), ("Straßer Karl", "STRASS")])
def test_capitals_and_accents_make_no_difference(alice, person, name, wanted):
    assert person(name) in search(alice, first=wanted)


def test_a_form_is_answered_with_a_form(alice, person):
    tybalt = person("Tybalt <the> & Cat")
    reported, items = search_form(alice, first="tybalt")
    assert reported == ["jid", "first", "last", "nick", "email"]
    assert items == [{"jid": tybalt, "first": "Tybalt <the> &", "last": "Cat", "nick": tybalt.split("@")[0], "email": ""}]


def test_whoever_asks_for_nothing_finds_nobody(alice, person):
    person("Benvolio Montague")
    assert search(alice) == {} and search(alice, first="  ") == {} and search(alice, first="\u200b\u00ad") == {}
    assert search_form(alice)[1] == []


def test_so_many_are_told_and_no_more(alice, person):
    people = [person("Legion Number%d" % number) for number in range(7)]
    found = search(alice, first="Legion")
    assert len(found) == 5 and set(found) <= set(people)


def test_who_is_disabled_or_elsewhere_is_not_found(alice, person, server):
    gone, other = person("Mercutio Gone"), person("Mercutio Elsewhere", domain="second.example")
    assert server.run("user", "disable", gone).returncode == 0
    assert search(alice, first="Mercutio") == {}
    assert set(search(alice, to="second.example", first="Mercutio")) == {other}


def test_who_is_beyond_a_wall_is_not_found(folk, wall, person):
    left = folk.client(Account(person("Left Walled", groups="left"), PASSWORD_MARK + "search")).online()
    right, third = person("Right Walled", groups="right"), person("Third Walled")
    assert set(search(left, last="Walled")) == {left.bare, right, third}
    wall()
    assert set(search(left, last="Walled")) == {left.bare, third}
    wall(None)
    assert set(search(left, last="Walled")) == {left.bare, right, third}


def test_what_somebody_looks_for_is_an_event_of_the_record(alice, server):
    search(alice, last="privy-wanted")
    shown = server.run("record", "show", "--with", alice.bare)
    assert "privy-wanted" in shown.stdout


@pytest.mark.parametrize("in_form", [False, True])
def test_what_may_not_be_said_may_not_be_looked_for(alice, server, in_form):
    path = server.dir / "policy/rules/phrase.yaml"
    path.write_text(PHRASE)
    path.chmod(0o644)
    text = "purple elephant " + words()
    try:
        assert server.run("reload").returncode == 0
        field = element("last", text)
        if in_form:
            field = element("x", element("field", element("value", text), var="last"), xmlns=names.DATA_FORMS, type="submit")
        answer = alice.ask(SEARCH, to="example.org", type="set", payload=field)
        assert tuple(Error(answer)) == ("modify", "policy-violation")
        record.eventually(lambda: record.holding(server.dir / "record", text))
        entry, = record.holding(server.dir / "record", text)
        assert (entry["action"], entry["rules"]) == ("block", ["no-elephants"])
    finally:
        path.unlink()
        assert server.run("reload").returncode == 0


def test_it_can_be_switched_off(launch):
    server = launch("search-off", {"search": {"results": 0}})
    alice, = Folk(server).online(1)
    for kind in ("get", "set"):
        assert tuple(Error(alice.ask(SEARCH, to="example.org", type=kind))) == ("cancel", "service-unavailable")
    query = alice.ask(names.DISCO_INFO, to="example.org").find("{%s}query" % names.DISCO_INFO)
    assert SEARCH not in [each.get("var") for each in query]
