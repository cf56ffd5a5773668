"""What the server has learnt of programs, devices and people, and what it was told to hold off, comes back with a backup: each table that
came after the first ten steps of the store is filled, copied while the server runs, and compared elsewhere."""

import contextlib
import json
import sqlite3
import time

import pytest

from lib.record import eventually
from lib.server import Server, run

pytestmark = pytest.mark.recorder_runs("servers are killed and copied here")

HOUR, DAY = 3600, 86400
# of before; other tests have them (test_backup.py)
OLD = {"account", "archive", "archive_list", "archive_listed", "archive_owner", "archive_pair", "archive_prefs", "block", "caps", "invite",
       "message", "meta", "notice", "pep_item", "pep_node", "private_xml", "room", "room_affiliation", "roster", "roster_item", "schema",
       "seen", "vcard", "verifier", "visit"}
SHOWN = (("clients", "list"), ("clients", "hashes"), ("clients", "refused"), ("mail", "list"), ("lockdown", "status"), ("flood", "list"))


def us(seconds):
    return int((time.time() + seconds) * 1e6)


def fill(db, jid, other):
    """What does not come about within seconds."""
    many = {
        "caps_client": ("sha-1 AAAAAAAAAAAAAAAAAAAAAAAAAAA=", "Gajim", "1.8.4", "Linux", "https://gajim.org", 1, 0, 2, us(-DAY), us(-HOUR)),
        "caps_voucher": ("sha-1 AAAAAAAAAAAAAAAAAAAAAAAAAAA=", jid),
        "posture": (us(-3 * DAY), "Gajim", "policy-of-then", 12, 7, 2),
        "refusal": ("tls", "", "192.0.2.7", "", "", "", "unsupported protocol", 9, us(-DAY), us(-HOUR)),
        "mail": (7, "mail-of-before", "client", "pidgin-goes", "advise", "p", jid, "a@example.net", "en", "", "", 1, 1, "", us(-DAY),
                 us(-DAY), us(-DAY)),
        "token": (jid, "phone", "seed", 1, "HT-SHA-256-NONE", us(-HOUR), us(DAY), 3),
        "device": (jid, "agent:phone", "Gajim", "phone", "192.0.2.8", us(-DAY), us(-HOUR), 1, us(-DAY)),
        "privacy": (jid, 1, 1),
        "roster_change": (jid, other, 3),
    }
    for table, row in many.items():
        db.execute("INSERT INTO %s VALUES (%s)" % (table, ",".join("?" * len(row))), row)


def tables(path):
    with contextlib.closing(sqlite3.connect(path)) as db:
        names = [name for name, in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")]
        return {name: sorted(map(repr, db.execute("SELECT * FROM " + name))) for name in names}


class Elsewhere(Server):
    """The server that a backup becomes: another folder, the same ports."""

    def __init__(self, original):
        super().__init__("inventory-elsewhere", directory=original.parent / "elsewhere")
        self.parent.mkdir()
        self.parent.chmod(0o755)
        self.domains, self.domain = original.domains, original.domain
        self.port, self.direct_port, self.plain_port = original.port, original.direct_port, original.plain_port


def shown(server, jid):
    """As the commands show it, but for what counts time."""
    found = {words: json.loads(server.run(*words, "--json").stdout) for words in SHOWN}  # some say by their exit code that there is any
    found["posture"] = server.json("clients", "posture", "--days", "10")["history"]
    found["devices"] = server.json("devices", "list", jid)
    return json.loads(json.dumps({str(key): value for key, value in found.items()}))


def test_all_of_it_is_elsewhere_after_a_backup():
    server = Server("inventory-backup", {"privacy": {"reach": "contacts"}}).make().start()
    elsewhere = None
    try:
        alice, stranger = server.online(2)
        jid, other = alice.bare, stranger.bare
        alice.end()
        eventually(lambda: server.json("clients", "show", jid)["clients"], 20)
        held = stranger.say(jid, "do we know each other").body
        stranger.end()
        eventually(lambda: server.json("clients", "show", other)["clients"], 20)
        assert server.run("lockdown", "on", "calls", "--for", "2h", "--reason", "Quiet.").returncode == 0
        assert server.run("flood", "silence", jid, "--for", "2h").returncode == 0
        eventually(lambda: server.json("clients", "posture")["history"], 20)
        server.stop()
        store = server.dir / "store/gatehouse.db"
        with contextlib.closing(sqlite3.connect(store)) as db, db:
            fill(db, jid, other)
        server.start()
        before = shown(server, jid)
        made = server.run("backup", server.parent / "shelf", "--json", "--with-keys", timeout=120)
        assert made.returncode == 0, made.stderr
        server.kill_tree()
        elsewhere = Elsewhere(server)
        done = run("restore", json.loads(made.stdout)["backup"], "--dir", elsewhere.dir, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr

        was, now = tables(store), tables(elsewhere.dir / "store/gatehouse.db")
        assert set(was) == set(now)
        assert not [name for name, rows in was.items() if not rows and name not in OLD]  # a new table: fill it here, too
        assert [row for row in was["message"] if held in row]
        for name in set(was) - {"meta"}:  # which says how much of the record has been applied
            assert was[name] == now[name], name

        elsewhere.start()
        assert shown(elsewhere, jid) == before
        assert "phone" in str(before["devices"]) and "policy-of-then" in str(before["posture"])
    finally:
        server.close_clients()
        if elsewhere:
            elsewhere.stop()
            elsewhere.remove()
        server.remove()
