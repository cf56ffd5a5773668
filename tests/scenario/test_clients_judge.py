"""`gatehouse clients judge`: recorded signals in, judgements out; and what real programs show is judged right."""

import json
import subprocess
import time
from xml.sax.saxutils import quoteattr

import pytest

from lib import names
from lib.names import tag
from lib.programs import Dino, Finch, Mcabber, Pidgin, Profanity, database_of_dino, prepared
from lib.server import BINARY, run

CAPS = "http://jabber.org/protocol/caps"
DISCO = "http://jabber.org/protocol/disco#info"
VERSION = "jabber:iq:version"


def judge(*words, **more):
    return run("clients", "judge", *words, **more)


def batch(lines, *words):
    """(answers, the finished command) for objects and raw text lines."""
    text = "\n".join(each if isinstance(each, str) else json.dumps(each) for each in lines)
    done = judge("--batch", *words, input=text)
    return [json.loads(line) for line in done.stdout.splitlines()], done


def one(**signals):
    answers, done = batch([signals])
    assert done.returncode == 0, done.stderr
    return answers[0]


def test_one_client_by_words_is_shown_for_people_or_as_json():
    words = ("version_name=Gajim", "version_version=1.7.3", "version_os=Windows 10 Pro", "resource=dino.x")
    text = judge(*words)
    assert text.returncode == 0
    rows = dict(line.split(None, 1) for line in text.stdout.splitlines())
    assert (rows["product"], rows["version"], rows["system"]) == ("Gajim", "1.7.3", "Windows")
    assert "resource" in rows["contradiction"]
    assert json.loads(judge(*words, "--json").stdout) == {
        "class": "named", "product": "Gajim", "version": "1.7.3", "os": "Windows", "basis": "version", "confidence": 25,
        "contradictions": ["resource"]}


def test_one_client_from_standard_input_and_from_a_file(place):
    signals = json.dumps({"version": {"name": "Conversations", "version": "2.11.3+fcr", "os": "Android 14"}}, indent=1)
    (place / "one.json").write_text(signals)
    for done in (judge("--json", input=signals), judge("--json", place / "one.json")):
        answer = json.loads(done.stdout)
        assert (answer["product"], answer["version"], answer["os"]) == ("Conversations", "2.11.3+fcr", "Android")


def test_a_batch_answers_each_line_in_order_and_says_which_are_bad():
    lines = [{"id": "first", "version_name": "Psi+", "version_version": "1.5.1620"}, "no json", {"id": 2, "disco": "waiting"}, "",
             '["a list"]', {"version_name": {"deep": []}}, {"caps_verified": "perhaps"}, '{"version_name": "x' + "y" * 300000 + '"}',
             '{"version_name":"\\ud800"}', {"agent": {"software": "Monal IM", "device": "B\u00fcro"}, "surplus": [1, {"x": 2}]}]
    answers, done = batch(lines)
    assert done.returncode == 2
    assert [each.get("line") for each in answers] == [None, 2, None, 5, 6, 7, 8, 9, None]
    assert all("error" in each for each in answers if "line" in each)
    for number in (2, 5, 6, 7, 8, 9):
        assert "line %d:" % number in done.stderr
    assert answers[0]["id"] == "first" and answers[0]["product"] == "Psi+"
    assert answers[2] == {"id": 2, "class": "silent", "basis": "none", "confidence": 0}
    assert answers[-1]["product"] == "Monal" and answers[-1]["device"] == "B\u00fcro"


def test_thousands_of_lines_take_seconds_and_little_memory():
    lines = [{"id": i, "version_name": "Gajim", "version_version": "1.%d" % i, "caps_ver": "x%d" % i} for i in range(20000)]
    begun = time.monotonic()
    answers, done = batch(lines)
    assert done.returncode == 0 and [each["id"] for each in answers] == list(range(20000))
    assert answers[777]["version"] == "1.777"
    assert time.monotonic() - begun < 60


