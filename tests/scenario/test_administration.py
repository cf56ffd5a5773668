"""Administration by people with their clients: ad-hoc commands (XEP-0050) of service administration (XEP-0133)."""

import datetime
import itertools
import os
import secrets
import signal

import pytest

from lib import names, record
from lib.client import Account, Client, Refused
from lib.command import ADMIN, administrator, begin, command, data, done, failed, form, inside, note, run
from lib.server import PASSWORD_MARK
from lib.stanza import child, element, Error, iq, iq_to, words

_servers = itertools.count(1)
RULE = """
rules:
  - id: no-elephants
    purpose: No purple elephants.
    match: { words: ["purple elephant"] }
    action: block
    mode: enforce
    notice: { en: "Not here." }
    samples: [ { text: "the purple elephant", verdict: hit }, { text: "a grey elephant", verdict: clean } ]
"""

OFFERED = set("""add-user delete-user disable-user reenable-user end-user-session change-user-password get-user-roster
    get-user-lastlogin user-stats edit-blacklist edit-whitelist get-registered-users-num get-disabled-users-num get-online-users-num
    get-active-users-num get-idle-users-num get-registered-users-list get-disabled-users-list get-online-users-list
    get-active-users get-idle-users announce set-motd edit-motd delete-motd set-welcome delete-welcome edit-admin restart
    shutdown""".split())


@pytest.fixture
def admin(folk, server):
    return administrator(server)


@pytest.fixture
def plain(folk):
    return folk.online(1)[0]


def newcomer(server):
    return Account("new-%s@%s" % (secrets.token_hex(4), server.domain), PASSWORD_MARK + secrets.token_hex(8))


def add(admin, account, **more):
    return done(admin, "add-user", accountjid=account.jid, password=account.password,
                password_verify=account.password, **more)


def items(client, to):
    answer = client.ask(names.DISCO_ITEMS, to=to, node=names.COMMANDS)
    query = child(answer, "query", names.DISCO_ITEMS)
    assert query.get("node") == names.COMMANDS
    return {each.get("node"): each for each in query}


def condition(answer):
    """(type, condition, condition of XEP-0050)"""
    error = Error(answer)
    own = [each.tag.split("}")[1] for each in error.element if each.tag.startswith("{%s}" % names.COMMANDS)]
    return (*error, *own)


# ---- who, and what there is

@pytest.mark.parametrize("own", [False, True])
def test_an_administrator_is_shown_the_commands_with_names(admin, own):
    to = admin.bare if own else admin.domain
    found = items(admin, to)
    assert set(found) == {ADMIN + name for name in OFFERED} | {"urn:xmpp:invite#create-account"}
    assert all(each.get("jid") == to and each.get("name") for each in found.values())


def features(client, to):
    return [each.get("var") for each in client.ask(names.DISCO_INFO, to=to).iter("{%s}feature" % names.DISCO_INFO)]


def test_nobody_else_is_shown_any(plain, admin):
    assert items(plain, plain.domain) == {} and items(plain, plain.bare) == {}
    assert names.COMMANDS in features(admin, admin.bare) and names.COMMANDS not in features(plain, plain.bare)
    assert names.COMMANDS in features(plain, plain.domain)


def test_the_rooms_know_no_commands(admin):
    assert condition(command(admin, "add-user", "rooms." + admin.domain)) == ("cancel", "service-unavailable")
    assert tuple(Error(admin.ask(names.DISCO_INFO, to="rooms." + admin.domain, node="x"))) == ("cancel", "item-not-found")


def test_what_a_command_is(admin, plain):
    for node, identity in ((names.COMMANDS, ("automation", "command-list")),
                           (ADMIN + "add-user", ("automation", "command-node"))):
        answer = admin.ask(names.DISCO_INFO, to=admin.domain, node=node)
        query = child(answer, "query", names.DISCO_INFO)
        assert query.get("node") == node
        assert identity in [(each.get("category"), each.get("type")) for each in query]
    features = [each.get("var") for each in query]
    assert names.COMMANDS in features and names.DATA in features
    assert tuple(Error(plain.ask(names.DISCO_INFO, to=plain.domain, node=ADMIN + "add-user"))) == ("auth", "forbidden")
    assert tuple(Error(admin.ask(names.DISCO_INFO, to=admin.domain, node=ADMIN + "x"))) == ("cancel", "item-not-found")


