"""Rules about clients as administrators handle them: policy/clients, `gatehouse clients ...`, advisories. What the rules do
to sessions is told elsewhere."""

import concurrent.futures
import json

import pytest
import yaml

from lib import names, record
from lib.record import eventually
from lib.standstill import stopped

OSV = {
    "schema_version": "1.6.0",
    "id": "GHSA-test-0001-wxyz",
    "modified": "2026-11-01T10:00:00Z",
    "published": "2026-10-30T00:00:00Z",
    "aliases": ["CVE-2026-1234"],
    "summary": "Pictures run code",
    "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
    "affected": [{"package": {"ecosystem": "PyPI", "name": "gajim", "purl": "pkg:pypi/gajim"},
                  "ranges": [{"type": "GIT", "repo": "https://dev.gajim.org/gajim/gajim.git",
                              "events": [{"introduced": "0"}, {"fixed": "6f4e5dc5e1d0c6b1a5a4cdd36b2bc0f1e0d7a0e1"}]},
                             {"type": "ECOSYSTEM", "events": [{"introduced": "1.5"}, {"fixed": "1.8.4"}]}],
                  "versions": ["1.5", "1.5.1", "1.6"]}],
    "references": [{"type": "WEB", "url": "https://web.example/"}, {"type": "ADVISORY", "url": "https://advisory.example/1"}],
    "database_specific": {"severity": "CRITICAL"},
}

DENY = ("clients", "deny", "Pidgin", "<2.14.12", "--reason", "Pictures take it over.")


@pytest.fixture(scope="module")
def server(launch):
    return launch("client-rules")


@pytest.fixture
def clients(server):
    """The folder of the rules; afterwards it is as it was, and in force."""
    folder = server.dir / "policy/clients"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    yield folder
    for path in list(folder.iterdir()):
        if path.name not in before:
            path.unlink()
    for name, text in before.items():
        (folder / name).write_bytes(text)
    assert server.run("reload").returncode == 0


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def version(server):
    return server.status()["policy"]


def rules(server):
    return {rule["id"]: rule for rule in server.json("clients", "rules")["rules"]}


def put(folder, name, text):
    (folder / name).write_text(text)
    (folder / name).chmod(0o644)


def acts(server, target):
    """(actor, text) of the record's lines about changes of this rule."""
    return [(line["actor"], line["text"]) for line in record.entries(server.dir / "record")
            if line.get("command") == "clients.rule" and line.get("target") == target]


# --- the folder is part of the policy

def test_what_init_copies_is_in_order_and_enforces_nothing(server):
    report = server.json("policy", "check")
    assert report["ok"] and report["counts"]["clients"] >= 2 and not report["errors"]
    assert all(rule["mode"] == "observe" for rule in rules(server).values())
    assert {each["product"] for each in server.json("clients", "catalogue")["catalogue"]} >= {"Gajim", "Dino"}


@pytest.mark.parametrize("text, wants", [
    ("rules:\n- {id: x, purpose: p, clients: {product: Gajim}, effect: den, mode: enforce}\n", ["bad.yaml:2:", "did you mean 'deny'?"]),
    ("rules:\n- {id: x, purpose: p, clients: {versions: '<'}, effect: deny, mode: enforce}\n", ["bad.yaml:2:", "versions:"]),
    ("rules:\n- id: x\n  purpose: p\n  clients: any\n  effect: deny\n  mode: enforce\n  campaign: {deny_from: 2026-02-30}\n",
     ["bad.yaml:7:", "2026-02-30", "a day of the calendar"]),
    ("rules:\n- id: x\n  purpose: p\n  clients: any\n  effect: deny\n  mode: enforce\n"
     "  campaign: {warn_from: 2026-10-15, deny_from: 2026-10-01}\n", ["bad.yaml:7:", "warn_from is not before deny_from"]),
    ("rules:\n- id: x\n  purpose: p\n  clients: {product: Gajim}\n  effect: deny\n  mode: enforce\n  samples:\n"
     "  - {product: Gajim, effect: none}\n", ["bad.yaml:8:", "the sample says none, but the rule says deny"]),
])
def test_a_bad_rule_is_named_and_the_old_ones_stay_in_force(server, clients, text, wants):
    before = version(server)
    put(clients, "bad.yaml", text)
    done = server.run("policy", "check")
    assert done.returncode == 1 and all(each in done.stdout for each in wants), done.stdout
    if "samples" not in text:
        done = server.run("reload")
        assert done.returncode == 1 and "clients/bad.yaml" in done.stderr, done.stderr
        assert version(server) == before


