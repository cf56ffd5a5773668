"""Groups of accounts that appear in rosters by themselves (setting rosters.groups)."""

import itertools

import pytest

from lib import names, pep
from lib.client import Account
from lib.server import PASSWORD_MARK
from lib.stanza import Error, iq, iq_to, message, presence, presence_to, roster_push

_number = itertools.count(1)


@pytest.fixture(scope="module")
def server(launch):
    return launch("roster-groups", {"rosters": {"groups": ["crew=The Crew", "choir", "horde"]}})


class Team:
    """Groups of one test: `crew` and so on are set anew for its own people, who leave when it ends."""

    def __init__(self, folk):
        self.folk = folk
        self.server = folk.server
        self.accounts = []

    def account(self, *groups, name=None):
        number = next(_number)
        account = Account("mate%d@example.org" % number, PASSWORD_MARK + "mate")
        self.server.import_csv("%s,%s,%s,%s,,,\n" % (account.jid, account.password, name or "Mate %d" % number,
                                                     ";".join(groups)))
        self.accounts.append(account.jid)
        return account

    def member(self, *groups, **more):
        return self.folk.client(self.account(*groups, **more)).online()

    def members(self, count, *groups):
        """So many, who have all got each other's presence."""
        people = [self.member(*groups) for _ in range(count)]
        for one, other in itertools.permutations(people, 2):
            one.expect(presence(from_=other.jid, type=""))
        for one, other in itertools.permutations(people, 2):
            one.settle(other)
        return people

    def change(self, client, **options):
        words = [part for key, value in options.items() for part in ("--" + key, value)]
        self.user("change", client.bare, *words)

    def user(self, what, jid, *words):
        done = self.server.run("user", what, jid, *words)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def team(folk):
    made = Team(folk)
    yield made
    for jid in made.accounts:
        made.server.run("user", "change", jid, "--groups", "")


def groups(item):
    return {each.text for each in item.findall("{%s}group" % names.ROSTER)}


def raw_roster(client, ver=None):
    answer = client.ask(names.ROSTER, ver=ver)
    query = answer.find("{%s}query" % names.ROSTER)
    return None if query is None else (query.get("ver"), {item.get("jid"): item for item in query})


def test_members_are_in_each_others_rosters(team):
    alice, bob = team.members(2, "crew")
    item = alice.roster()[bob.bare]
    assert item.get("subscription") == "both" and item.get("ask") is None
    assert item.get("name").startswith("Mate ") and groups(item) == {"The Crew"}
    assert alice.bare not in alice.roster()
    assert set(bob.roster()) == {alice.bare}


def test_members_who_are_not_there_are_in_the_roster_too(team):
    alice = team.member("crew")
    absent = team.account("crew", name="Absent Friend")
    assert alice.roster()[absent.jid].get("name") == "Absent Friend"


def test_a_group_that_is_not_named_shows_nobody(team):
    alice, bob = team.member("elsewhere"), team.member("elsewhere")
    assert alice.roster() == {} == bob.roster()


def test_presence_flows_without_asking(team):
    alice, bob = team.members(2, "crew")
    alice.available("<show>away</show>")
    assert bob.expect(presence(from_=alice.jid)).findtext("{%s}show" % names.CLIENT) == "away"
    carol = team.member("crew")
    carol.expect(presence(from_=alice.jid, type=""))
    carol.expect(presence(from_=bob.jid, type=""))
    alice.expect(presence(from_=carol.jid, type=""))
    carol.end()
    alice.expect(presence(from_=carol.jid, type="unavailable"))
    bob.expect(presence(from_=carol.jid, type="unavailable"))


def test_who_shares_two_groups_gets_everything_once(team):
    alice, bob = team.members(2, "crew", "choir")
    assert groups(alice.roster()[bob.bare]) == {"The Crew", "choir"}
    alice.available("<show>dnd</show>")
    assert len([each for each in bob.settle(alice) if each.get("from") == alice.jid]) == 1


def test_a_friend_who_is_a_mate_too_gets_everything_once(folk, team):
    alice, bob = folk.friends(2)
    team.accounts += [alice.bare, bob.bare]
    team.change(alice, groups="crew")
    team.change(bob, groups="crew")
    alice.expect(roster_push(bob.bare, subscription="both"))
    bob.expect(roster_push(alice.bare, subscription="both"))
    bob.settle(alice)
    alice.available("<show>dnd</show>")
    assert len([each for each in bob.settle(alice) if each.tag.endswith("presence")]) == 1
    team.change(alice, groups="")
    push = bob.expect(roster_push(alice.bare))
    assert push.find(".//{%s}item" % names.ROSTER).get("subscription") == "both"  # their own
    bob.settle(alice)
    alice.available("<show>xa</show>")
    bob.expect(presence(from_=alice.jid))


def test_probes_are_answered(team):
    alice, bob = team.members(2, "crew")
    bob.settle(alice)
    bob.send(presence_to(alice.bare, "probe"))
    bob.expect(presence(from_=alice.jid, type=""))


