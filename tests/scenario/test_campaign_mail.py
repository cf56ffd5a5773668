"""Who is written to about his program: exactly those who use one that a rule speaks of, once in each stage, and again on a
schedule."""

import contextlib
import datetime
import sqlite3
import time

import pytest
import yaml

from lib.mail import all_out, looked_at
from lib.record import entries, eventually
from lib.server import PASSWORD_MARK, free_port

DAY = 86400
PEOPLE = {  # name: (mail, language, groups)
    "anna": ("anna@example.net", "de-CH", ""), "bert": ("bert@example.net", "en", ""), "carl": ("", "en", ""),
    "dora": ("dora@example.net", "en", ""), "emil": ("emil@example.net", "en", ""), "frida": ("frida@example.net", "en", ""),
    "gina": ("gina@example.net", "en", "lab"), "hugo": ("hugo@example.net", "pt", "")}


def date(days):
    return (datetime.date.today() + datetime.timedelta(days=days)).isoformat()


LINK = "https://intranet.example.org/chat"


def rule(id="pidgin-goes", notice=-1, warn=10, deny=20, remind=7, link=LINK, **more):
    return {"id": id, "purpose": "Pidgin is retired.", "clients": {"product": "Pidgin"}, "effect": "deny", "mode": "enforce",
            "campaign": {"notice_from": date(notice), "warn_from": date(warn), "deny_from": date(deny), "remind_days": remind},
            "reason": {"en": "It gets no updates any more.", "de": "Es bekommt keine Updates mehr, schade f\u00fcr Sie."},
            "link": link,
            "exceptions": [{"who": "group:lab", "until": date(100), "owner": "Eve", "reason": "Later."}], **more}


def put_rules(server, *rules):
    path = server.dir / "policy/clients/scenario.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump({"rules": list(rules)}, allow_unicode=True))
    for each in (path.parent, path):
        each.chmod(0o755 if each.is_dir() else 0o644)


@contextlib.contextmanager
def store(server):
    """The store of a server that is stopped, and started again behind it."""
    server.stop()
    with contextlib.closing(sqlite3.connect(server.dir / "store/gatehouse.db")) as db:
        yield db
        db.commit()
    server.start()


def seen(db, name, product, version, first, last, key="k"):
    """A client, first and last seen so many days ago."""
    now = time.time()
    db.execute("INSERT OR REPLACE INTO client (owner, key, class, basis, confidence, contradictions, product, version, version_before, version_us, "
               "os, device, caps, node, agent, ja4, resource, addresses, networks, first_us, last_us, sessions, messages, rooms, files, "
               "calls) VALUES (?, ?, 0, 7, 90, 0, ?, ?, '', 0, 'Linux', '', '', '', '', '', 'desk', '', 0, "
               "?, ?, 0, 0, 0, 0, 0)", ("%s@example.org" % name, key + product, product, version,
                                        int((now - first * DAY) * 1e6), int((now - last * DAY) * 1e6)))


def people(server):
    server.import_csv("".join("%s@example.org,%sx-%s,%s,%s,%s,%s,\n" % (name, PASSWORD_MARK, name, name.title(), groups, address, lang)
                              for name, (address, lang, groups) in PEOPLE.items()))
    assert server.run("user", "disable", "frida@example.org").returncode == 0
    with store(server) as db:
        seen(db, "anna", "Pidgin", "2.10.7", 90, 2)
        seen(db, "anna", "Dino", "0.4.2", 100, 1)  # beside it, since long
        seen(db, "bert", "Dino", "0.4.2", 90, 1)
        seen(db, "carl", "Pidgin", "2.14.12", 90, 0)
        seen(db, "dora", "Pidgin", "2.14.12", 90, 3)
        seen(db, "dora", "Dino", "0.4.2", 2, 1)  # instead of it
        seen(db, "emil", "Pidgin", "2.14.12", 90, 31)
        seen(db, "frida", "Pidgin", "2.14.12", 90, 1)
        seen(db, "gina", "Pidgin", "2.14.12", 90, 1)


def settings(port):
    return {"mail": {"server": "127.0.0.1", "port": port, "tls": "never", "from": "it@example.org", "retry_seconds": 1,
                     "timeout_seconds": 5, "rate_per_minute": 6000},
            "contact": {"support": ["mailto:help@example.org"]}}


@pytest.fixture(scope="module")
def server(launch, sink):
    server = launch("campaign", settings(sink.port))
    put_rules(server, rule())
    people(server)
    yield server


def wait_looked(server):
    """Until everybody has been looked at by the rules as they are now."""
    assert server.run("reload").returncode == 0
    looked_at(server)


def to(sink, name):
    return sink.to("%s@example.net" % name)


