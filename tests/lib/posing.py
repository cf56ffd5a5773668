"""Clients that show what a program shows of itself, as it was recorded: capabilities in presence (XEP-0115), and answers to what a
server asks (XEP-0030, XEP-0092)."""

import contextlib
from collections import namedtuple

from . import names, pep, stanza
from .client import Client
from .names import tag

FEATURES = (names.CAPS, names.DISCO_INFO, names.VERSION, "urn:xmpp:receipts")

# name: of its identity; node: of its capabilities. software: its answer (name, version, os) to XEP-0092; None: it says it cannot.
# mute: it answers nothing at all, and shows nothing.
# resource: it asks for that one.
Program = namedtuple("Program", "name node kind software mute resource", defaults=("pc", None, False, None))

PROFANITY_OLD = Program("Profanity 0.13.1", "http://profanity-im.github.io", "console", ("Profanity", "0.13.1", "Linux"))
PROFANITY_NEW = Program("Profanity 0.15.0", "http://profanity-im.github.io", "console", ("Profanity", "0.15.0", "Linux"))
GAJIM_OLD = Program("Gajim", "https://gajim.org", "pc", ("Gajim", "1.7.3", "Linux"))
GAJIM_NEW = Program("Gajim", "https://gajim.org", "pc", ("Gajim", "1.9.5", "Linux"))
DINO_OLD = Program("Dino", "https://dino.im", "pc", ("Dino", "0.3.2", "Debian 12"), resource="dino.17ab2c")
DINO_NEW = Program("Dino", "https://dino.im", "pc", ("Dino", "0.4.4", "Debian 12"), resource="dino.17ab2c")
CONVERSATIONS_OLD = Program("Conversations", "http://conversations.im", "phone", ("Conversations", "2.10.2+fcr", "Android"),
                            resource="Conversations.x7Qd")
CONVERSATIONS_NEW = Program("Conversations", "https://conversations.im", "phone", ("Conversations", "2.17.2+fcr", "Android"),
                            resource="Conversations.x7Qd")
MONAL_OLD = Program("Monal", "http://monal-im.org/", "phone", ("Monal", "5.4 (794)", "iOS"), resource="Monal-iOS.2f31")
MONAL_NEW = Program("Monal", "http://monal-im.org/", "phone", ("Monal", "6.4.4 (1060)", "iOS"), resource="Monal-iOS.2f31")
PIDGIN_OLD = Program("Pidgin", "http://pidgin.im/", "pc", ("Pidgin", "2.13.0 (libpurple 2.13.0)", "Linux"))
PIDGIN_NEW = Program("Pidgin", "http://pidgin.im/", "pc", ("Pidgin", "2.14.13 (libpurple 2.14.13)", "Linux"))
# in a browser, and says nothing of its version
CONVERSE = Program("Converse", "https://conversejs.org", "web", resource="converse.js-92837465")
MUTE = Program("", "", mute=True)


class Posing(Client):
    def __init__(self, server, account, program):
        super().__init__(server, account)
        self.program = program
        self.asked = []  # namespaces, in order

    def _identity(self):
        return "client", self.program.kind, "", self.program.name

    def shown(self):
        if self.program.mute:
            return ""
        return pep.caps(FEATURES, ver=pep.verification(FEATURES, self._identity()), node=self.program.node)

    def login(self, resource=None, **more):
        return super().login(resource or self.program.resource, **more)

    def available(self, payload="", priority=None):
        return super().available(self.shown() + payload, priority)

    def _arrive(self, arrived):
        if getattr(arrived, "tag", None) == tag(names.CLIENT, "iq") and arrived.get("type") == "get" and self._answer(arrived):
            return
        super()._arrive(arrived)

    def _answer(self, request):
        """Whether it was a question about the program."""
        for name, answer in ((tag(names.DISCO_INFO, "query"), self._info), (tag(names.VERSION, "query"), self._version)):
            found = request.find(name)
            if found is not None:
                self.asked.append(name)
                if not self.program.mute:
                    with contextlib.suppress(ConnectionError):  # it was judged by the answer before, and is out
                        self.send(answer(request, found))
                return True
        return False

    def _info(self, request, query):
        return stanza.iq_to(request.get("from"), "result", pep.info(FEATURES, query.get("node"), self._identity()), id=request.get("id"))

    def _version(self, request, _query):
        if not self.program.software:
            return stanza.iq_to(request.get("from"), "error", stanza.error_payload(), id=request.get("id"))
        return stanza.iq_to(request.get("from"), "result", "<query xmlns='%s'><name>%s</name><version>%s</version><os>%s</os></query>" % (
            names.VERSION, *self.program.software), id=request.get("id"))