def test_requests_reach_resources_of_mates(team):
    alice, bob = team.members(2, "crew")
    bob.answer_pings = False
    alice.send(iq_to(bob.jid, "get", "<ping xmlns='%s'/>" % names.PING, id="p"))
    bob.expect(iq(id="p", from_=alice.jid))
    assert alice.ask("jabber:iq:last", to=bob.bare).get("type") == "result"


@pytest.mark.tsan
def test_who_joins_appears_at_once_with_presence(team):
    alice, bob = team.members(2, "crew")
    carol = team.member()
    team.change(carol, groups="crew")
    for client in (alice, bob):
        push = client.expect(roster_push(carol.bare, subscription="both"))
        assert groups(push.find(".//{%s}item" % names.ROSTER)) == {"The Crew"}
        client.expect(presence(from_=carol.jid, type=""))
        carol.expect(roster_push(client.bare, subscription="both"))
        carol.expect(presence(from_=client.jid, type=""))


@pytest.mark.tsan
def test_who_leaves_is_gone_at_once_with_presence(team):
    alice, bob, carol = team.members(3, "crew")
    team.change(carol, groups="")
    for client in (alice, bob):
        client.expect(roster_push(carol.bare, subscription="remove"))
        client.expect(presence(from_=carol.jid, type="unavailable"))
        carol.expect(roster_push(client.bare, subscription="remove"))
        carol.expect(presence(from_=client.jid, type="unavailable"))
    carol.available("<show>away</show>")
    assert not [each for each in alice.settle(bob) if (each.get("from") or "").startswith(carol.bare)]


def test_a_new_account_appears_and_a_removed_one_goes(team):
    alice = team.member("crew")
    new = team.account("crew")
    alice.expect(roster_push(new.jid, subscription="both"))
    team.user("remove", new.jid, "--yes")
    alice.expect(roster_push(new.jid, subscription="remove"))


def test_who_is_disabled_goes_and_comes_back_when_enabled(team):
    alice, bob = team.members(2, "crew")
    team.user("disable", bob.bare)
    alice.expect(roster_push(bob.bare, subscription="remove"))
    alice.expect(presence(from_=bob.jid, type="unavailable"))
    assert bob.bare not in alice.roster()
    team.user("enable", bob.bare)
    alice.expect(roster_push(bob.bare, subscription="both"))


def test_who_is_renamed_is_pushed_with_the_new_name(team):
    alice, bob = team.members(2, "crew")
    team.change(bob, name="Robert")
    alice.expect(roster_push(bob.bare, name="Robert", subscription="both"))
    assert alice.roster()[bob.bare].get("name") == "Robert"


def test_an_own_name_and_own_groups_are_kept(team):
    alice, bob = team.members(2, "crew")
    assert alice.roster_set(bob.bare, "Bobby", ["The Crew", "Lunch"]).get("type") == "result"
    push = alice.expect(roster_push(bob.bare, name="Bobby", subscription="both"))
    assert groups(push.find(".//{%s}item" % names.ROSTER)) == {"The Crew", "Lunch"}
    team.change(bob, groups="choir")
    team.change(alice, groups="choir")
    item = alice.roster()[bob.bare]
    assert item.get("name") == "Bobby" and groups(item) == {"choir", "Lunch"}


def test_a_mate_cannot_be_removed(team):
    alice, bob = team.members(2, "crew")
    assert tuple(Error(alice.roster_set(bob.bare, subscription="remove"))) == ("cancel", "not-allowed")
    assert bob.bare in alice.roster()


@pytest.mark.parametrize("kind", ["unsubscribe", "unsubscribed"])
def test_a_subscription_to_a_mate_cannot_be_ended(team, kind):
    alice, bob = team.members(2, "crew")
    alice.send(presence_to(bob.bare, kind))
    assert Error(alice.expect(presence(type="error", from_=bob.bare))).condition == "not-allowed"
    alice.available("<show>dnd</show>")
    bob.expect(presence(from_=alice.jid))


def test_a_request_to_a_mate_changes_nothing(team):
    alice, bob = team.members(2, "crew")
    alice.send(presence_to(bob.bare, "subscribe"))
    assert not [each for each in bob.settle(alice) if each.get("type") == "subscribe"]
    assert alice.roster()[bob.bare].get("ask") is None


def test_a_blocked_mate_sees_nothing(team):
    alice, bob, carol = team.members(3, "crew")
    alice.iq("set", "<block xmlns='%s'><item jid='%s'/></block>" % (names.BLOCKING, bob.bare))
    bob.expect(presence(from_=alice.jid, type="unavailable"))
    alice.available("<show>away</show>")
    carol.expect(presence(from_=alice.jid))
    assert not [each for each in bob.settle(carol) if (each.get("from") or "").startswith(alice.bare)]
    alice.iq("set", "<unblock xmlns='%s'><item jid='%s'/></unblock>" % (names.BLOCKING, bob.bare))
    assert bob.expect(presence(from_=alice.jid)).findtext("{%s}show" % names.CLIENT) == "away"


