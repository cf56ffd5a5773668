"""Authentication under other settings: PLAIN inside TLS, and throttling."""

import base64
import hashlib
import hmac
import json
import secrets
import socket
import subprocess
import time

import pytest
from cryptography.hazmat.primitives import hashes

from lib import names
from lib.client import Account, Client, Refused
from lib.scram import salted_password
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


def verifier(password, hash_name="sha256", iterations=4096):
    """What an import from another server knows of a password."""
    salt = secrets.token_bytes(16)
    salted = salted_password(hash_name, password, salt, iterations)
    stored = hashlib.new(hash_name, hmac.new(salted, b"Client Key", hash_name).digest()).digest()
    server_key = hmac.new(salted, b"Server Key", hash_name).digest()
    text = [base64.b64encode(each).decode() for each in (salt, stored, server_key)]
    return {"mechanism": "SCRAM-SHA-%s" % hash_name.removeprefix("sha"), "iterations": iterations, "salt": text[0],
            "stored_key": text[1], "server_key": text[2]}


def add_with(server, account, *verifiers):
    with socket.socket(socket.AF_UNIX) as asker:
        asker.connect(str(server.dir / "run/control.sock"))
        asker.sendall(json.dumps({"cmd": "user.add", "args": {
            "jid": account.jid, "verifiers": list(verifiers)}}).encode() + b"\n")
        assert json.loads(asker.makefile().readline()).get("ok")


def listed(server):
    client = Client(server, Account("x@example.org", "x")).connect()
    client.start()
    names_ = mechanisms(client)
    client.close()
    return names_


def wait_for(server, offered, seconds=6):
    end = time.monotonic() + seconds
    while (("SCRAM-SHA-512" in listed(server)) != offered) and time.monotonic() < end:
        time.sleep(0.2)
    names_ = listed(server)
    assert ("SCRAM-SHA-512" in names_) == ("SCRAM-SHA-512-PLUS" in names_) == offered, names_


def test_nobody_is_locked_out_by_a_hash_his_account_has_no_verifier_for(launch):
    """A mechanism that some account cannot use is not offered to anybody: clients take the strongest and do not try
    the next one when it fails."""
    server = launch("some-without-512", {"sasl": {"plain": True}})
    old, ready = Account("old@example.org", PASSWORD_MARK + "old"), server.people(1)[0]
    wait_for(server, True)
    add_with(server, old, verifier(old.password))
    wait_for(server, False)
    assert server.status()["accounts_without"] == {"SCRAM-SHA-1": 1, "SCRAM-SHA-256": 0, "SCRAM-SHA-512": 1}
    for account in (old, ready):
        client = Client(server, account).connect()
        client.start()
        with pytest.raises(Refused) as refused:
            client.authenticate("SCRAM-SHA-512")
        assert refused.value.condition == "invalid-mechanism"
        client.authenticate("SCRAM-SHA-256-PLUS", binding="exporter")
    server.restart()
    assert "SCRAM-SHA-512" not in listed(server)
    server.run("user", "disable", old.jid)
    wait_for(server, True)
    server.run("user", "enable", old.jid)
    wait_for(server, False)
    done = server.run("user", "password", old.jid, "--password-stdin", input=PASSWORD_MARK + "new one\n")
    assert done.returncode == 0, done.stderr
    wait_for(server, True)
    client = Client(server, Account(old.jid, PASSWORD_MARK + "new one")).connect()
    client.start()
    client.authenticate("SCRAM-SHA-512-PLUS", binding="exporter")


def test_plain_works_with_any_verifier(launch):
    server = launch("plain-any", {"sasl": {"plain": True}})
    for hash_name in ("sha1", "sha256", "sha512"):
        account = Account("only-%s@example.org" % hash_name, PASSWORD_MARK + hash_name)
        add_with(server, account, verifier(account.password, hash_name))
        client = Client(server, account).connect()
        client.start()
        with pytest.raises(Refused):
            client.authenticate("PLAIN", password=PASSWORD_MARK + "no")
        client.authenticate("PLAIN")


def test_what_is_offered_is_set(launch):
    server = launch("chosen-mechanisms", {"sasl": {"scram_sha_1": "never", "scram_sha_512": "always"}})
    assert listed(server) == ["SCRAM-SHA-512-PLUS", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-512", "SCRAM-SHA-256"]
    old = Account("old@example.org", PASSWORD_MARK + "old")
    add_with(server, old, verifier(old.password))
    time.sleep(2.5)
    assert "SCRAM-SHA-512" in listed(server)
    conditions = []  # an account without the verifier is no other than nobody's
    for account in (old, Account("nobody-at-all@example.org", "x")):
        client = Client(server, account).connect()
        client.start()
        with pytest.raises(Refused) as refused:
            client.authenticate("SCRAM-SHA-512")
        conditions.append(refused.value.condition)
        with pytest.raises(Refused) as refused:
            client.authenticate("SCRAM-SHA-1")
        assert refused.value.condition == "invalid-mechanism"
    assert conditions == ["not-authorized", "not-authorized"]
    server.configure({"sasl": {"scram_sha_1": "never", "scram_sha_256": "never", "scram_sha_512": "never"}})
    assert server.run("reload").returncode == 0
    assert listed(server) == ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"]  # something has to be


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_a_new_certificate_leaves_the_binding_of_open_connections(launch, version):
    """tls-server-end-point is about the certificate this connection was made with."""
    server = launch("renewed-" + version)
    clients = [Client(server, account).connect(only=version) for account in server.people(2)]
    for client in clients:
        client.start()
    before = clients[0].wire.certificate()
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=example.org",
                    "-addext", "subjectAltName=DNS:example.org,DNS:second.example",
                    "-keyout", server.dir / "tls/server.key", "-out", server.dir / "tls/server.crt"],
                   check=True, capture_output=True)
    assert server.run("reload").returncode == 0
    fresh = Client(server, server.people(1)[0]).connect(only=version, ca=str(server.dir / "tls/server.crt"))
    fresh.start()
    after = fresh.wire.certificate()
    assert before != after

    def bind(client, certificate):
        client.authenticate("SCRAM-SHA-512-PLUS", binding=(
            "tls-server-end-point", certificate.fingerprint(certificate.signature_hash_algorithm)))

    bind(clients[0], before)
    with pytest.raises(Refused):
        bind(clients[1], after)
    with pytest.raises(Refused):
        bind(fresh, before)
    bind(fresh, after)
