"""What the server learns of a client from those who use it: a hash that nobody has shipped is asked about once, after that whoever
shows it passes at once; and what becomes of it when clients say something else."""

import itertools
import time

import pytest

from lib import names, record
from lib.client import Account
from lib.pep import caps, verification
from lib.record import eventually
from lib.server import PASSWORD_MARK
from lib.stanza import iq, message, presence_to
from test_admit import answer_disco, answer_version, lines, noted, question, refuse


EVIL = """rules:
  - id: evil-out
    purpose: A program that leaks, so that others wait until they are known.
    clients: { product: Evil }
    effect: deny
    mode: enforce
    samples: [{ product: Evil, version: "1", effect: deny }]
"""
OLD = """  - id: old-out
    purpose: What was before the second is out.
    clients: { product: Fresh, versions: "<2" }
    effect: deny
    mode: enforce
    samples: [{ product: Fresh, version: "1.9", effect: deny }]
"""
CATALOGUE = """catalogue:
  - product: Approved
    caps: { "sha-1 %s": "4.2" }
"""
WAIT = 5
_number = itertools.count(1)


def rules(server, text=EVIL):
    path = server.dir / "policy/clients/scenario.yaml"
    path.write_text(text)
    path.chmod(0o644)


@pytest.fixture(scope="module")
def server(launch):
    return launch("learnt", {"clients": {"wait_seconds": WAIT, "vouchers": 1}}, prepare=rules)


@pytest.fixture
def watcher(folk):
    client = person(folk).login()
    client.send(presence_to(None, None))
    refuse(client, question(client, "query", names.DISCO_INFO))
    refuse(client, question(client, "query", names.VERSION))
    return client


def person(folk):
    account = Account("learnt%d@example.org" % next(_number), PASSWORD_MARK + "learnt")
    folk.server.import_csv("%s,%s,Learnt,,,,\n" % (account.jid, account.password))
    return folk.client(account)


class Program:
    """Something that says its name but no version in what it hashes."""

    def __init__(self, name):
        self.name = name
        self.identity = ("client", "pc", "", name)
        self.features = [names.DISCO_INFO, "urn:example:%d" % next(_number)]
        self.ver = verification(self.features, self.identity)

    @property
    def hash(self):
        return "sha-1 " + self.ver

    def come(self, folk):
        client = person(folk).login()
        client.send(presence_to(None, None, caps(self.features, ver=self.ver)))
        return client

    def row(self, server):
        found = [each for each in server.json("clients", "hashes")["hashes"] if each["hash"] == self.hash]
        return found[0] if found else None

    def introduce(self, folk, watcher, version):
        """Somebody comes with it, is asked, and waits until he has answered."""
        client = self.come(folk)
        said = client.say(watcher.jid)
        answer_disco(client, self.features, self.identity)
        asked = question(client, "query", names.VERSION)
        assert not [each for each in watcher.listen(0.3) if each.get("id") == said.id]
        answer_version(client, self.name, version, asked=asked)
        watcher.expect(message(id=said.id))
        return client


def tables(server):
    return sum("hashes of clients are known" in line for line in server.log.read_text().splitlines())


def learn(folk, server, watcher, program, version):
    program.introduce(folk, watcher, version)
    eventually(lambda: program.row(server) and program.row(server)["in_force"], 10)
    assert program.row(server)["believed"]


def passes_at_once(client, watcher):
    """Though it has answered nothing. What it is asked for afterwards is its version, nothing else."""
    said = client.say(watcher.jid)
    watcher.expect(message(id=said.id), timeout=WAIT - 1)
    asked = question(client, "query", names.VERSION)
    assert not client.take(iq(type="get", has=("query", names.DISCO_INFO)))
    return asked


