"""Devices: which there are, how their access ends (XEP-0494, `gatehouse devices`), and who hears of a new one."""

import pytest

from lib import mail, record, sasl2
from lib.client import Client, Refused
from lib.stanza import body_of, message

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
    heard = [told(first), told(first), told(first)]
    assert ['Thief' in each for each in heard] == [True, False, False] and "Accomplice" in heard[1] and "Third" in heard[2]
    assert not notices(log_in(folk, account, phone))
    record.eventually(lambda: [each for each in lines_of(server, "device", account) if each["command"] == "told"])


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


def test_the_text_is_in_the_persons_language(server, phone):
    account, = server.people(1)
    assert server.run("user", "change", account.jid, "--language", "de").returncode == 0
    first = log_in(server, account, phone)
    log_in(server, account, sasl2.agent("Other", "Küche"))
    text = told(first)
    assert text.startswith('Neues Gerät: "Other" auf "Küche" hat sich') and "Passwort" in text


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
    record.eventually(lambda: len(sink.mails) == 2, 20)
    assert {address for each in sink.mails for address in each.recipients} == {"her@example.org", "root@example.org"}
    assert all('"Other" on "A laptop"' in each.text for each in sink.mails)
    assert not notices(first)
