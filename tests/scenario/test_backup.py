"""Backup and restore: while people talk, into another folder after a kill, and the store from the record alone."""

import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import time

import pytest

from lib import names, record
from lib.archive import history, inner, until_kept
from lib.client import Refused
from lib.command import administrator, command, data, done, inside
from lib.component import Component, settings as components, write_secret
from lib.names import tag
from lib.rooms import admin, configure, create, join, listed, new_room, occupant, refusal, say
from lib.server import Server, free_port, run
from lib.stanza import Error, body, body_of, child, message, message_to, stanza_id

pytestmark = pytest.mark.recorder_runs("servers are killed and copied here")

SETTINGS = {"record": {"segment_bytes": 65536}}


@pytest.fixture(scope="module")
def server(launch):
    return launch("backup", SETTINGS)


@pytest.fixture
def shelf(server, tmp_path_factory):
    """A folder for backups."""
    made = server.parent / ("shelf-%d" % len(list(server.parent.glob("shelf-*"))))
    yield made
    shutil.rmtree(made, ignore_errors=True)


def backup(server, shelf, *arguments):
    done = server.run("backup", shelf, "--json", *arguments, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


class Copy(Server):
    """The server that a backup becomes: another folder, the same ports."""

    def __init__(self, original, name):
        super().__init__(name, directory=original.parent / name)
        self.parent.mkdir()
        self.parent.chmod(0o755)
        self.domains, self.domain = original.domains, original.domain
        self.port, self.direct_port, self.plain_port = original.port, original.direct_port, original.plain_port

    def restore(self, backup):
        return run("restore", backup, "--dir", self.dir, "--json", timeout=120)


def restored(original, name, made):
    copy = Copy(original, name)
    done = copy.restore(made)
    assert done.returncode == 0, done.stdout + done.stderr
    return copy, json.loads(done.stdout)


def talk(alice, bob, count, mark):
    said = []
    for number in range(count):
        said.append(alice.say(bob.bare, "%s number %d %s" % (mark, number, "x" * 2000)).body)
        bob.expect(message(body=said[-1]))
    return said


def own(parent):
    """A server of a test's own, because it is killed."""
    return Server("backup-own", dict(SETTINGS)).make().start()


def test_a_backup_says_what_it_is_and_each_file_has_its_sum(folk, server, shelf):
    alice, bob = folk.online(2)
    talk(alice, bob, 5, "sums")
    made = backup(server, shelf)
    folder = pathlib.Path(made["backup"])
    assert subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=folder).returncode == 0
    listed = {line[66:] for line in (folder / "SHA256SUMS").read_text().splitlines()}
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert there == listed | {"SHA256SUMS"}
    assert {"gatehouse.yaml", "VERSION", "store/gatehouse.db", "record/checkpoint", "keys/record.pub",
            "tls/server.crt", "manifest.json"} <= listed
    assert not listed & {"keys/record.key", "tls/server.key", "keys/account.secret"} and not made["keys"]
    assert all(path.stat().st_mode & 0o077 == 0 for path in [folder, *folder.rglob("*")])
    manifest = json.loads((folder / "manifest.json").read_text())
    lines = list(record.entries(folder / "record"))
    assert manifest["applied_seq"] == made["applied_seq"] <= lines[-1]["seq"]
    assert manifest["checkpoint"] == (folder / "record/checkpoint").read_text()
    assert record.damage(server, folder / "record") == []
    acts = [line for line in lines if line["type"] in ("admin", "access")][-2:]
    assert [(line["type"], line["command"], line["uid"]) for line in acts] == [
        ("admin", "backup", os.getuid()), ("access", "copy", os.getuid())]
    assert acts[0]["target"] == made["backup"]


def test_with_keys_they_are_in_it_and_everything_else_once(folk, server, shelf):
    folder = pathlib.Path(backup(server, shelf, "--with-keys")["backup"])
    for name in ("keys/record.key", "tls/server.key", "keys/account.secret"):
        assert (folder / name).read_bytes() == (server.dir / name).read_bytes()
        assert (folder / name).stat().st_mode & 0o777 == 0o600


