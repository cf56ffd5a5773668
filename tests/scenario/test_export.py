"""People with what belongs to them, written as XEP-0227 for another server: from here into a real Prosody and back."""

import hashlib
import json
import pathlib
import stat
import subprocess
import xml.etree.ElementTree as ET

import pytest

from lib import names, pep, record
from lib.client import Account
from lib.names import tag
from lib.server import PASSWORD_MARK, Server, free_port
from lib.stanza import MARK, message
from lib.archive import history, result, until_kept
from test_backup import lose_store, rebuild
from test_import import PROSODY, Process, slix, take_in

pytestmark = pytest.mark.recorder_runs("servers are stopped and moved here")

PIE = "{urn:xmpp:pie:0}"
SCRAM = "{urn:xmpp:pie:0#scram}"
ROSTER = "{jabber:iq:roster}"
ARCHIVE = "{urn:xmpp:pie:0#mam}archive"
RESULT = "{urn:xmpp:mam:2}result"
PASSWORD = PASSWORD_MARK + "kept-on-the-way"
MOOD = "<mood xmlns='http://jabber.org/protocol/mood'><happy/><text>in &lt;love&gt; &amp; more</text></mood>"
BOOKMARK = "<conference xmlns='urn:xmpp:bookmarks:1' name='Verona' autojoin='true'><nick>J</nick></conference>"


@pytest.fixture
def server():
    server = Server("export").make()
    server.import_csv("juliet@example.org,%s,Juliet Capulet,capulet,,,\n" % PASSWORD
                      + "".join("%s@example.org,%s,,,,,\n" % (name, PASSWORD) for name in ("romeo", "nurse")))
    yield server
    server.close_clients()
    server.remove()


@pytest.fixture
def other():
    """The server that people move to."""
    server = Server("export-to").make()
    yield server
    server.close_clients()
    server.remove()


def export(server, name="people.xml", *arguments, code=0):
    done = server.run("export", server.parent / name, "--json", *arguments, timeout=120)
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def person(name):
    return Account("%s@example.org" % name, PASSWORD)


def fill(server):
    """Everything that a person can have, of juliet's, while the server runs."""
    juliet, romeo = server.client(person("juliet")).online(), server.client(person("romeo")).online()
    juliet.roster_set("romeo@example.org", "Romeo & <co>", ["Verona", "Friends"])
    juliet.send("<presence to='romeo@example.org' type='subscribe'/>")
    romeo.expect(lambda each: each.get("type") == "subscribe")
    romeo.send("<presence to='juliet@example.org' type='subscribed'/>")
    juliet.settle(romeo)
    nurse = server.client(person("nurse")).online()
    nurse.send("<presence to='juliet@example.org' type='subscribe'/>")
    juliet.expect(lambda each: each.get("type") == "subscribe")
    assert juliet.ask("urn:xmpp:blocking", name="block", type="set", payload="<item jid='tybalt@example.org'/>").get("type") == "result"
    assert juliet.iq("set", "<vCard xmlns='vcard-temp'><FN>Juliet Capulet</FN></vCard>").get("type") == "result"
    assert juliet.iq("set", "<query xmlns='jabber:iq:private'><exodus xmlns='exodus:prefs'><nick>J</nick></exodus></query>"
                     ).get("type") == "result"
    assert pep.publish(juliet, "http://jabber.org/protocol/mood", MOOD, "current").get("type") == "result"
    whitelist = {"persist_items": "true", "max_items": "max", "send_last_published_item": "never", "access_model": "whitelist"}
    for room in ("one@rooms.example", "two@rooms.example"):
        assert pep.publish(juliet, "urn:xmpp:bookmarks:1", BOOKMARK, room, whitelist).get("type") == "result"
    assert pep.publish(juliet, pep.TUNE, pep.tune("Verona"), "current", {"access_model": "whitelist"}).get("type") == "result"
    admitted = "<affiliation jid='romeo@example.org' affiliation='member'/>"
    assert pep.request(juliet, "<affiliations node='%s'>%s</affiliations>" % (pep.TUNE, admitted), owner=True).get("type") == "result"
    assert pep.request(romeo, "<subscribe node='%s' jid='romeo@example.org'/>" % pep.TUNE, to=juliet.bare).get("type") == "result"
    romeo.say("juliet@example.org", "%s by yonder blessed moon" % MARK)
    juliet.expect(message(body="%s by yonder blessed moon" % MARK))
    juliet.say("romeo@example.org", "%s swear not by the <moon>" % MARK)
    romeo.expect(message(body="%s swear not by the <moon>" % MARK))
    juliet.end()
    until_kept(romeo, romeo.say("juliet@example.org", "%s what shall I swear by?" % MARK).body)
    return romeo