@pytest.mark.parametrize("name", ["clients", "rules"])
def test_a_folder_that_has_gone_leaves_its_rules_in_force(server, clients, name):
    put(clients, "mine.yaml", "rules:\n- {id: mine, purpose: p, clients: {product: X}, effect: warn, mode: observe}\n")
    assert server.run("reload").returncode == 0
    before, folder, away = version(server), clients.parent / name, server.dir / "away"
    folder.rename(away)
    try:
        done = server.run("reload")
        assert done.returncode and "policy/%s is gone" % name in done.stderr and "put it back" in done.stderr
        assert version(server) == before
        folder.mkdir(0o755)
        assert server.run("reload").returncode == 0  # empty: so it is meant
        assert version(server) != before
        folder.rmdir()
        assert server.run("reload").returncode == 0  # it was empty before
    finally:
        if folder.exists():
            folder.rmdir()
        away.rename(folder)
    assert server.run("reload").returncode == 0 and version(server) == before
    (clients / "mine.yaml").unlink()
    assert server.run("reload").returncode == 0 and "mine" not in rules(server)  # a file alone


def test_a_good_rule_is_in_force_after_a_reload(server, clients):
    before = version(server)
    put(clients, "good.yaml", "rules:\n- {id: good, purpose: p, clients: {product: X}, effect: warn, mode: observe}\n")
    assert server.run("reload").returncode == 0
    assert version(server) != before
    assert rules(server)["good"]["stage"] == "warn"


# --- one command

def test_a_client_is_denied_by_one_command_and_allowed_again(server, clients):
    before, old = version(server), files(clients)
    done = server.run(*DENY, "--except", "group:security", "--except-until", "2099-01-01", "--link", "https://get.example/")
    assert done.returncode == 0, done.stderr
    rule = rules(server)["deny-pidgin"]
    assert (rule["rank"], rule["effect"], rule["mode"], rule["stage"]) == ("emergency", "deny", "enforce", "deny")
    assert rule["clients"] == {"product": ["Pidgin"], "versions": "<2.14.12"} and rule["link"] == "https://get.example/"
    exception, = server.json("clients", "rules", "--exceptions")["exceptions"]
    assert exception["who"] == ["group:security"] and exception["owner"] and exception["until"].startswith("2099-01-01")
    assert version(server) != before
    assert server.run("policy", "check").returncode == 0
    again = server.run(*DENY)
    assert again.returncode == 0 and "deny-pidgin-2" in rules(server)
    for name in ("deny-pidgin", "deny-pidgin-2"):
        assert server.run("clients", "drop", name).returncode == 0
    assert version(server) == before and files(clients) == old
    # root's own name stands in the record, before the reload
    made, dropped = acts(server, "deny-pidgin")
    assert made[0] == dropped[0] and made[1].startswith("deny: ") and "Pictures take it over." in made[1]
    assert dropped[1].startswith("drop: ")


def test_words_that_are_yaml_are_only_words(server, clients):
    done = server.run("clients", "deny", "A\": [*", "--reason", "x: {y}\n#\u2028 \"z\" {nothing}")
    assert done.returncode == 0, done.stderr
    rule = next(each for name, each in rules(server).items() if name.startswith("deny-a"))
    assert rule["clients"]["product"] == ["A\": [*"]


