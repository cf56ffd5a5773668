"""Policy: what a rule forbids reaches nobody, the sender reads why, both are in the record. Rules are those of
rules/README.md; the words of these scenarios are made up, so that nothing else can match."""

import json

import pytest

from lib import names, record
from lib.client import Account
from lib.record import eventually
from lib.server import PASSWORD_MARK
from lib.stanza import Error, body, body_of, element, iq, iq_to, message, message_to, presence, presence_to, words
from lib.terminal import Terminal

WORD, OBSERVED, LOGGED, CODE = "xyzzyword", "plughword", "frotzword", "order-246810"
NOTICE, NOTICE_DE = "Not this word, please.", "Bitte nicht dieses Wort."

RULES = """
rules:
  - id: scenario-word
    purpose: A word that nobody may say.
    match: { words: [%s, "two words"] }
    action: block
    mode: enforce
    notice: { en: "%s", de: "%s" }
    samples: [ { text: "say %s now", verdict: hit }, { text: "say nothing", verdict: clean } ]
  - id: scenario-observed
    purpose: A word that would be stopped.
    match: { words: [%s] }
    action: block
    mode: observe
    notice: { en: "Never shown." }
  - id: scenario-logged
    purpose: A word that is noted.
    match: { words: [%s] }
    action: log
    mode: enforce
  - id: scenario-expression
    purpose: Numbers of orders stay inside.
    match: { regex: "order-[0-9]{6}", case: exact }
    action: block
    mode: enforce
    notice: { en: "No orders." }
  - id: scenario-exception
    purpose: One order everybody knows.
    match: { words: ["order-111111"] }
    action: allow
    mode: enforce
  - id: scenario-direction
    purpose: Only from sales to research.
    from: group:scenario-sales
    to: group:scenario-research
    match: { words: ["thudword"] }
    action: block
    mode: enforce
    notice: { en: "Not to research." }
  - id: scenario-wall
    type: wall
    purpose: Left and right do not talk.
    from: group:scenario-left
    to: group:scenario-right
    direction: both
    action: block
    mode: enforce
    notice: { en: "There is a wall." }
""" % (WORD, NOTICE, NOTICE_DE, WORD, OBSERVED, LOGGED)


@pytest.fixture(scope="module")
def server(launch):
    def prepare(server):
        path = server.dir / "policy/rules/scenario.yaml"
        path.write_text(RULES)
        path.chmod(0o644)
    return launch("policy", prepare=prepare)


def member(server, *groups, language=""):
    """A new person of those groups."""
    server.member = getattr(server, "member", 0) + 1
    account = Account("member%d@example.org" % server.member, PASSWORD_MARK + "member")
    server.import_csv("%s,%s,Member,%s,,%s,\n" % (account.jid, account.password, ";".join(groups), language))
    return account


def lines_with(server, text):
    return [json.loads(line) for line in record.lines(server.dir / "record") if text.encode() in line]


def entry_of(server, text):
    """The one line of the record that holds the words, as text."""
    found = lines_with(server, text.split()[-1])
    assert len(found) == 1, found
    return json.dumps(found[0])


def blocked(stanza, notice=NOTICE):
    error = Error(stanza)
    assert error.condition == "policy-violation" and error.type in ("modify", "cancel")
    assert error.text == notice
    return True


def silent(bob, alice, *texts):
    """Nothing of it reaches bob."""
    received = bob.settle(alice)
    for each in received:
        whole = "".join(each.itertext()) + repr([child.attrib for child in each.iter()])
        assert not [text for text in texts if text in whole], whole


def test_the_policy_of_these_scenarios_is_valid(server):
    done = server.run("policy", "check")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.tsan
def test_a_blocked_message_returns_with_the_rules_words_and_reaches_nobody(folk, server):
    alice, bob = folk.online(2)
    phone = folk.another(bob)
    said = alice.say(bob.bare, "please %s" % WORD)
    answer = alice.expect(message(id=said.id))
    assert answer.get("type") == "error" and answer.get("from") == bob.bare
    blocked(answer)
    silent(bob, alice, WORD)
    silent(phone, alice, WORD)
    assert "scenario-word" in entry_of(server, said.body)


def test_a_blocked_message_is_not_kept_for_later_either(folk, server):
    alice, = folk.online(1)
    account = folk.account()
    said = alice.say(account.jid, WORD)
    blocked(alice.expect(message(id=said.id, type="error")))
    bob = folk.client(account).online()
    silent(bob, alice, WORD)


