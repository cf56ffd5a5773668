"""What people published with a real ejabberd, and what they wanted kept, comes with its dump of tables, or its database."""

import base64
import hashlib
import json
import pathlib
import sqlite3

import pytest

from lib import names, pep, record
from lib.archive import history, inner
from lib.client import Account
from lib.names import tag
from lib.stanza import MARK
from test_import import DOMAIN, ODD, PASSWORD, ROMEO as TALK, ROOM, TALKATIVE, Ejabberd, document, rooms_are_as_they_were, stopped, take_in

pytestmark = pytest.mark.recorder_runs("accounts are taken in while the server is stopped")

NICK = "http://jabber.org/protocol/nick"
AVATAR = "urn:xmpp:avatar"
BOOKMARKS = "urn:xmpp:bookmarks:1"
LIST = "storage:bookmarks"
BLOG = "urn:xmpp:microblog:0"
PICTURE = base64.b64encode(b"\x89PNG a picture of Romeo").decode()
EVENTING = TALKATIVE + """  mod_caps: {}
  mod_pubsub:
    host: pubsub.example.org
    access_createnode: all
    max_items_node: 1000
    plugins: [flat, pep]
"""

PUBLISH = """
from xml.etree import ElementTree as ET
async def ask(text, to=None):
    iq = client.make_iq_set(ito=to)
    iq.append(ET.fromstring(text))
    await iq.send()
async def create(node, to=None, **wanted):
    fields = "<field var='FORM_TYPE' type='hidden'><value>http://jabber.org/protocol/pubsub#node_config</value></field>"
    for name, values in wanted.items():
        values = values if isinstance(values, list) else [values]
        fields += "<field var='pubsub#%s'>%s</field>" % (name, "".join("<value>%s</value>" % each for each in values))
    await ask("<pubsub xmlns='http://jabber.org/protocol/pubsub'><create node='%s'/><configure>"
              "<x xmlns='jabber:x:data' type='submit'>%s</x></configure></pubsub>" % (node, fields), to)
async def publish(node, id, payload, to=None):
    await ask("<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='%s'><item id='%s'>%s</item></publish></pubsub>"
              % (node, id, payload), to)
"""
ROMEO = PUBLISH + """
await publish("%s", "current", "<nick xmlns='%s'>%s Romeo &amp; co \u263e</nick>")
for node in ("data", "metadata"):
    await create("urn:xmpp:avatar:" + node, access_model="open")
await publish("urn:xmpp:avatar:data", "hash", "<data xmlns='urn:xmpp:avatar:data'>%s</data>")
await publish("urn:xmpp:avatar:metadata", "hash", "<metadata xmlns='urn:xmpp:avatar:metadata'>"
              "<info id='hash' bytes='24' type='image/png'/></metadata>")
await create("%s", persist_items="true", max_items="500", send_last_published_item="never", access_model="whitelist")
for room in ("balcony", "garden"):
    await publish("%s", room + "@rooms.example.org", "<conference xmlns='%s' name='The %%s' autojoin='true'/>" %% room)
await create("%s", max_items="2", access_model="roster", roster_groups_allowed=["Verona", "Friends"], notify_retract="true")
for number in range(3):
    await publish("%s", "post%%d" %% number, "<entry xmlns='http://www.w3.org/2005/Atom'><title>post %%d</title></entry>" %% number)
    await asyncio.sleep(0.01)
await create("urn:example:asked", access_model="authorize")
await publish("urn:example:asked", "one", "<x xmlns='urn:example:x'/>")
await publish("urn:example:large", "one", "<x xmlns='urn:example:x'>%%s</x>" %% ("y" * 140000))
await create("news", "pubsub.example.org")
await publish("news", "one", "<x xmlns='urn:example:x'/>", "pubsub.example.org")
await ask("<pubsub xmlns='http://jabber.org/protocol/pubsub#owner'><affiliations node='%s'>"
          "<affiliation jid='juliet@example.org' affiliation='member'/>"
          "<affiliation jid='tybalt@example.org' affiliation='outcast'/></affiliations></pubsub>")
await ask("<prefs xmlns='urn:xmpp:mam:2' default='roster'><always><jid>nurse@example.org</jid></always>"
          "<never><jid>tybalt@example.org</jid></never></prefs>")
""" % (NICK, NICK, MARK, PICTURE, BOOKMARKS, BOOKMARKS, BOOKMARKS, BLOG, BLOG, BLOG)
JULIET = PUBLISH + """
await publish("%s", "current", "<nick xmlns='%s'>Juliet of old</nick>")
await create("%s", access_model="whitelist")
await publish("%s", "current", "<storage xmlns='%s'><conference name='Orchard' jid='orchard@rooms.example.org'/></storage>")
""" % (NICK, NICK, LIST, LIST, LIST)


