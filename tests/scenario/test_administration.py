"""Administration by people with their clients: ad-hoc commands (XEP-0050) of service administration (XEP-0133)."""

import secrets

import pytest

from lib import names, record
from lib.client import Account, Client, Refused
from lib.command import ADMIN, administrator, begin, command, data, done, failed, form, inside, run
from lib.server import PASSWORD_MARK
from lib.stanza import child, Error

OFFERED = {"add-user", "delete-user", "end-user-session"}


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
    assert set(found) == {ADMIN + name for name in OFFERED}
    assert all(each.get("jid") == to and each.get("name") for each in found.values())


def test_nobody_else_is_shown_any(plain):
    assert items(plain, plain.domain) == {} and items(plain, plain.bare) == {}


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


@pytest.mark.parametrize("change", [
    {"password_verify": "something else"}, {"password": ""}, {"password": "short", "password_verify": "short"},
    {"accountjid": "someone@elsewhere.example"}, {"accountjid": "two@at@signs"}, {"accountjid": "example.org"}])
def test_an_account_that_cannot_be(admin, server, change):
    account = newcomer(server)
    values = {"accountjid": account.jid, "password": account.password, "password_verify": account.password} | change
    failed(admin, "add-user", **values)
    assert server.run("user", "show", account.jid).returncode != 0


def test_an_account_that_is_there_is_a_conflict(admin, plain):
    answer = run(admin, "add-user", accountjid=plain.bare, password="long enough", password_verify="long enough")
    assert condition(answer) == ("cancel", "conflict")


def test_a_session_is_ended_and_another_stays(admin, folk, plain):
    desk = folk.another(plain)
    done(admin, "end-user-session", accountjids=desk.jid)
    desk.expect(lambda each: each.tag.endswith("}error"))
    plain.roundtrip()
    done(admin, "end-user-session", accountjids=plain.bare)
    plain.expect(lambda each: each.tag.endswith("}error"))


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