def test_a_second_backup_links_sealed_segments_and_stands_alone(folk, server, shelf):
    alice, bob = folk.online(2)
    talk(alice, bob, 60, "segments")
    record.eventually(lambda: record.sealed(server.dir / "record"), 20)
    first = backup(server, shelf)
    assert not first["linked"]
    talk(alice, bob, 5, "more")
    time.sleep(1.1)  # a backup is named by its second
    second = backup(server, shelf)
    one, two = pathlib.Path(first["backup"]), pathlib.Path(second["backup"])
    sealed = sorted(path.name for path in (one / "record").glob("*.gz"))
    assert sealed and second["linked"] >= 2 * len(sealed)
    for name in sealed:
        assert (one / "record" / name).stat().st_ino == (two / "record" / name).stat().st_ino
    shutil.rmtree(one)
    assert subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=two).returncode == 0
    assert record.damage(server, two / "record") == []


def test_a_sealed_segment_that_changed_since_is_named(folk, server, shelf):
    alice, bob = folk.online(2)
    talk(alice, bob, 60, "tampered")
    record.eventually(lambda: record.sealed(server.dir / "record"), 20)
    path = record.sealed(server.dir / "record")[0]
    folder = pathlib.Path(backup(server, shelf)["backup"])
    good = path.read_bytes()
    time.sleep(1.1)  # a backup is named by its second
    try:
        record.replace(path, good[:-1] + bytes([good[-1] ^ 1]))
        done = server.run("backup", shelf)
        assert done.returncode == 1 and path.name in done.stderr and str(folder) in done.stderr
        assert [each.name for each in shelf.iterdir()] == [folder.name]
    finally:
        record.replace(path, good)


def test_who_may_not_read_the_record_makes_no_backup(server, shelf):
    config = server.yaml.read_text()
    try:
        server.configure({"control": {"record_group": "gatehouse-nobody-here"}})
        assert server.run("reload").returncode == 0
        done = server.run("backup", shelf)
        assert done.returncode == 3 and "gatehouse-nobody-here" in done.stderr
        assert not shelf.exists() or not list(shelf.iterdir())
    finally:
        server.yaml.write_text(config)
        assert server.run("reload").returncode == 0


def test_restore_refuses_what_it_cannot_do_well(folk, server, shelf):
    folder = pathlib.Path(backup(server, shelf, "--with-keys")["backup"])
    into = Copy(server, "restore-refused")
    into.dir.mkdir()
    (into.dir / "mine").write_text("mine")
    done = into.restore(folder)
    assert done.returncode == 1 and "not empty" in done.stdout and [p.name for p in into.dir.iterdir()] == ["mine"]
    (into.dir / "mine").unlink()
    done = into.restore(shelf)
    assert done.returncode == 2 and str(folder) in json.loads(done.stdout)["error"]["remedy"]
    store = folder / "store/gatehouse.db"
    data = store.read_bytes()
    store.write_bytes(data[:5000] + b"?" + data[5001:])
    done = into.restore(folder)
    assert done.returncode == 1 and "store/gatehouse.db" in done.stdout
    assert not (into.dir / "gatehouse.yaml").exists()


def test_restore_refuses_a_record_that_does_not_verify():
    server = Server("backup-lie").make().start()  # with one segment
    try:
        alice, bob = server.online(2)
        said = talk(alice, bob, 3, "lie")
        folder = pathlib.Path(backup(server, server.parent / "shelf", "--with-keys")["backup"])
        path, = (folder / "record").glob("*.jsonl")
        data = path.read_bytes()
        assert said[0].encode() in data
        path.write_bytes(data.replace(said[0].encode(), said[0].replace("number", "lumber").encode()))
        name = "  record/" + path.name
        sums = [line if not line.endswith(name) else hashlib.sha256(path.read_bytes()).hexdigest() + name
                for line in (folder / "SHA256SUMS").read_text().splitlines()]
        (folder / "SHA256SUMS").write_text("\n".join(sums) + "\n")
        into = Copy(server, "restore-lie")
        done = into.restore(folder)
        assert done.returncode == 1 and "does not verify" in done.stdout
        assert not (into.dir / "gatehouse.yaml").exists()
    finally:
        server.remove()


