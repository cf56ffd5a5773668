"""Clients that people have: slixmpp as an ordinary library, profanity as an ordinary program."""

import asyncio
import socket
import ssl

import pytest
import slixmpp

from lib.stanza import message, words
from lib.terminal import Terminal

SECONDS = 20


class Person(slixmpp.ClientXMPP):
    """A slixmpp client that puts what it hears into queues."""

    def __init__(self, server, account):
        super().__init__(account.jid, account.password)
        self.at = server
        self.heard = asyncio.Queue()
        self.presences = asyncio.Queue()
        for plugin in ("xep_0030", "xep_0092", "xep_0191", "xep_0198", "xep_0199", "xep_0203", "xep_0280"):
            self.register_plugin(plugin)
        self.ca_certs = server.ca
        self.add_event_handler("message", self.heard.put_nowait)
        self.add_event_handler("presence_available", self.presences.put_nowait)
        self.started = asyncio.get_running_loop().create_future()
        self.add_event_handler("session_start", lambda event: self.started.set_result(True))
        self.add_event_handler("failed_auth", lambda event: self.started.set_exception(AssertionError("failed_auth")))

    async def come(self, direct=False):
        port = self.at.direct_port if direct else self.at.port
        self.connect(("127.0.0.1", port), use_ssl=direct)
        await asyncio.wait_for(self.started, SECONDS)
        self.send_presence()
        await self.get_roster()
        return self

    def send_raw(self, data):
        if self.at.standstill:
            self.at.standstill.says(self, data)
        super().send_raw(data)

    def data_received(self, data):
        if self.at.standstill:
            self.at.standstill.hears(self, data)
        super().data_received(data)

    async def hear(self):
        return await asyncio.wait_for(self.heard.get(), SECONDS)


def talk(server, scenario, *arguments):
    """Runs an asynchronous scenario and disconnects its people."""
    async def main():
        people = []
        try:
            await scenario(people, *arguments)
        finally:
            for person in people:
                person.abort()
    try:
        asyncio.run(main())
    finally:
        if server.standstill:
            server.standstill.end()


@pytest.mark.parametrize("direct", [False, True], ids=["starttls", "direct TLS"])
def test_two_slixmpp_clients_talk(folk, server, direct):
    async def scenario(people):
        alice, bob = [await Person(server, account).come(direct) for account in folk.accounts(2)]
        people += [alice, bob]
        text = words("hello from slixmpp")
        alice.send_message(mto=bob.boundjid.bare, mbody=text, mtype="chat")
        heard = await bob.hear()
        assert heard["body"] == text and heard["from"] == alice.boundjid
        heard.reply(words("and back")).send()
        assert (await alice.hear())["from"] == bob.boundjid
    talk(server, scenario)


def test_slixmpp_uses_disco_ping_version_and_blocking(folk, server):
    async def scenario(people):
        alice = await Person(server, folk.account()).come()
        people.append(alice)
        info = await alice["xep_0030"].get_info(jid=server.domain)
        assert "urn:xmpp:ping" in info["disco_info"]["features"]
        assert await alice["xep_0199"].ping(server.domain) < SECONDS
        version = await alice["xep_0092"].get_version(server.domain)
        assert version["software_version"]["name"] == "Gatehouse"
        await alice["xep_0191"].block("bad@example.org")
        blocked = await alice["xep_0191"].get_blocked()
        assert {str(jid) for jid in blocked["blocklist"]["items"]} == {"bad@example.org"}
    talk(server, scenario)


def test_slixmpp_people_subscribe_to_each_other(folk, server):
    async def scenario(people):
        alice, bob = [await Person(server, account).come() for account in folk.accounts(2)]
        people += [alice, bob]
        alice.send_presence_subscription(pto=bob.boundjid.bare)  # both approve by themselves, and ask back
        while (await asyncio.wait_for(alice.presences.get(), SECONDS))["from"] != bob.boundjid:
            pass
        while (await asyncio.wait_for(bob.presences.get(), SECONDS))["from"] != alice.boundjid:
            pass
    talk(server, scenario)


def test_slixmpp_sees_carbons(folk, server):
    async def scenario(people):
        account, = folk.accounts(1)
        desk, phone = [await Person(server, account).come() for _ in range(2)]
        bob = await Person(server, folk.account()).come()
        people += [desk, phone, bob]
        copies = asyncio.Queue()
        phone.add_event_handler("carbon_sent", copies.put_nowait)
        await phone["xep_0280"].enable()
        text = words("from the desk")
        desk.send_message(mto=bob.boundjid.bare, mbody=text, mtype="chat")
        copy = await asyncio.wait_for(copies.get(), SECONDS)
        assert copy["carbon_sent"]["body"] == text
    talk(server, scenario)


def test_the_certificate_that_init_made_is_good_for_its_names_only(server):
    context = ssl.create_default_context(cafile=server.ca)
    with socket.create_connection(("127.0.0.1", server.direct_port)) as plain:
        with context.wrap_socket(plain, server_hostname=server.domain) as tls:
            assert tls.version() in ("TLSv1.2", "TLSv1.3")
    with socket.create_connection(("127.0.0.1", server.direct_port)) as plain:
        with pytest.raises(ssl.SSLError):
            context.wrap_socket(plain, server_hostname="other.example")


# --- profanity

@pytest.fixture
def desk(folk, server, output):
    """desk(name) -> (terminal with a profanity that has logged in, its account)."""
    terminals = []

    def start(name):
        account = folk.account()
        terminal = Terminal(name, "profanity", server.parent / ("home-" + name))
        terminals.append(terminal)
        terminal.wait_for("Profanity")
        terminal.type("/connect %s server 127.0.0.1 port %d tls trust" % (account.jid, server.port))
        terminal.wait_for("Enter password")
        terminal.type(account.password)
        terminal.wait_for("logged in successfully")
        return terminal, account

    yield start
    for terminal in terminals:
        terminal.save(output, "profanity-" + terminal.name)
        terminal.close()


@pytest.mark.recorder_runs("a terminal shows no more than it likes")
def test_what_is_typed_in_one_profanity_is_read_in_another(desk, output):
    alice, _ = desk("alice")
    bob, bob_account = desk("bob")
    alice.type("/msg %s shall we meet at noon" % bob_account.jid)
    bob.wait_for("chat message")
    bob.type("/win 2")
    bob.wait_for("shall we meet at noon")
    bob.save(output, "profanity-bob-reads")
    bob.type("noon is fine")
    alice.wait_for("noon is fine")
    alice.save(output, "profanity-alice-reads-the-answer")


@pytest.mark.recorder_runs("a terminal shows no more than it likes")
def test_profanity_and_a_raw_client_understand_each_other(desk, folk):
    alice, account = desk("carol")
    bob, = folk.online(1)
    alice.type("/msg %s good evening" % bob.bare)
    got = bob.expect(message(where=lambda each: each.findtext("{jabber:client}body") == "good evening"))
    assert got.get("from").startswith(account.jid + "/profanity")
    bob.say(account.jid, "Grüße aus dem Netz")
    alice.wait_for("Grüße aus dem Netz")