def test_nobody_else_may_run_one(plain, server):
    account = newcomer(server)
    for to in (plain.domain, plain.bare, None):
        assert condition(command(plain, "add-user", to)) == ("auth", "forbidden")
    assert condition(command(plain, "add-user", payload=form({"accountjid": account.jid}),
                             sessionid="0" * 32)) == ("auth", "forbidden")


def test_what_is_not_offered_is_said_to_be_so(admin):
    """Passwords cannot be read: the server has none."""
    assert condition(command(admin, "get-user-password")) == ("cancel", "feature-not-implemented")
    assert condition(command(admin, "config", prefix="")) == ("cancel", "item-not-found")


def test_who_leaves_the_group_may_no_longer(admin, server):
    id = begin(admin, "delete-user")
    assert server.run("user", "disable", admin.bare).returncode == 0
    with pytest.raises(AssertionError):
        command(admin, "delete-user", payload=form({"accountjids": "x@" + server.domain}), sessionid=id)


# ---- the course of a command (XEP-0050)

def test_the_form_says_what_may_be_done_with_it(admin):
    answer = command(admin, "add-user", action="execute")
    found = inside(answer)
    assert found.get("status") == "executing" and found.get("node") == ADMIN + "add-user"
    actions = child(found, "actions", names.COMMANDS)
    assert actions.get("execute") == "complete" and [each.tag.split("}")[1] for each in actions] == ["complete"]
    assert set(data(answer)) == {"FORM_TYPE", "accountjid", "password", "password-verify", "email", "given_name",
                                 "surname"}
    assert data(answer)["FORM_TYPE"] == ["http://jabber.org/protocol/admin"]


@pytest.mark.parametrize("action", [None, "execute", "complete"])
def test_a_form_is_sent_back_with_execute_or_complete(admin, server, action):
    account = newcomer(server)
    answer = run(admin, "add-user", action=action, accountjid=account.jid, password=account.password,
                 password_verify=account.password)
    assert inside(answer).get("status") == "completed"
    Client(server, account).login()


def test_a_session_can_be_canceled_and_has_ended_then(admin):
    id = begin(admin, "add-user")
    assert inside(command(admin, "add-user", sessionid=id, action="cancel")).get("status") == "canceled"
    again = command(admin, "add-user", sessionid=id, action="cancel")
    assert condition(again) == ("cancel", "not-allowed", "session-expired")


def test_a_session_that_was_completed_has_ended(admin, server):
    account = newcomer(server)
    add(admin, account)
    id = begin(admin, "delete-user")
    for wanted in ("result", "error"):
        answer = command(admin, "delete-user", payload=form({"accountjids": account.jid}), sessionid=id)
        assert answer.get("type") == wanted
    assert condition(answer) == ("cancel", "not-allowed", "session-expired")


def bad(own):
    return ("modify", "bad-request", own)


def test_actions_that_are_none_and_that_are_not_to_be_had(admin):
    id = begin(admin, "add-user")
    assert condition(command(admin, "add-user", action="explode")) == bad("malformed-action")
    for action in ("next", "prev"):
        assert condition(command(admin, "add-user", sessionid=id, action=action)) == bad("bad-action")
    for action in ("next", "prev", "complete", "cancel"):
        assert condition(command(admin, "add-user", action=action)) == bad("bad-action")


def test_sessions_of_others_and_of_nobody(admin, folk, server):
    id = begin(admin, "add-user")
    other = administrator(server)
    desk = folk.another(admin)
    for client, name, session in ((other, "add-user", id), (desk, "add-user", id), (admin, "delete-user", id),
                                  (admin, "add-user", "made-up"), (admin, "add-user", "")):
        assert condition(command(client, name, sessionid=session, payload=form({}))) == bad("bad-sessionid")