def test_the_drill_everything_acknowledged_before_the_backup_is_there_after_a_kill():
    """Load, messages and rosters, backup under way, kill -9, another folder, start."""
    server = own(None)
    copy = None
    try:
        alice, bob, carol = server.online(3)
        away = server.people(1)[0]
        alice.roster_set(carol.bare, "Carol of the drill", ("friends",))
        before = talk(alice, bob, 40, "before")
        waits = alice.say(away.jid, "for later").body
        until_kept(alice, waits)
        made = backup(server, server.parent / "shelf", "--with-keys")
        talk(alice, bob, 5, "after")
        server.kill_tree()
        server.close_clients()
        copy, told = restored(server, "copy", made["backup"])
        assert told["recorded"] and told["manifest"]["keys"] and not told["notes"]
        record.verify(copy)
        copy.start()
        alice2 = copy.client(alice.account).online()
        assert alice2.roster()[carol.bare].get("name") == "Carol of the drill"
        got = history(alice2, rsm="<max>1000</max><before/>").bodies
        assert [body for body in got if body.startswith("after")] == []
        assert [body for body in got if body in before] == before
        there = copy.client(away).online()
        assert there.expect(message(body=waits)) is not None
        acts = [line for line in record.entries(copy.dir / "record") if line["type"] == "admin"]
        assert acts[-1]["command"] == "restore" and made["backup"]
        copy.stop()
        record.verify(copy)
    finally:
        if copy:
            copy.remove()
        server.remove()


def test_without_keys_the_restored_server_says_what_it_needs():
    server = own(None)
    copy = None
    try:
        alice, bob = server.online(2)
        said = talk(alice, bob, 3, "keyless")
        made = backup(server, server.parent / "shelf")
        server.stop()
        copy, told = restored(server, "copy", made["backup"])
        assert not told["recorded"] and any("record.key" in note for note in told["notes"])
        done = run("serve", "--dir", copy.dir)
        assert done.returncode != 0 and "server.key" in done.stderr
        for name in ("keys/record.key", "tls/server.key"):
            shutil.copy(server.dir / name, copy.dir / name)
            os.chown(copy.dir / name, (server.dir / name).stat().st_uid, (server.dir / name).stat().st_gid)
        copy.start()
        got = history(copy.client(alice.account).online()).bodies
        assert got == said
        copy.stop()
    finally:
        if copy:
            copy.remove()
        server.remove()


def test_what_components_and_certificates_of_clients_need_is_in_a_backup_too():
    port, domain = free_port(), "robots.example.org"

    def authority(server):
        shutil.copy(server.dir / "tls/ca.crt", server.dir / "tls/clients.crt")
        write_secret(server, domain)

    server = Server("backup-parts", components(port, inside=[domain]) | {
        "tls": {"client_certificates": "optional"}}).make()
    authority(server)
    server.start()
    bare = full = None
    try:
        without = backup(server, server.parent / "shelf")
        folder = pathlib.Path(without["backup"])
        assert (folder / "tls/clients.crt").exists() and not (folder / "keys/components").exists()
        time.sleep(1.1)  # a backup is named by its second
        made = backup(server, server.parent / "shelf", "--with-keys")
        server.stop()
        bare, told = restored(server, "bare", without["backup"])
        assert any(str(bare.dir / "keys/components" / domain) in note for note in told["notes"])
        full, told = restored(server, "full", made["backup"])
        assert not told["notes"]
        assert (full.dir / "keys/components" / domain).stat().st_mode & 0o777 == 0o600
        full.start()
        Component(full, port, domain).join()
        full.stop()
    finally:
        for each in (bare, full, server):
            if each:
                each.remove()


