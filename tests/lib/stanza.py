"""Stanzas: text to send, and descriptions of what is expected.

A description is called with an element and says whether it fits; its repr is what a failing test prints.
Bodies made here carry MARK, so that a server log can be searched for any of them at once.
"""

import itertools
import secrets
from xml.sax.saxutils import escape, quoteattr

from . import names
from .names import tag

MARK = "privy-"

_ids = itertools.count(1)


def new_id(prefix="t"):
    return "%s%d" % (prefix, next(_ids))


def words(text="good morning"):
    """`text` with a mark that no other body has."""
    return text if MARK in text else "%s %s%s" % (text, MARK, secrets.token_hex(6))


def element(tag_name, payload="", /, **attributes):
    """A stanza as text; attributes that are None are left out, `from_` becomes `from`."""
    parts = ["%s=%s" % (key.rstrip("_").replace("__", ":"), quoteattr(value))
             for key, value in attributes.items() if value is not None]
    return "<%s>%s</%s>" % (" ".join([tag_name] + parts), payload, tag_name)


def body(text):
    return "<body>%s</body>" % escape(text)


def message_to(to, payload, type="chat", id=None, **more):
    return element("message", payload, to=to, type=type, id=id or new_id("m"), **more)


def presence_to(to=None, type=None, payload="", **more):
    return element("presence", payload, to=to, type=type, **more)


def iq_to(to, type, payload, id=None, **more):
    return element("iq", payload, to=to, type=type, id=id or new_id("q"), **more)


def error_payload(condition="service-unavailable", type="cancel"):
    return "<error type='%s'><%s xmlns='%s'/></error>" % (type, condition, names.STANZA_ERROR)


def child(parent, name, namespace=names.CLIENT):
    """The first child of that name, or None."""
    return parent.find(tag(namespace, name)) if parent is not None else None


def body_of(stanza):
    found = child(stanza, "body")
    return None if found is None else found.text or ""


class Error:
    """The <error/> of a stanza: type, condition, text, by and the element itself."""

    def __init__(self, stanza):
        self.element = child(stanza, "error")
        assert self.element is not None, "no <error/> in %r" % stanza
        self.type = self.element.get("type")
        self.by = self.element.get("by")
        conditions = [c.tag.split("}")[1] for c in self.element if c.tag.startswith("{%s}" % names.STANZA_ERROR)
                      and c.tag != tag(names.STANZA_ERROR, "text")]
        assert len(conditions) == 1, "an error has one condition, not %r" % conditions
        self.condition = conditions[0]
        text = child(self.element, "text", names.STANZA_ERROR)
        self.text = None if text is None else text.text or ""

    def __iter__(self):
        return iter((self.type, self.condition))

    def __repr__(self):
        return "error %s %s %r" % (self.type, self.condition, self.text)


def ok(answer):
    """The answer to a request, which is a result."""
    assert answer.get("type") == "result", Error(answer)
    return answer


class Expected:
    """A description of one element."""

    def __init__(self, name, namespace, **wanted):
        self.tag = tag(namespace, name)
        self.name = name
        self.wanted = {key: value for key, value in wanted.items() if value is not None}

    def __call__(self, stanza):
        if getattr(stanza, "tag", None) != self.tag or not hasattr(stanza, "find"):
            return False
        return all(getattr(self, "_" + key)(stanza, value) for key, value in self.wanted.items())

    def __repr__(self):
        return "<%s %s>" % (self.name, " ".join("%s=%r" % pair for pair in self.wanted.items()))

    def _from_(self, stanza, value):
        return stanza.get("from") == value

    def _to(self, stanza, value):
        return stanza.get("to") == value

    def _id(self, stanza, value):
        return stanza.get("id") == value

    def _type(self, stanza, value):
        return stanza.get("type", "") == value

    def _body(self, stanza, value):
        return body_of(stanza) == value

    def _has(self, stanza, value):
        """value: (name, namespace) of a child."""
        return child(stanza, *value) is not None

    def _condition(self, stanza, value):
        error = child(stanza, "error")
        return error is not None and child(error, value, names.STANZA_ERROR) is not None

    def _where(self, stanza, value):
        return bool(value(stanza))


def message(**wanted):
    """Wanted: from_, to, id, type ("" = none), body, has, condition, where."""
    return Expected("message", names.CLIENT, **wanted)


def presence(**wanted):
    return Expected("presence", names.CLIENT, **wanted)


def iq(**wanted):
    return Expected("iq", names.CLIENT, **wanted)


def roster_push(jid=None, **item):
    """A roster push; `item` are attributes its <item/> must have (None = must not have)."""
    def fits(stanza):
        found = stanza.find("%s/%s" % (tag(names.ROSTER, "query"), tag(names.ROSTER, "item")))
        if found is None or (jid and found.get("jid") != jid):
            return False
        return all(found.get(key) == value for key, value in item.items())
    return Expected("iq", names.CLIENT, type="set", where=fits)


def nonza(name, namespace):
    return Expected(name, namespace)


def stamped(stanza):
    """The XEP-0203 delay of a stanza, or None."""
    return child(stanza, "delay", names.DELAY)


def stanza_id(stanza, by):
    """The XEP-0359 id that `by` gave, or None; there must be at most one."""
    found = [e.get("id") for e in stanza.findall(tag(names.SID, "stanza-id")) if e.get("by") == by]
    assert len(found) <= 1, "two stanza-ids by %s" % by
    return found[0] if found else None


def plain_message(sender, to, text):
    """A message as somebody would forge it inside another."""
    return "<message xmlns='%s' from='%s' to='%s' type='chat'><body>%s</body></message>" % (
        names.CLIENT, sender, to, escape(text))
