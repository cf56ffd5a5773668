"""Accounts of other servers: a file of XEP-0227, a real Prosody's data folder, a real ejabberd's export and dump."""

import base64
import hashlib
import hmac
import json
import os
import subprocess
import sys
import time

import pytest

from lib import names, pep, record
from lib.archive import history, inner
from lib.client import Account
from lib.names import tag
from lib.server import PASSWORD_MARK, ROOT, Server
from lib.stanza import MARK, message, stamped

sys.path.insert(0, str(ROOT / "bench"))

pytestmark = pytest.mark.recorder_runs("accounts are taken in while the server is stopped")

PASSWORD = PASSWORD_MARK + "kept-from-before"
DOMAIN = "example.org"


@pytest.fixture
def stopped():
    server = Server("import").make()
    yield server
    server.close_clients()
    server.remove()


def take_in(server, source, *arguments, code=0):
    done = server.run("import", source, "--json", *arguments, timeout=120)
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def keys(password, hash, salt, rounds):
    salted = hashlib.pbkdf2_hmac(hash, password.encode(), salt, rounds)
    client = hmac.new(salted, b"Client Key", hash).digest()
    return hashlib.new(hash, client).digest(), hmac.new(salted, b"Server Key", hash).digest()


def scram(password, hash="sha256", name="SCRAM-SHA-256", salt=b"0123456789abcdef", rounds=5000):
    stored, server = keys(password, hash, salt, rounds)
    text = {"iter-count": str(rounds), "salt": base64.b64encode(salt).decode(),
            "server-key": base64.b64encode(server).decode(), "stored-key": base64.b64encode(stored).decode()}
    return "<scram-credentials xmlns='urn:xmpp:pie:0#scram' mechanism='%s'>%s</scram-credentials>" % (
        name, "".join("<%s>%s</%s>" % (key, value, key) for key, value in text.items()))


JULIET = """
<user name='juliet'>%s
  <query xmlns='jabber:iq:roster'>
    <item jid='romeo@example.org' name='Romeo' subscription='both'><group>Friends</group><group>Verona</group></item>
    <item jid='paris@elsewhere.example' subscription='none' ask='subscribe'/>
    <item jid='not an address@' subscription='none'/>
  </query>
  <presence xmlns='jabber:client' type='subscribe' from='nurse@example.org'/>
  <blocklist xmlns='urn:xmpp:blocking'><item jid='tybalt@example.org'/></blocklist>
  <vCard xmlns='vcard-temp'><FN>Juliet Capulet</FN></vCard>
  <query xmlns='jabber:iq:private'><exodus xmlns='exodus:prefs'><nick>J</nick></exodus></query>
  <offline-messages>
    <message xmlns='jabber:client' from='romeo@example.org/orchard' to='juliet@example.org' type='chat'>
      <body>%s neither, fair saint</body>
      <delay xmlns='urn:xmpp:delay' from='example.org' stamp='2024-07-21T00:32:29Z'/>
    </message>
  </offline-messages>
  <archive xmlns='urn:xmpp:pie:0#mam'><result xmlns='urn:xmpp:mam:2' id='1'/></archive>
</user>
""" % (scram(PASSWORD), MARK)


def document(*users, domain=DOMAIN):
    return ("<?xml version='1.0' encoding='UTF-8'?>\n<server-data xmlns='urn:xmpp:pie:0'><host jid='%s'>%s</host></server-data>\n"
            % (domain, "".join(users)))


def login(server, name, password=PASSWORD):
    return server.client(Account("%s@%s" % (name, DOMAIN), password)).online()


