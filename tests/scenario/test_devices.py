"""Devices: which there are, how their access ends (XEP-0494, `gatehouse devices`), and who hears of a new one."""

import re
import time

import pytest

from lib import mail, names, record, sasl2, standstill
from lib.client import Client, Refused
from lib.names import tag
from lib.stanza import body_of, child, message
from lib.xmlstream import show

BOUND = "HT-SHA-256-EXPR"


@pytest.fixture
def account(folk):
    return folk.account()


@pytest.fixture
def phone():
    return sasl2.agent("Awesome", "A phone")


def lines_of(server, type, account):
    return [each for each in record.entries(server.dir / "record") if each["type"] == type and
            each.get("from", "").partition("/")[0] == account.jid]


def said_of_agent(line):
    return {name: line[name] for name in ("agent", "software", "device") if name in line}


# --- the record

def test_the_record_says_which_device_logged_in(folk, server, account, phone):
    client = sasl2.connect(folk, account)
    token = sasl2.token_in(sasl2.authenticate(client, agent=phone, inline=sasl2.request_token(BOUND)), BOUND)
    client.close()
    sasl2.use_token(sasl2.connect(folk, account), token, phone)
    record.eventually(lambda: len(lines_of(server, "login", account)) == 2)
    first, second = lines_of(server, "login", account)
    assert first["mechanism"] == "SCRAM-SHA-256" and second["mechanism"] == BOUND
    for line in (first, second):
        assert said_of_agent(line) == {"agent": phone.id, "software": "Awesome", "device": "A phone"}
    record.verify(server)


def test_the_record_says_which_device_failed_to_log_in(folk, server, account, phone):
    with pytest.raises(Refused):
        sasl2.authenticate(sasl2.connect(folk, account), agent=phone, password="wrong")
    record.eventually(lambda: lines_of(server, "login-failed", account))
    assert said_of_agent(lines_of(server, "login-failed", account)[0])["agent"] == phone.id


def test_a_login_of_a_client_that_says_nothing_has_no_device(folk, server, account):
    folk.client(account).online()
    record.eventually(lambda: lines_of(server, "login", account))
    assert said_of_agent(lines_of(server, "login", account)[0]) == {}


# --- new devices

HEADLINE = "New device"


def log_in(where, account, agent, available=True, inside=""):
    client = sasl2.login(where, account, agent, inside=inside)
    if available:
        client.available()
        client.roundtrip()
    return client


def notices(client):
    client.roundtrip()
    return [body_of(each) for each in client.take(message(type="headline")) if each.get("from") == client.server.domain]


def told(client):
    return body_of(client.expect(message(type="headline", from_=client.server.domain)))


def test_the_first_device_is_no_news_and_the_second_is_told_to_the_first(folk, server, account, phone):
    first = log_in(folk, account, phone)
    second = log_in(folk, account, sasl2.agent("Other", "A laptop"))
    text = told(first)
    assert text.startswith('New device: "Other" on "A laptop" has logged in to your account (2')
    assert "from %s" % server.source in text and "change your password" in text
    assert not notices(first) and not notices(second)
    record.eventually(lambda: lines_of(server, "device", account))
    line, = lines_of(server, "device", account)
    assert line["command"] == "new" and line["software"] == "Other" and line["device"] == "A laptop"
    assert line["count"] == 1 and line["text"] == text and line["from"] == second.jid and line["address"] == server.source


def test_a_device_is_told_once(folk, account, phone):
    laptop = sasl2.agent("Other", "A laptop")
    first = log_in(folk, account, phone)
    log_in(folk, account, laptop).close()
    told(first)
    log_in(folk, account, laptop)
    assert not notices(first)
    first.close()
    assert not notices(log_in(folk, account, phone))


def test_who_was_not_there_is_told_when_he_comes(folk, server, account, phone):
    """And whoever came with the new device, or later, has not been told in his place."""
    log_in(folk, account, phone).close()
    thief = log_in(folk, account, sasl2.agent("Thief", "Somewhere"))
    later = log_in(folk, account, sasl2.agent("Accomplice", "There"))
    told(thief)
    thief.close()
    later.close()
    again = log_in(folk, account, sasl2.agent("Third"))
    again.close()
    first = log_in(folk, account, phone)
    heard = [told(first), told(first), told(first)]  # the last may still be on its way into the record, and overtake then
    assert [sum(name in each for each in heard) for name in ("Thief", "Accomplice", "Third")] == [1, 1, 1]
    assert not notices(first)
    assert not notices(log_in(folk, account, phone))
    record.eventually(lambda: [each for each in lines_of(server, "device", account) if each["command"] == "told"])


