"""Personal eventing (XEP-0163 on XEP-0060) as a client sees it."""

import base64
import hashlib
from xml.sax.saxutils import escape

from . import names
from .names import tag
from .stanza import Error, Expected, child, element, iq_to, presence_to, iq, presence

TUNE = "http://jabber.org/protocol/tune"
MOOD = "http://jabber.org/protocol/mood"
CAPS = names.CAPS
OPTIONS = "http://jabber.org/protocol/pubsub#publish-options"
CONFIG = "http://jabber.org/protocol/pubsub#node_config"
FEATURES = {names.PUBSUB} | {names.PUBSUB + "#" + each for each in (
    "access-open access-presence access-roster access-whitelist auto-create auto-subscribe config-node "
    "config-node-max create-and-configure create-nodes delete-items delete-nodes filtered-notifications "
    "instant-nodes item-ids last-published manage-subscriptions member-affiliation modify-affiliations "
    "multi-items outcast-affiliation persistent-items presence-notifications presence-subscribe publish "
    "publish-options pubsub-on-a-jid purge-nodes retract-items retrieve-affiliations retrieve-default retrieve-items "
    "retrieve-subscriptions rsm subscribe").split()}


def form(fields, form_type=CONFIG, type="submit"):
    parts = ["<field var='FORM_TYPE' type='hidden'><value>%s</value></field>" % form_type]
    for name, value in fields.items():
        values = value if isinstance(value, list) else [value]
        parts.append("<field var='pubsub#%s'>%s</field>" % (
            name, "".join("<value>%s</value>" % escape(each) for each in values)))
    return "<x xmlns='%s' type='%s'>%s</x>" % (names.DATA, type, "".join(parts))


def request(client, payload, type="set", to=None, owner=False):
    return client.iq(type, "<pubsub xmlns='%s'>%s</pubsub>" % (names.PUBSUB_OWNER if owner else names.PUBSUB, payload),
                     to=to)


def published(node, payload, id=None, options=None):
    item = element("item", payload, id=id)
    more = "" if options is None else "<publish-options>%s</publish-options>" % form(options, OPTIONS)
    return "<publish node='%s'>%s</publish>%s" % (node, item, more)


def publish(client, node, payload, id=None, options=None, to=None):
    """Publishes and returns the answer."""
    return request(client, published(node, payload, id, options), to=to)


def tune(title):
    return "<tune xmlns='%s'><title>%s</title></tune>" % (TUNE, escape(title))


def items(client, node, to=None, payload="", **attributes):
    return request(client, element("items", payload, node=node, **attributes), "get", to)


def ids(answer):
    assert answer.get("type") == "result", Error(answer)
    return [each.get("id") for each in answer.iter(tag(names.PUBSUB, "item"))]


def pubsub_error(answer):
    """Type, condition, and the condition of pubsub's own or None."""
    error = Error(answer)
    own = [each.tag.split("}")[1] for each in error.element if each.tag.startswith("{%s}" % names.PUBSUB_ERRORS)]
    return error.type, error.condition, own[0] if own else None


def event(node, of=None, what="items", where=None):
    """A message with an event of that node."""
    def fits(stanza):
        found = stanza.find("%s/%s" % (tag(names.PUBSUB_EVENT, "event"), tag(names.PUBSUB_EVENT, what)))
        return (found is not None and found.get("node") == node and (of is None or stanza.get("from") == of)
                and (where is None or where(stanza)))
    return Expected("message", names.CLIENT, where=fits)


def title(stanza):
    found = next(stanza.iter(tag(TUNE, "title")), None)
    return None if found is None else found.text


# --- capabilities (XEP-0115)

def verification(features, identity=("client", "pc", "", "test"), hash="sha-1"):
    text = "/".join(identity) + "<" + "".join(each + "<" for each in sorted(features))
    return base64.b64encode(hashlib.new(hash.replace("-", ""), text.encode()).digest()).decode()


def info(features, node, identity=("client", "pc", "", "test")):
    """`node`: None or empty: of none."""
    said = "<identity category='%s' type='%s' name='%s'/>" % (identity[0], identity[1], identity[3])
    return element("query", said + "".join("<feature var='%s'/>" % each for each in features), xmlns=names.DISCO_INFO, node=node or None)


def caps(features, hash="sha-1", ver=None, node="urn:example:client"):
    return "<c xmlns='%s' hash='%s' node='%s' ver='%s'/>" % (
        CAPS, hash, node, ver or verification(features, hash=hash))


def asked(client):
    """The server's question for capabilities."""
    return client.expect(iq(type="get", has=("query", names.DISCO_INFO)))


def answer(client, question, features):
    node = child(question, "query", names.DISCO_INFO).get("node")
    client.send(iq_to(question.get("from"), "result", info(features, node), id=question.get("id")))


def interested(client, *nodes, hash="sha-1"):
    """Available with an interest in these nodes; answers if the server asks. The server knows of the interest by then, and has begun
    to look for last items; events that follow stay in the inbox."""
    features = sorted([names.DISCO_INFO] + [node + "+notify" for node in nodes])
    client.send(presence_to(None, None, caps(features, hash)))
    client.expect(presence(from_=client.jid, type=""))
    client.roundtrip()
    known = vars(client.server).setdefault("known_capabilities", set())
    if (hash, *features) not in known:
        answer(client, asked(client), features)
        known.add((hash, *features))
        client.roundtrip()
    client.ask(names.PRIVATE, payload="<x xmlns='urn:example:read'/>")  # out of the store, as what hashes stand for is before
    return client