def test_a_blocked_message_is_not_carbon_copied(folk):
    alice, bob = folk.online(2)
    phone = folk.another(alice)
    phone.iq("set", "<enable xmlns='%s'/>" % names.CARBONS)
    said = alice.say(bob.bare, WORD)
    blocked(alice.expect(message(id=said.id, type="error")))
    silent(phone, bob, WORD)


def test_allowed_and_blocked_are_both_in_the_record_and_a_blocked_one_is_acknowledged(folk, server):
    alice, bob = folk.online(2)
    alice.sm_enable()
    good, bad = alice.say(bob.bare), alice.say(bob.bare, WORD)
    bob.expect(message(body=good.body))
    blocked(alice.expect(message(id=bad.id, type="error")))
    while alice.sm_acked < 2:
        alice.sync()
    entry_of(server, good.body)
    entry_of(server, bad.body)


SPELLINGS = ["XYZZYWORD", "XyZzYwOrD", "ｘｙｚｚｙｗｏｒｄ", "xyzzy\u200bword", "xy\u00adzzyword", "x\u0443zz\u0443w\u043erd",
             "xýzzywörd", "\U0001d431yzzyword", "(xyzzyword)", "xyzzyword.", "«xyzzyword»", "two words", "TWO WORDS"]


@pytest.mark.parametrize("text", SPELLINGS)
def test_a_word_is_found_however_it_is_spelt(folk, text):
    alice, bob = folk.online(2)
    said = alice.say(bob.bare, "a %s b" % text)
    blocked(alice.expect(message(id=said.id, type="error")))


@pytest.mark.parametrize("text", ["xyzzywords", "axyzzyword", "xyzzy word", "two wordsmiths", "order-12345", "ORDER-123456"])
def test_a_word_inside_another_is_none(folk, text):
    alice, bob = folk.online(2)
    said = alice.say(bob.bare, "a %s b" % text)
    bob.expect(message(body=said.body))


MESSAGES = {
    "body": "<body>%s</body>",
    "second body": "<body>x</body><body xml:lang='de'>%s</body>",
    "subject": "<subject>%s</subject><body>x</body>",
    "subject alone": "<subject>%s</subject>",
    "xhtml": "<body>x</body><html xmlns='" + names.XHTML_IM + "'><body xmlns='" + names.XHTML +
             "'><p>a <b>%s</b></p></body></html>",
    "xhtml cut by tags": "<body>x</body><html xmlns='" + names.XHTML_IM + "'><body xmlns='" + names.XHTML +
                         "'><p>xyzzy<b></b><i>word</i></p></body></html>",
    "correction": "<body>%s</body><replace xmlns='" + names.CORRECT + "' id='earlier'/>",
    "nick": "<body>x</body><nick xmlns='" + names.NICK + "'>%s</nick>",
    "reason": "<x xmlns='jabber:x:conference' jid='room@rooms.example' reason='%s'/>",
    "form": "<x xmlns='jabber:x:data' type='submit'><field var='a'><value>%s</value></field></x>",
    "unknown text": "<x xmlns='urn:example:x'><y>%s</y></x>",
    "unknown attribute": "<x xmlns='urn:example:x' y='%s'/>",
    "unknown depth": "<x xmlns='urn:example:x'><y><z><w>%s</w></z></y></x>",
    "forwarded": "<forwarded xmlns='" + names.FORWARD + "'><message xmlns='jabber:client' from='a@example.org'><body>%s"
                 "</body></message></forwarded>",
    "CDATA": "<body><![CDATA[xyzzy]]>wo<![CDATA[rd]]></body>",
    "references": "<body>&#120;yzzy&#x77;ord</body>",
    "chat state beside": "<body>%s</body><active xmlns='" + names.CHATSTATES + "'/>",
}


@pytest.mark.parametrize("type", ["chat", None, "headline"])
@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_is_searched_in_its(folk, name, type):
    alice, bob = folk.online(2)
    payload = MESSAGES[name]
    alice.send(message_to(bob.jid, payload % WORD if "%s" in payload else payload, type=type, id="kind"))
    blocked(alice.expect(message(id="kind", type="error")))
    silent(bob, alice, WORD, "xyzzy")


def test_presence_with_a_forbidden_status_is_not_broadcast(folk):
    alice, bob = folk.friends(2)
    alice.send(presence_to(None, None, "<show>away</show><status>%s</status>" % WORD, id="st"))
    blocked(alice.expect(presence(id="st", type="error")))
    silent(bob, alice, WORD)


@pytest.mark.parametrize("payload", ["<status>%s</status>", "<nick xmlns='" + names.NICK + "'>%s</nick>",
                                     "<x xmlns='urn:example:x'>%s</x>"])
