"""The rules that are shipped: every sample that stands in a rule file is sent by a client, and the server does with it
what the sample says and what `gatehouse policy test` says."""

import json
from xml.sax.saxutils import escape

import pytest
import yaml

from lib import names, record
from lib.client import Client
from lib.folk import befriend
from lib.server import ROOT
from lib.stanza import Error, body, iq, iq_to, message, message_to, presence, presence_to, words

RULES = ROOT / "rules/rules"


def samples():
    """(rule, sample) of every content rule that is shipped."""
    for path in sorted(RULES.glob("*.yaml")):
        for rule in yaml.safe_load(path.read_text())["rules"]:
            if rule.get("type", "content") == "content":
                for number, sample in enumerate(rule.get("samples", ())):
                    yield pytest.param(rule, sample, id="%s %d" % (rule["id"], number + 1))


@pytest.fixture(scope="module")
def server(launch):
    return launch("policy-samples")


@pytest.fixture(scope="module")
def pair(server):
    """Two friends for all samples."""
    alice, bob = [Client(server, account).online() for account in server.people(2)]
    befriend(alice, bob)
    return alice.account, bob.account


@pytest.fixture
def alice(folk, pair):
    return folk.client(pair[0]).online()


@pytest.fixture
def bob(folk, pair):
    return folk.client(pair[1]).online()


def stanza(kind, text, bob):
    """(what is sent, its answer if refused, how it arrives, how to find it in the record)."""
    marked = escape(text) + " " + words("").strip()
    mark = marked.rsplit(" ", 1)[1]
    arrives = message(id="sample")
    forms = {
        "message": message_to(bob.jid, "<body>%s</body>" % marked, id="sample"),
        "correction": message_to(bob.jid, "<body>%s</body><replace xmlns='%s' id='x'/>" % (marked, names.CORRECT),
                                 id="sample"),
        "subject": message_to(bob.jid, "<subject>%s</subject>" % marked, id="sample"),
        "xhtml": message_to(bob.jid, "<body>x</body><html xmlns='%s'><body xmlns='%s'><p>%s</p></body></html>" % (
            names.XHTML_IM, names.XHTML, marked), id="sample"),
        "nick": message_to(bob.jid, body("x") + "<nick xmlns='%s'>%s</nick>" % (names.NICK, marked), id="sample"),
        "other": message_to(bob.jid, "<x xmlns='urn:example:x'>%s</x>" % marked, id="sample"),
        "form": message_to(bob.jid, "<x xmlns='jabber:x:data' type='submit'><field var='a'><value>%s</value></field></x>"
                           % marked, id="sample"),
        "reason": message_to(bob.jid, "<x xmlns='jabber:x:conference' jid='r@rooms.example' reason='%s'/>" % marked,
                             id="sample"),
    }
    if kind in forms:
        return forms[kind], message(id="sample", type="error"), arrives, mark
    if kind in ("status", "subscription"):
        return (presence_to(bob.jid, None, "<status>%s</status>" % marked, id="sample"),
                presence(id="sample", type="error"), presence(id="sample", type=""), mark)
    if kind == "iq":
        return (iq_to(bob.jid, "set", "<q xmlns='urn:example:q'>%s</q>" % marked, id="sample"),
                iq(id="sample", type="error"), iq(id="sample", type="set"), mark)
    assert kind == "roster-name", kind
    return (iq_to(None, "set", "<query xmlns='%s'><item jid='x@example.org' name='%s'/></query>" % (
        names.ROSTER, marked.replace("'", "&apos;").replace("\"", "&quot;")), id="sample"),
        iq(id="sample", type="error"), None, mark)


def entry_naming(server, mark):
    """The entry of the record with that mark, as text; "" when there is none (nothing was content)."""
    found = [line.decode() for line in record.lines(server.dir / "record") if mark.encode() in line]
    assert len(found) <= 1
    return found[0] if found else ""


def policy_answer(server, kind, text, alice, bob):
    """The rules that `policy test` says apply."""
    done = server.run("policy", "test", "--from", alice.bare, "--to", bob.bare, "--kind", kind, "--json", "-", input=text)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return {hit["rule"] for hit in json.loads(done.stdout)["hits"] if hit["applies"]}


