"""Namespaces and the words RFC 6120 reserves, by the short names the tests use."""

STREAM = "http://etherx.jabber.org/streams"
CLIENT = "jabber:client"
TLS = "urn:ietf:params:xml:ns:xmpp-tls"
SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
SASL_CB = "urn:xmpp:sasl-cb:0"
BIND = "urn:ietf:params:xml:ns:xmpp-bind"
SESSION = "urn:ietf:params:xml:ns:xmpp-session"
STREAM_ERROR = "urn:ietf:params:xml:ns:xmpp-streams"
STANZA_ERROR = "urn:ietf:params:xml:ns:xmpp-stanzas"
ROSTER = "jabber:iq:roster"
VERSION = "jabber:iq:version"
DISCO_INFO = "http://jabber.org/protocol/disco#info"
DISCO_ITEMS = "http://jabber.org/protocol/disco#items"
PING = "urn:xmpp:ping"
SM = "urn:xmpp:sm:3"
CARBONS = "urn:xmpp:carbons:2"
FORWARD = "urn:xmpp:forward:0"
HINTS = "urn:xmpp:hints"
DELAY = "urn:xmpp:delay"
SID = "urn:xmpp:sid:0"
BLOCKING = "urn:xmpp:blocking"
BLOCKING_ERRORS = "urn:xmpp:blocking:errors"
CHATSTATES = "http://jabber.org/protocol/chatstates"
RECEIPTS = "urn:xmpp:receipts"
MARKERS = "urn:xmpp:chat-markers:0"
CORRECT = "urn:xmpp:message-correct:0"
XHTML_IM = "http://jabber.org/protocol/xhtml-im"
XHTML = "http://www.w3.org/1999/xhtml"
MAM = "urn:xmpp:mam:2"
RSM = "http://jabber.org/protocol/rsm"
DATA_FORMS = "jabber:x:data"
NICK = "http://jabber.org/protocol/nick"
XML = "http://www.w3.org/XML/1998/namespace"

LANG = "{%s}lang" % XML
STANZAS = ("{%s}message" % CLIENT, "{%s}presence" % CLIENT, "{%s}iq" % CLIENT)


def tag(namespace, local):
    """The name ElementTree gives an element."""
    return "{%s}%s" % (namespace, local)