def test_forms_that_are_none(admin):
    id = begin(admin, "delete-user")
    wrong = form({"accountjids": "x@example.org"}).replace("protocol/admin", "protocol/other")
    for payload in ("", form({}), form({"accountjids": " "}), wrong):
        assert condition(command(admin, "delete-user", sessionid=id, payload=payload)) == bad("bad-payload")
    assert inside(command(admin, "delete-user", sessionid=id, action="cancel")).get("status") == "canceled"


def test_a_language_that_is_none(admin):
    assert condition(command(admin, "add-user", xml__lang="not a language")) == bad("bad-locale")
    assert inside(command(admin, "add-user", xml__lang="fr-ca")).get(names.LANG) == "en"


def test_sessions_are_bounded(admin):
    for _ in range(20):
        begin(admin, "add-user")
    assert condition(command(admin, "add-user")) == ("wait", "resource-constraint")


# ---- accounts

def test_an_account_is_added_and_deleted(admin, server):
    account = newcomer(server)
    add(admin, account, email="new@example.net", given_name="Nova", surname="Comer")
    user = server.json("user", "show", account.jid)["user"]
    assert (user["name"], user["mail"], user["groups"]) == ("Nova Comer", "new@example.net", [])
    client = Client(server, account).online()
    done(admin, "delete-user", accountjids=account.jid + "/anywhere")
    client.expect(lambda each: each.tag.endswith("}error"))
    with pytest.raises(Refused):
        Client(server, account).login()


def test_several_accounts_are_deleted_at_once_and_who_is_not_there_is_named(admin, server):
    one, other = newcomer(server), newcomer(server)
    add(admin, one)
    add(admin, other)
    text = failed(admin, "delete-user", accountjids=[one.jid, "nobody-here@" + server.domain, other.jid])
    assert "nobody-here" in text and one.jid not in text
    for account in (one, other):
        assert server.run("user", "show", account.jid).returncode != 0


@pytest.mark.parametrize("change, why", [
    ({"password_verify": "something else"}, "Passwords do not match"), ({"password": ""}, "needed"),
    ({"password": "short", "password_verify": "short"}, "sasl.password_min"),
    ({"accountjid": "someone@elsewhere.example", "password": ""}, "Cannot create remote user: someone@elsewhere"),
    ({"accountjid": "two@at@signs", "password": ""}, "Please provide a valid JID: two@at@signs"),
    ({"accountjid": "example.org"}, "Please provide a valid JID")])
def test_an_account_that_cannot_be(admin, server, change, why):
    account = newcomer(server)
    values = {"accountjid": account.jid, "password": account.password, "password_verify": account.password} | change
    assert why in failed(admin, "add-user", **values)
    assert server.run("user", "show", account.jid).returncode != 0


def test_an_account_that_is_there_is_a_conflict(admin, plain):
    answer = run(admin, "add-user", accountjid=plain.bare, password="long enough", password_verify="long enough")
    assert condition(answer) == ("cancel", "conflict")


def test_what_was_done_is_said_and_what_was_not_is_said_why(admin, plain):
    """With the words that interoperability suites look for."""
    answer = run(admin, "reenable-user", accountjids=plain.bare)
    assert note(answer) == ("info", "Operation finished successfully.")
    assert failed(admin, "reenable-user", accountjids="nobody@" + admin.domain) == "User does not exist: nobody@" + admin.domain
    assert failed(admin, "reenable-user", accountjids="a@b.example") == "Cannot re-enable remote user: a@b.example"
    assert failed(admin, "delete-user", accountjids="a@b@c") == "Please provide a valid JID: a@b@c"


def test_a_session_is_ended_and_another_stays(admin, folk, plain):
    desk = folk.another(plain)
    done(admin, "end-user-session", accountjids=desk.jid)
    desk.expect(lambda each: each.tag.endswith("}error"))
    plain.roundtrip()
    done(admin, "end-user-session", accountjids=plain.bare)
    plain.expect(lambda each: each.tag.endswith("}error"))


def is_error(each):
    return each.tag.endswith("}error")