def login(server, name):
    return server.client(Account("%s@example.org" % name, PASSWORD)).online(mechanism="SCRAM-SHA-256")


def texts(answer, name, ns):
    return [each.text for each in answer.iter(tag(ns, name))]


def configured(client, node):
    answer = pep.request(client, "<configure node='%s'/>" % node, "get", owner=True)
    return {field.get("var")[7:]: [each.text for each in field.findall(tag(names.DATA, "value"))]
            for field in answer.iter(tag(names.DATA, "field")) if field.get("var").startswith("pubsub#")}


def someone_used_gatehouse_already(server):
    server.start()
    juliet = login(server, "juliet")
    assert pep.publish(juliet, NICK, "<nick xmlns='%s'>Juliet of now</nick>" % NICK, "current").get("type") == "result"
    server.stop()


def what_romeo_published_is_there(server):
    server.start()
    romeo, juliet = login(server, "romeo"), login(server, "juliet")
    assert texts(pep.items(romeo, NICK), "nick", NICK) == ["%s Romeo & co \u263e" % MARK]
    assert texts(pep.items(juliet, AVATAR + ":data", "romeo@example.org"), "data", AVATAR + ":data") == [PICTURE]
    assert pep.ids(pep.items(juliet, AVATAR + ":metadata", "romeo@example.org")) == ["hash"]
    assert pep.pubsub_error(pep.items(juliet, NICK, "romeo@example.org"))[1] == "not-authorized"
    marks = pep.items(romeo, BOOKMARKS)
    assert pep.ids(marks) == ["balcony@rooms.example.org", "garden@rooms.example.org"]
    assert [each.get("name") for each in marks.iter(tag(BOOKMARKS, "conference"))] == ["The balcony", "The garden"]
    options = configured(romeo, BOOKMARKS)
    assert options["access_model"] == ["whitelist"] and options["max_items"] == ["500"]
    assert pep.ids(pep.items(romeo, BLOG)) == ["post1", "post2"]
    options = configured(romeo, BLOG)
    assert options["access_model"] == ["roster"] and options["max_items"] == ["2"] and options["notify_retract"] == ["1"]
    assert options["roster_groups_allowed"] == ["Verona", "Friends"]
    assert pep.ids(pep.items(juliet, BLOG, "romeo@example.org")) == ["post1", "post2"]
    assert configured(romeo, "urn:example:asked")["access_model"] == ["whitelist"]
    kept = romeo.ask("urn:xmpp:mam:2", name="prefs")
    assert next(kept.iter(tag("urn:xmpp:mam:2", "prefs"))).get("default") == "roster"
    assert texts(kept, "jid", "urn:xmpp:mam:2") == ["nurse@example.org", "tybalt@example.org"]
    assert texts(pep.items(juliet, NICK), "nick", NICK) == ["Juliet of now"]
    listed = juliet.ask(names.PRIVATE, payload="<storage xmlns='%s'/>" % LIST)
    assert [each.get("jid") for each in listed.iter(tag(LIST, "conference"))] == ["orchard@rooms.example.org"]
    server.stop()


def it_is_in_the_record(server):
    record.verify(server)
    lines = [line for line in record.entries(server.dir / "record")
             if line["type"] == "admin" and line["command"] == "import.item" and line["target"] == "romeo@example.org"]
    text = "".join(line["text"] for line in lines)
    assert "%s Romeo &amp; co" % MARK in text and PICTURE in text and "post 2" in text and "yyyy" not in text