def test_everything_of_a_person_is_taken_in_and_a_second_run_changes_nothing(stopped):
    path = stopped.parent / "export.xml"
    path.write_text(document(JULIET, "<user name='romeo' password='%s'/>" % PASSWORD, "<user name='nurse'/>"))
    told = take_in(stopped, path)
    carried = told["carried"]
    assert {kind: n for kind, n in carried.items() if n} == {
        "accounts": 3, "passwords": 2, "contacts": 2, "requests": 1, "blocked": 1, "offline": 1, "vcards": 1, "private": 1}
    left = {each["kind"]: each["count"] for each in told["left"]}
    assert left == {"contacts": 1, "history": 1, "passwords": 1}
    assert told["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    again = take_in(stopped, path)
    assert not any(again["carried"].values()) and again["there"] == 3
    stopped.start()
    juliet = stopped.client(Account("juliet@example.org", PASSWORD)).login()
    roster = juliet.roster()
    assert {jid: item.get("subscription") for jid, item in roster.items()} == {
        "romeo@example.org": "both", "paris@elsewhere.example": "none"}
    assert {group.text for group in roster["romeo@example.org"]} == {"Friends", "Verona"}
    assert roster["paris@elsewhere.example"].get("ask") == "subscribe"
    juliet.available()
    got = juliet.expect(message(body="%s neither, fair saint" % MARK))
    assert got.get("from") == "romeo@example.org/orchard" and stamped(got).get("stamp").startswith("2024-07-21T00:32:29")
    blocked = juliet.ask("urn:xmpp:blocking", name="blocklist")
    assert [item.get("jid") for item in blocked.iter("{urn:xmpp:blocking}item")] == ["tybalt@example.org"]
    asked = [each for each in juliet.settle(login(stopped, "romeo")) if each.get("type") == "subscribe"]
    assert [each.get("from") for each in asked] == ["nurse@example.org"]
    card = juliet.ask("vcard-temp", name="vCard")
    assert card.findtext(".//{vcard-temp}FN") == "Juliet Capulet"
    private = juliet.ask("jabber:iq:private", payload="<exodus xmlns='exodus:prefs'/>")
    assert private.findtext(".//{exodus:prefs}nick") == "J"
    stopped.stop()
    record.verify(stopped)
    acts = [line for line in record.entries(stopped.dir / "record") if line["type"] == "admin"]
    assert [line["command"] for line in acts[:8]] == ["import", "import.item", "import.item", *["user.import"] * 3, "import",
                                                      "import"]
    assert told["sha256"] in acts[6]["text"] and acts[1]["target"] == "juliet@example.org"


def test_a_split_export_is_read_with_what_it_includes_and_nothing_outside(stopped):
    folder = stopped.parent / "split"
    (folder / DOMAIN).mkdir(parents=True)
    (folder / "main.xml").write_text(
        "<server-data xmlns='urn:xmpp:pie:0' xmlns:xi='http://www.w3.org/2001/XInclude'><xi:include href='%s.xml'/></server-data>"
        % DOMAIN)
    (folder / (DOMAIN + ".xml")).write_text(
        "<host xmlns='urn:xmpp:pie:0' xmlns:xi='http://www.w3.org/2001/XInclude' jid='%s'>"
        "<xi:include href='%s/juliet.xml'/></host>" % (DOMAIN, DOMAIN))
    (folder / DOMAIN / "juliet.xml").write_text(JULIET.replace("<user ", "<user xmlns='urn:xmpp:pie:0' ", 1).strip())
    assert take_in(stopped, folder / "main.xml")["carried"]["accounts"] == 1
    for href in ("/etc/passwd", "../export.xml", "file:///etc/passwd"):
        (folder / "main.xml").write_text(
            "<server-data xmlns='urn:xmpp:pie:0' xmlns:xi='http://www.w3.org/2001/XInclude'><xi:include href='%s'/></server-data>"
            % href)
        told = take_in(stopped, folder / "main.xml", code=2)
        assert "not read" in told["error"]["text"]


@pytest.mark.parametrize("text,why", [
    ("<server-data xmlns='urn:xmpp:pie:0'><host jid='example.org'><user name='a'>", "ends in the middle"),
    ("<server-data xmlns='urn:xmpp:pie:0'><!-- no --></server-data>", ""),
    ("<!DOCTYPE x><server-data xmlns='urn:xmpp:pie:0'/>", ""),
    ("<other/>", "which is none"),
    ("nothing", ""),
])
def test_what_is_no_such_file_is_refused_with_its_name(stopped, text, why):
    path = stopped.parent / "bad.xml"
    path.write_text(text)
    told = take_in(stopped, path, code=2)
    assert why in told["error"]["text"] and not list(stopped.json("user", "list")["users"])


def test_people_of_other_domains_stay_behind_and_are_counted(stopped):
    path = stopped.parent / "other.xml"
    path.write_text(document("<user name='a'/><user name='b'/>", domain="elsewhere.example"))
    told = take_in(stopped, path)
    assert not told["carried"]["accounts"] and told["left"][0]["count"] == 2 and "domain" in told["left"][0]["why"]


def test_while_the_server_runs_nobody_is_taken_in(stopped):
    path = stopped.parent / "export.xml"
    path.write_text(document(JULIET))
    stopped.start()
    told = take_in(stopped, path, code=3)
    assert "runs" in told["error"]["text"]
    stopped.stop()


def test_an_archive_that_is_one_element_of_many_megabytes_is_gone_through(stopped):
    path = stopped.parent / "large.xml"
    with open(path, "w") as file:
        file.write("<server-data xmlns='urn:xmpp:pie:0'><host jid='example.org'><user name='juliet'><archive xmlns='urn:xmpp:pie:0#mam'>")
        for number in range(40000):
            file.write("<result xmlns='urn:xmpp:mam:2' id='%d'><forwarded xmlns='urn:xmpp:forward:0'>"
                       "<delay xmlns='urn:xmpp:delay' stamp='2024-07-21T00:32:29Z'/><message xmlns='jabber:client' type='chat' "
                       "from='a@example.org'><body>%s</body></message></forwarded></result>" % (number, "x" * 400))
        file.write("</archive></user></host></server-data>")
    told = take_in(stopped, path)
    assert told["carried"]["history"] == 40000
    assert [(each["kind"], each["count"]) for each in told["left"]] == [("passwords", 1)]
    assert not any(take_in(stopped, path)["carried"].values())


def test_people_with_sha_1_keys_alone_log_in_while_everybody_is_offered_no_more(stopped):
    path = stopped.parent / "old.xml"
    path.write_text(document("<user name='juliet'>%s</user>" % scram(PASSWORD, "sha1", "SCRAM-SHA-1")))
    told = take_in(stopped, path)
    assert [each["kind"] for each in told["left"]] == ["passwords"] and "sasl.scram_sha_256" in told["left"][0]["why"]
    stopped.configure({"sasl": {"scram_sha_256": "auto"}})
    stopped.start()

    def offered():
        client = stopped.client(Account("juliet@example.org", PASSWORD)).connect()
        client.start()
        found = {each.text for each in client.features.iter("{urn:ietf:params:xml:ns:xmpp-sasl}mechanism")}
        client.close()
        return found

    assert offered() == {"SCRAM-SHA-1", "SCRAM-SHA-1-PLUS"}
    juliet = stopped.client(Account("juliet@example.org", PASSWORD)).online(mechanism="SCRAM-SHA-1")
    assert stopped.status()["accounts_without"]["SCRAM-SHA-256"] == 1
    done = juliet.iq("set", "<query xmlns='jabber:iq:register'><username>juliet</username><password>%s-2</password></query>" % PASSWORD,
                     to="example.org")
    assert done.get("type") == "result"
    record.eventually(lambda: "SCRAM-SHA-256" in offered(), 10)
    stopped.client(Account("juliet@example.org", PASSWORD + "-2")).online(mechanism="SCRAM-SHA-256")
    stopped.stop()


# --- real servers


def slix(port, jid, work, password=PASSWORD):
    """Runs `work` (Python, with `client` logged in) in a process of its own with slixmpp, over direct TLS."""
    text = """
import asyncio, ssl, sys, slixmpp
client = slixmpp.ClientXMPP(%r, %r)
client.ssl_context = ssl._create_unverified_context()
client.register_plugin("xep_0054"); client.register_plugin("xep_0191"); client.register_plugin("xep_0049")
async def work(client):
%s
failed = []
async def start(event):
    try:
        await client.get_roster()
        await asyncio.wait_for(work(client), 20)
    except Exception as error:
        failed.append(error)
    client.disconnect()
client.add_event_handler("session_start", start)
client.add_event_handler("failed_all_auth", lambda event: (failed.append("auth"), client.disconnect()))
client.connect(("127.0.0.1", %d), %s)
client.loop.run_until_complete(asyncio.wait_for(client.disconnected, 40))
sys.exit(repr(failed) if failed else 0)
""" % (jid, password, "\n".join("    " + line for line in work.strip().splitlines()), port,
       "use_ssl=True")
    done = subprocess.run(["/usr/bin/python3", "-c", text], capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr[-2000:]


ROMEO = """
client.update_roster("juliet@example.org", name="Juliet of old", groups=["Verona"])
client.send_presence_subscription("juliet@example.org")
client.send_message("juliet@example.org", "%s for later, from before", mtype="chat")
await asyncio.sleep(1)
""" % MARK
CARD = """
card = client["xep_0054"].make_vcard()
card["FN"] = "Romeo Montague"
await client["xep_0054"].publish_vcard(card)
await client["xep_0191"].block(["tybalt@example.org"])
"""


def look(server, mechanism):
    """Both log in with the old password and find what was theirs."""
    server.start()
    romeo = server.client(Account("romeo@example.org", PASSWORD)).online(mechanism=mechanism)
    item = romeo.roster()["juliet@example.org"]
    assert item.get("name") == "Juliet of old" and item.get("ask") == "subscribe" and [g.text for g in item] == ["Verona"]
    assert romeo.ask("vcard-temp", name="vCard").findtext(".//{vcard-temp}FN") == "Romeo Montague"
    found = romeo.ask("urn:xmpp:blocking", name="blocklist")
    assert [each.get("jid") for each in found.iter("{urn:xmpp:blocking}item")] == ["tybalt@example.org"]
    juliet = server.client(Account("juliet@example.org", PASSWORD)).online(mechanism=mechanism)
    assert juliet.expect(message(body="%s for later, from before" % MARK)).get("from").startswith("romeo@example.org/")
    asked = [each for each in juliet.settle(romeo) if each.get("type") == "subscribe"] or [
        each for each in juliet.take() if each.get("type") == "subscribe"]
    assert [each.get("from") for each in asked] == ["romeo@example.org"]
    server.stop()


ROOM = """
from xml.etree import ElementTree as ET
room = "balcony@rooms.example.org"
async def ask(text):
    iq = client.make_iq_set(ito=room)
    iq.append(ET.fromstring(text))
    await iq.send()
client.send_raw("<presence to='%%s/Romeo'><x xmlns='http://jabber.org/protocol/muc'/></presence>" %% room)
await asyncio.sleep(1)
fields = {"FORM_TYPE": "http://jabber.org/protocol/muc#roomconfig", "muc#roomconfig_roomname": "A <balcony>",
          "muc#roomconfig_roomdesc": "under the moon", "muc#roomconfig_persistentroom": "1", "muc#roomconfig_membersonly": "1",
          "muc#roomconfig_publicroom": "0", "muc#roomconfig_whois": "anyone", "muc#roomconfig_roomsecret": "wherefore"}
await ask("<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'>" + "".join(
    "<field var='%%s'><value>%%s</value></field>" %% (var, value.replace("<", "&lt;")) for var, value in fields.items()) + "</x></query>")
await ask("<query xmlns='http://jabber.org/protocol/muc#admin'><item affiliation='member' jid='juliet@example.org' nick='Juliet'/></query>")
client.send_raw("<message to='%%s' type='groupchat'><subject>the east</subject></message>" %% room)
for number in range(3):
    client.send_raw("<message to='%%s' type='groupchat' id='m%%d'><body>%s what light %%d</body></message>" %% (room, number, number))
await asyncio.sleep(1)
""" % MARK


class Process:
    def __init__(self, words, log, **more):
        with open(log, "ab") as out:
            self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True, **more)
        self.log = log

    def wait_port(self, port):
        import socket
        end = time.monotonic() + 60
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            assert self.process.poll() is None and time.monotonic() < end, self.log.read_text()[-2000:]
            time.sleep(0.1)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


PROSODY = """
run_as_root = true
pidfile = "{live}/prosody.pid"
data_path = "{live}/data"
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ }}
c2s_direct_tls_ports = {{ {port} }}
s2s_ports = {{ }}
http_ports = {{ }}
https_ports = {{ }}
component_ports = {{ }}
modules_enabled = {{ "roster", "saslauth", "tls", "disco", "private", "blocklist", "vcard", "offline", "pep", "mam" }}
modules_disabled = {{ "s2s", "vcard_legacy" }}
authentication = "internal_hashed"
password_hash = "{hash}"
default_storage = "internal"
log = {{ warn = "{live}/prosody.log" }}
ssl = {{ key = "{key}", certificate = "{certificate}" }}
c2s_direct_tls_ssl = {{ key = "{key}", certificate = "{certificate}" }}
VirtualHost "example.org"
Component "rooms.example.org" "muc"
modules_enabled = {{ "muc_mam" }}
"""


@pytest.fixture
def prosody(stopped):
    from lib.server import free_port
    started = []

    def start(hash):
        live = stopped.parent / "prosody"
        (live / "data").mkdir(parents=True)
        port = free_port()
        config = live / "prosody.cfg.lua"
        config.write_text(PROSODY.format(live=live, port=port, hash=hash, key=stopped.dir / "tls/server.key",
                                         certificate=stopped.dir / "tls/server.crt"))
        for name in ("romeo", "juliet"):
            done = subprocess.run(["prosodyctl", "--root", "--config", config, "register", name, DOMAIN, PASSWORD],
                                  capture_output=True, text=True, timeout=60)
            assert done.returncode == 0, done.stdout + done.stderr
        process = Process(["prosody", "-F", "--root", "--config", str(config)], live / "out")
        started.append(process)
        process.wait_port(port)
        return live, port, process

    yield start
    for process in started:
        process.stop()


@pytest.mark.parametrize("hash", ["SHA-1", "SHA-256"])
def test_people_of_a_real_prosody_log_in_with_their_old_password(stopped, prosody, hash):
    live, port, process = prosody(hash)
    slix(port, "romeo@example.org", CARD + ROMEO)
    process.stop()
    told = take_in(stopped, live / "data")
    assert {kind: told["carried"][kind] for kind in (
        "accounts", "passwords", "contacts", "requests", "blocked", "offline", "vcards")} == {
            "accounts": 2, "passwords": 2, "contacts": 1, "requests": 1, "blocked": 1, "offline": 1, "vcards": 1}
    assert not any(take_in(stopped, live / "data")["carried"].values())
    look(stopped, "SCRAM-" + hash)
    assert told["carried"]["history"] == 2, told["left"]
    stopped.start()
    for name in ("romeo", "juliet"):
        client = stopped.client(Account(name + "@example.org", PASSWORD)).online(mechanism="SCRAM-" + hash)
        assert history(client).bodies[0] == "%s for later, from before" % MARK
    stopped.stop()
    assert [each["count"] for each in told["left"] if "SHA-1 alone" in each["why"]] == ([2] if hash == "SHA-1" else [])


EJABBERD = """
loglevel: warning
hosts: [example.org]
certfiles: ["{live}/server.pem"]
auth_password_format: scram
auth_scram_hash: {hash}
listen:
  - port: {port}
    ip: "127.0.0.1"
    module: ejabberd_c2s
    tls: true
modules:
  mod_admin_extra: {{}}
  mod_blocking: {{}}
  mod_offline: {{}}
  mod_privacy: {{}}
  mod_private: {{}}
  mod_roster: {{}}
  mod_vcard: {{}}
  mod_disco: {{}}
"""
TALKATIVE = """  mod_mam:
    default: always
    db_type: mnesia
  mod_muc:
    host: rooms.example.org
    default_room_options:
      mam: true
"""


def erlang(live, *more):
    return ["erl", "+K", "true", "-mnesia", "dir", '"%s/spool"' % live, "-ejabberd", "log_rotate_count", "0", "-s", "ejabberd",
            *more, "-noinput"]


class Ejabberd:
    def __init__(self, stopped, hash, more=""):
        from lib.server import free_port
        self.live = live = stopped.parent / "ejabberd"
        (live / "spool").mkdir(parents=True)
        (live / "out").mkdir()
        (live / "server.pem").write_text((stopped.dir / "tls/server.crt").read_text() + (stopped.dir / "tls/server.key").read_text())
        self.port = free_port()
        (live / "ejabberd.yml").write_text(EJABBERD.format(live=live, port=self.port, hash=hash) + more)
        self.env = {**os.environ, "EJABBERD_CONFIG_PATH": str(live / "ejabberd.yml"), "EJABBERD_LOG_PATH": str(live / "log"),
                    "ERL_CRASH_DUMP_BYTES": "0", "ERL_LIBS": "/usr/lib/x86_64-linux-gnu", "HOME": str(live)}

    def run(self, people, *scripts):
        """With these people; each script is (name, what the client does)."""
        register = "".join('ok = ejabberd_auth:try_register(<<"%s">>, <<"%s">>, <<"%s">>),' % (name, DOMAIN, PASSWORD)
                           for name in people)
        process = Process(erlang(self.live, "-eval", register + "ok."), self.live / "stdout", env=self.env, cwd=self.live)
        try:
            process.wait_port(self.port)
            time.sleep(1)
            for name, script in scripts:
                slix(self.port, name + "@example.org", script)
        finally:
            process.stop()

    def export(self):
        """The file that includes the others; and the tables."""
        dump = self.live / "dump"
        done = subprocess.run(erlang(self.live, "-eval", (
            'ejabberd_piefxis:export_server(<<"%s/out">>), {ok, _} = ejabberd_admin:dump_mnesia("%s"), init:stop().' % (self.live, dump))),
            env=self.env, cwd=self.live, capture_output=True, timeout=90)
        files = sorted((self.live / "out").iterdir(), key=lambda path: path.stat().st_size)
        assert len(files) == 2, done.stdout + done.stderr
        return files[0], dump


@pytest.mark.parametrize("hash", ["sha", "sha256"])
def test_people_of_a_real_ejabberd_log_in_with_their_old_password(stopped, hash):
    old = Ejabberd(stopped, hash)
    old.run(["romeo", "juliet"], ("romeo", CARD + ROMEO))
    source, _ = old.export()
    told = take_in(stopped, source)
    assert {kind: told["carried"][kind] for kind in ("accounts", "passwords", "contacts", "requests", "offline", "vcards")} == {
        "accounts": 2, "passwords": 2, "contacts": 1, "requests": 1, "offline": 1, "vcards": 1}, told
    assert not any(take_in(stopped, source)["carried"].values())
    assert told["carried"]["blocked"] == 1
    look(stopped, {"sha": "SCRAM-SHA-1", "sha256": "SCRAM-SHA-256"}[hash])


def rooms_are_as_they_were(stopped, bodies, mechanism):
    """A stranger is refused, Juliet is not; subject, history, configuration and owner are those of before."""
    room = "balcony@rooms.example.org"
    juliet = stopped.client(Account("juliet@example.org", PASSWORD)).online(mechanism=mechanism)
    stranger = stopped.client(stopped.people(1)[0]).online()
    enter = "<presence to='%s/%s'><x xmlns='http://jabber.org/protocol/muc'><password>wherefore</password></x></presence>"
    stranger.send(enter % (room, "X"))
    assert stranger.expect(lambda each: each.get("type") == "error") is not None
    juliet.send(enter % (room, "J"))
    subject = juliet.expect(lambda each: each.find("{jabber:client}subject") is not None)
    assert subject.findtext("{jabber:client}subject") == "the east" and subject.get("from") == room + "/Romeo"
    past = history(juliet, to=room)
    assert [body for body in past.bodies if body] == bodies
    assert all(inner(each).get("from") == room + "/Romeo" for each in past.results)
    info = juliet.ask("http://jabber.org/protocol/disco#info", to=room)
    assert info.find(".//{http://jabber.org/protocol/disco#info}identity").get("name") == "A <balcony>"
    features = {each.get("var") for each in info.iter("{http://jabber.org/protocol/disco#info}feature")}
    assert {"muc_membersonly", "muc_persistent", "muc_hidden", "muc_nonanonymous", "muc_passwordprotected"} <= features
    romeo = stopped.client(Account("romeo@example.org", PASSWORD)).online(mechanism=mechanism)
    owners = romeo.iq("get", "<query xmlns='http://jabber.org/protocol/muc#admin'><item affiliation='owner'/></query>", to=room)
    assert [each.get("jid") for each in owners.iter("{http://jabber.org/protocol/muc#admin}item")] == ["romeo@example.org"]
    return romeo, juliet


ODD = "%s caf\u00e9 \u263e \\ 'so' \"yes\"" % MARK


def test_rooms_and_history_of_a_real_ejabberd_come_with_its_dump(stopped):
    old = Ejabberd(stopped, "sha256", TALKATIVE)
    odd = "client.send_message(room, %r, mtype='groupchat')\nawait asyncio.sleep(1)\n" % ODD
    room = ROOM.replace('"muc#roomconfig_whois"', '"muc#roomconfig_passwordprotectedroom": "1", "muc#roomconfig_whois"')
    old.run(["romeo", "juliet"], ("romeo", ROMEO), ("romeo", room + odd))
    source, dump = old.export()
    assert take_in(stopped, source)["carried"]["accounts"] == 2
    told = take_in(stopped, dump)
    assert told["carried"]["rooms"] == 1 and told["carried"]["history"] >= 6, told
    assert {each["kind"] for each in told["left"]} >= {"accounts", "offline"}, told
    again = take_in(stopped, dump)
    assert not any(again["carried"].values()) and again["rooms_there"] == 1
    stopped.start()
    bodies = ["%s what light %d" % (MARK, number) for number in range(3)] + [ODD]
    romeo, juliet = rooms_are_as_they_were(stopped, bodies, "SCRAM-SHA-256")
    for client in (romeo, juliet):
        page = history(client)
        assert [body for body in page.bodies if body] == ["%s for later, from before" % MARK]
        assert inner(page.results[0]).get("from").startswith("romeo@example.org/")
    said = romeo.say("juliet@example.org").body
    juliet.expect(message(body=said))
    assert history(juliet).bodies[-1] == said
    stopped.stop()
    record.verify(stopped)
    assert not any(take_in(stopped, dump)["carried"].values())
    lines = [line for line in record.entries(stopped.dir / "record") if line["type"] == "admin" and line.get("target") == "balcony@rooms.example.org"]
    assert {"import.history", "import.item", "import.room"} == {line["command"] for line in lines}


@pytest.mark.parametrize("text, why", [
    ("{tables,[]}.\n{muc_room,{<<\"a\">>,<<\"rooms.example.org\">>},[{title,<<\"open}]}.\n", "line"),
    ("{tables,[]}", "no term"),
    ("{passwd,1}.\n", "is none"),
])
def test_what_is_no_dump_is_refused_with_its_name(stopped, text, why):
    path = stopped.parent / "bad.dump"
    path.write_text(text)
    told = take_in(stopped, path, "--format", "ejabberd", code=2)
    assert why in told["error"]["text"] and "bad.dump" in told["error"]["text"]


def test_a_room_of_a_real_prosody_is_taken_in_with_its_members_subject_and_history(stopped, prosody):
    live, port, process = prosody("SHA-1")
    slix(port, "romeo@example.org", ROOM)
    process.stop()
    told = take_in(stopped, live / "data")
    assert told["carried"]["rooms"] == 1 and told["carried"]["history"] == 3, told
    again = take_in(stopped, live / "data")
    assert not any(again["carried"].values()) and again["rooms_there"] == 1
    room = "balcony@rooms.example.org"
    stopped.start()
    rooms_are_as_they_were(stopped, ["%s what light %d" % (MARK, number) for number in range(3)], "SCRAM-SHA-1")
    stopped.stop()
    record.verify(stopped)
    lines = [line for line in record.entries(stopped.dir / "record") if line["type"] == "admin" and line.get("target") == room]
    assert [line["command"] for line in lines] == ["import.history"] * 3 + ["import.item", "import.room"]
    assert "juliet@example.org member" in lines[-1]["text"]


ACCOUNT = """return {
	["password"] = "%s";
};
""" % PASSWORD
GARDEN = """return {
	["romeo@example.org"] = "owner";
	["juliet@example.org"] = "member";
	["_data"] = { ["name"] = "The garden"; ["members_only"] = true; ["persistent"] = true; ["whois"] = "anyone";
		["subject"] = "the moon"; ["subject_from"] = "garden@rooms.example.org/Romeo"; ["subject_time"] = 1721521949; };
};
"""


def test_how_a_prosody_had_a_node_set_is_how_it_is_set_here(stopped):
    data = stopped.parent / "old"
    for name in ("accounts", "pep"):
        (data / "example%2eorg" / name).mkdir(parents=True)
    (data / "example%2eorg/accounts/juliet.dat").write_text(ACCOUNT)
    (data / "example%2eorg/pep/juliet.dat").write_text("""return { ["urn:x:node"] = { ["name"] = "urn:x:node"; ["affiliations"] = {};
        ["subscribers"] = {}; ["config"] = { ["payload_type"] = "urn:x"; ["notify_items"] = false; ["include_payload"] = false;
        ["max_items"] = 7; ["access_model"] = "open"; ["title"] = "A node"; ["item_expire"] = -1e308; }; };
        ["zero\\0node"] = { ["name"] = "zero"; ["config"] = {}; }; };\n""")
    (data / "example%2eorg/pep_urn%3ax%3anode").mkdir()
    (data / "example%2eorg/pep_urn%3ax%3anode/juliet.list").write_text("".join("""item({ ["key"] = "%s"; ["when"] = 1700000000;
        ["with"] = "juliet@example.org"; ["name"] = "x"; ["attr"] = { ["xmlns"] = "urn:x"; }; });\n""" % id for id in ("a", "zero\\0")))
    told = take_in(stopped, data)
    assert (told["carried"]["accounts"], told["carried"]["published"]) == (1, 1), told
    left = [each["count"] for each in told["left"] if "that is no text" in each["why"] or "no name that is one" in each["why"]]
    assert left == [1, 1], told
    stopped.start()
    juliet = stopped.client(Account("juliet@example.org", PASSWORD)).online()
    form = pep.request(juliet, "<configure node='urn:x:node'/>", "get", owner=True)
    values = {field.get("var"): field.findtext(tag(names.DATA, "value")) for field in form.iter(tag(names.DATA, "field"))}
    assert {name: values["pubsub#" + name] for name in (
        "type", "deliver_notifications", "deliver_payloads", "max_items", "access_model", "title")} == {
            "type": "urn:x", "deliver_notifications": "0", "deliver_payloads": "0", "max_items": "7", "access_model": "open",
            "title": "A node"}
    stopped.stop()


def past_in(room, bodies):
    return "".join("""item({
	["name"] = "message"; ["when"] = %d; ["key"] = "k%d"; ["attr"] = { ["type"] = "groupchat"; ["from"] = "%s/Romeo"; ["id"] = "m%d"; };
	{ ["name"] = "body"; ["attr"] = {}; "%s" };
});
""" % (1721521949 + number, number, room, number, body) for number, body in enumerate(bodies))


def test_what_was_brought_in_is_made_anew_from_the_record_alone(stopped):
    room = "garden@rooms.example.org"
    bodies = ["%s a rose %d" % (MARK, number) for number in range(4)]
    data = stopped.parent / "old"
    for name in ("example%2eorg/accounts", "rooms%2eexample%2eorg/config", "rooms%2eexample%2eorg/muc_log"):
        (data / name).mkdir(parents=True)
    for name in ("romeo", "juliet"):
        (data / "example%2eorg/accounts" / (name + ".dat")).write_text(ACCOUNT)
    (data / "rooms%2eexample%2eorg/config/garden.dat").write_text(GARDEN)
    (data / "rooms%2eexample%2eorg/muc_log/garden.list").write_text(past_in(room, bodies))
    told = take_in(stopped, data)
    assert told["carried"]["rooms"] == 1 and told["carried"]["history"] == 4, told
    stopped.start()
    romeo = stopped.client(Account("romeo@example.org", PASSWORD)).online()
    romeo.send("<presence to='%s/Romeo'><x xmlns='%s'/></presence>" % (room, names.MUC))
    romeo.expect(lambda each: each.find("{jabber:client}subject") is not None)
    since = romeo.say(room, "said since", type="groupchat").body
    romeo.expect(message(body=since))
    ids = history(romeo, to=room).ids
    stopped.stop()
    for path in (stopped.dir / "store").glob("gatehouse.db*"):
        path.unlink()
    done = stopped.run("restore", "--from-record", "--json", timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    stopped.start()
    for name in ("romeo", "juliet"):
        done = stopped.run("user", "password", name + "@example.org", "--password-stdin", input=PASSWORD + "\n")
        assert done.returncode == 0, done.stderr
    juliet = stopped.client(Account("juliet@example.org", PASSWORD)).online()
    page = history(juliet, to=room)
    assert page.bodies == bodies + [since] and page.ids == ids
    stranger = stopped.client(stopped.people(1)[0]).online()
    stranger.send("<presence to='%s/X'><x xmlns='%s'/></presence>" % (room, names.MUC))
    assert stranger.expect(lambda each: each.get("type") == "error") is not None
    juliet.send("<presence to='%s/J'><x xmlns='%s'/></presence>" % (room, names.MUC))
    subject = juliet.expect(lambda each: each.find("{jabber:client}subject") is not None)
    assert subject.findtext("{jabber:client}subject") == "the moon" and subject.get("from") == room + "/Romeo"
    info = juliet.ask("http://jabber.org/protocol/disco#info", to=room)
    assert info.find(".//{http://jabber.org/protocol/disco#info}identity").get("name") == "The garden"
    stopped.stop()
    record.verify(stopped)