@pytest.mark.parametrize("arguments, wants", [
    (("clients", "deny", "Pidgin"), "--reason"),
    (("clients", "deny", "Pidgin", "<<1", "--reason", "x"), "versions:"),
    (("clients", "deny", "", "--reason", "x"), "which product?"),
    (("clients", "deny", "Pidgin", "--reason", "x", "--expires", "soon"), "expires: found 'soon'"),
    (("clients", "deny", "Pidgin", "--reason", "x", "--expires", "2020-01-01"), "2020-01-01 has passed"),
    (("clients", "deny", "Pidgin", "--reason", "x", "--except", "group:it", "--except-until", "2020-01-01"), "has passed"),
    (("clients", "deny", "Pidgin", "--reason", "x", "--from", "person:alice"), "not the address of a person"),
    (("clients", "allow", "Pidgin", "--expires", "2020-01-01"), "2020-01-01 has passed"),
    (("clients", "deny", "Pidgin", "--reason", "x", "--except", "alice"), "found 'alice'"),
    (("clients", "deny", "Pidgin", "--reason", "x", "--restrict", "speech"), "did you mean 'speak'?"),
    (("clients", "deny", "any", "--class", "loud", "--reason", "x"), "accepted: named, unknown, silent"),
    (("clients", "enforce", "nobody"), "there is no rule 'nobody'"),
    (("clients", "enforce", "gajim-too-old", "--warn-from", "2099-01-01"), "--from"),
    (("clients", "enforce", "gajim-too-old", "--from", "2099-02-30"), "2099-02-30"),
    (("clients", "enforce", "default"), "the policy's default"),
    (("clients", "drop", "nobody"), "there is no rule 'nobody'"),
    (("clients", "rules", "show", "nobody"), "there is no rule 'nobody'"),
])
def test_what_cannot_be_done_changes_nothing(server, clients, arguments, wants):
    before, old = version(server), files(clients)
    done = server.run(*arguments)
    assert done.returncode in (1, 2) and wants in done.stderr, done.stderr
    assert version(server) == before and files(clients) == old


def test_a_name_that_no_program_has_is_told_with_the_nearest(server, clients):
    done = server.run("clients", "deny", "Gaijm", "--reason", "x", "--dry-run")
    assert done.returncode == 0 and "did you mean 'Gajim'?" in done.stderr
    for known in ("gajim", "Gaj*", "any"):
        assert server.run("clients", "deny", known, "--reason", "x", "--dry-run").stderr == ""
    assert "did you mean 'Gajim'?" in server.run("lockdown", "rehearse", "files", "--product", "Gaijm").stderr


def test_names_one_letter_away_are_told_by_the_check(server, clients):
    put(clients, "near.yaml", "rules:\n- {id: near, purpose: p, clients: {product: Gaijm, os: Windwos}, effect: deny, mode: observe}\n"
        "- {id: way, purpose: p, clients: {mechanism: [PLIAN, SCRAM-SHA-1*, EXTERNAL]}, effect: deny, mode: observe}\n"
        "- {id: own, purpose: p, clients: {product: OurVeryOwnProgram, os: Linux}, effect: deny, mode: observe}\n")
    done = server.run("policy", "check")
    assert done.returncode == 0
    for meant in ("near.yaml:2: warning: rule 'near': nothing is known by the product 'Gaijm'; did you mean 'Gajim'?",
                  "by the system 'Windwos'; did you mean 'Windows'?", "near.yaml:3: warning: rule 'way': nothing is known by the mechanism "
                  "'PLIAN'; did you mean 'PLAIN'?"):
        assert meant in done.stdout, done.stdout
    assert done.stdout.count("nothing is known by") == 3 and "OurVeryOwnProgram" not in done.stdout


def test_what_people_read_of_a_rule_is_shown_as_they_read_it(server, clients):
    put(clients, "read.yaml", "help: desk@example.org\nrules:\n"
        "- {id: one, purpose: p, clients: {product: Gajim}, effect: deny, mode: observe, reason: \"%s\"}\n"
        "- {id: any, purpose: p, clients: any, effect: deny, mode: observe}\n"
        "- {id: way, purpose: p, clients: {mechanism: [PLAIN]}, effect: deny, mode: observe}\n" % ("Because of this. " * 20))
    text = server.run("clients", "rules", "show", "one").stdout
    assert "Gajim is not accepted here." in text and "https://gajim.org/download/ Help: desk@example.org" in text, text
    assert "The program you use is not accepted here." in server.run("clients", "rules", "show", "any").stdout
    assert "Logging in with PLAIN is not accepted here." in server.run("clients", "rules", "show", "way").stdout


