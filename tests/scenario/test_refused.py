"""Who is refused before there is a session, and why: TLS that is too old or none, mechanisms that are not offered or have ended, a
client that comes again and again; from where, how often and when last, after a restart, too."""

import csv
import io
import socket
import ssl

import pytest

from lib.client import Account, Refused
from lib.record import eventually
from lib.server import PASSWORD_MARK
from lib.stanza import Error


RULES = """rules:
  - id: old-tls-ends
    purpose: TLS 1.2 has ended for some.
    clients: { tls: TLSv1.2 }
    from: "group:modern"
    effect: deny
    mode: enforce
    samples: [{ tls: TLSv1.2, from: "group:modern", effect: deny }]
  - id: plain-ends
    purpose: PLAIN has ended for some.
    clients: { mechanism: PLAIN }
    from: "group:hashed"
    effect: deny
    mode: enforce
    samples: [{ mechanism: PLAIN, from: "group:hashed", effect: deny }]
"""


@pytest.fixture(scope="module")
def server(launch):
    def rules(server):
        path = server.dir / "policy/clients/scenario.yaml"
        path.write_text(RULES)
        path.chmod(0o644)
    return launch("refused", {"tls": {"min_version": "1.2"}}, prepare=rules)


def refused(server, kind, **members):
    return [row for row in server.json("clients", "refused")["refused"]
            if row["kind"] == kind and all(row[name] == value for name, value in members.items())]


def member(folk, name, group):
    account = Account(name + "@example.org", PASSWORD_MARK + name)
    folk.server.import_csv("%s,%s,%s,%s,,,\n" % (account.jid, account.password, name.title(), group))
    return account


def test_a_handshake_with_tls_that_is_too_old(server):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", server.direct_port)) as plain, pytest.raises((ssl.SSLError, ConnectionError)):
            context.wrap_socket(plain, server_hostname="example.org")
    eventually(lambda: sum(row["count"] for row in refused(server, "tls", address="127.0.0.1")) >= 3)
    row, = refused(server, "tls", address="127.0.0.1")
    assert "below tls.min_version" in row["reason"] and row["jid"] == "" and row["first"] <= row["last"]


def test_what_speaks_no_tls_at_all(server):
    with socket.create_connection(("127.0.0.1", server.direct_port), source_address=("127.99.0.1", 0)) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n")
        plain.settimeout(5)
        while plain.recv(1000):
            pass
    eventually(lambda: refused(server, "tls", address="127.99.0.1"))
    assert "HTTP" in refused(server, "tls", address="127.99.0.1")[0]["reason"]


def test_a_mechanism_that_is_not_offered(folk, server):
    client = folk.client(folk.account())
    client.connect()
    client.start()
    for _ in range(2):
        with pytest.raises(Refused) as told:
            client.authenticate("PLAIN")
        assert told.value.condition == "invalid-mechanism"
    eventually(lambda: refused(server, "mechanism"))
    eventually(lambda: refused(server, "mechanism")[0]["count"] == 2)
    row, = refused(server, "mechanism")
    assert "PLAIN" in row["reason"] and row["address"] == server.source


def test_a_rule_on_tls_that_ends_for_somebody(folk, server):
    account = member(folk, "modern", "modern")
    client = folk.client(account)
    with pytest.raises(Refused):
        client.login(connect={"only": "1.2"})
    eventually(lambda: refused(server, "client", jid=account.jid))
    row, = refused(server, "client", jid=account.jid)
    assert (row["rule"], row["count"]) == ("old-tls-ends", 1) and row["address"] and row["reason"]
    folk.client(account).login()  # with 1.3 he comes in


def test_whom_a_switch_kept_out_with_its_id_and_the_whole_reason(folk, server):
    account, why = folk.account(), " ".join(["A worm goes over contact lists."] * 15)
    on = server.json("lockdown", "on", "everything", "--account", account.jid, "--reason", why)["switch"]["id"]
    with pytest.raises(Refused):
        folk.client(account).login()
    eventually(lambda: refused(server, "switch", jid=account.jid))
    row, = refused(server, "switch", jid=account.jid)
    assert len(why) > 400 and row["rule"] == on and row["reason"].endswith(why)
    assert on in server.run("clients", "refused").stdout
    server.run("lockdown", "off", on)
    on = server.json("lockdown", "on", "everything", "--device", account.jid + "/phone", "--reason", "Stolen.")["switch"]["id"]
    assert Error(folk.client(account).login(bind=False).bind("phone")).condition == "policy-violation"
    eventually(lambda: refused(server, "switch", rule=on))
    assert refused(server, "switch", rule=on)[0]["jid"] == account.jid
    server.run("lockdown", "off", on)


def test_all_of_it_is_there_after_a_restart_and_in_a_table(server):
    before = {(row["kind"], row["address"], row["jid"]): row["count"] for row in server.json("clients", "refused")["refused"]}
    assert {kind for kind, _, _ in before} >= {"tls", "mechanism", "client"}
    server.restart()
    after = {(row["kind"], row["address"], row["jid"]): row["count"] for row in server.json("clients", "refused")["refused"]}
    assert before == after
    table = list(csv.DictReader(io.StringIO(server.run("clients", "refused", "--csv").stdout)))
    assert {(row["kind"], row["address"], row["jid"]): int(row["count"]) for row in table} == before
    assert server.json("clients", "refused", "--since", "2099-01-01")["refused"] == []