def test_exactly_those_who_use_it_are_written_to_in_their_language(server, sink):
    eventually(lambda: to(sink, "anna"), seconds=30)
    looked_at(server)
    assert {each for received in sink.mails for each in received.recipients} == {"anna@example.net"}
    got, = to(sink, "anna")
    year, month, day = date(20).split("-")
    assert "Pidgin 2.10.7" in got.message["Subject"] and got.message["Content-Language"] == "de"
    assert "Es bekommt keine Updates mehr, schade f\u00fcr Sie." in got.text and "Ab " in got.text and date(20) in got.text
    assert "https://intranet.example.org/chat" in got.text and "help@example.org" in got.text
    assert "Pidgin 2.10.7, Linux" in got.text and "anna@example.org" in got.text and "Dino" not in got.text
    found = server.status()["campaign"]
    assert found["people"] == 2 and found["without_address"] == 1
    line, = [each for each in entries(server.dir / "record") if each["type"] == "mail"]
    assert line["to"] == "anna@example.org" and line["to_id"] and line["rules"] == ["pidgin-goes"] and line["text"] == "advise"
    assert line["command"] == "client" and line["target"] == "anna@example.net" and "Pidgin 2.10" not in str(line)


def test_once_whatever_is_reloaded_or_restarted(server, sink):
    before = len(sink.mails)
    put_rules(server, rule(), rule("other", notice=50, warn=60, deny=70))
    wait_looked(server)
    server.stop()
    server.start()
    looked_at(server)
    assert len(sink.mails) == before


def test_the_next_stage_is_told(server, sink):
    before = len(sink.mails)
    put_rules(server, rule(notice=-10, warn=-1))
    wait_looked(server)
    new, = sink.mails[before:]
    assert new.recipients == ["anna@example.net"]
    last = server.json("mail", "list")["mails"][0]
    assert last["stage"] == "warn" and last["about"] == "pidgin-goes" and last["purpose"] == "client"


def test_again_when_so_many_days_have_gone(server, sink):
    before = len(to(sink, "anna"))
    with store(server) as db:
        db.execute("UPDATE mail SET created_us = created_us - ?", (int(6.5 * DAY * 1e6),))
    looked_at(server)
    assert len(to(sink, "anna")) == before
    with store(server) as db:
        db.execute("UPDATE mail SET created_us = created_us - ?", (int(0.6 * DAY * 1e6),))
    looked_at(server)
    assert len(to(sink, "anna")) == before + 1


def test_with_no_schedule_once(server, sink):
    before = len(to(sink, "anna"))
    put_rules(server, rule("once", notice=-100, warn=10, remind=0))
    wait_looked(server)
    assert len(to(sink, "anna")) == before + 1
    with store(server) as db:
        db.execute("UPDATE mail SET created_us = created_us - ?", (90 * DAY * 1000000,))
    looked_at(server)
    assert len(to(sink, "anna")) == before + 1


def test_a_rule_that_only_observes_writes_to_nobody(server, sink):
    before = len(sink.mails)
    put_rules(server, rule("watching", mode="observe"))
    wait_looked(server)
    assert len(sink.mails) == before and server.status()["campaign"]["people"] == 0


@pytest.mark.parametrize("change", ["program", "address", "stage"])
def test_it_is_looked_at_once_more_when_it_is_sent(server, sink, change):
    """The mail server is away while something changes."""
    link = LINK + "/late-" + change  # of what the test before has put back there may be mail
    server.configure(settings(free_port()))
    put_rules(server, rule("late-" + change, link=link))
    assert server.run("reload").returncode == 0

    def waiting():
        return [each for each in server.json("mail", "list")["mails"] if each["about"] == "late-" + change]
    eventually(lambda: waiting() and waiting()[0]["tries"] >= 1, seconds=30)
    if change == "address":
        assert server.run("user", "change", "anna@example.org", "--mail", "").returncode == 0
    if change == "stage":
        put_rules(server, rule("late-" + change, link=link, notice=-10, warn=-5, deny=-1))
    server.configure(settings(sink.port))
    if change == "program":
        with store(server) as db:
            seen(db, "anna", "Pidgin", "2.10.7", 90, 2)
            seen(db, "anna", "Gajim", "2.0.0", 1, 0)
    else:
        assert server.run("reload").returncode == 0
    server.run("mail", "retry", "--all")
    eventually(lambda: waiting()[0]["state"] == "dropped", seconds=30)
    assert not sink.with_text(link)
    with store(server) as db:
        db.execute("DELETE FROM client WHERE product = 'Gajim'")
    assert server.run("user", "change", "anna@example.org", "--mail", "anna@example.net").returncode == 0


def test_who_is_removed_is_written_to_no_more(server, sink):
    put_rules(server, rule("last", link=LINK + "/last"))
    server.configure(settings(free_port()))
    assert server.run("reload").returncode == 0
    eventually(lambda: [each for each in server.json("mail", "list")["mails"] if each["about"] == "last"], seconds=30)
    assert server.run("user", "remove", "anna@example.org", "--yes").returncode == 0
    server.configure(settings(sink.port))
    assert server.run("reload").returncode == 0
    assert server.run("mail", "test", "next@example.net").returncode == 0
    eventually(lambda: to(sink, "next"), seconds=20)
    all_out(server)
    assert not sink.with_text(LINK + "/last")
    assert not [each for each in server.json("mail", "list")["mails"] if each["jid"] == "anna@example.org"]