def stopped_backup(server):
    return backup(server, server.parent / "shelf")


def test_a_stopped_server_is_backed_up_as_well_and_that_is_recorded():
    server = own(None)
    try:
        alice, bob = server.online(2)
        talk(alice, bob, 3, "stopped")
        server.stop()
        folder = pathlib.Path(stopped_backup(server)["backup"])
        acts = [line for line in record.entries(folder / "record") if line["type"] in ("admin", "access")]
        assert [line["command"] for line in acts[-2:]] == ["backup", "copy"]
        assert record.damage(server, folder / "record") == []
        server.start()
        server.stop()
    finally:
        server.remove()


# --- the store from the record


def lose_store(server):
    for path in (server.dir / "store").glob("gatehouse.db*"):
        path.unlink()


def outcomes(server):
    """Numbers of the messages that somebody is known to have got: told a moment after they were written."""
    return {of[0] for line in record.entries(server.dir / "record") if line["type"] in ("delivered", "fetched")
            for of in line["of"]}


def rebuild(server, *arguments, check=True):
    done = server.run("restore", "--from-record", "--json", *arguments, timeout=300)
    if check:
        assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_a_lost_store_is_made_anew_from_the_record_with_the_newest_copy():
    server = own(None)
    try:
        alice, bob = server.online(2)
        away, fetcher = server.people(2)
        before = talk(alice, bob, 10, "before")
        fetched = alice.say(fetcher.jid, "to be fetched").body
        until_kept(alice, fetched)
        made = backup(server, server.parent / "shelf")
        after = talk(alice, bob, 10, "after")
        server.client(fetcher).online().expect(message(body=fetched))
        waits = alice.say(away.jid, "for later").body
        late = server.people(1)[0]
        until_kept(alice, waits)  # who has read it in her own history, and still it waits
        record.eventually(lambda: len(outcomes(server)) >= 21, 10)
        server.stop()
        lose_store(server)
        told = rebuild(server, "--store", made["backup"])
        assert told["messages"] == 22 and told["archived"] == 22 and told["offline"] == 1
        assert not any("passwords" in line for line in told["lacking"])
        server.start()
        again = server.client(alice.account).online()
        assert history(again, rsm="<max>1000</max>").bodies == before + [fetched] + after + [waits]
        assert history(server.client(bob.account).online(), rsm="<max>1000</max>").bodies == before + after
        assert server.client(away).online().expect(message(body=waits)) is not None
        client = server.client(fetcher).online()
        assert [each for each in client.settle(again) if body_of(each) == fetched] == []
        assert late.jid in {user["jid"] for user in server.json("user", "list", "--limit", "1000")["users"]}
        server.stop()
        record.verify(server)
    finally:
        server.remove()


def test_without_any_copy_the_accounts_are_those_the_record_names():
    server = own(None)
    try:
        alice, bob = server.online(2)
        said = talk(alice, bob, 10, "only")
        people = {user["jid"]: user for user in server.json("user", "list", "--limit", "1000")["users"]}
        gone = server.people(1)[0]
        assert server.run("user", "remove", gone.jid, "--yes").returncode == 0
        assert server.run("user", "disable", bob.bare).returncode == 0
        server.stop()
        lose_store(server)
        told = rebuild(server)
        assert any("passwords" in line for line in told["lacking"]) and told["messages_per_second"] >= 0
        server.start()
        found = {user["jid"]: user for user in server.json("user", "list", "--limit", "1000")["users"]}
        assert set(found) == set(people) - {gone.jid}
        assert all(found[jid]["person"] == people[jid]["person"] for jid in found)
        assert found[bob.bare]["state"] == "disabled"
        done = server.run("user", "add", gone.jid, "--generate")
        assert done.returncode == 1 and "in use" in done.stderr
        done = server.run("user", "password", alice.bare, "--password-stdin", input=alice.account.password + "\n")
        assert done.returncode == 0, done.stderr
        assert history(server.client(alice.account).online()).bodies == said
        server.stop()
    finally:
        server.remove()