@pytest.mark.recorder_runs("it stops it itself")
def test_who_comes_while_a_device_is_on_its_way_into_the_record_is_told_once(folk, server, account, phone):
    log_in(folk, account, phone).close()
    with standstill.stopped(server):
        log_in(folk, account, sasl2.agent("Thief", "Somewhere")).close()
        first = log_in(folk, account, phone)
        assert not notices(first)
        time.sleep(0.3)  # by then he has asked the store whom nobody has told of
    assert "Thief" in told(first)
    record.eventually(lambda: lines_of(server, "device", account))
    assert not first.settle(first) and not notices(first)
    first.close()
    assert not notices(log_in(folk, account, phone))


def test_what_is_known_outlives_a_restart(launch, phone):
    server = launch("devices-restart")
    account, = server.people(1)
    laptop, thief = sasl2.agent("Laptop"), sasl2.agent("Thief")
    first = log_in(server, account, phone)
    log_in(server, account, laptop).close()
    told(first)
    first.close()
    log_in(server, account, thief).close()
    server.restart()
    assert "Thief" in told(log_in(server, account, laptop))  # known before the thief came
    assert not notices(log_in(server, account, phone))
    assert [each["command"] for each in lines_of(server, "device", account)].count("told") == 1


@pytest.mark.parametrize("language, begins, named", [
    ("de-AT", 'Neues Gerät: "Other" auf "Küche" hat sich', "Passwort"),
    ("fr", 'Nouvel appareil : "Other" sur "Küche" s\'est', "mot de passe"),
    ("es", 'Nuevo dispositivo: "Other" en "Küche" ha', "contraseña"),
    ("fi", 'Uusi laite: "Other" laitteella "Küche" on', "salasanasi"),
])
def test_the_text_is_in_the_persons_language(server, phone, language, begins, named):
    account, = server.people(1)
    assert server.run("user", "change", account.jid, "--language", language).returncode == 0
    first = log_in(server, account, phone)
    log_in(server, account, sasl2.agent("Other", "Küche"))
    text = told(first)
    assert text.startswith(begins) and named in text and "{" not in text


def test_a_name_makes_the_server_say_nothing_else(folk, account, phone):
    first = log_in(folk, account, phone)
    log_in(folk, account, sasl2.agent('Ok". Call https://evil.example/x now', "x@evil.example:80 " + "y" * 100))
    text = told(first)
    assert "://" not in text and "evil.example" not in text and "@" not in text and "y" * 41 not in text


def test_no_more_than_ten_an_hour_are_told(folk, server, account, phone):
    first = log_in(folk, account, phone)
    for number in range(12):
        log_in(folk, account, sasl2.agent("Agent %d" % number), available=False).close()
    record.eventually(lambda: len(lines_of(server, "device", account)) == 12)
    assert len(notices(first)) == 10


def test_a_client_that_says_nothing_is_told_apart_by_its_network(server):
    account, = server.people(1)
    first = Client(server, account).online()
    record.eventually(lambda: server.json("clients", "show", account.jid)["clients"], 20)
    home = server.source
    try:
        for source, news in (("127.251.1.1", True), ("127.251.7.7", False), (home, False)):
            server.source = source
            Client(server, account).online().close()  # its end is the latest moment at which it is judged
            if news:
                assert 'a program that does not say which it is has logged in' in told(first)
    finally:
        server.source = home
    assert not notices(first)


