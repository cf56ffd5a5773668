"""What people published with a real ejabberd, and what they wanted kept, comes with its dump of tables."""

import base64

import pytest

from lib import names, pep, record
from lib.archive import history, inner
from lib.client import Account
from lib.names import tag
from lib.stanza import MARK
from test_import import PASSWORD, TALKATIVE, Ejabberd, document, stopped, take_in

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