@pytest.mark.parametrize("name", ["disable-user", "delete-user", "end-user-session"])
def test_who_does_it_to_himself_has_the_answer_before_the_end(admin, folk, plain, name):
    """The others of the account end, too, and the rest of the list is done."""
    desk = folk.another(admin)
    done(admin, name, accountjids=[admin.bare, plain.bare])
    for each in (admin, desk, plain):
        each.expect(is_error)
    if name != "end-user-session":
        with pytest.raises(Refused):
            Client(admin.server, admin.account).login()


def test_his_own_session_and_his_own_password(admin, folk, server):
    desk = folk.another(admin)
    done(desk, "end-user-session", accountjids=desk.jid)
    desk.expect(is_error)
    changed = Account(admin.bare, PASSWORD_MARK + secrets.token_hex(8))
    done(admin, "change-user-password", accountjid=changed.jid, password=changed.password)
    admin.expect(is_error)
    Client(server, changed).login()


def test_a_disabled_account_cannot_log_in_until_it_is_enabled_again(admin, plain):
    done(admin, "disable-user", accountjids=plain.bare)
    plain.expect(lambda each: each.tag.endswith("}error"))
    assert plain.bare in done(admin, "get-disabled-users-list")["disableduserjids"]
    with pytest.raises(Refused):
        Client(plain.server, plain.account).login()
    done(admin, "reenable-user", accountjids=plain.bare)
    Client(plain.server, plain.account).login()
    assert "nobody" in failed(admin, "reenable-user", accountjids="nobody@" + plain.domain)


def test_a_password_is_changed(admin, plain):
    changed = Account(plain.bare, PASSWORD_MARK + secrets.token_hex(8))
    done(admin, "change-user-password", accountjid=changed.jid, password=changed.password)
    with pytest.raises(Refused):
        Client(plain.server, plain.account).login()
    Client(plain.server, changed).login()
    assert "sasl.password_min" in failed(admin, "change-user-password", accountjid=changed.jid, password="short")


def test_administrators_are_named_and_somebody_is_left(admin, plain, server):
    id = begin(admin, "edit-admin")
    before = data(command(admin, "edit-admin"))["adminjids"]
    assert admin.bare in before
    done(admin, "edit-admin", adminjids=before + [plain.bare])
    assert set(data(command(plain, "edit-admin"))["adminjids"]) == {*before, plain.bare}
    done(plain, "edit-admin", adminjids=[each.capitalize() + "/anywhere" for each in before + [plain.bare]])
    assert set(data(command(plain, "edit-admin"))["adminjids"]) == {*before, plain.bare}
    failed(plain, "edit-admin", adminjids=[])
    failed(plain, "edit-admin", adminjids=[plain.bare, "nobody@" + server.domain])
    done(plain, "edit-admin", adminjids=[each for each in before + [plain.bare] if each != admin.bare])
    assert condition(command(admin, "edit-admin", sessionid=id, action="cancel")) == ("auth", "forbidden")
    assert server.json("user", "show", plain.bare)["user"]["groups"] == ["administrators"]


# ---- what there is to know

def test_figures_and_lists_agree(admin, folk, server):
    bob, carol = folk.online(2)
    carol.available(payload="<show>away</show>")
    carol.roundtrip()
    lists = {"registered": done(admin, "get-registered-users-list", max_items="none")["registereduserjids"],
             "disabled": done(admin, "get-disabled-users-list")["disableduserjids"],
             "online": done(admin, "get-online-users-list")["onlineuserjids"],
             "active": done(admin, "get-active-users")["activeuserjids"],
             "idle": done(admin, "get-idle-users")["activeuserjids"]}
    for name, found in lists.items():
        number = data(command(admin, "get-%s-users-num" % name))["%susersnum" % name]
        assert number == [str(len(found))], name
        assert found == sorted(found)
    assert {admin.bare, bob.bare} <= set(lists["active"]) and carol.bare in lists["idle"]
    assert sorted(lists["active"] + lists["idle"]) == lists["online"]
    assert set(lists["online"]) <= set(lists["registered"])


def test_a_list_can_be_cut(admin, server):
    answer = run(admin, "get-registered-users-list", max_items="25")
    assert len(data(answer)["registereduserjids"]) == 25
    assert condition(command(admin, "get-idle-users", payload=form({"max_items": "26"}),
                             sessionid=begin(admin, "get-idle-users"))) == bad("bad-payload")