def test_what_was_published_with_a_real_ejabberd_comes_with_its_dump(stopped):
    old = Ejabberd(stopped, "sha256", EVENTING)
    old.run(["romeo", "juliet"], ("romeo", ROMEO), ("juliet", JULIET))
    source, dump = old.export()
    assert take_in(stopped, source)["carried"]["accounts"] == 2
    someone_used_gatehouse_already(stopped)
    told = take_in(stopped, dump)
    assert told["carried"]["published"] == 8 and told["carried"]["preferences"] == 1, told
    left = {each["why"]: each["count"] for each in told["left"] if each["kind"] in ("published", "other")}
    assert sum(n for why, n in left.items() if "service of its own" in why) == 1, told
    assert sum(n for why, n in left.items() if "personal.item_bytes" in why) == 1, told
    assert sum(n for why, n in left.items() if "access model" in why) == 1, told
    assert sum(n for why, n in left.items() if "its node is there already" in why) == 1, told
    again = take_in(stopped, dump)
    assert not any(again["carried"].values()), again
    what_romeo_published_is_there(stopped)
    it_is_in_the_record(stopped)


NODE = """{pubsub_node,{{<<"juliet">>,<<"example.org">>,<<>>},<<"%s">>},%s,[],<<"pep">>,
  [{<<"juliet">>,<<"example.org">>,<<>>}],[{access_model,open},{max_items,%s},{item_expire,%s},{publish_model,%s}]}.
"""
ITEM = """{pubsub_item,{<<"%s">>,%s},%s{{1700,%d,0},{<<"juliet">>,<<"example.org">>,<<>>}},
  {{1700,%d,0},{<<"juliet">>,<<"example.org">>,<<"balcony">>}},[{xmlel,<<"x">>,[{<<"xmlns">>,<<"urn:x">>}],[{xmlcdata,<<"%s">>}]}]}.
"""


def item(id, node, at, short=False):
    return ITEM % (id, node, "" if short else node + ",", at, at, "text of " + id)


def taken(server, dump):
    accounts = server.parent / "people.xml"
    accounts.write_text(document("<user name='juliet' password='%s'/>" % PASSWORD))
    assert take_in(server, accounts)["carried"]["accounts"] == 1
    path = server.parent / "tables"
    path.write_text("{tables,[]}.\n" + dump)
    told = take_in(server, path)
    return told["carried"], {each["why"]: each["count"] for each in told["left"]}


def test_the_newest_items_stay_whatever_the_order_of_the_tables(stopped):
    stopped.configure({"personal": {"items": 3}})
    carried, left = taken(stopped, "".join(item("old%d" % n, "7", 100 + n) for n in (3, 0, 4, 2, 1))
                          + NODE % ("urn:x:many", "7", "max", "infinity", "publishers")
                          + NODE % ("urn:x:named", '<<"index">>', "1000000000", "3600", "open")
                          + item("a", '<<"index">>', 5, short=True) + item("lost", "99", 1)
                          + "{pubsub_item,nonsense,1,2,3}.\n")
    assert carried["published"] == 4, left
    assert {count for why, count in left.items() if "newer ones" in why} == {2}
    assert {count for why, count in left.items() if "its node is not there" in why} == {1}
    assert {count for why, count in left.items() if "names none" in why} == {1}
    assert len([why for why in left if "by age" in why or "others may publish" in why]) == 2
    stopped.start()
    juliet = login(stopped, "juliet")
    assert pep.ids(pep.items(juliet, "urn:x:many")) == ["old2", "old3", "old4"]
    named = pep.items(juliet, "urn:x:named")
    assert pep.ids(named) == ["a"] and texts(named, "x", "urn:x") == ["text of a"]
    assert configured(juliet, "urn:x:named")["max_items"] == ["max"]
    stopped.stop()


def test_what_stands_in_a_message_keeps_its_namespace(stopped):
    carried, left = taken(stopped, """{archive_msg,{<<"juliet">>,<<"example.org">>},<<"1">>,{1700,1,0},
  {<<"romeo">>,<<"example.org">>,<<>>},{<<"romeo">>,<<"example.org">>,<<>>},{xmlel,<<"message">>,
  [{<<"type">>,<<"chat">>},{<<"from">>,<<"romeo@example.org/a">>},{<<"to">>,<<"juliet@example.org">>}],
  [{xmlel,<<"body">>,[],[{xmlcdata,<<"%s a rose">>}]},{xmlel,<<"markable">>,[{<<"xmlns">>,<<"urn:xmpp:chat-markers:0">>}],[]},
   {xmlel,<<"reply">>,[{<<"xmlns">>,<<"urn:xmpp:reply:0">>},{<<"id">>,<<"r">>}],[]}]},<<>>,chat}.\n""" % MARK)
    assert carried["history"] == 1, left
    stopped.start()
    message = inner(history(login(stopped, "juliet")).results[0])
    assert message.findtext(tag(names.CLIENT, "body")) == "%s a rose" % MARK
    assert message.find(tag("urn:xmpp:chat-markers:0", "markable")) is not None
    assert message.find(tag("urn:xmpp:reply:0", "reply")).get("id") == "r"
    stopped.stop()


