"""Authentication under other settings: PLAIN inside TLS, and throttling."""

import subprocess

import pytest
from cryptography.hazmat.primitives import hashes

from lib import names
from lib.client import Client, Refused
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


CERTIFICATES = {  # key and signature -> the hash of the end-point binding (RFC 5929 section 4.1)
    "RSA with SHA-1": (["rsa:2048", "-sha1"], "SHA256"),
    "RSA with SHA-384": (["rsa:2048", "-sha384"], "SHA384"),
    "RSA-PSS with SHA-512": (["rsa:2048", "-sha512", "-sigopt", "rsa_padding_mode:pss"], "SHA512"),
    "Ed25519": (["ed25519"], None),
}


@pytest.mark.parametrize("kind", CERTIFICATES)
def test_the_end_point_binding_follows_the_certificate(launch, kind):
    arguments, hash_name = CERTIFICATES[kind]

    def make(server):
        subprocess.run(["openssl", "req", "-x509", "-newkey", *arguments, "-nodes", "-days", "2", "-subj", "/CN=example.org",
                        "-addext", "subjectAltName=DNS:example.org,DNS:second.example",
                        "-keyout", server.dir / "tls/server.key", "-out", server.dir / "tls/server.crt"],
                       check=True, capture_output=True)

    server = launch("certificate", prepare=make)
    client = Client(server, server.people(1)[0]).connect(ca=str(server.dir / "tls/server.crt"))
    client.start()
    types = [each.get("type") for each in child(client.features, "sasl-channel-binding", names.SASL_CB)]
    assert ("tls-server-end-point" in types) == (hash_name is not None)
    if hash_name:
        binding = ("tls-server-end-point", client.wire.certificate().fingerprint(getattr(hashes, hash_name)()))
        client.authenticate("SCRAM-SHA-256-PLUS", binding=binding)
    else:
        with pytest.raises(Refused):
            client.authenticate("SCRAM-SHA-256-PLUS", binding=("tls-server-end-point", b""))
    client.close()