def test_a_roster_a_login_and_figures_of_one_account(admin, folk, server):
    alice, bob = folk.friends(2)
    shown = child(inside(run(admin, "get-user-roster", accountjids=alice.bare)), "x", names.DATA)
    assert [each.get("jid") for each in child(shown, "query", names.ROSTER)] == [bob.bare]
    login = done(admin, "get-user-lastlogin", accountjids=[alice.bare, folk.account().jid])
    assert login["accountjids"][0] == alice.bare and login["lastlogin"][1] == ""
    assert datetime.datetime.now(datetime.timezone.utc) - datetime.datetime.fromisoformat(
        login["lastlogin"][0].replace("Z", "+00:00")) < datetime.timedelta(minutes=10)
    for var in ("accountjid", "accountjids"):
        stats = done(admin, "user-stats", **{var: alice.bare})
        assert (stats["rostersize"], stats["onlineresources"]) == (["1"], [alice.resource])
        assert stats["ipaddresses"] == [alice.server.source] and stats["lastlogin"] == login["lastlogin"][:1]
    for name in ("get-user-roster", "get-user-lastlogin", "user-stats"):
        assert "User does not exist: nobody@" in failed(admin, name, accountjids="nobody@" + server.domain)


# ---- what is said to everybody

def said(text):
    return lambda each: each.tag == "{jabber:client}message" and each.findtext("{jabber:client}body") == text


@pytest.fixture
def own_server(launch):
    """What is said to everybody would meet other tests' people."""
    return launch("admin-%d" % next(_servers))


@pytest.fixture
def crew(own_server):
    own_server.source = None
    alice, bob = [Client(own_server, account).online() for account in own_server.people(2)]
    return administrator(own_server), alice, bob


def test_an_announcement_reaches_who_is_there_with_its_receipt(crew, own_server):
    admin, alice, bob = crew
    text = words("the lift is out of order")
    done(admin, "announce", announcement=["Dear all,", text])
    for each in (alice, bob, admin):
        got = each.expect(said("Dear all,\n" + text))
        assert got.get("from") == own_server.domain and got.get("type") == "headline"
    entry, = [each for each in record.holding(own_server.dir / "record", text)]
    assert (entry["type"], entry["from"], entry["id"]) == ("content", admin.jid, got.get("id"))
    act, = [each for each in record.entries(own_server.dir / "record") if each.get("command") == "announce"]
    assert act["text"] == entry["id"] and act["actor"] == admin.bare
    record.eventually(lambda: {alice.jid, bob.jid, admin.jid} == record.handed_to(own_server, entry))


def test_the_message_of_the_day_is_said_once_to_everybody(crew, own_server):
    admin, alice, bob = crew
    bob.close()
    text, other = words("tea at five"), words("tea at six")
    assert data(command(admin, "edit-motd")).get("motd") == []
    done(admin, "set-motd", motd=["Today:", text])
    alice.expect(said("Today:\n" + text))
    assert data(command(admin, "edit-motd"))["motd"] == ["Today:", text]
    own_server.restart()
    bob = Client(own_server, bob.account).online()
    bob.expect(said("Today:\n" + text))
    for account in (bob.account, alice.account):
        again = Client(own_server, account).online()
        assert not [each for each in again.settle(bob) if said("Today:\n" + text)(each)]
    admin = Client(own_server, admin.account).online()
    done(admin, "edit-motd", motd=other)
    bob.expect(said(other))
    assert inside(command(admin, "delete-motd")).get("status") == "completed"
    assert data(command(admin, "edit-motd"))["motd"] == []
    late = Client(own_server, own_server.people(1)[0]).online()
    assert not [each for each in late.settle(bob) if said(other)(each)]


