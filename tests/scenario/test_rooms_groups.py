"""Rooms and groups of accounts: whoever is in a group that the room names is a member, an admin or an owner of it, from the
moment he is in it until he is not; and rules between groups hold for what is said in rooms."""

import itertools

import pytest

from lib import names, record
from lib.client import Account, Client
from lib.names import tag
from lib.rooms import admin, codes, create, item, join, listed, occupant, refusal, say
from lib.rules import add_rules, wall_rule, word_rule
from lib.server import PASSWORD_MARK
from lib.stanza import Error, body, child, message, message_to

SALES_TO_RESEARCH = ("group:talk-sales", "group:talk-research")
RULES = (
    word_rule("group-text", "margeword", "Not to research.", SALES_TO_RESEARCH),
    """  - id: group-reactions
    type: namespace
    purpose: No reactions from sales to research.
    from: %s
    to: %s
    match: { namespaces: ["urn:xmpp:reactions:0"] }
    action: block
    mode: enforce
    notice: { en: "No reactions to research." }
""" % SALES_TO_RESEARCH,
    wall_rule("group-wall", ("group:talk-north", "group:talk-south")),
)
_number = itertools.count(1)


@pytest.fixture(scope="module")
def server(launch):
    def prepare(server):
        add_rules(server, *RULES)
        server.configure({"rooms": {"admin_group": "room-admins"}})
    return launch("room-groups", prepare=prepare)


@pytest.fixture
def crew():
    """The name of a group of this test alone."""
    return "crew-%d" % next(_number)


def person(server, *groups):
    """Somebody of those groups, online."""
    account = Account("g%04d@%s" % (next(_number), server.domain), PASSWORD_MARK + "groups")
    server.import_csv("%s,%s,Person,%s,,,\n" % (account.jid, account.password, ";".join(groups)))
    return Client(server, account).online()


def user(server, what, client, *words):
    done = server.run("user", what, client.bare, *words)
    assert done.returncode == 0, done.stdout + done.stderr


def name_groups(who, room, **lists):
    """name_groups(who, room, member=["a", "b"]); returns the answer."""
    fields = "".join("<field var='x-roomconfig_%sgroups'>%s</field>" % (
        which, "".join("<value>%s</value>" % each for each in groups)) for which, groups in lists.items())
    return who.ask(names.MUC_OWNER, to=room, type="set", payload=(
        "<x xmlns='%s' type='submit'><field var='FORM_TYPE'><value>%s#roomconfig</value></field>%s</x>" % (
            names.DATA, names.MUC, fields)))


def on_list(client, room, affiliation="member"):
    answer, found = listed(client, room, affiliation=affiliation)
    assert answer.get("type") == "result", Error(answer)
    return [each.get("jid") for each in found]


def test_everyone_of_a_group_is_a_member(server, room, crew):
    boss = person(server, "room-admins")
    ann, bea, out = person(server, crew), person(server, crew), person(server)
    create(boss, room, "boss", membersonly="1")
    assert tuple(Error(refusal(ann, room, "ann"))) == ("auth", "registration-required")
    assert name_groups(boss, room, member=[crew, "empty"]).get("type") == "result"
    assert item(join(ann, room, "ann")).get("affiliation") == "member"
    assert tuple(Error(refusal(out, room, "out"))) == ("auth", "registration-required")
    assert sorted(on_list(boss, room)) == sorted([ann.bare, bea.bare])
    answer = boss.ask(names.MUC_OWNER, to=room)
    field = [each for each in answer.iter(tag(names.DATA, "field")) if each.get("var") == "x-roomconfig_membergroups"][0]
    assert field.get("type") == "text-multi"
    assert [each.text for each in field.findall(tag(names.DATA, "value"))] == [crew, "empty"]


def test_who_joins_and_leaves_the_group(server, room, crew):
    boss, ann, bea = person(server, "room-admins"), person(server, crew), person(server)
    create(boss, room, "boss", membersonly="1")
    name_groups(boss, room, member=[crew])
    join(ann, room, "ann")
    boss.expect(occupant(room, "ann"))
    user(server, "change", bea, "--groups", crew)
    join(bea, room, "bea")
    user(server, "change", ann, "--groups", "")
    assert {"321", "110"} <= codes(ann.expect(occupant(room, "ann", "unavailable")))
    assert "321" in codes(boss.expect(occupant(room, "ann", "unavailable")))
    assert tuple(Error(refusal(ann, room, "ann"))) == ("auth", "registration-required")
    assert on_list(boss, room) == [bea.bare]
    user(server, "disable", bea)
    boss.expect(occupant(room, "bea", "unavailable"))
    assert on_list(boss, room) == []


def test_roles_follow_in_an_open_room(server, room, crew):
    boss, ann, bea = person(server, "room-admins"), person(server), person(server)
    create(boss, room, "boss", moderatedroom="1")
    assert item(join(ann, room, "ann")).get("role") == "visitor"
    join(bea, room, "bea")
    ann.expect(occupant(room, "bea"))
    user(server, "change", ann, "--groups", crew)
    name_groups(boss, room, admin=[crew])
    seen = item(bea.expect(occupant(room, "ann", where=lambda e: item(e).get("affiliation") == "admin")))
    assert seen.get("role") == "moderator"
    assert admin(ann, room, nick="bea", role="participant").get("type") == "result"
    user(server, "change", ann, "--groups", "other")
    seen = item(bea.expect(occupant(room, "ann", where=lambda e: item(e).get("affiliation") == "none")))
    assert seen.get("role") == "visitor"
    user(server, "change", ann, "--groups", crew)
    bea.expect(occupant(room, "ann", where=lambda e: item(e).get("affiliation") == "admin"))
    name_groups(boss, room, admin=[])
    bea.expect(occupant(room, "ann", where=lambda e: item(e).get("affiliation") == "none"))