def test_everything_of_a_person_is_written_while_the_server_runs_and_only_for_who_asked(server):
    server.start()
    fill(server)
    told = export(server)
    path = pathlib.Path(told["export"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert told["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest() and told["bytes"] == path.stat().st_size
    assert told["carried"] == {
        "accounts": 3, "passwords": 3, "contacts": 3, "requests": 1, "blocked": 1, "offline": 1, "vcards": 1, "private": 1,
        "published": 4, "history": 8, "preferences": 0, "rooms": 0, "other": 0}
    assert {each["kind"] for each in told["left"]} == {"other"}
    host = ET.parse(path).getroot().find(PIE + "host")
    assert host.get("jid") == "example.org"
    juliet = {user.get("name"): user for user in host}["juliet"]
    assert {each.get("mechanism") for each in juliet.iter(SCRAM + "scram-credentials")} == {
        "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"}
    assert PASSWORD not in path.read_text()
    item, = juliet.iter(ROSTER + "item")
    assert item.attrib == {"jid": "romeo@example.org", "name": "Romeo & <co>", "subscription": "to"}
    assert {group.text for group in item} == {"Friends", "Verona"}
    asked = juliet.find("{jabber:client}presence")
    assert asked.get("from") == "nurse@example.org" and asked.get("type") == "subscribe"
    blocked, = juliet.iter("{jabber:iq:privacy}item")
    assert (blocked.get("value"), blocked.get("action")) == ("tybalt@example.org", "deny")
    waiting, = juliet.find(PIE + "offline-messages")
    assert waiting.tag == "{jabber:client}message" and waiting.find("{urn:xmpp:delay}delay").get("stamp").startswith("20")
    nodes = {each.get("node") for each in juliet.iter("{http://jabber.org/protocol/pubsub#owner}configure")}
    assert nodes == {"http://jabber.org/protocol/mood", pep.TUNE, "urn:xmpp:bookmarks:1"}
    assert {kind: [(list_of.get("node"), each.get("jid"), each.get(kind)) for list_of in juliet.iter(tag(names.PUBSUB_OWNER, kind + "s"))
                   for each in list_of.findall(tag(names.PUBSUB_OWNER, kind))] for kind in ("affiliation", "subscription")} == {
        "affiliation": [(pep.TUNE, "romeo@example.org", "member")], "subscription": [(pep.TUNE, "romeo@example.org", "subscribed")]}
    items = juliet.findall("{%s}pubsub/{%s}items" % (names.PUBSUB, names.PUBSUB))
    assert {each.get("node"): [item.get("id") for item in each] for each in items} == {
        "http://jabber.org/protocol/mood": ["current"], pep.TUNE: ["current"], "urn:xmpp:bookmarks:1": ["one@rooms.example", "two@rooms.example"]}
    assert [each.text for each in juliet.iter(tag(pep.TUNE, "title"))] == ["Verona"]
    mood, = juliet.iter("{http://jabber.org/protocol/mood}text")
    assert mood.text == "in <love> & more"
    said = [result.find(".//{jabber:client}body") for result in juliet.find(ARCHIVE)]
    assert [body.text for body in said if body is not None and not body.text.startswith("barrier")] == ["%s by yonder blessed moon" % MARK, "%s swear not by the <moon>" % MARK, "%s what shall I swear by?" % MARK]
    again = export(server, code=1)
    assert "nothing is written over" in again["error"]["text"]
    assert not list(server.parent.glob(".export*"))
    server.stop()
    record.verify(server)
    acts = [line for line in record.entries(server.dir / "record") if line["type"] == "admin" and line["command"] == "export"]
    assert [line["target"] for line in acts] == [str(path)] * 2 and told["sha256"] in acts[1]["text"]


def test_who_may_not_read_the_record_gets_nothing_and_the_wish_is_recorded(server):
    server.configure({"control": {"record_group": "nogroup"}})
    told = export(server, code=3)
    assert "nogroup" in told["error"]["text"] and not (server.parent / "people.xml").exists()
    asked = [line for line in record.entries(server.dir / "record") if line["type"] == "access"]
    assert asked and asked[-1]["command"] == "export" and asked[-1]["ok"] is False


def test_one_person_without_history_and_a_locked_one_without_keys(server):
    assert server.run("user", "disable", "nurse@example.org").returncode == 0
    told = export(server, "some.xml", "--user", "juliet@example.org", "--user", "nurse@example.org", "--no-history")
    assert told["carried"]["accounts"] == 2 and told["carried"]["passwords"] == 1
    users = {user.get("name"): user for user in ET.parse(told["export"]).getroot().iter(PIE + "user")}
    assert set(users) == {"juliet", "nurse"} and users["nurse"].find(SCRAM + "scram-credentials") is None
    assert users["juliet"].find(ARCHIVE) is None
    assert "locked" in [each["why"] for each in told["left"] if each["kind"] == "passwords"][0]
    told = export(server, "nobody.xml", "--user", "tybalt@example.org", code=1)
    assert "tybalt" in told["error"]["text"] and not (server.parent / "nobody.xml").exists()


# --- to a real Prosody and back


MIGRATE = """
local people = { "accounts", "roster", "vcard", "private", "pep-pubsub", "archive-archive" }
input { hosts = { ["example.org"] = people }; type = "xep0227"; }
output { type = "internal"; path = "%s"; }
"""
IN_PROSODY = """
from xml.etree import ElementTree as ET
roster = client.client_roster
item = roster["romeo@example.org"]
assert item["name"] == "Romeo & <co>" and sorted(item["groups"]) == ["Friends", "Verona"] and item["to"] and not item["from"], dict(item)
async def ask(text, type="get"):
    iq = client.make_iq_get() if type == "get" else client.make_iq_set()
    iq.append(ET.fromstring(text))
    return ET.tostring((await iq.send()).xml, "unicode").replace("'", "")
got = await ask("<vCard xmlns='vcard-temp'/>")
assert "Juliet Capulet" in got, got
got = await ask("<query xmlns='jabber:iq:private'><exodus xmlns='exodus:prefs'/></query>")
assert "nick>J</" in got, got
for node, words in (("http://jabber.org/protocol/mood", ["in &lt;love&gt; &amp; more"]),
                    ("urn:xmpp:bookmarks:1", ["one@rooms.example", "two@rooms.example"])):
    got = await ask("<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='%s'/></pubsub>" % node)
    assert all(word in got for word in words), got
got = await ask("<pubsub xmlns='http://jabber.org/protocol/pubsub#owner'><configure node='urn:xmpp:bookmarks:1'/></pubsub>")
assert "value>whitelist<" in got, got
"""


def migrate(server, folder, data):
    """Debian's prosody-migrator, with another place for its data than /var/lib/prosody."""
    script = server.parent / "migrator"
    script.write_text(pathlib.Path("/usr/bin/prosody-migrator").read_text().replace("'/var/lib/prosody'", "'%s'" % folder))
    config = server.parent / "migrator.cfg.lua"
    config.write_text(MIGRATE % data)
    # an archive for the host itself, which nobody has, is an error to it that it is told to pass over
    done = subprocess.run(["lua5.4", script, "--root", "--keep-going", "--config", config], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and "Done!" in done.stderr, done.stdout + done.stderr
    return done.stdout + done.stderr


def comparable(path):
    """Each person's parts as sorted text, without what belongs to one server: keys are compared by another test, ids of rooms."""
    people = {}
    for user in ET.parse(path).getroot().iter(PIE + "user"):
        parts = []
        for part in user:
            if part.tag in (SCRAM + "scram-credentials", ARCHIVE):
                continue
            for item in part.iter(ROSTER + "item"):
                item[:] = sorted(item, key=lambda group: group.text)  # a set, in no order
            for item in part.iter("{%s}item" % names.PUBSUB):
                item.attrib.pop("publisher", None)  # Prosody keeps the bare address
            parts.append(ET.canonicalize(ET.tostring(part, "unicode"), strip_text=True))
        people[user.get("name")] = sorted(parts)
    return people


def archived(path):
    """Each person's history: id, time, text."""
    return {user.get("name"): [(each.get("id"), each.find(".//{urn:xmpp:delay}delay").get("stamp"),
                                each.findtext(".//{jabber:client}body")) for each in user.iter(RESULT)]
            for user in ET.parse(path).getroot().iter(PIE + "user")}


@pytest.fixture
def prosody(server):
    started = []

    def start(data):
        live = server.parent / "prosody"
        live.mkdir()
        port = free_port()
        config = live / "prosody.cfg.lua"
        config.write_text(PROSODY.format(live=live, port=port, hash="SHA-1", key=server.dir / "tls/server.key",
                                         certificate=server.dir / "tls/server.crt")
                          .replace('data_path = "%s/data"' % live, 'data_path = "%s"' % data))
        started.append(Process(["prosody", "-F", "--root", "--config", str(config)], live / "out"))
        started[-1].wait_port(port)
        return port, started[-1]

    yield start
    for process in started:
        process.stop()


def test_people_go_to_a_real_prosody_with_their_old_password_and_come_back_the_same(server, other, prosody):
    server.start()
    fill(server)
    folder, data = server.parent / "each", server.parent / "data"
    told, whole = export(server, "each", "--each"), export(server)["export"]
    before, past = comparable(whole), archived(whole)
    server.stop()
    assert sorted(path.name for path in folder.iterdir()) == ["%s@example.org.xml" % name for name in ("juliet", "nurse", "romeo")]
    migrate(server, folder, data)
    port, process = prosody(data)
    slix(port, "juliet@example.org", IN_PROSODY, PASSWORD)
    process.stop()
    back = take_in(other, data)
    for kind in ("accounts", "passwords", "contacts", "requests", "vcards", "private", "published", "history"):
        assert back["carried"][kind] == told["carried"][kind], kind
    after = comparable(export(other)["export"])
    for name in before:  # what Prosody's form of storage has no place for
        lost = [part for part in before[name] if "offline-messages" in part or "jabber:iq:privacy" in part]
        assert [part for part in before[name] if part not in lost] == after[name]
    other.start()
    juliet = other.client(person("juliet")).online(mechanism="SCRAM-SHA-1")
    assert set(juliet.roster()) == {"romeo@example.org"}
    assert [body for body in history(juliet).bodies] == [each[2] for each in past["juliet"]]


def test_what_is_exported_here_and_imported_elsewhere_is_exported_there_the_same(server, other):
    server.start()
    fill(server)
    told = export(server)
    server.stop()
    taken = take_in(other, told["export"])
    assert taken["carried"] == told["carried"] and not any(take_in(other, told["export"])["carried"].values())
    again = export(other)
    assert archived(again["export"]) == archived(told["export"])
    assert comparable(again["export"]) == comparable(told["export"])
    keys = [sorted(ET.tostring(each) for each in ET.parse(one["export"]).iter(SCRAM + "scram-credentials")) for one in (told, again)]
    assert keys[0] == keys[1]
    other.start()
    juliet = other.client(person("juliet")).online()
    assert juliet.expect(message(body="%s what shall I swear by?" % MARK)).get("from").startswith("romeo@example.org/")
    first, past = archived(told["export"]), history(juliet)
    assert [result(each).get("id") for each in past.results] == [each[0] for each in first["juliet"]]
    start = first["juliet"][1][1]
    assert history(juliet, start=start).ids == [each[0] for each in first["juliet"][1:]]
    assert history(juliet, end=start).ids == [each[0] for each in first["juliet"][:2]]
    said = juliet.say("romeo@example.org", "%s here, and later" % MARK).body
    record.eventually(lambda: history(juliet).bodies[-1] == said, 10)
    assert history(juliet, start=first["juliet"][0][1]).bodies[-1] == said
    other.stop()
    record.verify(other)
    lines = [line for line in record.entries(other.dir / "record") if line.get("command") == "import.history"]
    assert len(lines) == told["carried"]["history"] and {line["target"] for line in lines} == {
        "juliet@example.org", "romeo@example.org"}
    assert any("swear not by the &lt;moon&gt;" in line["text"] for line in lines)


def test_a_folder_with_a_document_for_each_is_taken_in_whole(server, other):
    server.start()
    fill(server)
    told, whole = export(server, "each", "--each"), export(server)["export"]
    server.stop()
    folder = server.parent / "each"
    taken = take_in(other, folder)
    assert taken["carried"] == told["carried"] and not any(take_in(other, folder)["carried"].values())
    again = export(other)["export"]
    assert archived(again) == archived(whole) and comparable(again) == comparable(whole)
    for path in folder.iterdir():
        path.unlink()
    done = other.run("import", folder, "--format", "xep0227", timeout=60)
    assert done.returncode == 2 and "no .xml" in done.stderr


def test_what_was_brought_in_comes_back_from_the_record_alone(server, other):
    server.start()
    fill(server)
    told = export(server)
    server.stop()
    take_in(other, told["export"])
    lose_store(other)
    rebuilt = rebuild(other)
    assert rebuilt["archived"] == told["carried"]["history"]
    again = export(other, "again.xml")
    assert archived(again["export"]) == archived(told["export"])