def test_what_the_server_does_not_take_is_undone(server, clients):
    """The rule is good; something else makes the reload fail."""
    before, old = version(server), files(clients)
    certificate = server.dir / "tls/server.crt"
    kept = certificate.read_bytes()
    certificate.write_bytes(b"nothing")
    try:
        done = server.run(*DENY)
        assert done.returncode == 1, done.stdout + done.stderr
        assert files(clients) == old and version(server) == before
    finally:
        certificate.write_bytes(kept)
    assert "undo: " in acts(server, "deny-pidgin")[-1][1]


def test_a_policy_that_is_broken_elsewhere_is_named(server, clients):
    put(clients, "bad.yaml", "rulez: []\n")
    done = server.run(*DENY)
    assert done.returncode == 2 and "bad.yaml:1" in done.stderr and "policy check" in done.stderr
    assert not (clients / "deny-pidgin.yaml").exists()


def test_a_rule_that_observes_becomes_a_campaign(server, clients):
    put(clients, "mine.yaml", "# Mine.\nrules:\n  - id: mine\n    purpose: p # why\n    clients: { product: X }\n    effect: deny\n"
                              "    mode: observe\n")
    done = server.run("clients", "enforce", "mine", "--notice-from", "2098-01-01", "--warn-from", "2098-06-01T08:00:00+02:00",
                      "--from", "2099-01-01")
    assert done.returncode == 0, done.stderr
    text = (clients / "mine.yaml").read_text()
    assert "# Mine." in text and "purpose: p # why" in text
    rule = rules(server)["mine"]
    assert rule["mode"] == "enforce" and rule["stage"] == "not begun"
    assert rule["campaign"]["warn_from"] == "2098-06-01T06:00:00Z" and rule["campaign"]["deny_from"] == "2099-01-01T00:00:00Z"
    assert server.run("clients", "enforce", "mine", "--from", "2000-01-01").returncode == 0
    shown = server.json("clients", "rules", "show", "mine", "--language", "de")
    assert shown["stage"] == "deny" and "hilft nicht" in shown["text"]


def test_allow_lifts_what_is_ordinary(server, clients):
    assert server.run("clients", "allow", "Gajim", "--from", "group:it", "--expires", "2099-01-01").returncode == 0
    rule = rules(server)["allow-gajim"]
    assert (rule["effect"], rule["rank"], rule["from"]) == ("allow", "ordinary", ["group:it"])
    assert server.run("clients", "allow", "Gajim", "--emergency").returncode == 0
    assert rules(server)["allow-gajim-2"]["rank"] == "emergency"


# --- advisories

def test_an_advisory_becomes_a_rule_that_observes_and_then_one_in_force(server, clients, tmp_path):
    document = tmp_path / "advisory.json"
    document.write_text(json.dumps(OSV))
    done = server.run("clients", "advisory", "import", document)
    assert done.returncode == 0, done.stderr
    name = "advisory-ghsa-test-0001-wxyz"
    rule = rules(server)[name]
    assert rule["mode"] == "observe" and rule["effect"] == "deny" and rule["reference"] == "https://advisory.example/1"
    assert rule["clients"] == {"product": ["Gajim"], "versions": ">=1.5, <1.8.4"}  # spelled as the catalogue does
    advisory, = server.json("clients", "advisory", "list")["advisories"]
    assert (advisory["id"], advisory["state"], advisory["fixed"], advisory["severity"]) == (
        OSV["id"], "proposed", "1.8.4", "CRITICAL")
    assert server.json("clients", "advisory", "show", OSV["id"].lower())["by"]
    # the same once more is the same; then it is in force
    assert server.run("clients", "advisory", "import", document).returncode == 0
    assert server.run("clients", "enforce", name).returncode == 0
    assert rules(server)[name]["stage"] == "deny"
    assert server.json("clients", "advisory", "show", OSV["id"])["state"] == "in force"
    done = server.run("clients", "advisory", "import", document)
    assert done.returncode == 1 and "in force already" in done.stderr
    assert server.run("clients", "drop", name).returncode == 0
    assert server.json("clients", "advisory", "show", OSV["id"])["state"] == "no rule"