def said_in(room, speaker, hearers, count, mark):
    """Bodies, in order, heard by all."""
    bodies = []
    for number in range(count):
        bodies.append(say(speaker, room, "%s %d" % (mark, number)))
        for hearer in hearers:
            hearer.expect(message(body=bodies[-1]))
    return bodies


def identity(client, room):
    return client.ask(names.DISCO_INFO, to=room).find(".//" + tag(names.DISCO_INFO, "identity")).get("name")


def test_rooms_of_the_copy_have_what_was_said_and_done_in_them_since():
    server = own(None)
    try:
        alice, bob, carol = server.online(3)
        room, late, quiet, gone = (new_room(server) for _ in range(4))
        for each in (room, quiet, gone):
            create(alice, each, "alice", persistentroom="1", enablearchiving="0" if each == quiet else "1")
            join(bob, each, "bob")
        join(carol, room, "carol")
        before = said_in(room, alice, [bob], 5, "before")
        rude = say(bob, room, "rude")
        rude_id = stanza_id(alice.expect(message(body=rude)), room)
        made = backup(server, server.parent / "shelf")
        after = said_in(room, bob, [alice], 5, "after")
        said_in(quiet, bob, [alice], 2, "quietly")
        bob.send(message_to(room, "<retract xmlns='%s' id='%s'/>" % (names.RETRACT, rude_id), type="groupchat", id="r1"))
        alice.expect(message(id="r1"))
        worse = say(bob, room, "worse")
        worse_id = stanza_id(alice.expect(message(body=worse)), room)
        done = alice.iq("set", "<moderate xmlns='%s' id='%s'><retract xmlns='%s'/></moderate>" % (
            names.MODERATE, worse_id, names.RETRACT), to=room)
        assert done.get("type") == "result"
        assert configure(alice, room, roomname="Afterwards").get("type") == "result"
        assert admin(alice, room, jid=carol.bare, affiliation="outcast").get("type") == "result"
        assert admin(alice, room, jid=bob.bare, affiliation="member").get("type") == "result"
        alice.send(message_to(room, "<subject>as it is now</subject>", type="groupchat"))
        alice.expect(message(where=lambda e: child(e, "subject") is not None))
        assert alice.ask(names.MUC_OWNER, to=gone, type="set", payload="<destroy/>").get("type") == "result"
        join(alice, late, "alice")
        ids = history(alice, to=room, rsm="<max>100</max>").ids
        server.stop()
        lose_store(server)
        rebuild(server, "--store", made["backup"])
        server.start()
        alice, bob, carol = (server.client(each.account).online() for each in (alice, bob, carol))
        page = history(alice, to=room, rsm="<max>100</max>")
        assert [body for body in page.bodies if body] == before + after
        assert page.ids == ids
        buried = [inner(each) for each in page.results if inner(each).find(tag(names.RETRACT, "retracted")) is not None]
        assert len(buried) == 2 and all(each.get("from") == room + "/bob" for each in buried)
        assert configure(alice, quiet, enablearchiving="1").get("type") == "result"
        assert not [body for body in history(alice, to=quiet).bodies if body]
        assert identity(alice, room) == "Afterwards"
        assert Error(refusal(carol, room, "carol")).condition == "forbidden"
        assert [each.get("jid") for each in listed(alice, room, affiliation="member")[1]] == [bob.bare]
        bob.send("<presence to='%s/bob'><x xmlns='%s'/></presence>" % (room, names.MUC))
        subject = bob.expect(message(where=lambda e: child(e, "subject") is not None))
        assert child(subject, "subject").text == "as it is now" and subject.get("from") == room + "/alice"
        for each in (late, gone):
            assert Error(alice.ask(names.DISCO_INFO, to=each)).condition == "item-not-found"
        again = say(bob, room, "and on it goes")
        bob.expect(message(body=again))
        assert history(bob, to=room, rsm="<max>100</max>").bodies[-1] == again
        server.stop()
        record.verify(server)
    finally:
        server.remove()


