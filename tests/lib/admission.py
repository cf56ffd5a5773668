"""Sessions whose client is asked what it is (docs/client-control.md): people to judge, the server's questions, answers to them, and
what the record says of it."""

import itertools
import time

from . import names, record
from .client import Account
from .pep import info
from .record import eventually
from .server import PASSWORD_MARK
from .stanza import child, error_payload, iq, iq_to

_number = itertools.count(1)


def person(folk, *groups, language=""):
    """Somebody new in these groups who has not logged in."""
    account = Account("judged%d@example.org" % next(_number), PASSWORD_MARK + "judged")
    folk.server.import_csv("%s,%s,Judged,%s,,%s,\n" % (account.jid, account.password, ";".join(groups), language))
    return folk.client(account)


def rules(server, text):
    """The rules about clients from now on; of a running server after a reload."""
    path = server.dir / "policy/clients/scenario.yaml"
    path.write_text(text)
    path.chmod(0o644)


# --- the server's questions

def question(client, name, namespace, timeout=None):
    return client.expect(iq(type="get", from_="example.org", has=(name, namespace)), timeout)


def about_version(client, timeout=None):
    return question(client, "query", names.VERSION, timeout)


def about_features(client, timeout=None):
    return question(client, "query", names.DISCO_INFO, timeout)


def answer_version(client, name, version="1.0", asked=None, system=""):
    asked = asked or about_version(client)
    os = "<os>%s</os>" % system if system else ""
    client.send(iq_to("example.org", "result", "<query xmlns='jabber:iq:version'><name>%s</name><version>%s</version>%s</query>"
                      % (name, version, os), id=asked.get("id")))


def refuse(client, asked):
    client.send(iq_to("example.org", "error", error_payload(), id=asked.get("id")))


def answer_disco(client, features, identity, asked=None):
    """The node that was asked for."""
    asked = asked or about_features(client)
    node = child(asked, "query", names.DISCO_INFO).get("node")
    payload = info(features, node, identity) if node else info(features, "", identity).replace(" node=''", "")
    client.send(iq_to("example.org", "result", payload, id=asked.get("id")))
    return node


def answer_all(client, name, version="1.0"):
    """Both questions, in the order in which they come."""
    answer_disco(client, [names.DISCO_INFO], ("client", "pc", "", name))
    answer_version(client, name, version)


# --- what became of it

def lines(server, kind, session):
    return [each for each in record.entries(server.dir / "record") if each["type"] == kind and each["from"] == session]


def noted(server, kind, client):
    """The last such line of the session, as soon as there is one."""
    eventually(lambda: lines(server, kind, client.jid))
    return lines(server, kind, client.jid)[-1]


def nothing_comes(client, seconds=0.7):
    before = client.listen(seconds)
    assert not [each for each in before if each.tag in names.STANZAS and each.get("type") != "get"], before


def unread(server, said):
    """Nothing of it is in the record."""
    return not [each for each in record.entries(server.dir / "record") if said.body in str(each.get("stanza"))]


class Clock:
    """With it: how long it took, in seconds."""

    def __enter__(self):
        self.begin = time.monotonic()
        return self

    def __exit__(self, *_):
        self.seconds = time.monotonic() - self.begin