def test_advisories_whose_ids_give_the_same_name_have_files_of_their_own(server, clients):
    def bring(id, below):
        done = server.run("clients", "advisory", "import", "-", input="id: '%s'\nproduct: Gajim\naffected: '<%s'\n" % (id, below))
        assert done.returncode == 0, done.stderr
    bring("GH-7/1", "1.1")
    bring("GH_7.1", "1.2")
    bring("GH:7:1", "1.3")
    bring("gh_7.1", "1.4")  # the second again
    found = {each["id"]: (each["file"], each["affected"]) for each in server.json("clients", "advisory", "list")["advisories"]}
    assert {id.lower(): versions for id, (_, versions) in found.items()} == {"gh-7/1": "<1.1", "gh_7.1": "<1.4", "gh:7:1": "<1.3"}
    assert len({file for file, _ in found.values()}) == 3
    assert set(rules(server)) >= {"advisory-gh-7-1", "advisory-gh-7-1-n2", "advisory-gh-7-1-n3"}


def test_an_advisory_of_the_short_form_is_read_from_standard_input(server, clients):
    text = yaml.safe_dump({"id": "GH-1", "product": "Psi", "affected": [{"introduced": "1.0", "fixed": "1.5"}], "severity": "high"})
    done = server.run("clients", "advisory", "import", "-", input=text)
    assert done.returncode == 0, done.stderr
    assert rules(server)["advisory-gh-1"]["clients"]["versions"] == ">=1.0, <1.5"


@pytest.mark.parametrize("change, wants", [
    ({"id": None}, "bad.json:1: id: it is missing"),
    ({"withdrawn": "2026-11-02T00:00:00Z"}, "withdrawn: "),
    ({"affected": []}, "--product and --versions"),
    ({"affected": [{"package": {"ecosystem": "npm", "name": "x"}, "ranges": [OSV["affected"][0]["ranges"][0]]}]}, "--versions"),
    ({"affected": [{"package": {"ecosystem": "npm", "name": "x"},
                    "ranges": [{"type": "SEMVER", "events": [{"fixed": "1"}]}]}]}, "affected[0].ranges[0].events"),
    ({"modified": "yesterday"}, "modified: found 'yesterday'"),
])
def test_a_bad_advisory_is_refused_with_its_field(server, clients, tmp_path, change, wants):
    old = files(clients)
    document = tmp_path / "bad.json"
    document.write_text(json.dumps({**OSV, **change}))
    done = server.run("clients", "advisory", "import", document)
    assert done.returncode == 2 and wants in done.stderr, done.stderr
    assert files(clients) == old


def test_a_document_of_a_database_names_its_line_and_the_rules_stay(server, clients, tmp_path):
    """As they are published: one field a line."""
    before, old = version(server), files(clients)
    document = tmp_path / "GHSA.json"
    text = json.dumps(OSV, indent=2)
    document.write_text(text.replace('"fixed": "1.8.4"', '"fixed": "the next one"'))
    done = server.run("clients", "advisory", "import", document)
    line = 1 + text[:text.index('"introduced": "1.5"')].count("\n") + 2  # where the event begins
    assert done.returncode == 2, done.stdout
    assert "GHSA.json:%d: affected[0].ranges[1].events[1]: found 'the next one'; accepted: a version" % line in done.stderr
    assert "next: nothing was changed" in done.stderr and files(clients) == old and version(server) == before


def test_what_a_database_calls_a_package_is_the_program_and_any_of_its_ids_finds_it(server, clients, tmp_path):
    """YAML, without a summary and with an upper end beside the events (CVE-2018-6591 is about Converse.js up to 3.3)."""
    document = tmp_path / "osv.yaml"
    document.write_text(yaml.safe_dump({
        "id": "GHSA-test-0002-wxyz", "aliases": ["CVE-2018-6591"], "modified": "2026-11-01T10:00:00.123456Z",
        "details": "Bookmarks were readable for others.", "severity": [
            {"type": "CVSS_V3", "score": "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N"},
            {"type": "CVSS_V4", "score": "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N"}],
        "affected": [{"package": {"ecosystem": "npm", "name": "converse.js"},
                      "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}],
                      "database_specific": {"last_known_affected_version_range": "<= 3.3.0"}}]}))
    done = server.run("clients", "advisory", "import", document)
    assert done.returncode == 0, done.stderr
    rule = rules(server)["advisory-ghsa-test-0002-wxyz"]
    assert rule["clients"] == {"product": ["Converse.js"], "versions": "<=3.3.0"} and rule["mode"] == "observe"
    shown = server.json("clients", "advisory", "show", "cve-2018-6591")
    assert shown["id"] == "GHSA-test-0002-wxyz" and shown["severity"].startswith("CVSS:4.0/")


