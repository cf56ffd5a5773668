"""Passwords people change themselves (XEP-0077), and what else of in-band registration there is not."""

import pytest

from lib import names, record
from lib.client import Account, Client, Refused
from lib.folk import Folk
from lib.server import PASSWORD_MARK
from lib.stanza import Error, element, iq, message

REGISTER = names.REGISTER
NEW = PASSWORD_MARK + "brand-new-one"


@pytest.fixture(scope="module")
def server(launch):
    return launch("own-password")


@pytest.fixture
def alice(folk):
    return folk.online(1)[0]


def change(client, password=NEW, username=None, to="example.org"):
    payload = element("username", client.bare.split("@")[0] if username is None else username)
    payload += element("password", password)
    return client.ask(REGISTER, to=to, type="set", payload=payload)


def can_log_in(client, password):
    again = Client(client.server, Account(client.bare, password))
    try:
        again.login()
    except Refused as refused:
        assert refused.condition == "not-authorized"
        return False
    again.end()
    return True


def test_who_is_logged_in_is_registered(alice):
    query = alice.ask(REGISTER, to="example.org").find("{%s}query" % REGISTER)
    assert [each.tag.split("}")[1] for each in query] == ["registered", "username", "password"]
    assert query.findtext("{%s}username" % REGISTER) == alice.bare.split("@")[0]
    assert not query.findtext("{%s}password" % REGISTER)


@pytest.mark.parametrize("to", ["example.org", None])
def test_the_password_is_changed(alice, server, to):
    old = alice.account.password
    assert can_log_in(alice, old)
    answer = change(alice, to=to)
    assert answer.get("type") == "result" and len(answer) == 0
    assert can_log_in(alice, NEW) and not can_log_in(alice, old)
    alice.roundtrip()  # the session that asked goes on


def test_in_a_form_too(alice):
    fields = "".join(element("field", element("value", value), var=var) for var, value in (
        ("FORM_TYPE", "jabber:iq:register:changepassword"), ("username", alice.bare.split("@")[0]), ("password", NEW)))
    answer = alice.ask(REGISTER, to="example.org", type="set",
                       payload=element("x", fields, xmlns=names.DATA_FORMS, type="submit"))
    assert answer.get("type") == "result"
    assert can_log_in(alice, NEW)


def test_other_sessions_end(folk, alice):
    second = folk.another(alice)
    assert change(alice).get("type") == "result"
    assert second.stream_error() == "policy-violation"
    alice.roundtrip()


def test_the_record_says_so_before_and_never_the_password(alice, server):
    assert change(alice).get("type") == "result"
    shown = server.run("record", "show", "--type", "admin", "--with", alice.bare)
    if "user.password" not in shown.stdout:
        shown = server.run("record", "show", "--type", "admin")
    assert "user.password" in shown.stdout and alice.bare in shown.stdout
    for path in (server.dir / "record").glob("*.jsonl"):
        assert NEW.encode() not in path.read_bytes()
    assert NEW not in server.log.read_text()


@pytest.mark.parametrize("payload", [
    "<password>%s</password>" % NEW, "<username>%s</username>", "<username>%s</username><password/>",
    "<username>%s</username><password></password>", "<username/><password>" + NEW + "</password>", ""])
def test_what_is_incomplete_is_a_bad_request_and_changes_nothing(alice, payload):
    payload = payload.replace("%s", alice.bare.split("@")[0])
    assert tuple(Error(alice.ask(REGISTER, to="example.org", type="set", payload=payload))) == ("modify", "bad-request")
    assert can_log_in(alice, alice.account.password)


def test_a_weak_password_is_not_acceptable(alice):
    error = Error(change(alice, "short"))
    assert tuple(error) == ("modify", "not-acceptable") and error.text
    assert can_log_in(alice, alice.account.password)


def test_nobody_changes_anothers_or_makes_an_account(folk, alice):
    bob, = folk.online(1)
    for name in (bob.bare.split("@")[0], "somebody-new"):
        assert tuple(Error(change(alice, username=name))) == ("cancel", "not-allowed")
    assert can_log_in(bob, bob.account.password)


def test_accounts_are_not_removed_by_their_owners(alice):
    assert tuple(Error(alice.ask(REGISTER, to="example.org", type="set", payload="<remove/>"))) == ("cancel", "not-allowed")
    assert tuple(Error(alice.ask(REGISTER, to="example.org", type="set", payload="<remove/><username/>"))) == (
        "modify", "bad-request")
    assert can_log_in(alice, alice.account.password)


def test_an_account_is_removed_by_its_owner_where_that_is_allowed(launch):
    """XEP-0077 3.2. What others see changes, the record does not."""
    server = launch("own-removal", {"sasl": {"remove_account": True}})
    folk = Folk(server)
    alice, bob = folk.friends(2)
    said = alice.say(bob.bare)
    bob.expect(message(body=said.body))
    phone = folk.another(alice)
    assert tuple(Error(alice.ask(REGISTER, to="example.org", type="set", payload="<remove/><username/>"))) == (
        "modify", "bad-request")
    for client in (alice, phone):
        assert client.roundtrip() is not None
    alice.send("<iq type='set' id='gone'><query xmlns='%s'><remove/></query></iq>" % REGISTER)
    assert alice.expect(iq(id="gone")).get("type") == "result"
    for client in (alice, phone):
        error = client.expect(lambda each: getattr(each, "tag", "").endswith("}error"))
        assert error.find("{urn:ietf:params:xml:ns:xmpp-streams}not-authorized") is not None
    with pytest.raises(Refused):
        Client(server, alice.account).login()
    assert bob.expect(lambda each: each.tag.endswith("}presence") and each.get("from") == alice.jid).get("type") == "unavailable"
    assert server.run("user", "show", alice.bare).returncode != 0
    act, = [each for each in record.entries(server.dir / "record") if each.get("command") == "user.remove"]
    assert (act["actor"], act["target"]) == (alice.bare, alice.bare)
    assert len(record.holding(server.dir / "record", said.body)) == 1
    assert server.run("user", "add", alice.bare, "--password-stdin", input=NEW + "\n").returncode != 0


def test_before_login_there_is_no_registration(folk):
    client = folk.client(folk.account()).connect()
    assert client.start().find("{http://jabber.org/features/iq-register}register") is None
    client.raw("<iq type='set' id='r'><query xmlns='%s'><username>new</username><password>%s</password></query></iq>" %
               (REGISTER, NEW))
    assert tuple(Error(client.expect(iq(id="r")))) == ("cancel", "not-allowed")


def test_it_can_be_switched_off(launch):
    server = launch("own-password-off", {"sasl": {"change_password": False}})
    alice, = Folk(server).online(1)
    assert tuple(Error(alice.ask(REGISTER, to="example.org"))) == ("cancel", "service-unavailable")
    assert tuple(Error(change(alice))) == ("cancel", "not-allowed")
    query = alice.ask(names.DISCO_INFO, to="example.org").find("{%s}query" % names.DISCO_INFO)
    assert REGISTER not in [each.get("var") for each in query]