def test_by_setting_people_and_administrators_get_mail(launch, phone, tmp_path):
    certificate = mail.Certificate(tmp_path)
    sink = mail.Sink(certificate.context())
    settings = {"server": "localhost", "port": sink.port, "ca_file": str(certificate.crt), "from": "chat@example.org",
                "to_admins": ["root@example.org"]}
    server = launch("devices-mail", {"mail": settings, "devices": {"tell": False, "mail": True, "mail_admins": True}})
    account, = server.people(1)
    assert server.run("user", "change", account.jid, "--mail", "her@example.org").returncode == 0
    first = log_in(server, account, phone)
    log_in(server, account, sasl2.agent("Other", "A laptop"))
    record.eventually(lambda: sink.to("her@example.org") and sink.to("root@example.org"), 20)
    mail.all_out(server)
    assert sorted(each.recipients for each in sink.mails) == [["her@example.org"], ["root@example.org"]]
    assert all('"Other" on "A laptop"' in each.text for each in sink.mails)
    assert not notices(first)


# --- what has access (XEP-0494)

def ask_list(client, **more):
    return client.iq("get", "<list xmlns='%s'/>" % names.CAM, **more)


def clients(client):
    return {each.get("id"): each for each in child(ask_list(client), "clients", names.CAM)}


def ask_revoke(client, id, **more):
    return client.iq("set", "<revoke xmlns='%s' id='%s'/>" % (names.CAM, id), **more)


def facts(each):
    """Of a <client/>: what is in it, in short."""
    return {"connected": each.get("connected"), "type": each.get("type"),
            "auth": [one.tag.split("}")[1] for one in child(each, "auth", names.CAM)],
            "permission": child(each, "permission", names.CAM).get("status"),
            "agent": [one.text for one in child(each, "user-agent", names.CAM)]}


def id_of(client, software):
    found, = [id for id, each in clients(client).items() if software in (child(each, "user-agent", names.CAM)[0].text or "")]
    return found


def give_token(where, account, agent, inside=None):
    """A device that has logged in with the password once, and with its token since; online."""
    first = sasl2.connect(where, account)
    token = sasl2.token_in(sasl2.authenticate(first, agent=agent, inline=sasl2.request_token(BOUND)), BOUND)
    first.close()
    return token, come_back(where, account, agent, token, inside)


def come_back(where, account, agent, token, inside=None):
    client = sasl2.connect(where, account)
    client.success = sasl2.use_token(client, token, agent, inline=sasl2.bind("Tests", inside or ""))
    client.features = sasl2.features(client)
    client.available()
    client.roundtrip()
    return client


def test_the_list_has_what_is_known_of_each(folk, account, phone):
    token, mobile = give_token(folk, account, phone)
    desk = log_in(folk, account, sasl2.agent("Desk", "An office"))
    old = folk.client(account).online()
    answer = ask_list(desk)
    assert answer.get("type") == "result" and answer.get("from") in (None, account.jid)
    shown = clients(desk)
    found = sorted((facts(each) for each in shown.values()), key=lambda each: str(each["agent"][0]))
    assert len(shown) == 3 and all(len(id) == 16 for id in shown)
    assert {"connected": "true", "type": "session", "auth": ["fast"], "permission": "unrestricted",
            "agent": ["Awesome", "A phone"]} in found
    assert {"connected": "true", "type": "session", "auth": ["password"], "permission": "unrestricted",
            "agent": ["Desk", "An office"]} in found
    for each in shown.values():
        first, last = (child(each, name, names.CAM).text for name in ("first-seen", "last-seen"))
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", first) and first <= last
    old.close()
    mobile.close()
    assert facts(clients(desk)[id_of(desk, "Awesome")])["connected"] == "false"


def test_a_session_that_waits_to_be_resumed_is_connected(folk, account, phone):
    mobile = log_in(folk, account, phone, inside=sasl2.manage())
    desk = log_in(folk, account, sasl2.agent("Desk"))
    mobile.drop()
    assert facts(clients(desk)[id_of(desk, "Awesome")])["connected"] == "true"


def test_a_token_that_was_never_used_is_access(folk, account, phone):
    first = sasl2.connect(folk, account)
    sasl2.authenticate(first, agent=phone, inline=sasl2.request_token(BOUND))
    first.close()
    desk = log_in(folk, account, sasl2.agent("Desk"))
    found = [facts(each) for each in clients(desk).values()]
    assert [(each["type"], each["connected"], each["auth"]) for each in found if each["agent"][0] is None] == [
        ("access", "false", ["fast"])]