def test_no_json_is_told_with_its_line(server, clients, tmp_path):
    document = tmp_path / "bad.json"
    document.write_text('{"id": "X-1",\n "affected": [}\n')
    done = server.run("clients", "advisory", "import", document)
    assert done.returncode == 2 and "bad.json:2:" in done.stderr, done.stderr


# --- without a server

def test_without_a_server_the_files_are_changed_and_the_record_says_so(launch):
    server = launch("client-rules-resting")
    server.stop()
    done = server.run(*DENY)
    assert done.returncode == 0 and "no server runs" in done.stdout, done.stderr
    assert server.run("clients", "deny", "X", "--reason", "y", "--dry-run").returncode == 3
    server.start()
    assert rules(server)["deny-pidgin"]["mode"] == "enforce"
    assert acts(server, "deny-pidgin")


@pytest.mark.parametrize("arguments", [
    ("clients", "allow", "Gajim"), ("clients", "enforce", "gajim-too-old"), ("clients", "drop", "gajim-too-old"), DENY])
def test_without_a_server_and_without_a_record_nothing_is_changed(launch, arguments):
    """Also what protects: nobody can log in, so there is time to mend the record."""
    server = launch("client-rules-no-record")
    server.stop()
    folder = server.dir / "policy/clients"
    old = files(folder)
    (server.dir / "record").rename(server.dir / "record.away")
    try:
        done = server.run(*arguments)
        assert done.returncode != 0 and "nothing was changed" in done.stderr, done.stdout + done.stderr
        assert files(folder) == old
    finally:
        (server.dir / "record.away").rename(server.dir / "record")


# --- while the record takes nothing

def test_nothing_that_opens_is_changed_without_a_record(server, clients):
    """Each waits for its line for a while; they do it together."""
    commands = [(("clients", "allow", "Gajim"), None), (("clients", "drop", "gajim-too-old"), None),
                (("clients", "advisory", "import", "-"), "id: GH-9\nproduct: Gajim\naffected: '<1'\n"),
                (("clients", "hashes", "--confirm", "sha-1 %s=" % ("A" * 27), "--product", "Gajim"), None)]
    before, old, hashes = version(server), files(clients), server.json("clients", "hashes")
    late = lambda: [line["command"] for line in record.entries(server.dir / "record") if line.get("of_seq")
                    and line.get("command") in ("clients.rule", "clients.hash") and line["ok"] is False]
    assert not late()
    with stopped(server), concurrent.futures.ThreadPoolExecutor() as threads:
        for done in threads.map(lambda each: server.run(*each[0], input=each[1]), commands):
            assert done.returncode not in (0, 2), done.stdout + done.stderr
            assert "nothing was done: every act is recorded first" in done.stderr and "next:" in done.stderr, done.stderr
        assert files(clients) == old and version(server) == before
    # a line that comes too late is followed by one that says so
    eventually(lambda: sorted(late()) == ["clients.hash"] + 3 * ["clients.rule"])
    assert version(server) == before and server.json("clients", "hashes") == hashes


def test_what_protects_is_done_and_its_line_follows(server, clients, folk):
    client = folk.client(folk.account()).login(resource="gajim.4FXQ2P1B")
    with stopped(server):
        done = server.run("clients", "deny", "Gajim", "--reason", "Pictures take it over.")
        assert done.returncode == 0, done.stderr
        assert rules(server)["deny-gajim"]["stage"] == "deny" and client.stream_error(20) == "policy-violation"
        assert not acts(server, "deny-gajim")
    eventually(lambda: acts(server, "deny-gajim"))
    (actor, text), = acts(server, "deny-gajim")
    assert actor and "Pictures take it over." in text


