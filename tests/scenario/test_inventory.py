"""What is known of the programs people use: rows of the inventory, what they were used for, exports, posture, hashes, and that
all of it outlives a restart and goes with the account."""

import contextlib
import csv
import io
import json
import sqlite3
import time

import pytest

from lib import names, record
from lib.client import Account, Client
from lib.names import tag
from lib.rooms import create, new_room
from lib.server import PASSWORD_MARK
from lib.stanza import iq, iq_to, message_to

pytestmark = pytest.mark.recorder_runs("looks at the inventory, which no client is shown")

COLUMNS = """jid person name department groups installation product version version_before version_since os device class basis
    confidence contradictions caps node agent ja4 resource addresses networks first_seen last_seen sessions messages rooms files
    calls online effect rule up_to_date minimum posture deny_from overdue_days excepted mail mechanism tls""".split()


@pytest.fixture(scope="module")
def server(launch):
    return launch("inventory", {"clients": {"ask": True}})


def rows(server, *filters):
    return server.json("clients", "list", *filters)["clients"]


def of(server, jid):
    return server.json("clients", "show", jid)["clients"]


def only(server, jid):
    """The one row there is, as soon as the program has been judged: one that says nothing is given time to answer."""
    until(lambda: of(server, jid))
    row, = of(server, jid)
    return row


def until(holds, seconds=15):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def member(server, name, department, groups=""):
    account = Account("%s@%s" % (name, server.domain), PASSWORD_MARK + "inventory")
    done = server.run("user", "add", account.jid, "--department", department, "--groups", groups, "--password-stdin",
                      input=account.password + "\n")
    assert done.returncode == 0, done.stderr
    return account


# ---- rows

def test_who_is_there_has_a_row(folk, server):
    client = folk.online(1, resource="gajim.X7Y2")[0]
    row = only(server, client.bare)
    assert row["resource"] == "gajim.X7Y2" and row["online"] == 1 and row["sessions"] == 1
    assert row["addresses"] == [server.source] and row["networks"] == 1
    live, = row["live"]
    assert live["jid"] == client.jid and live["state"] == "online" and live["address"].startswith(server.source + ":")


def test_the_same_program_with_another_chance_in_its_resource_is_one_row(folk, server):
    account, = folk.accounts(1)
    for n, chance in enumerate(("X7Y2", "Q8Z1", "9fbd-ee"), 1):
        Client(server, account).online(resource="gajim." + chance).close()
        until(lambda: sum(row["sessions"] for row in of(server, account.jid)) == n)
    row = only(server, account.jid)
    assert row["sessions"] == 3 and row["resource"] == "gajim.9fbd-ee"
    Client(server, account).online(resource="phone")
    until(lambda: len(of(server, account.jid)) == 2)


def test_networks_are_counted(folk, server):
    account, = folk.accounts(1)
    sources = ["127.77.0.%d" % n for n in (1, 2, 1, 3)]
    for n, source in enumerate(sources, 1):
        server.source = source
        Client(server, account).online(resource="desk").close()
        until(lambda: only(server, account.jid)["sessions"] == n)
    row = only(server, account.jid)
    assert row["networks"] == 3 and row["addresses"] == ["127.77.0.3", "127.77.0.1", "127.77.0.2"]