def test_who_comes_for_the_first_time_is_welcomed_once(crew, own_server):
    admin, alice, bob = crew
    text = words("welcome aboard")
    done(admin, "set-welcome", welcome=["Hello.", text])
    account, = own_server.people(1)
    new = Client(own_server, account).online()
    new.expect(said("Hello.\n" + text))
    new.close()
    for again in (Client(own_server, account).online(), Client(own_server, alice.account).online()):
        assert not [each for each in again.settle(bob) if said("Hello.\n" + text)(each)]
    assert data(command(admin, "set-welcome"))["welcome"] == ["Hello.", text]
    assert inside(command(admin, "delete-welcome")).get("status") == "completed"
    assert data(command(admin, "set-welcome"))["welcome"] == []


@pytest.mark.parametrize("name, var", [("announce", "announcement"), ("set-motd", "motd"), ("set-welcome", "welcome")])
def test_what_may_not_be_said_is_not_said_to_everybody_either(launch, name, var):
    def forbid(server):
        (server.dir / "policy/rules").mkdir(exist_ok=True)
        (server.dir / "policy/rules/lift.yaml").write_text(RULE)
    server = launch("admin-blocked-" + name, prepare=forbid)
    admin = administrator(server)
    alice = Client(server, server.people(1)[0]).online()
    id = begin(admin, name)
    lines = ["the purple", "elephant " + words()]
    answer = command(admin, name, payload=form({var: lines}), sessionid=id)
    assert tuple(Error(answer)) == ("modify", "policy-violation")
    entry, = record.holding(server.dir / "record", lines[1])
    assert entry["action"] == "block"
    assert not [each for each in alice.settle(admin) if each.findtext("{jabber:client}body")]
    assert data(command(admin, "edit-motd")).get("motd") == []


@pytest.mark.recorder_runs("stops it itself")
def test_nothing_is_said_while_the_record_takes_nothing(crew, own_server):
    admin, alice, bob = crew
    text = words("not yet")
    id = begin(admin, "announce")
    recorder = own_server.pid("recorder")
    os.kill(recorder, signal.SIGSTOP)
    try:
        admin.send(iq_to(admin.domain, "set", element("command", form({"announcement": text}), xmlns=names.COMMANDS,
                                                      node=ADMIN + "announce", sessionid=id), id="wait"))
        assert not [each for each in alice.listen(0.5) if said(text)(each)]
    finally:
        os.kill(recorder, signal.SIGCONT)
    alice.expect(said(text))
    admin.expect(iq(id="wait", type="result"))


# ---- the end

@pytest.mark.recorder_runs("its processes are replaced")
def test_the_service_is_restarted_and_shut_down_after_a_delay(crew, own_server):
    admin, alice, bob = crew
    gate = own_server.pid("gate")
    text = words("back in a minute")
    done(admin, "restart", delay="30", announcement=text)
    alice.expect(said(text))
    assert "already" in failed(admin, "shutdown", delay="30")
    act, = [each for each in record.entries(own_server.dir / "record") if each.get("command") == "restart"]
    assert act["actor"] == admin.bare
    alice.expect(lambda each: getattr(each, "tag", "").endswith("}error"), timeout=45)
    record.eventually(lambda: own_server.status().get("gate_pid") not in (0, gate), 20)
    own_server.wait_ready()
    admin = Client(own_server, admin.account).online()
    done(admin, "shutdown", delay="30")
    assert own_server.process.wait(60) == 0
    own_server.process = None
    own_server.start()


# ---- the record

def test_each_act_is_in_the_record_with_who_and_whom_and_no_password_is(admin, server):
    account = newcomer(server)
    add(admin, account)
    done(admin, "delete-user", accountjids=account.jid)
    acts = [each for each in record.entries(server.dir / "record")
            if each.get("type") == "admin" and each.get("target") == account.jid]
    person = server.json("user", "show", admin.bare)["user"]["person"]
    assert [(each["command"], each["actor"], each["actor_id"]) for each in acts] == [
        ("user.add", admin.bare, person), ("user.remove", admin.bare, person)]
    assert "uid" not in acts[0]
    assert record.holding(server.dir / "record", account.password) == []
    forms = [each for each in record.holding(server.dir / "record", account.jid) if each.get("kind") == "iq"]
    assert len(forms) == 2 and "password" in forms[0]["stanza"]
