"""Reports of spam and abuse, which come with a block: XEP-0377."""

from lib import names, record
from lib.stanza import Error, element, message, stanza_id, words

REPORTING = "urn:xmpp:reporting:1"
PHRASE = """
rules:
  - id: no-elephants
    purpose: No purple elephants.
    match: { words: ["purple elephant"] }
    action: block
    mode: enforce
    notice: { en: "Not here." }
"""


def block(client, jid, report):
    return client.iq("set", element("block", element("item", report, jid=jid), xmlns=names.BLOCKING))


def report(*ids, reason=REPORTING + "spam", text=None, by="x"):
    payload = "".join(element("stanza-id", xmlns=names.SID, by=by, id=id) for id in ids)
    if text:
        payload += element("text", text)
    return element("report", payload, xmlns=REPORTING, reason=reason)


def shown(server, who):
    return server.run("record", "show", "--type", "report", "--with", who, "--json").stdout


def test_a_report_blocks_and_is_in_the_record_with_the_messages_meant(folk, server):
    alice, mallory = folk.online(2)
    said = mallory.say(alice.bare)
    id = stanza_id(alice.expect(message(body=said.body)), alice.bare)
    assert id
    answer = block(alice, mallory.bare, report(id, reason="urn:xmpp:reporting:abuse", text="privy-never-again", by=alice.bare))
    assert answer.get("type") == "result"
    listed = alice.ask(names.BLOCKING, name="blocklist")
    assert [item.get("jid") for item in listed.iter("{%s}item" % names.BLOCKING)] == [mallory.bare]
    told = shown(server, alice.bare)
    for part in (mallory.bare, "urn:xmpp:reporting:abuse", "privy-never-again", id):
        assert part in told, told
    assert not [each for each in mallory.settle_at(mallory.bare) if "privy" in str(each)]


def test_a_block_without_a_report_is_none(folk, server):
    alice, mallory = folk.online(2)
    assert block(alice, mallory.bare, "").get("type") == "result"
    assert "reporting" not in shown(server, alice.bare)


def test_a_report_needs_a_reason(folk):
    alice, mallory = folk.online(2)
    answer = block(alice, mallory.bare, element("report", xmlns=REPORTING))
    assert tuple(Error(answer)) == ("modify", "bad-request")
    listed = alice.ask(names.BLOCKING, name="blocklist")
    assert not list(listed.iter("{%s}item" % names.BLOCKING))


def test_the_push_of_the_block_has_no_report(folk):
    alice, mallory = folk.online(2)
    second = folk.another(alice)
    second.ask(names.BLOCKING, name="blocklist")
    block(alice, mallory.bare, report(text="privy-for-the-record-only"))
    push = second.expect(lambda each: each.find("{%s}block" % names.BLOCKING) is not None)
    assert push.find(".//{%s}report" % REPORTING) is None


def test_a_report_is_looked_into_and_one_that_may_not_be_said_blocks_nobody(folk, server):
    path = server.dir / "policy/rules/phrase.yaml"
    path.write_text(PHRASE)
    path.chmod(0o644)
    alice, mallory = folk.online(2)
    text = "purple elephant " + words()
    try:
        assert server.run("reload").returncode == 0
        assert tuple(Error(block(alice, mallory.bare, report(text=text)))) == ("modify", "policy-violation")
    finally:
        path.unlink()
        assert server.run("reload").returncode == 0
    entry, = record.holding(server.dir / "record", text)
    assert (entry["action"], entry["rules"]) == ("block", ["no-elephants"])
    assert not list(alice.ask(names.BLOCKING, name="blocklist").iter("{%s}item" % names.BLOCKING))
