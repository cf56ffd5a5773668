"""A plain XMPP client for tests: it does what it is told, remembers all it got, and hides nothing.

Blocking: `expect` reads until a description fits or the time is over. What arrives in between stays in
`inbox`, in order. Three courtesies run by themselves and can be switched off: a server's ping is answered
(`answer_pings`), stream management counts, and an ack request is answered (`answer_acks`).

To show that something does *not* arrive no test sleeps: `settle` sends a later message from the same sender
and reads until that one is here (RFC 6120 10.1: stanzas between two entities stay in order); `settle_at`
waits for the answer to a later request to the same address.
"""

import base64
import os
import time
from collections import deque, namedtuple
from xml.sax.saxutils import escape

from . import names, stanza
from .names import tag
from .scram import Scram
from .wire import Wire
from .xmlstream import StreamEnd, StreamOpen, XmlStream, plain, show

TIMEOUT = float(os.environ.get("GATEHOUSE_TEST_TIMEOUT", "10"))

Account = namedtuple("Account", "jid password")
Said = namedtuple("Said", "id body")


class Refused(Exception):
    """SASL <failure/>; `condition` and `element` say which."""

    def __init__(self, element):
        self.element = element
        self.condition = next((c.tag.split("}")[1] for c in element if not c.tag.endswith("}text")), None)
        super().__init__(self.condition)


def localpart(jid):
    return jid.split("@", 1)[0]


def domainpart(jid):
    return jid.split("/", 1)[0].rsplit("@", 1)[-1]