def test_an_account_has_a_bounded_number_of_rows(folk, server):
    account, = folk.accounts(1)
    for n in range(45):
        word = "abcdefghijklmnopqrstuvwxyz"[n // 26] + "z" + "abcdefghijklmnopqrstuvwxyz"[n % 26] * 3
        with contextlib.closing(Client(server, account).online(resource=word)):
            pass
    until(lambda: len(of(server, account.jid)) == 40 and of(server, account.jid)[-1]["resource"] == word)


# ---- what programs say of themselves

def claim(server, account, name, version, os="", **login):
    """A client that says so when it is asked (XEP-0092), and that it cannot be asked anything else; online and judged."""
    client = Client(server, account).online(**login)
    query = "<name>%s</name><version>%s</version>" % (name, version) + ("<os>%s</os>" % os if os else "")
    asked = set()
    while "version" not in asked:
        question = client.expect(lambda each: each.tag == tag(names.CLIENT, "iq") and each.get("type") == "get")
        namespace = question[0].tag[1:].split("}")[0]
        asked.add(namespace.rsplit(":", 1)[-1])
        if namespace == "jabber:iq:version":
            client.send(iq_to(server.domain, "result", "<query xmlns='%s'>%s</query>" % (namespace, query), id=question.get("id")))
        else:
            client.send("<iq type='error' to='%s' id='%s'><error type='cancel'><feature-not-implemented "
                        "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>" % (server.domain, question.get("id")))
    until(lambda: version in {row["version"] for row in of(server, account.jid)})
    return client


def test_what_a_program_says_is_in_the_inventory(folk, server):
    account = folk.account()
    claim(server, account, "Gajim", "1.7.3", "Linux 6.1", resource="gajim.AA11")
    row = only(server, account.jid)
    assert (row["product"], row["version"], row["os"], row["class"]) == ("Gajim", "1.7.3", "Linux", "named")
    assert row["online"] == 1 and row["version_before"] == "" and row["confidence"] > 0


def test_an_update_leaves_the_version_before(folk, server):
    account = folk.account()
    claim(server, account, "Gajim", "1.7.3", "Linux", resource="gajim.AA11").close()
    claim(server, account, "Gajim", "1.8.4", "Linux", resource="gajim.BB22")
    row = only(server, account.jid)
    assert (row["version"], row["version_before"], row["sessions"]) == ("1.8.4", "1.7.3", 2)
    assert row["version_since"] >= row["first_seen"]


def test_another_program_is_another_row(folk, server):
    account = folk.account()
    claim(server, account, "Gajim", "1.7.3", "Linux", resource="gajim.AA11")
    claim(server, account, "Conversations", "2.12.1", "Android", resource="Conversations.xY3")
    assert {(row["product"], row["version"], row["os"]) for row in of(server, account.jid)} == {
        ("Gajim", "1.7.3", "Linux"), ("Conversations", "2.12.1", "Android")}
    assert [row["jid"] for row in rows(server, "--product", "conversations", "--versions", ">=2.12, <3")] == [account.jid]
    assert account.jid not in {row["jid"] for row in rows(server, "--product", "gajim", "--versions", ">=1.8")}


# ---- what it is used for

OOB = "<body>https://files.example/a.png</body><x xmlns='jabber:x:oob'><url>https://files.example/a.png</url></x>"
CALL = ("<jingle xmlns='urn:xmpp:jingle:1' action='session-initiate' sid='s1'><content creator='initiator' name='voice'>"
        "<description xmlns='urn:xmpp:jingle:apps:rtp:1' media='audio'/><transport xmlns='urn:xmpp:jingle:transports:ice-udp:1'>"
        "<fingerprint xmlns='urn:xmpp:jingle:apps:dtls:0' hash='sha-256' setup='actpass'>AA</fingerprint></transport></content></jingle>")


def used(folk, server):
    """Alice says three things (one of them when they become friends, as bob does), one in a room that she enters, sends a file
    and calls somebody. Both are still there."""
    alice, bob = folk.friends(2)
    room = new_room(server)
    for text in ("one", "two"):
        alice.send(message_to(bob.bare, "<body>%s</body>" % text))
    alice.send(message_to(bob.bare, "<composing xmlns='http://jabber.org/protocol/chatstates'/>"))
    create(alice, room, "alice")
    alice.send(message_to(room, "<body>in the room</body>", type="groupchat"))
    alice.send(message_to(bob.bare, OOB))
    alice.send("<iq type='set' id='call1' to='%s'>%s</iq>" % (bob.jid, CALL))
    bob.expect(iq(type="set", id="call1"))
    return alice, bob


def test_uses_are_counted_at_once_and_kept(folk, server):
    alice, bob = used(folk, server)
    expected = {"messages": 3, "rooms": 2, "files": 1, "calls": 1}
    assert only(server, alice.bare)["uses"] == expected
    assert only(server, bob.bare)["uses"] == {"messages": 1, "rooms": 0, "files": 0, "calls": 0}
    alice.close()
    until(lambda: only(server, alice.bare)["online"] == 0)
    assert only(server, alice.bare)["uses"] == expected


# ---- lists and exports

def test_lists_are_filtered(folk, server):
    traders = [member(server, name, "Trading", "traders") for name in ("filter-a", "filter-b")]
    clerk = member(server, "filter-c", "Office")
    there = Client(server, traders[0]).online(resource="desk")
    for account in (traders[1], clerk):
        Client(server, account).online(resource="desk").close()
    until(lambda: len(rows(server, "--group", "traders")) == 2)
    people = lambda *filters: {row["jid"] for row in rows(server, *filters)}
    assert people("--group", "traders") == people("--department", "trading") == {each.jid for each in traders}
    until(lambda: people("--group", "traders", "--online") == {there.bare})
    assert people("--department", "Office") == {clerk.jid}
    assert clerk.jid in people("--since", "1h") and clerk.jid not in people("--since", "2099-01-01")
    until(lambda: people("--class", "silent", "--group", "traders") == {there.bare})  # the other was not given time
    assert people("--product", "Nobody's") == set()
    assert len(rows(server, "--limit", "2")) == 2


def test_a_filter_that_says_nothing_is_explained(server):
    for wrong in (["--class", "odd"], ["--since", "yesterday"], ["--versions", "<<1"]):
        done = server.run("clients", "list", *wrong)
        assert done.returncode == 2 and wrong[0].strip("-") in done.stderr.replace("client is", "class")


def test_the_export_is_parsed_by_others(folk, server):
    account = member(server, "comma", 'Sales, "North"', "one,two")
    client = Client(server, account).online(resource='=cmd|"x",y')
    only(server, account.jid)
    done = server.run("clients", "export")
    table = list(csv.DictReader(io.StringIO(done.stdout, newline="")))
    assert done.stdout.split("\n")[0].split(",") == COLUMNS
    row, = [each for each in table if each["jid"] == account.jid]
    assert row["department"] == 'Sales, "North"' and row["groups"] == "one;two"
    assert row["resource"] == "'" + '=cmd|"x",y'  # no formula for a spreadsheet
    assert row["online"] == "1" and row["sessions"] == "1" and row["addresses"] == server.source
    document = json.loads(server.run("clients", "export", "--json").stdout)
    assert client.bare in {each["jid"] for each in document["clients"]}
    assert len(document["clients"]) == len(table)


def test_tables_for_people(folk, server):
    client, = folk.online(1, resource="desk")
    only(server, client.bare)
    assert client.bare in server.run("clients", "list").stdout
    shown = server.run("clients", "show", client.bare).stdout
    assert "used for" in shown and client.jid in shown
    assert server.run("clients", "show", "nobody@" + server.domain).returncode == 1


def test_nobody_lags_where_there_are_no_rules(folk, server):
    folk.online(1)
    done = server.run("clients", "laggards", "--json")
    assert done.returncode == 0 and json.loads(done.stdout) == {"clients": []}


# ---- posture

def test_posture_counts_by_department(folk, server):
    accounts = [member(server, "posture-%s" % letter, "Posture", "postured") for letter in "abc"]
    online = [Client(server, account).online(resource="desk") for account in accounts[:2]]
    until(lambda: server.json("clients", "posture", "--group", "postured")["online"] == 2)
    answer = server.json("clients", "posture", "--group", "postured")
    assert answer["seen"] == answer["above"] == answer["online"] == answer["people"] == 2 and answer["excepted"] == 0
    department, = [each for each in answer["departments"] if each["department"] == "Posture"]
    assert department["accounts"] == 3 and department["people"] == 2
    assert sum(each["seen"] for each in department["products"]) == 2
    table = server.run("clients", "posture", "--by", "department").stdout
    assert "Posture" in table and "all" in table
    done = server.run("clients", "posture", "--by", "group", "--csv")
    assert "postured" in {each["group"] for each in csv.DictReader(io.StringIO(done.stdout))}
    assert online


def test_the_first_day_is_written_down(server):
    until(lambda: server.json("clients", "posture")["history"])
    first = server.json("clients", "posture")["history"][0]
    assert first["policy"] == server.status()["policy"] and first["seen"] >= first["above"] >= 0


# ---- hashes

def test_an_administrator_decides_about_a_hash(server):
    name = "sha-1 QgayPKawpkPSDYmwT/WM94uAlu0="
    assert server.run("clients", "hashes", "--reject", name).returncode != 0  # never seen: it would say nothing
    assert server.run("clients", "hashes", "--confirm", name, "--product", "Exodus", "--version", "0.9.1").returncode == 0
    row, = server.json("clients", "hashes")["hashes"]
    assert (row["product"], row["version"], row["state"], row["believed"]) == ("Exodus", "0.9.1", "confirmed", True)
    assert "Exodus" in server.run("clients", "hashes").stdout
    assert server.run("clients", "hashes", "--reject", name).returncode == 0
    row, = server.json("clients", "hashes")["hashes"]
    assert row["state"] == "rejected" and not row["believed"] and row["product"] == "Exodus"
    assert server.run("clients", "hashes", "--forget", name).returncode == 0
    assert server.json("clients", "hashes")["hashes"] == []
    assert server.run("clients", "hashes", "--forget", name).returncode == 1
    assert [each["text"] for each in record.entries(server.dir / "record")
            if each.get("type") == "admin" and each.get("target") == name] == ["confirmed: Exodus 0.9.1", "rejected", "forgotten"]


def test_nobody_was_refused(server):
    assert server.json("clients", "refused", "--since", "24h") == {"refused": []}


# ---- what is kept

def test_a_restart_keeps_it(folk, server):
    alice, bob = used(folk, server)
    before = only(server, alice.bare)
    server.restart()
    after = only(server, alice.bare)
    assert after["online"] == 0 and after["live"] == []
    for name in ("installation", "resource", "uses", "sessions", "first_seen", "networks", "addresses"):
        assert after[name] == before[name], name


def test_rows_go_with_the_account(folk, server):
    client, = folk.online(1)
    only(server, client.bare)
    assert server.run("user", "remove", client.bare, "--yes").returncode == 0
    assert client.bare not in {row["jid"] for row in rows(server)}
    assert server.run("clients", "show", client.bare).returncode == 1


def test_ten_thousand_rows_are_listed(folk, server, launch):
    big = launch("inventory-big")
    accounts = ["n%05d@%s" % (n, big.domain) for n in range(2500)]
    big.stop()
    with contextlib.closing(sqlite3.connect(big.dir / "store/gatehouse.db")) as db, db:
        now = int(time.time() * 1e6)
        columns = [each[1] for each in db.execute("PRAGMA table_info(client)")]
        for n in range(10000):
            values = {"owner": accounts[n // 4], "key": "k%d" % (n % 4), "product": "Gajim" if n % 2 else "Dino",
                      "version": "1.%d" % (n % 10), "first_us": now, "last_us": now}
            db.execute("INSERT INTO client VALUES (%s)" % ",".join("?" * len(columns)),
                       [values.get(name, 0 if name.endswith("_us") or name in NUMBERS else "") for name in columns])
    big.start()
    begin = time.monotonic()
    all_of_them = rows(big)
    took = time.monotonic() - begin
    keys = [(row["jid"], row["installation"]) for row in all_of_them]
    assert len(keys) == 10000 and keys == sorted(set(keys))
    assert len(rows(big, "--product", "gajim", "--versions", ">=1.5")) == 3000  # 1.5, 1.7 and 1.9
    assert took < 30, took
    assert big.json("clients", "posture")["seen"] == 10000


NUMBERS = {"class", "basis", "confidence", "contradictions", "networks", "sessions", "messages", "rooms", "files", "calls"}


# ---- who lags, who is excepted, who is not there

STANDING = """baseline: { Gajim: "1.8" }
rules:
  - id: gajim-goes
    purpose: Gajim before 1.8 is retired.
    clients: { product: Gajim, versions: "<1.8" }
    from: "group:lagging"
    effect: warn
    mode: enforce
    exceptions: [{ who: "person:patient@example.org", until: 2099-01-01, owner: ann@example.org, reason: A test machine. }]
    samples: [{ product: Gajim, version: "1.7", from: "group:lagging", effect: warn }]
"""


@pytest.fixture
def standing(launch):
    """Three with an old Gajim (one excepted, one with a mail address) and one with a new one; all have gone again."""
    def rules(server):
        (server.dir / "policy/clients/scenario.yaml").write_text(STANDING)
    server = launch("standing", {"clients": {"ask": True}, "mail": {"server": "127.0.0.1", "port": 9, "tls": "never",
                                                                   "from": "it@example.org"}}, prepare=rules)
    people = {}
    for name, version, mail in (("late", "1.7.3", ""), ("written", "1.7.3", "w@example.net"), ("patient", "1.7.3", ""),
                                ("fresh", "1.8.4", "")):
        account = Account(name + "@example.org", PASSWORD_MARK + name)
        server.import_csv("%s,%s,%s,lagging,%s,,\n" % (account.jid, account.password, name.title(), mail))
        claim(server, account, "Gajim", version, resource="gajim.AA11").close()
        people[name] = account.jid
    until(lambda: not server.sessions())
    return server, people


def test_below_a_hundred_percent_with_a_baseline_and_an_exception(standing):
    server, people = standing
    answer = server.json("clients", "posture")
    assert (answer["seen"], answer["above"], answer["excepted"], answer["online"]) == (4, 1, 0, 0), answer
    late = {row["jid"]: row for row in json.loads(server.run("clients", "laggards", "--json").stdout)["clients"]}
    assert set(late) == {people[name] for name in ("late", "written", "patient")}  # the baseline knows no exceptions
    assert {row["minimum"] for row in late.values()} == {"1.8"}
    assert late[people["patient"]]["effect"] == "allow" and late[people["patient"]]["excepted"]
    assert late[people["late"]]["effect"] == "warn" and not late[people["late"]]["excepted"]
    # without the baseline the exception is all there is
    (server.dir / "policy/clients/scenario.yaml").write_text(STANDING.split("\n", 1)[1])
    assert server.run("reload").returncode == 0
    answer = server.json("clients", "posture")
    assert (answer["seen"], answer["above"], answer["excepted"]) == (4, 1, 1), answer
    until(lambda: [moment for moment in server.json("clients", "posture")["history"] if moment["excepted"] == 1])
    table = server.run("clients", "posture").stdout
    assert "excepted" in table and "25 %" in table


def test_laggards_say_who_cannot_be_written_to(standing):
    server, people = standing
    done = server.run("clients", "laggards", "--csv")
    assert done.returncode == 1
    late = {row["jid"]: row for row in csv.DictReader(io.StringIO(done.stdout, newline=""))}
    assert late[people["written"]]["mail"] == "yes" and late[people["late"]]["mail"] == "no"
    text = server.run("clients", "laggards").stdout.splitlines()
    assert [line.endswith("no mail") for line in text if people["late"] in line] == [True]
    assert [line.endswith("no mail") for line in text if people["written"] in line] == [False]


def test_a_dry_run_names_those_who_are_not_there(standing):
    server, people = standing
    answer = server.json("clients", "deny", "Gajim", "<1.8", "--reason", "x", "--dry-run")
    assert answer["sessions"] == 0 and answer["away"] == answer["people"] == 3
    assert {row["person"] for row in answer["rows"]} == {people[name] for name in ("late", "written", "patient")}
    assert all(not row["online"] and row["last_seen"] and row["then"].startswith("deny") for row in answer["rows"])
    text = server.run("clients", "deny", "Gajim", "<1.8", "--reason", "x", "--dry-run").stdout
    assert "3 people, 0 sessions of 0, 3 clients that are not there now" in text