ARCHIVED = """{archive_msg,{<<"%s">>,<<"example.org">>},<<"%s">>,{1700,%d,0},
  {<<"romeo">>,<<"example.org">>,<<>>},{<<"romeo">>,<<"example.org">>,<<>>},{xmlel,<<"message">>,
  [{<<"type">>,<<"chat">>},{<<"from">>,<<"romeo@example.org/a">>},{<<"to">>,<<"juliet@example.org">>}%s],
  [{xmlel,<<"body">>,[],[{xmlcdata,<<"%s">>}]}]},<<>>,chat}.
"""


def test_what_is_no_xml_comes_neither_to_people_nor_half_into_the_record(stopped):
    """Whatever bytes a term can hold: a line of the record ends where a text holds a zero, and a stream breaks at it."""
    odd = "0123456789\\x{1}bcdefghijkl"
    carried, left = taken(stopped, ARCHIVED % ("juliet", "1", 1, "", MARK + " zero\\0 behind")
                          + ARCHIVED % ("juliet", "2", 2, ',{<<"1st">>,<<"a">>}', MARK + " name")
                          + ARCHIVED % ("juliet", "3", 3, "", MARK + " \\x{fffe}")
                          + ARCHIVED % ("juliet\\0x", "4", 4, "", MARK + " whose")
                          + ARCHIVED % ("juliet", odd, 5, "", MARK + " id")
                          + (NODE % ("urn:x", "7", "max", "infinity", "publishers")) 
                          + item("zero", "7", 1).replace('{<<"zero">>', '{<<"zero\\0">>') + item("zero\\0", "7", 2))
    assert carried["history"] == 1 and carried["published"] == 0, left
    assert left["it is no message"] == 3 and left["the name is no address"] == 1 and left["it is no item"] == 1
    assert [n for why, n in left.items() if "no name that is one" in why] == [1]
    lines = [line["text"] for line in record.entries(stopped.dir / "record") if line.get("command") == "import.history"]
    assert len(lines) == 1 and MARK + " id" in lines[0] and "\1" not in lines[0]
    stopped.start()
    assert history(login(stopped, "juliet")).bodies == [MARK + " id"]
    stopped.stop()


def test_a_list_of_bookmarks_is_shown_beside_the_rooms_that_stand_alone(stopped):
    storage = ("{pubsub_item,{<<\"current\">>,1},1,{{1700,1,0},{<<\"juliet\">>,<<\"example.org\">>,<<>>}},"
               "{{1700,1,0},{<<\"juliet\">>,<<\"example.org\">>,<<>>}},[{xmlel,<<\"storage\">>,[{<<\"xmlns\">>,<<\"%s\">>}],"
               "[{xmlel,<<\"conference\">>,[{<<\"jid\">>,<<\"orchard@rooms.example.org\">>}],[]}]}]}.\n" % LIST)
    carried, left = taken(stopped, storage + NODE % (LIST, "1", "1", "infinity", "publishers"))
    assert carried["private"] == 1 and not carried["published"], left
    stopped.start()
    juliet = login(stopped, "juliet")
    listed = juliet.ask(names.PRIVATE, payload="<storage xmlns='%s'/>" % LIST)
    assert [each.get("jid") for each in listed.iter(tag(LIST, "conference"))] == ["orchard@rooms.example.org"]
    assert pep.ids(pep.items(juliet, LIST)) == ["current"]
    assert configured(juliet, LIST)["access_model"] == ["whitelist"]
    stopped.stop()


# --- tables in a database


SCHEMA = {False: "/usr/share/ejabberd/sql/lite.sql", True: "/usr/share/ejabberd/sql/lite.new.sql"}
SQL = """default_db: sql
auth_method: sql
sql_type: sqlite
sql_database: "%s"
new_sql_schema: %s
"""


