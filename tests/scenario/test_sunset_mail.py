"""A mechanism of SASL or a version of TLS is retired: mail goes to exactly those who have logged in with it last, and the inventory
says who that is; also behind an upgrade from a store that did not know it."""

import contextlib
import csv
import datetime
import io
import json
import sqlite3

import pytest

from lib.client import Account, Client
from lib.mail import looked_at
from lib.record import eventually
from lib.server import PASSWORD_MARK

NAMES = ("anna", "berta", "carl", "dora", "emil")
PLAIN, SCRAM, OLD_TLS = {"mechanism": "PLAIN"}, {"mechanism": "SCRAM-SHA-256"}, {"mechanism": "SCRAM-SHA-256", "connect": {"only": "1.2"}}

pytestmark = pytest.mark.recorder_runs("looks at the inventory, which no client is shown")


def date(days):
    return (datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=days)).isoformat()


def rule(id, clients, warn=10):
    return {"id": id, "purpose": "It is old.", "clients": clients, "effect": "deny", "mode": "enforce",
            "campaign": {"notice_from": date(-9), "warn_from": date(warn), "deny_from": date(20), "remind_days": 0},
            "reason": {"en": "It is not safe enough.", "de": "Das ist nicht sicher genug."}, "link": "https://intranet.example.org/chat"}


def put_rules(server, warn=10):
    path = server.dir / "policy/clients/sunsets.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"rules": [rule("plain-goes", {"mechanism": ["PLAIN"]}, warn),  # which is YAML
                                          rule("old-tls-goes", {"tls": "TLSv1.2"}, warn)]}))


@pytest.fixture(scope="module")
def server(launch, sink):
    return launch("sunset-mail", {"sasl": {"plain": True}, "mail": {
        "server": "127.0.0.1", "port": sink.port, "tls": "never", "from": "it@example.org", "rate_per_minute": 6000}})


@pytest.fixture(scope="module")
def people(server):
    accounts = {name: Account(name + "@example.org", PASSWORD_MARK + name) for name in NAMES}
    server.import_csv("".join("%s,%s,%s,,%s@example.net,%s,\n" % (each.jid, each.password, name.title(), name,
                                                                   "de" if name == "anna" else "en")
                              for name, each in accounts.items()))
    return accounts


def clients(server, account):
    return server.json("clients", "show", account.jid)["clients"]


def was_there(server, account, how):
    """Logs in and goes; waits until the inventory has it."""
    before = sum(row["sessions"] for row in clients(server, account))
    Client(server, account).online(resource="desk", **how).end()
    eventually(lambda: sum(row["sessions"] for row in clients(server, account)) == before + 1, 20)


def looked(server):
    """Until everybody has been looked at by the rules as they are now, and the mails are out."""
    assert server.run("reload").returncode == 0
    looked_at(server)


def written_to(sink):
    return sorted(each.recipients[0].split("@")[0] for each in sink.mails)


def test_the_inventory_has_how_somebody_logged_in_last(server, people):
    was_there(server, people["anna"], PLAIN)
    was_there(server, people["berta"], OLD_TLS)
    for name, hows in (("carl", (PLAIN, SCRAM)), ("dora", (SCRAM, PLAIN)), ("emil", (SCRAM,))):
        for how in hows:
            was_there(server, people[name], how)
    found = {name: (row["mechanism"], row["tls"].split()[0]) for name in NAMES for row in clients(server, people[name])}
    assert found == {"anna": ("PLAIN", "TLSv1.3"), "berta": ("SCRAM-SHA-256", "TLSv1.2"), "carl": ("SCRAM-SHA-256", "TLSv1.3"),
                     "dora": ("PLAIN", "TLSv1.3"), "emil": ("SCRAM-SHA-256", "TLSv1.3")}
    text = server.run("clients", "show", people["berta"].jid).stdout
    assert "SCRAM-SHA-256, TLSv1.2 " in text
    exported = csv.DictReader(io.StringIO(server.run("clients", "export").stdout, newline=""))
    assert exported.fieldnames[-2:] == ["mechanism", "tls"]
    assert {row["jid"]: row["mechanism"] for row in exported}[people["anna"].jid] == "PLAIN"


def test_mail_goes_to_exactly_those(server, people, sink):
    put_rules(server)
    looked(server)
    assert written_to(sink) == ["anna", "berta", "dora"]
    got = {each.recipients[0].split("@")[0]: each for each in sink.mails}
    text = got["anna"].text
    assert "Ab %s wird die Anmeldung mit PLAIN hier nicht mehr angenommen." % date(20) in text
    assert "Das ist nicht sicher genug." in text and "https://intranet.example.org/chat" in text and ", PLAIN, " in text
    assert got["anna"].message["Subject"].endswith("PLAIN") and "TLSv1" not in text
    text = got["berta"].text
    assert "From %s on, logging in with TLSv1.2 will no longer be accepted here." % date(20) in text and ", TLSv1.2, " in text
    assert server.status()["campaign"]["people"] == 3


def test_who_is_late_is_who_a_rule_is_against(server, people):
    done = server.run("clients", "laggards", "--json")
    assert {row["jid"]: row["rule"] for row in json.loads(done.stdout)["clients"]} == {
        people["anna"].jid: "plain-goes", people["dora"].jid: "plain-goes", people["berta"].jid: "old-tls-goes"}
    answer = server.json("clients", "posture")
    assert (answer["seen"], answer["above"]) == (5, 2), answer
    late = json.loads(server.run("clients", "laggards", "--json", "--at", date(21)).stdout)["clients"]
    assert {row["effect"] for row in late} == {"deny"} and len(late) == 3


def test_who_logs_in_otherwise_is_written_to_no_more(server, people, sink):
    was_there(server, people["anna"], SCRAM)
    was_there(server, people["berta"], SCRAM)
    before = len(sink.mails)
    put_rules(server, warn=-1)
    looked(server)
    assert [each.recipients for each in sink.mails[before:]] == [["dora@example.net"]]


def test_behind_an_upgrade_the_next_login_tells(server, people, sink):
    before = len(sink.mails)
    server.stop()
    with contextlib.closing(sqlite3.connect(server.dir / "store/gatehouse.db")) as db, db:
        db.executescript("ALTER TABLE client DROP COLUMN mechanism; ALTER TABLE client DROP COLUMN tls; "
                         "DROP INDEX device_waits; ALTER TABLE device DROP COLUMN waits_us; "
                         "DELETE FROM schema WHERE version >= 20; DELETE FROM mail;")
    server.start()
    looked(server)
    assert len(sink.mails) == before  # nobody knows
    row, = clients(server, people["dora"])
    assert (row["mechanism"], row["tls"], row["sessions"]) == ("", "", 2)
    was_there(server, people["carl"], PLAIN)
    put_rules(server, warn=-2)  # other rules are looked at at once
    looked(server)
    assert [each.recipients for each in sink.mails[before:]] == [["carl@example.net"]]