def test_a_version_that_nobody_ships_is_asked_once(folk, server, watcher):
    program = Program("Newcomer")
    learn(folk, server, watcher, program, "2.1")
    assert (program.row(server)["product"], program.row(server)["version"], program.row(server)["accounts"]) == (
        "Newcomer", "2.1", 1)
    second = program.come(folk)
    passes_at_once(second, watcher)
    line = noted(server, "client", second)
    assert line["client"] == "Newcomer 2.1" and '"basis":"caps"' in line["judgement"]
    shown, = server.json("clients", "show", second.bare)["clients"]
    assert (shown["product"], shown["version"], shown["basis"]) == ("Newcomer", "2.1", "caps")
    server.restart()
    server.close_clients()
    again = person(folk).login()
    again.send(presence_to(None, None))
    for namespace in (names.DISCO_INFO, names.VERSION):
        refuse(again, question(again, "query", namespace))
    third = program.come(folk)
    passes_at_once(third, again)
    assert noted(server, "client", third)["client"] == "Newcomer 2.1"


def test_one_version_more_with_the_same_hash_and_each_is_asked_for_his_own(folk, server, watcher):
    program = Program("Varied")
    learn(folk, server, watcher, program, "1.0")
    before = tables(server)
    second = program.come(folk)
    answer_version(second, "Varied", "1.1", asked=passes_at_once(second, watcher))
    eventually(lambda: program.row(server)["varies"])
    assert lines(server, "client", second.jid)[-1]["client"] == "Varied 1.1"
    eventually(lambda: tables(server) > before, 10)
    third = program.come(folk)
    said = third.say(watcher.jid)
    asked = question(third, "query", names.VERSION)
    assert not [each for each in watcher.listen(0.3) if each.get("id") == said.id]
    answer_version(third, "Varied", "1.0", asked=asked)
    watcher.expect(message(id=said.id))


def test_nobody_is_kept_out_for_what_others_with_his_hash_have_said(folk, server, watcher):
    program = Program("Fresh")
    learn(folk, server, watcher, program, "1.9")
    rules(server, EVIL + OLD)
    assert server.run("reload").returncode == 0
    try:
        updated = program.come(folk)
        said = updated.say(watcher.jid)
        answer_version(updated, "Fresh", "2.0")
        watcher.expect(message(id=said.id))
        old = program.come(folk)
        answer_version(old, "Fresh", "1.9")
        assert old.stream_error() == "policy-violation"
    finally:
        rules(server)
        assert server.run("reload").returncode == 0


def test_a_contradiction_is_an_event_and_ends_the_belief(folk, server, watcher):
    program = Program("Original")
    program.identity = ("client", "pc", "", "")  # it hashes no name: its answer is all there is
    program.ver = verification(program.features, program.identity)
    learn(folk, server, watcher, program, "5.0")
    other = program.come(folk)
    answer_version(other, "Copy", "1.0", asked=passes_at_once(other, watcher))
    eventually(lambda: program.row(server)["contradicted"] == 1)
    assert not program.row(server)["believed"]
    eventually(lambda: [each for each in lines(server, "client", other.jid) if "caps" in each.get("contradicts", [])])
    alarms = lambda: [each for each in record.entries(server.dir / "record") if each["type"] == "alarm"]
    eventually(alarms, 10)
    line, = alarms()
    assert line["reason"] == "hash" and line["target"] == program.hash and "Original 5.0" in line["text"]
    assert server.run("clients", "hashes", "--confirm", program.hash).returncode == 0
    assert program.row(server)["believed"] and program.row(server)["product"] == "Original"


def test_an_administrators_word_counts_for_who_is_there_already(folk, server, watcher):
    program = Program("")
    client = program.come(folk)
    answer_disco(client, program.features, program.identity)
    refuse(client, question(client, "query", names.VERSION))
    assert noted(server, "client", client)["reason"] == "unknown"
    assert server.run("clients", "hashes", "--confirm", program.hash, "--product", "Evil", "--version", "1").returncode == 0
    assert client.stream_error() == "policy-violation"
    assert server.run("clients", "hashes", "--forget", program.hash).returncode == 0


def test_what_the_catalogue_names_is_known(folk, server, watcher):
    program = Program("")
    rules(server, EVIL + CATALOGUE % program.ver)
    before = tables(server)
    assert server.run("reload").returncode == 0
    eventually(lambda: tables(server) > before, 10)
    first = program.come(folk)
    answer_disco(first, program.features, program.identity)  # nobody has ever shown it: does it hash to that?
    passes_at_once(first, watcher)
    assert noted(server, "client", first)["client"] == "Approved 4.2"
    rules(server)
    assert server.run("reload").returncode == 0