# --- whom it reaches

@pytest.fixture
def three(folk):
    """Ann and Ben with programs whose names show in their resources, Ben in two groups; and somebody whose does not."""
    ann, ben, other = folk.accounts(3)
    assert folk.server.run("user", "change", ben.jid, "--groups", "sales,it").returncode == 0
    return (folk.client(ann).login(resource="gajim.4FXQ2P1B"), folk.client(ben).login(resource="gajim.9KLMN0PQ"),
            folk.client(other).login(resource="phone"))


def reached(answer):
    return {(row["person"], row["resource"], row["now"], row["then"]) for row in answer["rows"]}


def test_a_dry_run_names_whom_it_would_reach_and_changes_nothing(server, clients, three):
    ann, ben, _ = three
    before, old = version(server), files(clients)
    answer = server.json("clients", "deny", "Gajim", "--reason", "x", "--except", "group:nobody", "--dry-run")
    assert {each[:2] for each in reached(answer)} >= {(ann.bare, ann.resource), (ben.bare, ben.resource)}
    assert all(row["product"] == "Gajim" and row["then"].startswith("deny") and row["rule"] == "deny-gajim"
               for row in answer["rows"])
    assert answer["sessions"] == 2 and answer["connected"] >= 3
    assert answer["people"] == len({row["person"] for row in answer["rows"]})  # those who are not there, too
    assert answer["groups"]["sales"] >= 1 and answer["groups"]["it"] >= 1
    answer = server.json("clients", "deny", "Gajim", "--reason", "x", "--except", "group:it", "--dry-run")
    assert {row["person"] for row in answer["rows"] if row["online"]} == {ann.bare}
    assert ben.bare not in {row["person"] for row in answer["rows"]}
    text = server.run("clients", "deny", "Gajim", "--reason", "x", "--dry-run").stdout
    assert ann.bare in text and " people, 2 sessions of " in text and "nothing was changed" in text
    assert version(server) == before and files(clients) == old


def test_a_dry_run_looks_at_a_campaign_on_its_day(server, clients, three):
    put(clients, "soon.yaml", "rules:\n  - id: soon\n    purpose: p\n    clients: { product: Gajim }\n    effect: deny\n    mode: observe\n")
    assert server.run("reload").returncode == 0
    answer = server.json("clients", "enforce", "soon", "--warn-from", "2098-01-01", "--from", "2099-01-01", "--dry-run")
    assert answer["at"].startswith("2099-01-01") and answer["sessions"] == 2
    assert all(row["now"].endswith("would be deny") and row["then"] == "deny" for row in answer["rows"])
    # the folder as it is, without a change by command
    put(clients, "soon.yaml", "rules:\n  - id: soon\n    purpose: p\n    clients: { product: Gajim }\n    effect: deny\n    mode: enforce\n"
                              "    campaign: { warn_from: 2098-01-01, deny_from: 2099-01-01 }\n")
    rows = server.json("policy", "check", "--dry-run", "--at", "2098-06-01")["rows"]
    assert {row["then"].split(",")[0] for row in rows if row["product"] == "Gajim"} == {"warn"}
    assert server.run("policy", "check", "--dry-run", "--at", "2098-13-01").returncode == 2


def test_deny_ends_the_sessions_it_names_and_no_others(server, clients, folk, three):
    """Same day: who has the client is out with the reason, and in again with another one."""
    ann, ben, other = three
    done = server.run("clients", "deny", "Gajim", "--reason", "Pictures take it over.", "--link", "https://get.example/", "--except",
                      "group:it")
    assert done.returncode == 0, done.stderr
    assert "in force\nit is about " in done.stdout
    assert ann.stream_error() == "policy-violation"
    text = "".join(ann.last_error.itertext())
    assert "Pictures take it over." in text and "https://get.example/" in text and "will not help" in text
    for still in (ben, other):
        assert still.ask(names.PING, to=still.domain, name="ping", type="get").get("type") == "result"
    back = folk.client(ann.account).login(resource="phone")
    assert back.ask(names.PING, to=back.domain, name="ping", type="get").get("type") == "result"
