"""Rooms (XEP-0045) as a client sees them."""

import itertools
from xml.sax.saxutils import escape

from . import names
from .names import tag
from .stanza import Expected, body, child, element, message_to, presence, presence_to, words

_number = itertools.count(1)


def new_room(server, domain=None):
    return "room%d@rooms.%s" % (next(_number), domain or server.domain)


def codes(stanza):
    return {each.get("code") for each in stanza.iter(tag(names.MUC_USER, "status"))}


def item(stanza):
    return stanza.find("%s/%s" % (tag(names.MUC_USER, "x"), tag(names.MUC_USER, "item")))


def occupant(room, nick, type="", **more):
    """Presence of an occupant."""
    return presence(from_="%s/%s" % (room, nick), type=type, **more)


def entry(room, nick, inside="", extra=""):
    return presence_to("%s/%s" % (room, nick), None, "<x xmlns='%s'>%s</x>%s" % (names.MUC, inside, extra))


def join(client, room, nick, inside="", extra=""):
    """Enters; returns the own presence. What came before it (others) stays in the inbox, the subject is taken."""
    client.send(entry(room, nick, inside, extra))
    own = client.expect(occupant(room, nick, where=lambda e: "110" in codes(e)))
    client.expect(subject_of(room))
    return own


def subject_of(room, text=None):
    def fits(stanza):
        found = child(stanza, "subject")
        return found is not None and child(stanza, "body") is None and (
            stanza.get("from").split("/")[0] == room) and (text is None or (found.text or "") == text)
    return Expected("message", names.CLIENT, where=fits)


def refusal(client, room, nick, inside=""):
    """Tries to enter and returns the error."""
    client.send(entry(room, nick, inside))
    return client.expect(presence(type="error", from_="%s/%s" % (room, nick)))


def form(fields, type="submit", form_type=names.MUC + "#roomconfig"):
    parts = ["<field var='FORM_TYPE'><value>%s</value></field>" % form_type]
    parts += ["<field var='%s'><value>%s</value></field>" % (var, escape(value)) for var, value in fields.items()]
    return "<x xmlns='%s' type='%s'>%s</x>" % (names.DATA, type, "".join(parts))


def configure(owner, room, **fields):
    """configure(owner, room, membersonly="1"): names without their prefix. Returns the answer."""
    long = {("muc#roomconfig_" + key): value for key, value in fields.items()}
    return owner.ask(names.MUC_OWNER, to=room, type="set", payload=form(long) if long else
                     "<x xmlns='%s' type='submit'/>" % names.DATA)


def create(owner, room, nick="owner", **fields):
    """A room with that configuration, its owner in it."""
    own = join(owner, room, nick)
    answer = configure(owner, room, **fields)
    assert answer.get("type") == "result"
    return own


def trio_in(room, owner, others):
    """The owner and two who just came in (alice, bob, carol), in an instant room; nothing is left in their inboxes."""
    alice, (bob, carol) = owner, others
    create(alice, room, "alice")
    for person, nick in ((bob, "bob"), (carol, "carol")):
        join(person, room, nick)
    alice.expect(occupant(room, "carol"))
    bob.expect(occupant(room, "carol"))
    for person in (alice, bob, carol):
        person.take()
    return alice, bob, carol


def admin(client, room, reason=None, **attributes):
    """One item of muc#admin; returns the answer."""
    inner = "" if reason is None else "<reason>%s</reason>" % escape(reason)
    return client.ask(names.MUC_ADMIN, to=room, type="set", payload=element("item", inner, **attributes))


def listed(client, room, **attributes):
    """A list of muc#admin: the answer, and its items."""
    answer = client.ask(names.MUC_ADMIN, to=room, payload=element("item", "", **attributes))
    return answer, list(answer.iter(tag(names.MUC_ADMIN, "item")))


def say(client, room, text="good morning", extra="", id=None):
    """Says something to all; returns the body."""
    text = words(text)
    client.send(message_to(room, body(text) + extra, type="groupchat", id=id))
    return text
