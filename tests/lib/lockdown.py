"""Switching things off: who is in a group of his own, what is said to him, what he is refused."""

import contextlib
import itertools
import json

from . import names, record
from .client import Account
from .names import tag
from .server import PASSWORD_MARK
from .stanza import Error, message

PASSWORD = PASSWORD_MARK + "lockdown"
REASON = "A worm is about."
OOB = "<x xmlns='jabber:x:oob'><url>%s</url></x>"
_number = itertools.count(1)


@contextlib.contextmanager
def switching(server):
    """switch(WHAT, *options): switched off until the end of this; returns the answer."""
    ids = []

    def switch(*options):
        answer = server.json("lockdown", "on", *options, "--reason", REASON)
        ids.append(answer["switch"]["id"])
        return answer
    try:
        yield switch
    finally:
        for each in ids:
            server.run("lockdown", "off", each)


def on_again(server, answer):
    server.json("lockdown", "off", answer["switch"]["id"])


def member(folk, *groups, language=""):
    account = Account("lock%d@example.org" % next(_number), PASSWORD)
    folk.server.import_csv("%s,%s,Member,%s,,%s,\n" % (account.jid, account.password, ";".join(groups), language))
    return account


def people(folk, group, count=2):
    return [folk.client(member(folk, group)).online() for _ in range(count)]


def a_group():
    return "lock-group-%d" % next(_number)


def status(server):
    return json.loads(server.run("lockdown", "status", "--json").stdout)


def acts(server, command):
    return [each for each in record.entries(server.dir / "record") if each.get("command") == command]


def headline(client):
    """Of a switch: the server says other things, too."""
    def fits(each):
        return each.find(tag(names.CLIENT, "body")).text.startswith(("Switched ", "Abgeschaltet ", "Wieder "))
    return client.expect(message(type="headline", from_="example.org", where=fits)).find(tag(names.CLIENT, "body")).text


def refused(client, id, what=None):
    error = client.expect(lambda each: each.get("id") == id and each.get("type") == "error")
    assert Error(error).condition == "policy-violation"
    assert REASON in Error(error).text and (not what or what in Error(error).text)


def arrives(sender, to, body="good morning", **more):
    said = sender.say(to.jid, body, **more)
    return to.expect(message(id=said.id))


def stopped_on_its_way(sender, to, what, body="good morning", **more):
    said = sender.say(to.jid, body, **more)
    refused(sender, said.id, what)


def nothing_of(client, word):
    """Neither has come nor comes now."""
    got = client.settle_at("example.org") + list(client.inbox)
    assert not [each for each in got if word in "".join(each.itertext()) or any(word in value for node in each.iter()
                for value in node.attrib.values())]
