"""Authentication under other settings: PLAIN inside TLS, and throttling."""

import pytest

from lib import names
from lib.client import Refused
from lib.server import PASSWORD_MARK
from lib.stanza import child


@pytest.fixture(scope="module")
def server(launch):
    return launch("plain-password", {"sasl": {"plain": True}})


def mechanisms(client):
    return [each.text for each in child(client.features, "mechanisms", names.SASL)]


def test_plain_can_be_switched_on_inside_tls(folk):
    client = folk.client(folk.account()).connect()
    client.start()
    assert mechanisms(client)[-1] == "PLAIN"
    client.authenticate("PLAIN")
    client.start()
    assert client.bind().get("type") == "result"


def test_plain_stays_off_without_tls(folk):
    client = folk.client(folk.account()).connect("starttls")
    client.start()
    assert child(client.features, "mechanisms", names.SASL) is None


@pytest.mark.parametrize("authzid,condition", [("", None), ("own", None), ("other@example.org", "invalid-authzid")])
def test_plain_takes_only_ones_own_authorization(folk, authzid, condition):
    client = folk.client(folk.account()).connect()
    client.start()
    authzid = client.bare if authzid == "own" else authzid
    if condition is None:
        client.authenticate("PLAIN", authzid=authzid)
        return
    with pytest.raises(Refused) as refused:
        client.authenticate("PLAIN", authzid=authzid)
    assert refused.value.condition == condition


@pytest.mark.parametrize("data", [b"", b"user", b"\0user", b"\0\0", b"a\0b\0c\0d", b"\0\xff\0x"])
def test_a_malformed_plain_message_is_refused(folk, data):
    client = folk.client(folk.account()).connect()
    client.start()
    client.auth("PLAIN", data)
    with pytest.raises(Refused) as refused:
        client.sasl("success")
    assert refused.value.condition in ("malformed-request", "not-authorized")


def test_a_wrong_plain_password_is_refused(folk):
    client = folk.client(folk.account()).connect()
    client.start()
    with pytest.raises(Refused) as refused:
        client.authenticate("PLAIN", password=PASSWORD_MARK + "no")
    assert refused.value.condition == "not-authorized"


ADDRESS_FAILURES = 8


def test_many_failures_close_an_address_and_leave_others_alone(launch, address):
    server = launch("throttled", {"sasl": {
        "plain": True, "throttle_address_failures": ADDRESS_FAILURES, "throttle_address_seconds": 600,
        "throttle_delay_ms": 0}})
    victim, other = server.people(2)
    for _ in range(ADDRESS_FAILURES):
        assert failure(server.client(victim), address) == "not-authorized"
    assert failure(server.client(victim), address) == "temporary-auth-failure"
    assert failure(server.client(other), address, password=None) == "temporary-auth-failure"
    server.client(other).online()


def failure(client, address, password=PASSWORD_MARK + "no"):
    """The condition with which a login from that address fails."""
    client.connect(source=address)
    client.start()
    with pytest.raises(Refused) as refused:
        client.authenticate("PLAIN", password=password)
    client.close()
    return refused.value.condition