def test_revoking_ends_session_and_token_at_once(folk, server, account, phone):
    token, mobile = give_token(folk, account, phone)
    desk = log_in(folk, account, sasl2.agent("Desk"))
    id = id_of(desk, "Awesome")
    answer = ask_revoke(desk, id)
    assert answer.get("type") == "result" and len(answer) == 0
    assert mobile.stream_error() == "not-authorized"
    assert id not in clients(desk)
    with pytest.raises(Refused) as failed:
        come_back(folk, account, phone, token)
    assert failed.value.condition == "not-authorized"
    assert error_of(ask_revoke(desk, id)) == ("item-not-found", "cancel")
    line, = [each for each in lines_of(server, "device", account) if each["command"] == "revoke"]
    assert line["target"] == id and line["agent"] == phone.id and line["from"] == desk.jid and line["count"] == 1
    assert not notices(desk)
    log_in(folk, account, phone)  # with the password: it is new again
    assert "Awesome" in told(desk)


def test_revoking_ends_a_session_that_waits_to_be_resumed(folk, account, phone):
    token, mobile = give_token(folk, account, phone, sasl2.manage())
    enabled = child(child(mobile.success, "bound", names.BIND2), "enabled", names.SM)
    mobile.drop()
    desk = log_in(folk, account, sasl2.agent("Desk"))
    assert ask_revoke(desk, id_of(desk, "Awesome")).get("type") == "result"
    again = sasl2.connect(folk, account)
    success = sasl2.authenticate(again, agent=phone, inline=sasl2.resume(enabled.get("id"), 0))
    assert success.find(tag(names.SM, "resumed")) is None and success.find(tag(names.SM, "failed")) is not None


def test_the_one_who_asks_hears_the_answer_before_he_goes(folk, account, phone):
    token, mobile = give_token(folk, account, phone)
    assert ask_revoke(mobile, id_of(mobile, "Awesome")).get("type") == "result"
    assert mobile.stream_error() == "not-authorized"


def error_of(answer):
    assert answer.get("type") == "error", show(answer)
    error = child(answer, "error")
    return [each.tag.split("}")[1] for each in error if each.tag.startswith("{%s}" % names.STANZA_ERROR)][0], error.get("type")


def test_who_knows_the_password_needs_another_password(folk, account, phone):
    mobile = log_in(folk, account, phone)
    desk = log_in(folk, account, sasl2.agent("Desk"))
    answer = ask_revoke(desk, id_of(desk, "Awesome"))
    assert error_of(answer) == ("service-unavailable", "cancel")
    assert child(answer, "error").find(tag(names.CAM, "password-reset-required")) is not None
    mobile.roundtrip()  # nothing has been done


def test_a_new_password_leaves_nothing_that_had_the_old_one(folk, server, account, phone):
    token, mobile = give_token(folk, account, phone)
    log_in(folk, account, sasl2.agent("Desk")).close()
    log_in(folk, account, sasl2.agent("Laptop"))
    done = server.run("user", "password", account.jid, "--password-stdin", input=account.password + "\n")
    assert done.returncode == 0, done.stderr
    desk = log_in(folk, account, sasl2.agent("New"))
    assert [each["agent"][0] for each in map(facts, clients(desk).values())] == ["New"]


@pytest.mark.parametrize("payload,wanted", [
    ("<revoke xmlns='%s'/>" % names.CAM, ("bad-request", "modify")),
    ("<revoke xmlns='%s' id=''/>" % names.CAM, ("bad-request", "modify")),
    ("<revoke xmlns='%s' id='0123456789abcdef'/>" % names.CAM, ("item-not-found", "cancel")),
    ("<list xmlns='%s'/>" % names.CAM, ("service-unavailable", "cancel")),
])
def test_what_cannot_be_done_is_said(folk, account, payload, wanted):
    assert error_of(folk.client(account).online().iq("set", payload)) == wanted


def test_nobody_else_is_served(folk, account, phone):
    romeo, juliet = folk.friends(2)
    assert error_of(ask_list(romeo, to=juliet.bare)) == ("forbidden", "auth")
    assert error_of(ask_revoke(romeo, "0123456789abcdef", to=juliet.bare)) == ("forbidden", "auth")
    assert error_of(ask_list(romeo, to=romeo.server.domain)) == ("service-unavailable", "cancel")
    assert ask_list(romeo, to=romeo.bare).get("type") == "result"