def test_the_version_of_the_roster_knows_the_groups(team):
    alice, bob = team.members(2, "crew")
    version, _ = raw_roster(alice)
    assert raw_roster(alice, version) is None
    team.change(bob, name="Somebody Else")
    push = alice.expect(roster_push(bob.bare))
    newer = push.find("{%s}query" % names.ROSTER).get("ver")
    assert newer != version
    assert raw_roster(alice, newer) is None
    assert raw_roster(alice, version)[1][bob.bare].get("name") == "Somebody Else"


def test_the_version_outlives_a_restart_and_a_change_meanwhile_does_not_escape(launch):
    from lib.folk import Folk
    server = launch("roster-groups-restart", {"rosters": {"groups": ["*"]}})
    team = Team(Folk(server))
    alice, bob = team.members(2, "any group")
    version, _ = raw_roster(alice)
    server.restart()
    again = team.folk.client(alice.account).login()
    assert raw_roster(again, version) is None
    server.stop()
    team.user("change", bob.bare, "--groups", "")
    server.start()
    again = team.folk.client(alice.account).login()
    assert raw_roster(again, version)[1] == {}


@pytest.mark.tsan
def test_a_wall_comes_before_a_group(team, wall):
    left, right = team.members(2, "crew")
    third = team.member("crew")
    for client in (left, right):
        client.expect(presence(from_=third.jid))
    team.change(left, groups="crew,left")
    team.change(right, groups="crew,right")
    left.expect(roster_push(right.bare))
    right.expect(roster_push(left.bare))
    wall()
    left.expect(presence(from_=right.jid, type="unavailable"))
    right.expect(presence(from_=left.jid, type="unavailable"))
    left.expect(roster_push(right.bare, subscription="remove"))
    right.expect(roster_push(left.bare, subscription="remove"))
    assert set(left.roster()) == {third.bare}
    left.available("<show>away</show>")
    third.expect(presence(from_=left.jid))
    assert not [each for each in right.settle(third) if (each.get("from") or "").startswith(left.bare)]
    assert tuple(Error(left.ask("jabber:iq:last", to=right.bare)))[1] in ("forbidden", "policy-violation")
    wall(None)
    right.expect(presence(from_=left.jid, type=""))
    left.expect(roster_push(right.bare, subscription="both"))
    right.expect(roster_push(left.bare, subscription="both"))


def test_what_is_said_in_presence_is_recorded_and_inspected_as_ever(team):
    alice, bob = team.members(2, "crew")
    alice.send(presence_to(None, None, "<status>privy-at-lunch</status>"))
    assert bob.expect(presence(from_=alice.jid)).findtext("{%s}status" % names.CLIENT) == "privy-at-lunch"
    shown = team.server.run("record", "show", "--with", alice.bare)
    assert "privy-at-lunch" in shown.stdout, shown.stdout + shown.stderr


def test_messages_between_mates_go_the_usual_way(team):
    alice, bob = team.members(2, "crew")
    said = alice.say(bob.bare)
    bob.expect(message(body=said.body))


def test_a_large_group_is_told_of_a_new_member_and_the_member_of_all(team):
    """More than one portion of pushes."""
    count = 130
    accounts = [Account("horde%d@example.org" % number, PASSWORD_MARK + "horde") for number in range(count)]
    team.server.import_csv("".join("%s,%s,Horde,horde,,,\n" % each for each in accounts))
    alice = team.member()
    team.change(alice, groups="horde")  # whose members stay: no other test has it
    for each in accounts:
        alice.expect(roster_push(each.jid, subscription="both"))
    assert len(alice.roster()) == count


def test_a_node_for_a_shared_group_is_open_to_who_is_in_it(team):
    """XEP-0060 4.5: a group of the roster is one that the roster shows."""
    one, other = team.members(2, "crew")
    third, = team.members(1, "crew", "choir")
    for client in (one, other):  # who has the group's name in it: it is in what is published, too
        client.expect(roster_push(third.bare, subscription="both"))
    options = {"access_model": "roster", "roster_groups_allowed": "choir"}
    for node, group in (("crews", "The Crew"), ("choirs", "choir")):
        assert pep.publish(one, node, pep.tune(node), options=dict(options, roster_groups_allowed=group)).get("type") == "result"
    form = pep.request(one, "<configure node='choirs'/>", "get", owner=True)
    offered = [each.text for each in form.iterfind(".//{%s}option/{%s}value" % (names.DATA, names.DATA))]
    assert offered.count("The Crew") == 1 and offered.count("choir") == 1
    assert pep.title(pep.items(other, "crews", to=one.bare)) == "crews"
    assert pep.pubsub_error(pep.items(third, "choirs", to=one.bare))[2] == "not-in-roster-group"
    team.change(one, groups="crew,choir")
    assert pep.title(pep.items(third, "choirs", to=one.bare)) == "choirs"
    assert pep.pubsub_error(pep.items(other, "choirs", to=one.bare))[2] == "not-in-roster-group"