def test_directed_presence_with_a_forbidden_text_does_not_arrive(folk, payload):
    alice, bob = folk.online(2)
    alice.send(presence_to(bob.jid, None, payload % WORD, id="dp"))
    blocked(alice.expect(presence(id="dp", type="error")))
    silent(bob, alice, WORD)


def test_a_request_for_subscription_with_a_forbidden_text_does_not_arrive(folk):
    alice, bob = folk.online(2)
    alice.send(presence_to(bob.bare, "subscribe", "<status>%s</status>" % WORD, id="su"))
    blocked(alice.expect(presence(id="su", type="error")))
    silent(bob, alice, WORD)
    assert bob.bare not in alice.roster()


def test_a_forbidden_name_is_not_put_into_the_contact_list(folk):
    alice, = folk.online(1)
    second = folk.another(alice)
    blocked(alice.roster_set("x@example.org", "The %s" % WORD))
    silent(second, alice, WORD)
    assert alice.roster() == {}


def test_a_forbidden_group_is_not_put_into_the_contact_list(folk):
    alice, = folk.online(1)
    blocked(alice.roster_set("x@example.org", "Name", ["The %s" % WORD]))
    assert alice.roster() == {}


def test_a_forbidden_resource_is_not_given(folk):
    client = folk.client(folk.account()).login(bind=False)
    assert client.bind("my %s desk" % WORD).get("type") == "result"
    assert client.resource and WORD not in client.resource
    eventually(lambda: [entry for entry in lines_with(client.server, WORD)
                        if entry["type"] == "refused" and entry["kind"] == "resource" and entry["from"] == client.bare])


@pytest.mark.parametrize("type", ["set", "get"])
def test_a_request_between_people_with_a_forbidden_text_does_not_arrive(folk, type):
    alice, bob = folk.friends(2)
    blocked(alice.iq(type, "<q xmlns='urn:example:q'>%s</q>" % WORD, to=bob.jid))
    silent(bob, alice, WORD)


def test_an_answer_between_people_with_a_forbidden_text_does_not_arrive(folk):
    alice, bob = folk.friends(2)
    alice.send(iq_to(bob.jid, "get", "<q xmlns='urn:example:q'/>", id="ask"))
    bob.expect(iq(id="ask"))
    bob.send(iq_to(alice.jid, "result", "<q xmlns='urn:example:q'>%s</q>" % WORD, id="ask"))
    silent(alice, bob, WORD)


def test_what_is_only_observed_is_delivered_and_noted(folk, server):
    alice, bob = folk.online(2)
    said = alice.say(bob.bare, OBSERVED)
    bob.expect(message(body=said.body))
    assert "scenario-observed" in entry_of(server, said.body)


def test_what_is_only_logged_is_delivered_and_noted(folk, server):
    alice, bob = folk.online(2)
    said = alice.say(bob.bare, LOGGED)
    bob.expect(message(body=said.body))
    assert "scenario-logged" in entry_of(server, said.body)


def test_a_clean_message_names_no_rule(folk, server):
    alice, bob = folk.online(2)
    said = alice.say(bob.bare)
    bob.expect(message(body=said.body))
    assert "scenario-" not in entry_of(server, said.body)


def test_an_expression_matches_by_its_case(folk):
    alice, bob = folk.online(2)
    said = alice.say(bob.bare, CODE)
    blocked(alice.expect(message(id=said.id, type="error")), "No orders.")
    said = alice.say(bob.bare, CODE.upper())
    bob.expect(message(body=said.body))


def test_an_exception_lifts_what_it_covers_and_nothing_else(folk):
    alice, bob = folk.online(2)
    said = alice.say(bob.bare, "order-111111")
    bob.expect(message(body=said.body))
    said = alice.say(bob.bare, "order-111111 and order-222222")
    blocked(alice.expect(message(id=said.id, type="error")), "No orders.")


def test_a_rule_between_groups_holds_in_its_direction_only(folk, server):
    sales = folk.client(member(server, "scenario-sales", "other")).online()
    research = folk.client(member(server, "scenario-research")).online()
    third, = folk.online(1)
    said = sales.say(research.bare, "thudword")
    blocked(sales.expect(message(id=said.id, type="error")), "Not to research.")
    for sender, receiver in ((research, sales), (sales, third), (third, research)):
        said = sender.say(receiver.bare, "thudword")
        receiver.expect(message(body=said.body))