def test_one_knows_that_it_can_be_asked(folk):
    romeo, juliet = folk.friends(2)
    features = {each.get("var") for each in child(romeo.ask(names.DISCO_INFO, to=romeo.bare), "query", names.DISCO_INFO)}
    assert names.CAM in features
    features = {each.get("var") for each in child(romeo.ask(names.DISCO_INFO, to=juliet.bare), "query", names.DISCO_INFO)}
    assert names.CAM not in features


# --- gatehouse devices

def devices(server, account):
    return {each["product"]: each for each in server.json("devices", "list", account.jid)["devices"]}


def test_administrators_see_the_same(folk, server, account, phone):
    token, mobile = give_token(folk, account, phone)
    desk = log_in(folk, account, sasl2.agent("Desk", "An office"))
    found = devices(server, account)
    assert {each["id"] for each in found.values()} == set(clients(desk))
    assert found["Awesome"]["auth"] == ["token"] and found["Awesome"]["token_until"] > found["Awesome"]["last_seen"]
    assert found["Desk"]["auth"] == ["password"] and found["Desk"]["token_until"] is None
    assert found["Desk"]["sessions"] == [desk.jid] and found["Desk"]["address"] in ("", server.source)
    table = server.run("devices", "list", account.jid).stdout
    assert "Awesome" in table and "An office" in table and found["Desk"]["id"] in table
    one = server.json("devices", "show", account.jid, found["Awesome"]["id"])["device"]
    assert one["agent"] == phone.id and one["id"] == found["Awesome"]["id"]
    assert mobile.jid in server.run("devices", "show", account.jid, one["id"]).stdout
    assert server.run("devices", "show", account.jid, "0" * 16).returncode == 1


def test_a_device_that_is_logged_out_may_come_back(folk, server, account, phone):
    token, mobile = give_token(folk, account, phone, sasl2.manage())
    done = server.run("devices", "logout", account.jid, devices(server, account)["Awesome"]["id"], "--reason", "A test.")
    assert done.returncode == 0 and "1 session " in done.stdout, done.stdout + done.stderr
    assert mobile.stream_error() == "policy-violation"
    come_back(folk, account, phone, token)
    line, = [each for each in record.entries(server.dir / "record") if each["type"] == "admin" and
             each["command"] == "devices.logout" and each["target"] == account.jid]
    assert line["actor"] and line["text"].endswith(": A test.")


def test_an_administrator_takes_access(folk, server, account, phone):
    token, mobile = give_token(folk, account, phone)
    desk = log_in(folk, account, sasl2.agent("Desk"))
    found = devices(server, account)
    done = server.run("devices", "revoke", account.jid, found["Awesome"]["id"])
    assert done.returncode == 0 and "password" not in done.stdout, done.stdout + done.stderr
    assert mobile.stream_error() == "not-authorized"
    with pytest.raises(Refused):
        come_back(folk, account, phone, token)
    done = server.run("devices", "revoke", account.jid, found["Desk"]["id"])
    assert done.returncode == 0 and "gatehouse user password %s" % account.jid in done.stdout
    assert desk.stream_error() == "not-authorized" and devices(server, account) == {}
    assert len([each for each in record.entries(server.dir / "record") if each["type"] == "admin" and
                each["command"] == "devices.revoke" and each["target"] == account.jid]) == 2
    done = server.run("devices", "revoke", account.jid, "0" * 16)
    assert done.returncode != 0 and "no such device" in done.stderr


def test_who_is_no_account_has_no_devices(server):
    for words in (("list", "nobody-here@example.org"), ("list", "no address@"), ("revoke", "nobody-here@example.org", "0" * 16)):
        assert server.run("devices", *words).returncode in (1, 2)


def test_without_a_server_it_is_said_what_is_missing(launch):
    server = launch("devices-stopped")
    server.stop()
    done = server.run("devices", "list", "alice@example.org")
    assert done.returncode != 0 and "gatehouse serve" in done.stderr