def test_rooms_that_no_copy_has_are_founded_again_by_who_founded_them():
    """And by nobody else: who was in them stands in the lines of the record."""
    server = own(None)
    try:
        alice, bob, carol, dora = server.online(4)
        stays, ends, twice, before_copy, later = (new_room(server) for _ in range(5))
        for room in (before_copy, later):
            create(alice, room, "alice")
        made = backup(server, server.parent / "shelf")
        assert configure(alice, later, persistentroom="1", roomname="Stays after all").get("type") == "result"
        create(alice, stays, "alice", persistentroom="1", membersonly="1", roomname="Made since")
        assert admin(alice, stays, jid=bob.bare, affiliation="admin").get("type") == "result"
        alice.send(message_to(stays, "<x xmlns='%s'><invite to='%s'/></x>" % (names.MUC_USER, carol.bare)))
        carol.expect(message(where=lambda e: e.find(tag(names.MUC_USER, "x")) is not None))
        join(bob, stays, "bob")
        said = said_in(stays, bob, [alice], 3, "since")
        create(alice, ends, "alice")
        say(alice, ends, "nobody will read it")
        create(alice, twice, "alice")
        say(alice, twice, "not theirs")
        for room in (ends, twice, before_copy):
            alice.send("<presence type='unavailable' to='%s/alice'/>" % room)
            alice.expect(occupant(room, "alice", type="unavailable"))
        create(dora, twice, "dora", persistentroom="1")
        assert configure(alice, twice, roomname="not mine").get("type") == "error"
        kept = say(dora, twice, "kept")
        dora.roundtrip()
        server.stop()
        lose_store(server)
        rebuild(server, "--store", made["backup"])
        server.start()
        alice, bob, carol, dora = (server.client(each.account).online() for each in (alice, bob, carol, dora))
        assert identity(alice, stays) == "Made since" and identity(alice, later) == "Stays after all"
        assert identity(dora, twice) != "not mine"
        for each in (ends, before_copy):
            assert Error(alice.ask(names.DISCO_INFO, to=each)).condition == "item-not-found"
        assert [body for body in history(carol, to=stays).bodies if body] == said
        assert Error(refusal(dora, stays, "dora")).condition == "registration-required"
        assert [each.get("jid") for each in listed(alice, stays, affiliation="owner")[1]] == [alice.bare]
        assert [each.get("jid") for each in listed(alice, stays, affiliation="admin")[1]] == [bob.bare]
        assert [each.get("jid") for each in listed(alice, stays, affiliation="member")[1]] == [carol.bare]
        assert [body for body in history(dora, to=twice).bodies if body] == [kept]
        assert [each.get("jid") for each in listed(dora, twice, affiliation="owner")[1]] == [dora.bare]
        with contextlib.closing(sqlite3.connect("file:%s?mode=ro" % (server.dir / "store/gatehouse.db"), uri=True)) as store:
            makers = dict(store.execute("SELECT jid, creator FROM room"))
        assert {makers[stays], makers[later]} == {alice.bare} and makers[twice] == dora.bare
        server.stop()
        record.verify(server)
    finally:
        server.remove()