@pytest.mark.parametrize("rule,sample", samples())
def test_a_sample_does_on_the_wire_what_the_rule_says(folk, server, alice, bob, rule, sample):
    kind = sample.get("kind", "message")
    sent, refused, arrives, mark = stanza(kind, sample["text"], bob)
    alice.send(sent)
    hit = sample["verdict"] == "hit"
    stops = hit and rule["action"] == "block" and rule["mode"] == "enforce"
    if stops:
        error = Error(alice.expect(refused))
        assert error.condition == "policy-violation"
        assert error.text == next(iter(rule["notice"].values()))
        assert not [each for each in bob.settle(alice) if mark in "".join(each.itertext())]
    elif arrives is not None:
        bob.expect(arrives)
    else:
        assert alice.expect(iq(id="sample")).get("type") == "result"
    assert (rule["id"] in entry_naming(server, mark)) == hit
    assert (rule["id"] in policy_answer(server, kind, sample["text"], alice, bob)) == hit


def test_the_shipped_policy_is_valid_and_has_samples_for_every_rule(server):
    done = server.run("policy", "check")
    assert done.returncode == 0, done.stdout + done.stderr
    for path in RULES.glob("*.yaml"):
        for rule in yaml.safe_load(path.read_text())["rules"]:
            verdicts = {sample["verdict"] for sample in rule.get("samples", ())}
            assert verdicts == {"hit", "clean"}, "%s has no sample of each verdict" % rule["id"]


BAD_RULES = {
    "an unknown key": ("rules:\n  - id: a\n    actoin: block\n", 3, "action"),
    "an unknown action": ("rules:\n  - id: a\n    purpose: x\n    match: { words: [x] }\n    action: blok\n"
                          "    mode: enforce\n", 5, "block"),
    "an unknown mode": ("rules:\n  - id: a\n    purpose: x\n    match: { words: [x] }\n    action: log\n"
                        "    mode: enforced\n", 6, "enforce"),
    "a block without notice": ("rules:\n  - id: a\n    purpose: x\n    match: { words: [x] }\n    action: block\n"
                               "    mode: enforce\n", None, "notice"),
    "a missing dictionary": ("rules:\n  - id: a\n    purpose: x\n    match: { dictionary: nowhere }\n    action: log\n"
                             "    mode: enforce\n", 4, "nowhere"),
    "a bad expression": ("rules:\n  - id: a\n    purpose: x\n    match: { regex: \"(unclosed\" }\n    action: log\n"
                         "    mode: enforce\n", 4, ""),
    "a sample that fails": ("rules:\n  - id: a\n    purpose: x\n    match: { words: [x] }\n    action: log\n"
                            "    mode: enforce\n    samples:\n      - text: nothing\n        verdict: hit\n", 8, "hit"),
    "an id twice": ("rules:\n  - id: a\n    purpose: x\n    match: { words: [x] }\n    action: log\n"
                    "    mode: enforce\n  - id: a\n    purpose: x\n    match: { words: [x] }\n    action: log\n"
                    "    mode: enforce\n", 7, "a"),
    "a wall without ends": ("rules:\n  - id: a\n    type: wall\n    purpose: x\n    action: log\n    mode: enforce\n",
                            None, "from"),
    "an unknown detector": ("rules:\n  - id: a\n    purpose: x\n    match: { detector: payment-crad }\n    action: log\n"
                            "    mode: enforce\n", 4, "payment-card"),
}


@pytest.mark.parametrize("name", BAD_RULES)
def test_policy_check_names_file_line_and_remedy_of(server, name):
    text, line, word = BAD_RULES[name]
    path = server.dir / "policy/rules/zz-bad.yaml"
    path.write_text(text)
    try:
        done = server.run("policy", "check")
        said = done.stdout + done.stderr
        assert done.returncode in (1, 2) and "zz-bad.yaml" in said and word in said, said
        if line:
            assert "zz-bad.yaml:%d" % line in said or "zz-bad.yaml:%d" % (line + 1) in said, said
    finally:
        path.unlink()