def test_a_line_without_end_is_passed_over():
    with subprocess.Popen([BINARY, "clients", "judge", "--batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as process:
        for _ in range(64):
            process.stdin.write(b"{" * (1 << 20))
        process.stdin.write(b'\n{"version_name":"Psi"}')
        answers = process.communicate(timeout=60)[0].splitlines()
    assert [json.loads(each).get("product") for each in answers] == [None, "Psi"]
    assert process.returncode == 2


@pytest.mark.parametrize("said, system", [
    ("Windows 10 Pro", "Windows"), ("macOS 14.2", "macOS"), ("Linux 6.1.0-18-amd64", "Linux"), ("Android 14", "Android"),
    ("Debian GNU/Linux 12 (bookworm)", "Linux"), ("iOS 17.2", "iOS"), ("Darwin Kernel Version 23.1.0", "macOS"), ("Plan 9", "Plan 9")])
def test_systems_have_one_name_each(said, system):
    assert one(version_name="Swift", version_version="4.0", version_os=said)["os"] == system


def test_who_says_nothing_is_silent_and_who_refuses_is_unknown():
    assert one(disco="waiting", version="waiting", resource="3fa9")["class"] == "silent"
    assert one()["class"] == "silent"
    assert one(disco="error", version="error")["class"] == "unknown"
    answer = one(version_name="Acme Messenger", version_version="3.0-rc1")
    assert (answer["class"], answer["product"], answer["version"]) == ("named", "Acme Messenger", "3.0-rc1")


def test_hashes_that_are_known_beside_the_shipped_ones(place):
    known = place / "known.jsonl"
    known.write_text(json.dumps({"caps_hash": "sha-1", "caps_ver": "abc=", "product": "Acme", "version": "9", "range": "9.*"}) + "\n")
    signals = {"caps_hash": "sha-1", "caps_ver": "abc=", "caps_verified": True}
    answers, done = batch([signals, dict(signals, version_name="Acme", version_version="9.4"),
                           dict(signals, version_name="Acme", version_version="10"), dict(signals, version_name="Gajim")],
                          "--known", known)
    assert done.returncode == 0
    assert [(each["product"], each["version"], each.get("contradictions", [])) for each in answers] == [
        ("Acme", "9", []), ("Acme", "9.4", []), ("Acme", "9", ["version"]), ("Acme", "9", ["caps"])]
    known.write_text('{"caps_hash":"sha-1","caps_ver":"abc=","product":"Acme","range":"about 9"}\n')
    refused = judge("--batch", "--known", known, input="{}")
    assert refused.returncode == 2 and "about 9" in refused.stderr
    known.write_text('\n{"caps_hash":"sha-1"}\nno json\n')
    refused = judge("--known", known, "version_name=x")
    assert refused.returncode == 2 and "known.jsonl" in refused.stderr


def test_bad_usage_is_told():
    for words in (("nothing=1",), ("--batch", "version_name=x"), ("a", "b"), ("/nowhere/signals.jsonl",), ("--known", "/nowhere/x", "ja4=x")):
        done = judge(*words, input="")
        assert done.returncode == 2 and done.stderr.startswith("gatehouse: "), words
    assert judge(input="no json").returncode == 2


# ---- programs ----

@pytest.fixture(scope="module")
def server(launch, found_at):
    return launch("clients-judge", {"sasl": {"plain": True}}, prepare=prepared(found_at))


PROGRAMS = {
    "mcabber": (lambda server, account, at: Mcabber(server, account), "mcabber", "1.1.2"),
    "profanity": (lambda server, account, at: Profanity(server, account), "Profanity", "0.13.1"),
    "finch": (lambda server, account, at: Finch(server, account), "Finch", "2.14.12"),
    "pidgin": (Pidgin, "Pidgin", "2.14.12"),
    "dino": (lambda server, account, at: Dino(server, account, at, database_of_dino(server, at)), "Dino", "0.4.2"),
}


def asked(client, to, query):
    """The answer to a request, result or error; None: it did not come."""
    client.raw("<iq type='get' id='%s' to='%s'>%s</iq>" % (hash(query) & 0xffff, to, query))
    return client.expect(lambda each: each.tag == tag(names.CLIENT, "iq") and each.get("id") == str(hash(query) & 0xffff), 30)


def signals_of(server, client, jid):
    """What the program of that session shows to another device of the same person, and the server to its administrator."""
    session, = [each for each in server.sessions() if each["jid"] == jid]
    caps = client.caps[jid]
    info = asked(client, jid, "<query xmlns='%s' node=%s/>" % (DISCO, quoteattr(caps.get("node") + "#" + caps.get("ver"))))
    identity = info.find(".//{%s}identity" % DISCO)
    version = asked(client, jid, "<query xmlns='%s'/>" % VERSION)
    return {"caps_hash": caps.get("hash"), "caps_ver": caps.get("ver"), "caps_node": caps.get("node"), "caps_verified": True,
            "disco_category": identity.get("category"), "disco_type": identity.get("type"), "disco_name": identity.get("name"),
            "version": version.get("type"), "ja4": session["ja4"], "resource": jid.split("/", 1)[1],
            **{"version_" + each: version.findtext(".//{%s}%s" % (VERSION, each)) for each in ("name", "version", "os")}}


@pytest.mark.recorder_runs("a terminal shows no more than it likes")
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_real_program_is_known_by_its_hash(folk, server, keep, found_at, name):
    start, product, version = PROGRAMS[name]
    account = folk.account()
    client = folk.client(account).online()
    keep(start(server, account, found_at))
    seen = client.expect(lambda each: each.tag == tag(names.CLIENT, "presence") and each.get("from") != client.jid
                         and each.find("{%s}c" % CAPS) is not None, 30)
    client.caps = {seen.get("from"): seen.find("{%s}c" % CAPS)}
    signals = signals_of(server, client, seen.get("from"))
    answer = one(**signals)
    assert (answer["class"], answer["product"], answer["version"]) == ("named", product, version), signals
    assert answer["basis"] == "caps" and answer["confidence"] == 95 and "contradictions" not in answer, signals
    liar = one(**dict(signals, version_name="Gajim", version_version="99"))
    assert (liar["product"], liar["contradictions"][0]) == (product, "caps")