class Client:
    """One connection. `account` is an Account or None; nothing happens until a method is called."""

    def __init__(self, server, account=None, domain=None):
        self.server = server
        self.account = account
        self.bare = account.jid if account else None
        self.domain = domain or (domainpart(account.jid) if account else server.domain)
        self.jid = self.resource = None
        self.wire = None
        self.stream = None
        self.inbox = deque()
        self.header = None
        self.features = None
        self.ended = self.gone = False
        self.answer_pings = self.answer_acks = True
        self.timeout = TIMEOUT
        self.sm_id = None
        self.sm_on = self.sm_sending = False
        self.sm_in = self.sm_out = self.sm_acked = 0
        self.unacked = deque()
        server.clients.append(self)

    # --- the connection

    def connect(self, how="direct", **tls):
        """how: "direct" (TLS first, ALPN xmpp-client), "starttls" (TCP only: call starttls()), "plain"."""
        port = {"direct": self.server.direct_port, "starttls": self.server.port,
                "plain": self.server.plain_port}[how]
        source = tls.pop("source", self.server.source)
        self.wire = Wire("127.0.0.1", port, self.timeout, source)
        self.ended = self.gone = False
        if how == "direct":
            tls.setdefault("alpn", ["xmpp-client"])
            tls.setdefault("ca", self.server.ca)
            self.wire.start_tls(self.domain, **tls)
        return self

    def open_bare(self, text):
        """Starts reading a new stream after sending `text` as it is."""
        self._finish_stream()
        self.stream = XmlStream()
        self.header = self.features = None
        self.raw(text)
        return self

    def open(self, to=None, version="1.0", lang=None, extra="", namespace=names.CLIENT, from_=None):
        """Sends a stream header and starts reading a new stream. Does not wait."""
        parts = ["<?xml version='1.0'?><stream:stream xmlns='%s' xmlns:stream='%s'" % (namespace, names.STREAM)]
        for name, value in (("to", self.domain if to is None else to), ("version", version), ("from", from_),
                            ("xml:lang", lang)):
            if value:
                parts.append(" %s='%s'" % (name, escape(value)))
        return self.open_bare("".join(parts) + extra + ">")

    def start(self, **header):
        """Opens a stream and reads the server's header and features."""
        self.open(**header)
        self.header = self.expect(is_header)
        self.features = self.expect(stanza.nonza("features", names.STREAM))
        return self.features

    def starttls(self, **tls):
        """Asks for TLS on a started stream and shakes hands; start() again afterwards."""
        self.raw("<starttls xmlns='%s'/>" % names.TLS)
        self.expect(stanza.nonza("proceed", names.TLS))
        tls.setdefault("ca", self.server.ca)
        self.wire.start_tls(self.domain, **tls)

    def raw(self, data):
        """Sends bytes or text exactly as given."""
        data = data.encode() if isinstance(data, str) else data
        if self.server.standstill:
            self.server.standstill.send(self, data)
        else:
            self.wire.send(data)

    def send(self, text):
        """Sends one stanza, counting it for stream management."""
        if self.sm_sending:
            self.sm_out += 1
            self.unacked.append((self.sm_out, text))
        self.raw(text)

    # --- reading

    def pump(self, timeout):
        """Reads once. TimeoutError when nothing came, EOFError when the peer has closed."""
        if self.gone:
            raise EOFError()
        data = self.wire.receive(timeout)
        if not data:
            self.gone = True
            raise EOFError()
        for arrived in self.stream.feed(data):
            self._arrive(arrived)

    def _arrive(self, arrived):
        if isinstance(arrived, StreamEnd):
            self.ended = True
        elif not isinstance(arrived, StreamOpen):
            if arrived.tag in names.STANZAS and self.sm_on:
                self.sm_in += 1
            if arrived.tag in (tag(names.SM, "enabled"), tag(names.SM, "resumed")):
                self.sm_on = True
            if arrived.tag == tag(names.SM, "r") and self.answer_acks:
                self.acknowledge()
                return
            if arrived.tag == tag(names.SM, "a"):
                self._acked(int(arrived.get("h")))
            if self.answer_pings and self._is_server_ping(arrived):
                self.send(stanza.iq_to(arrived.get("from"), "result", "", id=arrived.get("id")))
                return
        self.inbox.append(arrived)

    def _is_server_ping(self, arrived):
        return (arrived.tag == tag(names.CLIENT, "iq") and arrived.get("type") == "get"
                and arrived.get("from") in (None, self.domain, self.bare)
                and stanza.child(arrived, "ping", names.PING) is not None)

    def _acked(self, h):
        self.sm_acked = h
        while self.unacked and self.unacked[0][0] <= h:
            self.unacked.popleft()

    def expect(self, wanted, timeout=None):
        """The first element that fits `wanted`, taken out of the inbox; what came before it stays."""
        end = time.monotonic() + (timeout or self.timeout)
        seen = 0
        while True:
            for index in range(seen, len(self.inbox)):
                if wanted(self.inbox[index]):
                    found = self.inbox[index]
                    del self.inbox[index]
                    return found
            seen = len(self.inbox)
            try:
                self.pump(max(end - time.monotonic(), 0.001))
            except TimeoutError:
                raise AssertionError(self._missing(wanted, "within the time")) from None
            except EOFError:
                raise AssertionError(self._missing(wanted, "before the connection closed")) from None

    def _missing(self, wanted, when):
        held = "\n  ".join(show(each) for each in self.inbox) or "nothing"
        return "%s did not get %r %s; it holds:\n  %s" % (self.jid or self.bare or "client", wanted, when, held)

    def next(self, timeout=None):
        """The oldest element not yet taken, whatever it is."""
        return self.expect(lambda any_element: True, timeout)

    def take(self, wanted=lambda any_element: True):
        """All that fits of what has been read already, in order."""
        found = [each for each in self.inbox if wanted(each)]
        self.inbox = deque(each for each in self.inbox if not wanted(each))
        return found

    def listen(self, seconds):
        """Reads for that long and returns all that is in the inbox. Only for tests about time itself."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                self.pump(max(end - time.monotonic(), 0.001))
            except TimeoutError:
                break
            except EOFError:
                break
        return self.take()

    def roundtrip(self):
        """A ping to the server and its answer: what this client sent before has been read by the server, which does not
        say that it is recorded, has arrived or is kept: a question to the server itself overtakes what waits for the
        record. See settle, settle_at, and archive.until_kept."""
        id = stanza.new_id("ping")
        self.send(stanza.iq_to(self.domain, "get", "<ping xmlns='%s'/>" % names.PING, id=id))
        return self.expect(stanza.iq(id=id))

    def settle(self, sender):
        """What has arrived here up to a message that `sender` sends now; the inbox is empty afterwards."""
        id = stanza.new_id("barrier")
        sender.send(stanza.message_to(self.jid, stanza.body(stanza.words("barrier")), id=id))
        end = time.monotonic() + self.timeout
        while True:
            for index, each in enumerate(self.inbox):
                if each.get("id") == id and stanza.child(each, "error") is None:
                    before = [self.inbox[i] for i in range(index)]
                    self.inbox = deque(list(self.inbox)[index + 1:])
                    return before
            try:
                self.pump(max(end - time.monotonic(), 0.001))
            except (TimeoutError, EOFError):
                raise AssertionError(self._missing("the barrier from %s" % sender.jid, "in time")) from None

    def settle_at(self, to):
        """What has arrived here up to the answer to a request that is sent to `to` now, whoever gives it; the inbox
        is empty afterwards. The answers to what was sent to `to` before come before it."""
        id = stanza.new_id("barrier")
        self.send(stanza.iq_to(to, "get", "<ping xmlns='%s'/>" % names.PING, id=id))
        self.expect(lambda each: each.tag == tag(names.CLIENT, "iq") and each.get("id") == id)
        return self.take()

    # --- logging in

    def authenticate(self, mechanism="SCRAM-SHA-256", password=None, binding=None, authzid=None, user=None):
        """SASL up to <success/>, which it returns; Refused on <failure/>. `binding` as in scram.Scram, or
        "exporter" for this connection's own value."""
        user = localpart(self.bare) if user is None else user
        password = self.account.password if password is None else password
        if mechanism == "PLAIN":
            return self._plain(user, password, authzid or "")
        if binding == "exporter":
            binding = ("tls-exporter", self.wire.exporter())
        exchange = Scram(mechanism, user, password, binding, authzid)
        self.auth(mechanism, exchange.first())
        challenge = self.sasl("challenge")
        self.sasl_send("response", exchange.final(base64.b64decode(challenge.text)))
        success = self.sasl("success")
        exchange.verify(base64.b64decode(success.text or ""))
        return success

    def _plain(self, user, password, authzid):
        self.auth("PLAIN", ("%s\0%s\0%s" % (authzid, user, password)).encode())
        return self.sasl("success")

    def auth(self, mechanism, data=None):
        """Sends <auth/>; data None leaves it empty, b"" sends "="."""
        text = "" if data is None else base64.b64encode(data).decode() or "="
        self.raw("<auth xmlns='%s' mechanism='%s'>%s</auth>" % (names.SASL, mechanism, text))

    def sasl_send(self, name, data):
        self.raw("<%s xmlns='%s'>%s</%s>" % (name, names.SASL, base64.b64encode(data).decode(), name))

    def sasl(self, name):
        """Waits for that SASL element; Refused when a <failure/> comes instead."""
        found = self.expect(lambda each: (getattr(each, "tag", "") or "").startswith("{%s}" % names.SASL))
        if found.tag == tag(names.SASL, "failure"):
            raise Refused(found)
        assert found.tag == tag(names.SASL, name), show(found)
        return found

    def bind(self, resource=None):
        """Binds and returns the answer; sets jid and resource when it is a result."""
        wish = "<resource>%s</resource>" % escape(resource) if resource is not None else ""
        answer = self.iq("set", "<bind xmlns='%s'>%s</bind>" % (names.BIND, wish))
        if answer.get("type") == "result":
            self.jid = answer.find("%s/%s" % (tag(names.BIND, "bind"), tag(names.BIND, "jid"))).text
            self.bare, self.resource = self.jid.split("/", 1)
        return answer

    def login(self, resource=None, how="direct", mechanism="SCRAM-SHA-256", bind=True, connect={}, **auth):
        """Everything from TCP to a bound resource, without presence."""
        self.connect(how, **connect)
        if how == "starttls":
            self.start()
            self.starttls()
        self.start()
        self.authenticate(mechanism, **auth)
        self.start()
        if bind:
            answer = self.bind(resource)
            assert answer.get("type") == "result", show(answer)
        return self

    def online(self, resource=None, priority=None, **login):
        """login(), roster, initial presence, and its echo."""
        self.login(resource, **login)
        self.roster()
        self.available(priority=priority)
        return self

    # --- talking

    def iq(self, type, payload, to=None, **more):
        """Sends a request and returns its answer, result or error."""
        id = more.pop("id", None) or stanza.new_id("q")
        self.send(stanza.iq_to(to, type, payload, id=id, **more))
        return self.expect(stanza.Expected("iq", names.CLIENT, id=id,
                                           where=lambda e: e.get("type") in ("result", "error")))

    def ask(self, namespace, to=None, name="query", type="get", payload="", **attributes):
        """An IQ whose payload is one element."""
        return self.iq(type, stanza.element(name, payload, xmlns=namespace, **attributes), to=to)

    def available(self, payload="", priority=None):
        """Broadcast presence; waits until the server has echoed it to us."""
        if priority is not None:
            payload += "<priority>%d</priority>" % priority
        id = stanza.new_id("p")
        self.send(stanza.presence_to(None, None, payload, id=id))
        self.expect(stanza.presence(from_=self.jid, type=""))

    def say(self, to, text="good morning", type="chat", extra="", id=None, **more):
        """Sends a message with a marked body; returns its id and body."""
        id, text = id or stanza.new_id("m"), stanza.words(text)
        self.send(stanza.message_to(to, stanza.body(text) + extra, type=type, id=id, **more))
        return Said(id, text)

    def roster(self):
        """The roster as {jid: item element}; makes this an interested resource."""
        answer = self.ask(names.ROSTER)
        assert answer.get("type") == "result", show(answer)
        return {item.get("jid"): item for item in answer.iter(tag(names.ROSTER, "item"))}

    def roster_set(self, jid, name=None, groups=(), **attributes):
        inner = "".join("<group>%s</group>" % escape(group) for group in groups)
        return self.ask(names.ROSTER, type="set",
                        payload=stanza.element("item", inner, jid=jid, name=name, **attributes))

    # --- stream management

    def sm_enable(self, resume=True, max=None):
        """Enables and returns <enabled/>. Ours count from the sending, the server's from its answer."""
        extra = (" resume='true'" if resume else "") + (" max='%d'" % max if max is not None else "")
        self.sm_in = self.sm_out = self.sm_acked = 0
        self.unacked.clear()
        self.raw("<enable xmlns='%s'%s/>" % (names.SM, extra))
        self.sm_sending = True
        enabled = self.expect(stanza.nonza("enabled", names.SM))
        self.sm_id = enabled.get("id")
        return enabled

    def acknowledge(self, h=None):
        self.raw("<a xmlns='%s' h='%d'/>" % (names.SM, self.sm_in if h is None else h))

    def sync(self):
        """Asks for an ack and returns its h: as many of our stanzas are the server's responsibility now."""
        self.raw("<r xmlns='%s'/>" % names.SM)
        return int(self.expect(stanza.nonza("a", names.SM)).get("h"))

    def drop(self):
        """The network goes: no </stream:stream>, an abrupt close."""
        self._finish_stream()
        self.wire.reset()
        self.gone = True

    def resume_on(self, connection, h=None, previd=None):
        """Resumes this client's session over `connection` (authenticated, not bound), which takes it over.
        Returns <resumed/> or <failed/>. Our unacknowledged stanzas are not sent again: see resend()."""
        connection.sm_in, connection.sm_out = self.sm_in, self.sm_out
        connection.unacked = deque(self.unacked)
        connection.raw("<resume xmlns='%s' h='%d' previd='%s'/>" % (
            names.SM, self.sm_in if h is None else h, self.sm_id if previd is None else previd))
        answer = connection.expect(lambda each: getattr(each, "tag", "") in (
            tag(names.SM, "resumed"), tag(names.SM, "failed")))
        if answer.tag == tag(names.SM, "resumed"):
            connection.jid, connection.bare, connection.resource = self.jid, self.bare, self.resource
            connection.sm_id, connection.sm_sending = self.sm_id, True
            connection._acked(int(answer.get("h")))
        return answer

    def resend(self):
        """Sends again what the server has not acknowledged."""
        for _, text in self.unacked:
            self.raw(text)
        return len(self.unacked)

    # --- the end

    def end(self):
        """Closes the stream politely and waits for the server's </stream:stream>."""
        self.raw("</stream:stream>")
        self.wait_end()
        self.close()

    def wait_end(self, timeout=None):
        """Reads until the server has closed its stream (or the connection)."""
        end = time.monotonic() + (timeout or self.timeout)
        while not self.ended and not self.gone:
            try:
                self.pump(max(end - time.monotonic(), 0.001))
            except TimeoutError:
                raise AssertionError(self._missing("</stream:stream>", "in time")) from None
            except EOFError:
                break

    def stream_error(self, timeout=None):
        """Waits for a stream error, then for the end of stream and connection; returns the condition. The
        element is kept as `last_error`."""
        found = self.expect(stanza.nonza("error", names.STREAM), timeout)
        self.last_error = found
        conditions = [c.tag.split("}")[1] for c in found if c.tag.startswith("{%s}" % names.STREAM_ERROR)
                      and c.tag != tag(names.STREAM_ERROR, "text")]
        assert len(conditions) == 1, show(found)
        self.wait_closed(timeout)
        assert self.ended, "a stream error must be followed by </stream:stream>"
        return conditions[0]

    def wait_closed(self, timeout=None):
        """Reads until the connection is closed by the server."""
        end = time.monotonic() + (timeout or self.timeout)
        while not self.gone:
            try:
                self.pump(max(end - time.monotonic(), 0.001))
            except TimeoutError:
                raise AssertionError(self._missing("the end of the connection", "in time")) from None
            except EOFError:
                break

    def _finish_stream(self):
        stream, self.stream = self.stream, None
        if stream:
            stream.compare()

    def close(self):
        """Without waiting; at most a last </stream:stream>."""
        if not self.wire:
            return
        if not self.gone and not self.ended:
            try:
                self.wire.timeout = 0.2
                self.raw("</stream:stream>")
            except (OSError, TimeoutError):
                pass
        self.wire.close()
        self.wire = None
        self.gone = True
        self._finish_stream()


def is_header(element):
    return isinstance(element, StreamOpen)


__all__ = ["Account", "Client", "Refused", "Said", "is_header", "plain", "show"]