def test_the_lists_and_the_groups(server, room, crew):
    boss, ann, bea = person(server, "room-admins"), person(server, crew), person(server, crew)
    create(boss, room, "boss", membersonly="1")
    name_groups(boss, room, member=[crew])
    assert tuple(Error(admin(boss, room, jid=ann.bare, affiliation="none"))) == ("cancel", "not-allowed")
    assert admin(boss, room, jid=ann.bare, affiliation="outcast").get("type") == "result"  # a ban is stronger
    assert tuple(Error(refusal(ann, room, "ann"))) == ("auth", "forbidden")
    assert admin(boss, room, jid=bea.bare, affiliation="admin").get("type") == "result"
    assert on_list(boss, room) == [] and on_list(boss, room, "admin") == [bea.bare]
    name_groups(boss, room, member=[], owner=[crew])
    assert item(join(ann, room, "ann")).get("affiliation") == "owner"
    assert tuple(Error(admin(bea, room, jid=ann.bare, affiliation="outcast"))) == ("cancel", "not-allowed")


def test_which_groups_an_owner_may_name(server, room, crew):
    ann, boss = person(server, crew), person(server, "room-admins")
    create(ann, room, "ann")
    assert tuple(Error(name_groups(ann, room, member=["room-admins"]))) == ("modify", "not-acceptable")
    assert name_groups(ann, room, member=[crew]).get("type") == "result"
    assert name_groups(boss, room, member=[crew, "room-admins"]).get("type") == "result"
    assert name_groups(ann, room, member=["room-admins"]).get("type") == "result"  # was there already
    assert tuple(Error(name_groups(boss, room, member=["g%d" % n for n in range(21)]))) == ("modify", "not-acceptable")


def test_it_holds_after_a_restart(server, room, crew):
    boss, ann = person(server, "room-admins"), person(server, crew)
    create(boss, room, "boss", membersonly="1", persistentroom="1")
    name_groups(boss, room, member=[crew])
    accounts = boss.account, ann.account
    server.restart()
    boss, ann = (Client(server, each).online() for each in accounts)
    assert item(join(ann, room, "ann")).get("affiliation") == "member"
    assert on_list(boss, room) == [ann.bare]


def test_a_list_of_a_group_ends_at_a_wall(server, room, crew):
    north, south = person(server, crew, "talk-north"), person(server, crew, "talk-south")
    create(north, room, "north")
    name_groups(north, room, member=[crew])
    assert south.bare not in on_list(north, room)
    assert south.bare in on_list(person(server, "room-admins"), room)


def test_an_account_that_is_no_more_is_on_no_list_but_that_of_the_banned(server, room):
    boss, ann, bea = person(server, "room-admins"), person(server), person(server)
    create(boss, room, "boss", membersonly="1", persistentroom="1")
    admin(boss, room, jid=ann.bare, affiliation="member")
    admin(boss, room, jid=bea.bare, affiliation="outcast")
    user(server, "remove", ann, "--yes")
    user(server, "remove", bea, "--yes")
    record.eventually(lambda: on_list(boss, room) == [])
    assert on_list(boss, room, "outcast") == [bea.bare]
    boss = boss.account
    server.restart()
    boss = Client(server, boss).online()
    assert on_list(boss, room) == [] and on_list(boss, room, "outcast") == [bea.bare]


# --- rules between groups

@pytest.mark.parametrize("present", [True, False])
@pytest.mark.parametrize("inside,notice", [
    (body("a margeword"), "Not to research."),
    (body("fine") + "<reactions xmlns='urn:xmpp:reactions:0' id='x'><reaction>y</reaction></reactions>",
     "No reactions to research.")])
def test_a_rule_between_two_groups_holds_in_a_room(server, room, inside, notice, present):
    """Whoever enters later can read it, too: it holds whether one of them is in or not."""
    boss, sales, research = person(server, "room-admins"), person(server, "talk-sales"), person(server, "talk-research")
    create(boss, room, "boss")
    join(sales, room, "sales")
    if present:
        join(research, room, "research")
    sales.send(message_to(room, inside, type="groupchat", id="no"))
    refused = Error(sales.expect(message(id="no", type="error")))
    assert tuple(refused) == ("modify", "policy-violation") and refused.text == notice
    text = say(boss, room)
    if not present:
        research.send("<presence to='%s/research'><x xmlns='%s'/></presence>" % (room, names.MUC))
    research.expect(message(body=text))
    assert not [each for each in research.inbox if "margeword" in "".join(each.itertext())
                or child(each, "reactions", "urn:xmpp:reactions:0") is not None]
    boss.send(message_to(room, inside, type="groupchat", id="yes"))  # of no concern to the rule
    research.expect(message(id="yes"))


def test_the_record_of_all_this_verifies(server):
    server.stop()
    record.verify(server)
