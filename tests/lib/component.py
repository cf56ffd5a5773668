"""An external component (XEP-0114) for tests: a Client that speaks `jabber:component:accept` on the components' port. What
it gets is looked at like what a client gets: its namespace is turned into jabber:client on arrival."""

import copy
import hashlib

from . import names, stanza
from .client import Client, is_header
from .names import tag
from .rules import add_rules
from .standstill import as_client
from .wire import Wire

SECRET = "hush-between-component-and-server"  # with the mark that must not be in a log


def write_secret(server, domain, secret=SECRET, mode=0o600):
    folder = server.dir / "keys/components"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / domain
    path.write_text(secret + "\n")
    path.chmod(mode)
    return path


def prepared(*domains, rules=()):
    """For `launch`: a secret for each of these components, and those rules (lib/rules.py)."""
    def prepare(server):
        for domain in domains:
            write_secret(server, domain)
        if rules:
            add_rules(server, *rules)
    return prepare


def settings(port, outside=(), inside=(), **more):
    """People of the component are heard at once; whoever wants them held says so (privacy.reach)."""
    return {"components": {"outside": list(outside), "inside": list(inside), "listen": ["127.0.0.1:%d" % port], **more},
            "privacy": {"reach": "anyone"}}


class Component(Client):
    def __init__(self, server, port, domain, secret=SECRET):
        super().__init__(server)
        self.domain = self.jid = self.bare = domain
        self.port, self.secret = port, secret
        self.at = server.domain

    def connect(self, **tls):
        self.wire = Wire("127.0.0.1", self.port, self.timeout)
        self.ended = self.gone = False
        return self

    def open(self, to=None, namespace=names.COMPONENT, **more):
        return super().open(to=to, version=None, namespace=namespace, **more)

    def start(self, **header):
        self.open(**header)
        self.header = self.expect(is_header)
        return self.header

    def proof(self, secret=None):
        return hashlib.sha1((self.header.get("id") + (secret or self.secret)).encode()).hexdigest()

    def handshake(self, secret=None):
        self.raw("<handshake>%s</handshake>" % self.proof(secret))

    def join(self):
        """Everything up to the accepted handshake."""
        self.connect()
        self.start()
        self.handshake()
        self.expect(lambda each: each.tag == tag(names.CLIENT, "handshake"))
        return self

    def _arrive(self, arrived):
        super()._arrive(as_client(copy.deepcopy(arrived)) if hasattr(arrived, "iter") else arrived)

    def _is_server_ping(self, arrived):
        return (arrived.tag == tag(names.CLIENT, "iq") and arrived.get("type") == "get"
                and arrived.get("from") == self.at and stanza.child(arrived, "ping", names.PING) is not None)

    def send(self, text):
        """A component's stanza says from whom it is: `from_` of the helpers of stanza."""
        self.raw(text)

    def roundtrip(self):
        id = stanza.new_id("ping")
        self.send(stanza.iq_to(self.at, "get", "<ping xmlns='%s'/>" % names.PING, id=id, from_=self.domain))
        return self.expect(stanza.iq(id=id))