def test_the_sender_reads_the_reason_in_the_own_language(folk, server):
    account = member(server, language="de")
    alice = folk.client(account).connect()
    alice.start(lang="de")
    alice.authenticate()
    alice.start(lang="de")
    alice.bind()
    bob, = folk.online(1)
    alice.send(element("message", body(words(WORD)), to=bob.bare, type="chat", id="de", xml__lang="de"))
    answer = alice.expect(message(id="de", type="error"))
    blocked(answer, NOTICE_DE)
    text = answer.find(".//{%s}text" % names.STANZA_ERROR)
    assert text.get(names.LANG) == "de"


def test_the_words_themselves_are_not_told_to_third_parties(folk, server):
    """Neither the log nor the error names what was looked for beyond the notice."""
    alice, bob = folk.online(2)
    said = alice.say(bob.bare, CODE)
    error = Error(alice.expect(message(id=said.id, type="error")))
    assert "[0-9]" not in (error.text or "")
    assert CODE not in server.log.read_text()


# --- walls

def test_a_wall_stops_messages_both_ways_with_the_rules_words(folk, server):
    left, right = [folk.client(member(server, "scenario-" + side)).online() for side in ("left", "right")]
    for sender, receiver in ((left, right), (right, left)):
        said = sender.say(receiver.bare)
        blocked(sender.expect(message(id=said.id, type="error")), "There is a wall.")
        blocked(sender.iq("get", "<q xmlns='urn:example:q'/>", to=receiver.jid), "There is a wall.")
        sender.send(presence_to(receiver.bare, "subscribe", id="su"))
        sender.send(presence_to(receiver.jid, id="dp"))
        sender.send(message_to(receiver.jid, "<composing xmlns='%s'/>" % names.CHATSTATES))
    witness, = folk.online(1)
    for client, other in ((left, right), (right, left)):
        received = client.settle(witness)
        assert not [each for each in received if (each.get("from") or "").startswith(other.bare)
                    and each.get("type") != "error"]


def test_a_wall_does_not_concern_others(folk, server):
    left = folk.client(member(server, "scenario-left")).online()
    colleague = folk.client(member(server, "scenario-left")).online()
    third, = folk.online(1)
    for receiver in (colleague, third):
        said = left.say(receiver.bare)
        receiver.expect(message(body=said.body))


# --- changing it

def test_a_reload_brings_new_rules_and_a_bad_one_leaves_the_old(folk, server):
    alice, bob = folk.online(2)
    path = server.dir / "policy/rules/scenario-late.yaml"
    said = alice.say(bob.bare, "lateword")
    bob.expect(message(body=said.body))
    rule = RULES.split("  - id:")[1].replace("scenario-word", "scenario-late").replace(WORD, "lateword")
    path.write_text("rules:\n  - id:" + rule.replace(", \"two words\"", ""))
    try:
        assert server.run("reload").returncode == 0
        said = alice.say(bob.bare, "lateword")
        blocked(alice.expect(message(id=said.id, type="error")))
        path.write_text("rules:\n  - id: broken\n    actoin: block\n")
        done = server.run("reload")
        assert done.returncode != 0 and "scenario-late.yaml:3" in done.stderr and "action" in done.stderr
        said = alice.say(bob.bare, "lateword")
        blocked(alice.expect(message(id=said.id, type="error")))
    finally:
        path.unlink()
        assert server.run("reload").returncode == 0
    said = alice.say(bob.bare, "lateword")
    bob.expect(message(body=said.body))


def test_versions_of_the_policy_are_in_the_record(folk, server):
    alice, bob = folk.online(2)
    said = alice.say(bob.bare, WORD)
    alice.expect(message(id=said.id, type="error"))
    entry, = record.content_with(server, said.body)
    record.eventually(lambda: entry["policy"] in [each["policy"] for each in record.entries(server.dir / "record")
                                                  if each["type"] == "policy"])


def test_profanity_shows_the_reason(folk, server, output):
    bob, = folk.online(1)
    account = folk.account()
    terminal = Terminal("blocked", "profanity", server.parent / "home-blocked")
    try:
        terminal.wait_for("Profanity")
        terminal.type("/connect %s server 127.0.0.1 port %d tls trust" % (account.jid, server.port))
        terminal.wait_for("Enter password")
        terminal.type(account.password)
        terminal.wait_for("logged in successfully")
        terminal.type("/msg %s now say %s aloud" % (bob.bare, WORD))
        terminal.wait_for(NOTICE)
        terminal.save(output, "profanity-reads-the-reason")
    finally:
        terminal.close()
    witness, = folk.online(1)
    assert not [each for each in bob.settle(witness) if WORD in (body_of(each) or "")]
