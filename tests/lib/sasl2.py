"""XEP-0388 with what comes inline: XEP-0386, XEP-0198, XEP-0484. A login is one call; every part of it stays open."""

import base64
import hmac
import uuid
from collections import namedtuple
from xml.sax.saxutils import escape, quoteattr

from . import names, stanza
from .client import Client, Refused, localpart
from .names import tag
from .scram import Scram
from .xmlstream import show

Agent = namedtuple("Agent", "id software device")


def agent(software="Gatehouse tests", device="A desk", id=None):
    return Agent(id or str(uuid.uuid4()), software, device)


def agent_xml(agent):
    if agent is None:
        return ""
    inner = "".join("<%s>%s</%s>" % (name, escape(text), name)
                    for name, text in (("software", agent.software), ("device", agent.device)) if text is not None)
    id = " id=%s" % quoteattr(agent.id) if agent.id is not None else ""
    return "<user-agent%s>%s</user-agent>" % (id, inner)


def bind(tag_text=None, inside=""):
    wish = "<tag>%s</tag>" % escape(tag_text) if tag_text is not None else ""
    return "<bind xmlns='%s'>%s%s</bind>" % (names.BIND2, wish, inside)


def manage(resume=True):
    return "<enable xmlns='%s'%s/>" % (names.SM, " resume='true'" if resume else "")


def resume(previd, h):
    return "<resume xmlns='%s' previd='%s' h='%s'/>" % (names.SM, previd, h)


CARBONS = "<enable xmlns='%s'/>" % names.CARBONS
INACTIVE = "<inactive xmlns='%s'/>" % names.CSI


def request(mechanism, data=None, agent=None, inline=""):
    initial = "" if data is None else "<initial-response>%s</initial-response>" % base64.b64encode(data).decode()
    return "<authenticate xmlns='%s' mechanism='%s'>%s%s%s</authenticate>" % (
        names.SASL2, mechanism, initial, agent_xml(agent), inline)


def response(data):
    return "<response xmlns='%s'>%s</response>" % (names.SASL2, base64.b64encode(data).decode())


def answer(client, name=None):
    """The next element of SASL2; Refused when it is a <failure/> and something else was expected."""
    found = client.expect(lambda each: (getattr(each, "tag", "") or "").startswith("{%s}" % names.SASL2))
    if found.tag == tag(names.SASL2, "failure") and name != "failure":
        raise Refused(found)
    assert name is None or found.tag == tag(names.SASL2, name), show(found)
    return found


def authenticate(client, mechanism="SCRAM-SHA-256", agent=None, inline="", password=None, user=None, binding=None,
                 authzid=None):
    """The exchange up to <success/>, which it returns; the client knows its address and counts if it has a session."""
    user = localpart(client.account.jid) if user is None else user
    password = client.account.password if password is None else password
    if binding == "exporter":
        binding = ("tls-exporter", client.wire.exporter())
    if mechanism == "PLAIN":
        client.raw(request("PLAIN", ("%s\0%s\0%s" % (authzid or "", user, password)).encode(), agent, inline))
        return take_success(client, answer(client, "success"))
    exchange = Scram(mechanism, user, password, binding, authzid)
    client.raw(request(mechanism, exchange.first(), agent, inline))
    challenge = answer(client, "challenge")
    client.raw(response(exchange.final(base64.b64decode(challenge.text))))
    success = answer(client, "success")
    exchange.verify(base64.b64decode(success.find(tag(names.SASL2, "additional-data")).text))
    return take_success(client, success)


def identifier(success):
    return success.find(tag(names.SASL2, "authorization-identifier")).text


def take_success(client, success):
    """What the client knows from now on."""
    client.jid = identifier(success)
    client.bare, _, client.resource = client.jid.partition("/")
    bound = success.find(tag(names.BIND2, "bound"))
    enabled = bound.find(tag(names.SM, "enabled")) if bound is not None else None
    if enabled is not None:
        client.sm_on = client.sm_sending = True
        client.sm_in = client.sm_out = client.sm_acked = 0
        client.sm_id = enabled.get("id")
    return success


def features(client):
    return client.expect(stanza.nonza("features", names.STREAM))


def connect(folk_or_server, account, how="direct", **tls):
    """A client on a stream that offers to log in."""
    server = getattr(folk_or_server, "server", folk_or_server)
    client = Client(server, account).connect(how, **tls)
    client.start(from_=account.jid)
    return client


def login(folk_or_server, account, agent=None, tag_text="Tests", inside="", inline="", **how):
    """Bound by XEP-0386; returns the client, with `success` and the features behind it."""
    client = connect(folk_or_server, account)
    client.success = authenticate(client, agent=agent, inline=bind(tag_text, inside) + inline, **how)
    client.features = features(client)
    return client


# --- tokens (XEP-0484)

Token = namedtuple("Token", "text mechanism expiry")

LABELS = {"EXPR": "exporter", "ENDP": "end-point", "NONE": None}


def request_token(mechanism):
    return "<request-token xmlns='%s' mechanism='%s'/>" % (names.FAST, mechanism)


def fast(count=None, invalidate=None):
    extra = (" count='%s'" % count if count is not None else "") + (
        " invalidate='%s'" % invalidate if invalidate is not None else "")
    return "<fast xmlns='%s'%s/>" % (names.FAST, extra)


def token_in(success, mechanism):
    """The token that came with it, or None."""
    found = success.find(tag(names.FAST, "token"))
    return Token(found.get("token"), mechanism, found.get("expiry")) if found is not None else None


def binding_data(client, mechanism):
    kind = mechanism.rsplit("-", 1)[1]
    if kind == "EXPR":
        return client.wire.exporter()
    if kind == "ENDP":
        certificate = client.wire.certificate()
        return certificate.fingerprint(certificate.signature_hash_algorithm)
    return b""


def hashed(token, who, data):
    return hmac.new(token.text.encode(), who + data, "sha256").digest()


def use_token(client, token, agent, inline="", count=None, invalidate=None, mechanism=None, user=None, data=None):
    """Logs in with it up to <success/>, which it returns; the server has proven that it has the token, too."""
    mechanism = mechanism or token.mechanism
    data = binding_data(client, mechanism) if data is None else data
    first = localpart(client.account.jid if user is None else user).encode() + b"\0" + hashed(token, b"Initiator", data)
    client.raw(request(mechanism, first, agent, fast(count, invalidate) + inline))
    success = answer(client, "success")
    proof = base64.b64decode(success.find(tag(names.SASL2, "additional-data")).text)
    assert proof == hashed(token, b"Responder", data), "the server's proof is wrong"
    return take_success(client, success)