def over_sqlite(stopped, new):
    path = stopped.parent / "ejabberd.db"
    with sqlite3.connect(path) as db:
        db.executescript(pathlib.Path(SCHEMA[new]).read_text())
    db.close()
    more = EVENTING.replace("db_type: mnesia", "db_type: sql") + SQL % (path, str(new).lower())
    return Ejabberd(stopped, "sha256", more), path


@pytest.mark.parametrize("new", [False, True], ids=["old-schema", "new-schema"])
def test_an_ejabberd_over_sqlite_comes_with_its_database(stopped, new):
    old, database = over_sqlite(stopped, new)
    room = ROOM.replace('"muc#roomconfig_whois"', '"muc#roomconfig_passwordprotectedroom": "1", "muc#roomconfig_whois"')
    odd = "client.send_message(room, %r, mtype='groupchat')\nawait asyncio.sleep(1)\n" % ODD
    old.run(["romeo", "juliet"], ("romeo", TALK), ("romeo", ROMEO), ("romeo", room + odd), ("juliet", JULIET))
    source, _ = old.export()
    assert take_in(stopped, source)["carried"]["accounts"] == 2
    someone_used_gatehouse_already(stopped)
    whose = [] if new else ["--domain", DOMAIN]
    told = take_in(stopped, database, *whose)
    assert told["sha256"] == hashlib.sha256(database.read_bytes()).hexdigest()
    carried = {kind: told["carried"][kind] for kind in ("published", "preferences", "rooms")}
    assert carried == {"published": 8, "preferences": 1, "rooms": 1}, told
    assert told["carried"]["history"] >= 6, told
    left = {each["kind"]: each["count"] for each in told["left"] if "export_piefxis" in each["why"]}
    assert left["accounts"] == 2, told
    assert [each["count"] for each in told["left"] if "service of its own" in each["why"]] == [1], told
    again = take_in(stopped, database, *whose)
    assert not any(again["carried"].values()) and again["rooms_there"] == 1
    what_romeo_published_is_there(stopped)
    stopped.start()
    bodies = ["%s what light %d" % (MARK, number) for number in range(3)] + [ODD]
    for client in rooms_are_as_they_were(stopped, bodies, "SCRAM-SHA-256"):
        page = history(client)
        assert [body for body in page.bodies if body] == ["%s for later, from before" % MARK]
        assert inner(page.results[0]).get("from").startswith("romeo@example.org/")
    stopped.stop()
    it_is_in_the_record(stopped)


COLUMNS = {"archive": "username, timestamp, peer, xml, kind, nick, id", "archive_prefs": "username, def, always, never",
           "muc_room": "name, host, opts", "pubsub_node": "nodeid, host, node", "pubsub_node_option": "nodeid, name, val",
           "pubsub_state": "nodeid, jid, affiliation, subscriptions",
           "pubsub_item": "nodeid, itemid, publisher, modification, payload"}


def written(stopped, rows, type="ANY"):
    """A database of tables with these columns alone, as docs/moving.md makes one of another database."""
    path = stopped.parent / "copy.db"
    with sqlite3.connect(path) as db:
        for table, columns in COLUMNS.items():
            db.execute("CREATE TABLE %s (%s)" % (table, ", ".join('"%s" %s' % (each, type) for each in columns.split(", "))))
            for row in rows.get(table, []):
                db.execute("INSERT INTO %s VALUES (%s)" % (table, ",".join("?" * len(row))), row)
    db.close()
    accounts = stopped.parent / "people.xml"
    accounts.write_text(document("<user name='juliet' password='%s'/>" % PASSWORD))
    assert take_in(stopped, accounts)["carried"]["accounts"] == 1
    return path


def said(time, xml, user="juliet", kind="chat"):
    return (user, str(time), "romeo@example.org", xml, kind, "", str(time))


MESSAGE = "<message xmlns='jabber:client' type='chat' from='romeo@example.org/a' to='juliet@example.org'><body>%s %s</body></message>"


