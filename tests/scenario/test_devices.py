"""Devices: which there are, how their access ends (XEP-0494, `gatehouse devices`), and who hears of a new one."""

import pytest

from lib import record, sasl2
from lib.client import Refused

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