def test_what_administrators_did_to_accounts_since_the_copy_is_done_again():
    """Nobody who was shut out comes back in with a copy that is older."""
    server = own(None)
    try:
        alice, bob, carol, dora = server.online(4)
        locked, = server.people(1)
        assert server.run("user", "disable", locked.jid).returncode == 0
        room = new_room(server)
        create(alice, room, "alice", persistentroom="1")
        assert admin(alice, room, jid=carol.bare, affiliation="admin").get("type") == "result"
        uri = server.json("invite", "create")["invite"]["uri"]
        made = backup(server, server.parent / "shelf")
        assert server.run("user", "disable", bob.bare).returncode == 0
        assert server.run("user", "enable", locked.jid).returncode == 0
        assert server.run("user", "remove", carol.bare, "--yes").returncode == 0
        assert server.run("user", "change", dora.bare, "--groups", "sales,berlin", "--name", 'Dora "D", the third').returncode == 0
        assert server.run("user", "password", alice.bare, "--generate").returncode == 0
        late = "late@example.org"
        assert server.run("user", "add", late, "--generate").returncode == 0
        server.stop()
        assert server.run("user", "change", late, "--department", "Sales").returncode == 0
        act = [line for line in record.entries(server.dir / "record") if line.get("command") == "user.change"][-1]
        assert act["text"] == 'department: "Sales"'
        lose_store(server)
        told = rebuild(server, "--store", made["backup"])
        lacking = "\n".join(told["lacking"])
        assert told["accounts"] == 1 and told["accounts_changed"] == 4
        assert alice.bare in lacking and dora.bare not in lacking and "1 invitation " in lacking and "rosters" in lacking
        server.start()
        found = {user["jid"]: user for user in server.json("user", "list", "--limit", "1000")["users"]}
        assert found[bob.bare]["state"] == "disabled" and found[locked.jid]["state"] == "active"
        assert carol.bare not in found
        assert (found[dora.bare]["groups"], found[dora.bare]["name"]) == (["sales", "berlin"], 'Dora "D", the third')
        assert found[late]["department"] == "Sales"
        assert uri and [each["state"] for each in server.json("invite", "list")["invites"]] == ["revoked"]
        for gone in (bob, carol):
            with pytest.raises(Refused):
                server.client(gone.account).login()
        again = server.client(alice.account).online()
        assert not listed(again, room, affiliation="admin")[1]
        server.stop()
    finally:
        server.remove()


def test_what_administrators_said_since_the_copy_and_whom_they_shut_out_is_so_again():
    server = own(None)
    try:
        boss = administrator(server)
        alice, bob = server.online(2)
        done(boss, "set-welcome", welcome="Welcome of before")
        form, = record.holding(server.dir / "record", "Welcome of before")
        record.eventually(lambda: server.json("status")["applied_seq"] >= form["seq"], 10)
        made = backup(server, server.parent / "shelf")
        done(boss, "set-motd", motd="Not this")
        done(boss, "edit-motd", motd=["Tea at five,", "", "cake at six"])
        inside(command(boss, "delete-welcome"))
        done(boss, "edit-blacklist", blacklistjids=["elsewhere.example"])
        done(boss, "edit-blacklist", blacklistjids=["elsewhere.example", bob.bare.upper()])
        server.stop()
        lose_store(server)
        told = rebuild(server, "--store", made["backup"])
        assert not any("form" in line for line in told["lacking"]), told
        server.start()
        boss, bob = (server.client(each.account).online() for each in (boss, bob))
        assert data(command(boss, "edit-motd"))["motd"] == ["Tea at five,", "", "cake at six"], told
        boss.expect(message(body="Tea at five,\n\ncake at six"))
        assert data(command(boss, "set-welcome"))["welcome"] == []
        assert set(data(command(boss, "edit-blacklist"))["blacklistjids"]) == {"elsewhere.example", bob.bare}
        assert Error(refused_message(bob, alice.bare)).condition == "policy-violation"
        server.stop()
        record.verify(server)
    finally:
        server.remove()


def refused_message(client, to):
    """The error that a message of his gets."""
    client.send(message_to(to, body("may I?"), type="chat", id="m1"))
    return client.expect(message(id="m1", type="error"))


def test_a_store_that_is_there_is_not_made_anew(server):
    done = server.run("restore", "--from-record")
    assert done.returncode == 2 and "runs" in done.stderr
    other = own(None)
    try:
        other.stop()
        done = other.run("restore", "--from-record")
        assert done.returncode == 1 and "gatehouse.db is there" in done.stderr
    finally:
        other.remove()