@pytest.mark.parametrize("type", ["ANY", "TEXT"])
def test_what_a_database_holds_is_judged_row_by_row(stopped, type):
    stopped.configure({"personal": {"items": 2}})
    juliet = "juliet@example.org"
    path = written(stopped, {
        "archive": [said(1700000000000002, MESSAGE % (MARK, "second")), said(1700000000000001, MESSAGE % (MARK, "first")),
                    said(1700000000000003, "\x01packed"), said(1700000000000004, "<message><body>open"), said(1700000000000005, "<iq/>"),
                    said(1700000000000006, MESSAGE % (MARK, "gone"), "gone@rooms.example.org", "groupchat"),
                    said(1700000000000007, MESSAGE % (MARK, "nobody's"), "nobody")],
        "archive_prefs": [("juliet", "never", "[{<<\"nurse\">>,<<\"example.org\">>,<<>>}]", "[]")],
        "muc_room": [("odd", "rooms.example.org", "[{title,<<\"open"), ("", "rooms.example.org", "[]")],
        "pubsub_node": [("1", juliet, "urn:x:many"), ("2", "pubsub.example.org", "news"), ("3", juliet, "bad\x02name")],
        "pubsub_node_option": [("1", "max_items", "unlimited"), ("1", "access_model", "open"), ("1", "title", "<<\"open")],
        "pubsub_state": [("1", juliet, "o", ""), ("1", "romeo@example.org", "c", "s:1,p:2"), ("1", "paris@example.org", "n", "p:1,s:2")],
        "pubsub_item": [("1", "old%d" % n, juliet, "001700:%06d:000000" % n, "<x xmlns='urn:x'>text</x>") for n in (3, 1, 2)]
        + [("1", "bad", juliet, "001700:000009:000000", "<x xmlns='urn:x'>"), ("2", "one", juliet, "001700:000001:000000", "<x xmlns='urn:x'/>")],
    }, type)
    told = take_in(stopped, path, "--domain", DOMAIN)
    assert told["carried"]["history"] == 2 and told["carried"]["published"] == 1 and told["carried"]["preferences"] == 1, told
    left = {each["why"]: each["count"] for each in told["left"]}
    for why, count in {"packed": 1, "is no message": 2, "did not stay": 1, "is no item": 1, "newer ones": 2, "service of its own": 1,
                       "how it is set is no term": 1, "no such account": 1, "name is no address": 1}.items():
        assert sum(n for text, n in left.items() if why in text) == count, (why, left)
    stopped.start()
    client = login(stopped, "juliet")
    assert history(client).bodies == ["%s first" % MARK, "%s second" % MARK]
    assert pep.ids(pep.items(client, "urn:x:many")) == ["old3"]
    assert configured(client, "urn:x:many")["access_model"] == ["open"]
    stopped.stop()


def test_a_database_that_does_not_say_whose_it_is_needs_a_domain(stopped):
    stopped.configure({"domains": ["example.org", "example.net"]})
    path = written(stopped, {"archive": [said(1700000000000001, MESSAGE % (MARK, "first"))]})
    told = take_in(stopped, path, code=2)
    assert "--domain" in json.dumps(told)
    assert take_in(stopped, path, "--domain", "example.net")["carried"]["history"] == 0
    assert take_in(stopped, path, "--domain", "example.org")["carried"]["history"] == 1


@pytest.mark.parametrize("bytes, why", [
    (b"SQLite format 3\0" + b"\0" * 2000, "bad.db"),
    (b"nothing", "bad.db"),
])
def test_what_is_no_database_is_refused_with_its_name(stopped, bytes, why):
    path = stopped.parent / "bad.db"
    path.write_bytes(bytes)
    told = take_in(stopped, path, "--format", "ejabberd-sqlite", code=2)
    assert why in told["error"]["text"]


def test_nothing_of_a_databases_schema_is_run(stopped):
    path = stopped.parent / "view.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE real (a)")
        db.execute("CREATE VIEW archive AS SELECT 'juliet' AS username, 1 AS timestamp, '' AS peer, '<message/>' AS xml,"
                   " 'chat' AS kind, '' AS nick, 1 AS id FROM real")
        db.execute("INSERT INTO real VALUES (1)")
        db.execute("CREATE VIRTUAL TABLE muc_room USING fts4(name, host, opts)")
        db.execute("INSERT INTO muc_room VALUES ('odd', 'rooms.example.org', '[]')")
    db.close()
    told = take_in(stopped, path, "--domain", DOMAIN)
    assert not any(told["carried"].values()) and not told["left"]
