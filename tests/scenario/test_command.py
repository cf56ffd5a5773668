"""The command `gatehouse`: what it makes, what it answers, how it fails. Exit codes: 0 yes; 1 the answer is no, or
damage; 2 usage or bad input; 3 not reachable or not permitted; 4 internal."""

import grp
import json
import os
import pathlib
import resource
import shutil
import signal
import socket
import stat
import subprocess
import time

import pytest
import yaml

from lib import record
from lib.client import Account, Client, Refused
from lib.server import BINARY, PASSWORD_MARK, Server, environment, run
from lib.stanza import message


@pytest.fixture(scope="module")
def server(launch):
    return launch("command")


@pytest.fixture
def resting(place):
    """A data directory with accounts and no running server."""
    server = Server("resting", directory=place).make()
    yield server
    server.remove()


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def rows(answer):
    """The list of objects in a JSON answer, whatever it is called."""
    if isinstance(answer, list):
        return answer
    lists = [value for value in answer.values() if isinstance(value, list)]
    assert len(lists) == 1, answer
    return lists[0]


def users(server):
    return {each["jid"]: each for each in rows(server.json("user", "list"))}


def refuses(done, *codes):
    """A refusal that says why, and nothing on standard output that looks like success."""
    assert done.returncode in codes, "exit %d: %s%s" % (done.returncode, done.stdout, done.stderr)
    assert done.stderr.strip()
    return done.stderr


def can_log_in(server, account, password=None):
    client = Client(server, account)
    client.connect()
    client.start()
    try:
        client.authenticate(password=password)
        return True
    except Refused:
        return False
    finally:
        client.close()


# --- without a server

def test_version_is_told():
    done = run("version")
    assert done.returncode == 0 and done.stdout.startswith("gatehouse ")
    assert json.loads(run("version", "--json").stdout)["version"]


@pytest.mark.parametrize("arguments", [(), ("nonsense",), ("user",), ("user", "nonsense"), ("status", "--nonsense"),
                                       ("user", "add"), ("record", "nonsense"), ("init",)])
def test_wrong_usage_is_exit_2_with_a_hint(arguments):
    refuses(run(*arguments, env={"GATEHOUSE_DIR": ""}), 2)


def test_init_makes_the_data_directory_with_narrow_rights(resting):
    directory = resting.dir
    for name in ("gatehouse.yaml", "policy", "tls/ca.crt", "tls/ca.key", "tls/server.crt", "tls/server.key",
                 "store", "record", "keys", "run", "VERSION"):
        assert (directory / name).exists(), name
    for name in ("tls/ca.key", "tls/server.key", "keys/record.key"):
        assert mode(directory / name) & 0o077 in (0, 0o040), name
    assert mode(directory / "record") == 0o700
    assert mode(directory / "policy") == 0o750
    assert mode(directory) & 0o007 in (0, 0o001, 0o005)


def test_init_does_not_touch_what_is_there(resting):
    before = {path: path.read_bytes() for path in resting.dir.rglob("*") if path.is_file()}
    refuses(run("init", "--dir", resting.dir, "--domain", "example.org"), 1)
    assert before == {path: path.read_bytes() for path in resting.dir.rglob("*") if path.is_file()}


@pytest.mark.parametrize("domain", ["", "not a domain", "a@b", "-x.example", "x" * 300 + ".example", "exa/mple"])
def test_init_refuses_a_name_that_is_no_domain(tmp_path, domain):
    refuses(run("init", "--dir", tmp_path / "new", "--domain", domain), 2)
    assert not (tmp_path / "new" / "gatehouse.yaml").exists()


def test_what_init_writes_is_valid_and_the_server_answers_that_it_rests(resting):
    assert resting.run("config", "check").returncode == 0
    refuses(resting.run("status"), 3)
    answer = json.loads(resting.run("status", "--json").stdout or "{}")
    assert answer.get("state") in (None, "stopped")


def test_a_directory_that_is_none_is_named(tmp_path):
    for arguments in (("status",), ("user", "list"), ("config", "check"), ("serve",)):
        assert str(tmp_path / "none") in refuses(run(*arguments, "--dir", tmp_path / "none"), 2, 3)


def test_the_environment_names_the_directory(resting):
    assert run("config", "check", env={"GATEHOUSE_DIR": str(resting.dir)}).returncode == 0


# --- settings

BAD_SETTINGS = {
    "an unknown key": ("limits:\n  dept: 10\n", 2, ["dept", "depth"]),
    "an unknown group": ("limitz:\n  depth: 10\n", 1, ["limitz", "limits"]),
    "a word for a number": ("limits:\n  depth: many\n", 2, ["depth", "many"]),
    "a number beyond its range": ("limits:\n  depth: 100000000\n", 2, ["depth", "100000000"]),
    "a negative number": ("limits:\n  depth: -1\n", 2, ["depth", "-1"]),
    "a wrong choice": ("record:\n  flush: sometimes\n", 2, ["flush", "sometimes", "direct"]),
    "no address": ("listen:\n  starttls: ['localhost']\n", 2, ["starttls", "localhost"]),
    "a port beyond": ("listen:\n  starttls: ['127.0.0.1:70000']\n", 2, ["70000"]),
    "a list for a word": ("log:\n  level: [a, b]\n", 2, ["level"]),
    "a word for a group": ("limits: high\n", 1, ["limits"]),
    "a key twice": ("limits:\n  depth: 10\n  depth: 20\n", 3, ["depth"]),
    "no YAML": ("limits: [1, 2\n", 1, []),
    "a tab": ("limits:\n\tdepth: 10\n", 2, []),
    "a plaintext port for everybody": ("listen:\n  plaintext: ['0.0.0.0:5220']\n", 2, ["plaintext", "loopback"]),
}


@pytest.mark.parametrize("name", BAD_SETTINGS)
def test_config_check_names_file_line_and_remedy_of(resting, name):
    text, line, said = BAD_SETTINGS[name]
    resting.yaml.write_text("domains: [example.org]\n" + text)
    message = refuses(resting.run("config", "check"), 2)
    assert "gatehouse.yaml:" in message
    # YAML that is broken may be noticed a line later
    assert any("gatehouse.yaml:%d" % (line + n) in message for n in ((1, 2) if not said else (1,))), message
    for word in said:
        assert word in message, message


def test_the_server_does_not_start_on_bad_settings_and_says_the_same(resting):
    resting.yaml.write_text("domains: [example.org]\nlimitz:\n  depth: 1\n")
    done = resting.run("serve", timeout=20)
    assert "gatehouse.yaml:2" in refuses(done, 2) and "limits" in done.stderr


def test_the_defaults_are_shown_with_their_meaning_and_are_valid(resting):
    done = resting.run("config", "show", "--defaults")
    assert done.returncode == 0
    assert sum(line.lstrip().startswith("#") for line in done.stdout.splitlines()) > 40
    for word in ("domains", "limits", "stanza_bytes", "resume_seconds", "checkpoint_file"):
        assert word in done.stdout
    resting.yaml.write_text("domains: [example.org]\n" + "".join(
        line + "\n" for line in done.stdout.splitlines() if not line.startswith("domains")))
    assert yaml.safe_load(resting.yaml.read_text())
    assert resting.run("config", "check").returncode == 0, resting.run("config", "check").stderr


def test_the_settings_in_force_are_shown(resting):
    resting.configure({"limits": {"depth": 33}})
    assert "33" in resting.run("config", "show").stdout
    assert json.loads(resting.run("config", "show", "--json").stdout)


# --- people, with and without a running server

@pytest.fixture(params=["resting", "running"])
def either(request):
    return request.getfixturevalue("resting" if request.param == "resting" else "server")


def add(server, name, password=None, domain="example.org"):
    account = Account("%s@%s" % (name, domain), password or PASSWORD_MARK + "first")
    done = server.run("user", "add", account.jid, "--password-stdin", input=account.password + "\n")
    return account, done


def test_a_user_is_added_listed_and_shown(either):
    account, done = add(either, "dora")
    assert done.returncode == 0, done.stderr
    assert account.jid in users(either)
    assert account.jid in either.run("user", "list").stdout
    shown = either.json("user", "show", account.jid)
    assert account.password not in json.dumps(shown)
    assert account.jid in json.dumps(shown)


def test_a_user_cannot_be_added_twice(either):
    account, _ = add(either, "emil")
    assert account.jid in refuses(add(either, "emil")[1], 1)
    assert account.jid in refuses(add(either, "EMIL")[1], 1)


@pytest.mark.parametrize("name,domain", [("", "example.org"), ("a b", "example.org"), ("x", "unknown.example"),
                                         ("x/y", "example.org"), ("q" * 1100, "example.org")])
def test_a_user_with_an_impossible_address_is_refused(resting, name, domain):
    refuses(add(resting, name, domain=domain)[1], 2)


def test_an_empty_password_is_refused(resting):
    done = resting.run("user", "add", "fred@example.org", "--password-stdin", input="\n")
    refuses(done, 2)
    assert "fred@example.org" not in users(resting)


@pytest.mark.parametrize("option", ["--name=a\nb", "--language=not a tag", "--language=german", "--language=de_CH", "--department=\x1b[2J", "--groups=a,\tb"])
def test_what_no_field_may_hold_is_refused(resting, option):
    refuses(resting.run("user", "add", "olga@example.org", "--generate", option), 2)
    assert "olga@example.org" not in users(resting)


def test_a_language_in_which_the_server_has_no_words_is_taken_with_a_warning(either):
    account, _ = add(either, "nelly")
    for tag, warned in (("nl-BE", True), ("de-AT", False), ("", False)):
        done = either.run("user", "change", account.jid, "--language", tag)
        assert done.returncode == 0 and either.json("user", "show", account.jid)["user"]["language"] == tag
        assert ("warning: the server has no words of its own in 'nl-BE'" in done.stderr) == warned
        assert ("en, de, fr, es, fi" in done.stderr) == warned
    done = either.import_csv("".join("polyglot%d@example.org,%slong,,,,%s,\n" % (n, PASSWORD_MARK, tag)
                                     for n, tag in enumerate(["pt", "fi", "nl", "pt", "", "klingon"])), check=False)
    assert "'pt, nl'" in done.stderr and "no language tag" in done.stderr and "polyglot5" in done.stderr
    assert "polyglot4@example.org" in users(either) and "polyglot5@example.org" not in users(either)


def test_a_removed_address_is_never_given_again(either):
    account, _ = add(either, "greta")
    assert either.run("user", "remove", account.jid, "--yes").returncode == 0
    assert account.jid not in users(either)
    assert account.jid in refuses(add(either, "greta")[1], 1)


def test_an_act_without_a_server_is_recorded_as_with_one(either):
    account, _ = add(either, "gustav")
    assert either.run("user", "disable", account.jid, "--reason", "gone").returncode == 0
    person = either.json("user", "show", account.jid)["user"]["person"]

    def acts():
        return [(each["command"], each["target"], each["text"]) for each in record.entries(either.dir / "record")
                if each["type"] == "admin" and each["target"] == account.jid]
    record.eventually(lambda: acts() == [("user.add", account.jid, person), ("user.disable", account.jid, "gone")])


def test_an_act_that_fails_after_it_was_recorded_gets_a_line_that_says_so(either):
    account, _ = add(either, "gregor")
    assert either.run("user", "remove", account.jid, "--yes").returncode == 0
    refuses(add(either, "gregor")[1], 1)

    def acts():
        return [each for each in record.entries(either.dir / "record") if each["type"] == "admin" and each["target"] == account.jid]
    record.eventually(lambda: len(acts()) == 4)
    order, undone = acts()[2:]
    assert order["command"] == undone["command"] == "user.add" and "ok" not in order and order["text"]
    assert undone["ok"] is False and undone["of_seq"] == order["seq"] and "in use" in undone["reason"]


def test_while_the_record_takes_nothing_only_what_protects_is_done(launch):
    """The recorder stands still: an act waits for its line, and is given up; who is disabled is out all the same."""
    server = launch("acts-wait")
    alice, bob = server.online(2)
    entries = lambda: [each for each in record.entries(server.dir / "record") if each["type"] == "admin"]
    recorder = server.pid("recorder")
    os.kill(recorder, signal.SIGSTOP)
    try:
        begin = time.monotonic()
        assert server.run("user", "disable", alice.bare, "--reason", "now").returncode == 0
        assert server.run("session", "close", bob.bare).returncode == 0
        assert time.monotonic() - begin < 8
        assert alice.stream_error() and bob.stream_error()
        before = len(entries())
        waiting = subprocess.Popen([BINARY, "user", "add", "late@example.org", "--generate", "--dir", str(server.dir)],
                                   stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment())
        time.sleep(1)
        assert "late@example.org" not in users(server)
        assert waiting.wait(30) == 3 and "nothing was done" in waiting.stderr.read()
        assert len(entries()) == before
    finally:
        os.kill(recorder, signal.SIGCONT)
    told = lambda: [(each["command"], each.get("target"), each.get("ok")) for each in entries()][-4:]
    record.eventually(lambda: told() == [("user.disable", alice.bare, None), ("session.close", bob.bare, None),
                                         ("user.add", "late@example.org", None), ("user.add", "late@example.org", False)], 20)
    assert "late@example.org" not in users(server)
    assert add(server, "late")[1].returncode == 0


def test_while_the_record_has_no_space_acts_are_refused_except_those_that_protect(launch):
    def prepare(server):
        server.known, *server.talkers = server.people(3)
        server.configure({"record": {"min_free_bytes": 1 << 40, "segment_bytes": 262144}})
    server = launch("acts-full", prepare=prepare)
    alice, bob = [Client(server, each).online() for each in server.talkers]

    def is_full():  # what was prepared before the disk was short is used up first
        alice.say(bob.bare)
        return server.status()["record_link"]["full"]
    wait_until(is_full, 60)
    for arguments in (("user", "add", "more@example.org", "--generate"), ("user", "enable", server.known.jid),
                      ("user", "remove", server.known.jid, "--yes")):
        assert "no space" in refuses(server.run(*arguments), 3), arguments
    assert users(server)[server.known.jid]["state"] == "active"
    assert server.run("user", "disable", server.known.jid).returncode == 0
    assert users(server)[server.known.jid]["state"] == "disabled"
    assert server.run("stop").returncode == 0
    server.process.wait(20)
    server.process = None
    server.configure({"record": {"min_free_bytes": 0}})
    server.start()
    acts = [(each["command"], each.get("target")) for each in record.entries(server.dir / "record") if each["type"] == "admin"]
    assert ("user.disable", server.known.jid) in acts and ("user.add", "more@example.org") not in acts, acts
    assert "stop" in [command for command, _ in acts]
    assert server.run("user", "enable", server.known.jid).returncode == 0


def test_without_a_recorder_nothing_is_done_on_the_store(resting):
    before = users(resting)
    shutil.rmtree(resting.dir / "record")
    (resting.dir / "record").write_text("no folder")
    for arguments in (("user", "add", "x@example.org", "--generate"), ("user", "add", "y@example.org", "--generate")):
        refuses(resting.run(*arguments), 3, 4)
    assert users(resting) == before


def test_root_opens_nothing_in_the_store_that_its_owner_could_not(resting):
    """The folder is the gate's, who may have put something there that is root's."""
    file = resting.dir / "store/gatehouse.db"
    os.chown(file, 0 if os.getuid() == 0 else -1, -1)
    file.chmod(0o600 if os.getuid() == 0 else 0)
    refuses(resting.run("user", "list"), 3)
    assert file.stat().st_uid == os.getuid()


def test_commands_about_nobody_say_so(either):
    for arguments in (("show",), ("disable",), ("enable",), ("remove", "--yes")):
        assert "nobody@example.org" in refuses(either.run("user", *arguments, "nobody@example.org"), 1)


def test_removing_somebody_for_good_wants_to_be_confirmed(either):
    account, _ = add(either, "frida")
    assert "--yes" in refuses(either.run("user", "remove", account.jid, input=""), 2)
    assert account.jid in users(either)


def test_bad_lines_of_an_import_are_named_and_the_good_ones_are_added(either):
    done = either.import_csv(
        "hugo@example.org,%sone,Hugo,sales,,,\n"
        "not an address,%stwo,Bad,,,,\n"
        "ida@example.org,,No Password,,,,\n"
        "\"jan@example.org\",\"%s,\"\"four\",\"Jan, the \"\"Second\"\"\",\"sales;board\",jan@mail.example,de,IT\n"
        "kurt@unknown.example,%sfive,Wrong Domain,,,,\n"
        "hugo@example.org,%ssix,Twice,,,,\n"
        "lena@example.org,%sseven\n"
        "moritz@example.org,%seight,Moritz,,,not a tag,\n"
        "nele@example.org,%snine,Nele\x1b[31m,,,,\n" % ((PASSWORD_MARK,) * 8), check=False)
    assert done.returncode == 1
    text = done.stdout + done.stderr
    for line in (3, 4, 6, 7, 8, 9, 10):
        assert ":%d" % line in text or "line %d" % line in text, text
    listed = users(either)
    assert {"hugo@example.org", "jan@example.org"} <= set(listed)
    assert not {"ida@example.org", "kurt@unknown.example"} & set(listed)
    assert "Jan, the \"Second\"" in json.dumps(either.json("user", "show", "jan@example.org")).replace("\\\"", "\"")
    assert PASSWORD_MARK not in text


def test_an_imported_user_with_an_odd_password_can_log_in(server):
    password = PASSWORD_MARK + "a,b \"c\" ü\u00a0d€"
    server.import_csv("mona@example.org,\"%s\",Mona,,,,\n" % password.replace('"', '""'))
    # RFC 8265: the no-break space is prepared to a space on both sides; this side does it by hand
    assert can_log_in(server, Account("mona@example.org", password.replace("\u00a0", " ")))


# --- people, while the server runs

def test_an_added_user_can_log_in_at_once(server):
    account, _ = add(server, "nora")
    assert can_log_in(server, account)


def test_a_new_password_replaces_the_old_one(folk, server):
    account = folk.account()
    done = server.run("user", "password", account.jid, "--password-stdin", input=PASSWORD_MARK + "new\n")
    assert done.returncode == 0, done.stderr
    assert not can_log_in(server, account)
    assert can_log_in(server, account, PASSWORD_MARK + "new")


@pytest.mark.parametrize("command", ["disable", "remove"])
def test_a_disabled_or_removed_users_sessions_end_at_once(folk, server, command):
    alice, = folk.online(1)
    second = folk.another(alice)
    sure = ["--yes"] if command == "remove" else []
    assert server.run("user", command, alice.bare, *sure).returncode == 0
    for client in (alice, second):
        assert client.stream_error() in ("not-authorized", "policy-violation", "reset", "undefined-condition", "conflict")
    assert not can_log_in(server, alice.account)


def test_a_disabled_session_cannot_be_resumed(folk, server):
    alice, = folk.online(1)
    alice.sm_enable()
    alice.drop()
    server.run("user", "disable", alice.bare)
    client = folk.client(alice.account).connect()
    client.start()
    with pytest.raises(Refused):
        client.authenticate()


def test_an_enabled_user_is_back_with_roster_and_waiting_messages(folk, server):
    alice, bob = folk.online(2)
    alice.roster_set("x@example.org", "Kept")
    server.run("user", "disable", alice.bare)
    alice.wait_closed()
    bob.say(alice.bare)
    assert server.run("user", "enable", alice.bare).returncode == 0
    again = folk.client(alice.account).online()
    assert again.roster()["x@example.org"].get("name") == "Kept"


def test_what_a_disabled_user_had_not_acknowledged_waits_until_he_is_enabled(folk, server):
    alice, bob = folk.online(2)
    alice.answer_acks = False
    alice.sm_enable()
    said = [bob.say(alice.bare) for _ in range(5)]
    bob.settle_at(alice.bare)
    assert server.run("user", "disable", alice.bare).returncode == 0
    assert server.run("user", "enable", alice.bare).returncode == 0
    again = folk.client(alice.account).online()
    for each in said:
        again.expect(message(from_=bob.jid, body=each.body))


def test_sessions_are_listed_with_what_an_administrator_needs(folk, server):
    alice, = folk.online(1)
    session, = [each for each in server.sessions() if each["jid"] == alice.jid]
    assert server.source in session["address"]
    assert session["tls"].startswith("TLSv1.")
    assert session["mechanism"] == "SCRAM-SHA-256"
    assert session["connected"] and session["loop"] is not None
    assert alice.jid in server.run("session", "list").stdout


@pytest.mark.parametrize("what", ["full", "bare"])
def test_a_session_is_closed_by_the_command(folk, server, what):
    alice, = folk.online(1)
    second = folk.another(alice)
    assert server.run("session", "close", alice.jid if what == "full" else alice.bare).returncode == 0
    alice.stream_error()
    if what == "full":
        second.roundtrip()
    else:
        second.stream_error()
    folk.client(alice.account).online()


def test_closing_a_session_that_is_none_says_so(server):
    refuses(server.run("session", "close", "nobody@example.org/x"), 1)


def test_status_tells_state_processes_and_sessions(folk, server):
    folk.online(2)
    status = server.status()
    assert status["state"] == "running" and status["sessions"] >= 2
    pids = [status[name] for name in ("gate_pid", "recorder_pid", "supervisor_pid")]
    assert len(set(pids)) == 3
    for pid in pids:
        os.kill(pid, 0)
    assert status["record"]["size"] > 0 and status["applied_seq"] >= 0
    assert server.run("status").returncode == 0


# --- starting and stopping

def test_a_taken_port_is_named(resting):
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", resting.port))
        other.listen()
        done = resting.run("serve", timeout=30)
    assert str(resting.port) in refuses(done, 3)


def test_a_supervisor_without_descriptors_waits_for_one_and_says_so_once(launch):
    server = launch("no-descriptors")
    pid = server.pid("supervisor")
    spent = lambda: sum(map(int, pathlib.Path("/proc/%d/stat" % pid).read_text().rsplit(")", 1)[1].split()[11:13]))
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, before[1]))
    with socket.socket(socket.AF_UNIX) as asker:
        asker.connect(str(server.dir / "run/control.sock"))
        wait_until(lambda: "nobody can be let in" in server.log.read_text())
        begin = spent()
        time.sleep(1.5)
        assert spent() - begin < 0.3 * os.sysconf("SC_CLK_TCK")
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        asker.settimeout(10)
        asker.sendall(b'{"cmd":"ping"}\n')
        assert json.loads(asker.recv(4096))["ok"]
    assert server.log.read_text().count("nobody can be let in") == 1
    assert server.status()["state"] == "running"


def test_one_directory_is_served_once(server):
    assert "running" in refuses(server.run("serve", timeout=30), 3)
    server.status()


def test_a_directory_of_a_later_version_is_not_touched(resting):
    version = resting.dir / "VERSION"
    version.write_text("9999\n")
    assert "VERSION" in refuses(resting.run("serve", timeout=20), 2)
    assert version.read_text() == "9999\n"


def test_stopping_tells_the_clients(launch):
    server = launch("stopping")
    alice, = server.online(1)
    server.process.send_signal(signal.SIGTERM)
    assert alice.stream_error() == "system-shutdown"
    assert server.process.wait(20) == 0
    server.process = None


def test_demo_accounts_work_and_their_passwords_are_kept_for_the_owner_only(place):
    server = Server("demo", domains=("example.org",), directory=place)
    done = run("init", "--dir", server.dir, "--domain", "example.org", "--demo")
    assert done.returncode == 0, done.stderr
    kept = server.dir / "demo.txt"
    assert mode(kept) == 0o600
    server.configure({})
    server.start()
    try:
        words = kept.read_text().split()
        for name in ("alice", "bob", "carol"):
            assert "%s@example.org" % name in words
            password = words[words.index("%s@example.org" % name) + 1]
            assert password in done.stdout
            assert can_log_in(server, Account("%s@example.org" % name, password))
            assert password not in server.log.read_text()
        lines = record.entries(server.dir / "record")
        made = [each for each in lines if each["type"] == "admin"]
        assert [(each["command"], each["target"], each["uid"]) for each in made] == [("user.import", "3 people", os.getuid())]
        assert all("%s@example.org " % name in made[0]["text"] for name in ("alice", "bob", "carol"))
        assert made[0]["seq"] < min(each["seq"] for each in lines if each["type"] == "login")
        server.stop()
    finally:
        server.remove()


# --- reloading

def new_certificate(server, domains):
    """Signs a new server certificate with the CA of the data directory; returns its serial number."""
    tls = server.dir / "tls"
    owner = (tls / "server.key").stat()

    def openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", tls / "new.key", "-out",
            tls / "new.csr", "-subj", "/CN=%s" % domains[0])
    (tls / "ext").write_text("subjectAltName=" + ",".join("DNS:" + each for each in domains))
    openssl("x509", "-req", "-in", tls / "new.csr", "-CA", tls / "ca.crt", "-CAkey", tls / "ca.key", "-set_serial",
            "0x1234567890", "-out", tls / "new.crt", "-extfile", tls / "ext", "-days", "30")
    for name in ("key", "crt"):
        os.chown(tls / ("new." + name), owner.st_uid, owner.st_gid)
        os.replace(tls / ("new." + name), tls / ("server." + name))
    return 0x1234567890


def wait_until(true, seconds=10):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "in vain"
        time.sleep(0.02)


@pytest.mark.parametrize("how", ["signal", "command"])
def test_a_new_certificate_is_used_without_dropping_anybody(folk, launch, how):
    server = launch("reload-" + how)
    alice, bob = server.online(2)
    serial = new_certificate(server, server.domains)

    def used():
        client = Client(server)
        client.connect()
        found = client.wire.certificate().serial_number
        client.close()
        return found == serial
    assert not used()
    if how == "signal":
        server.process.send_signal(signal.SIGHUP)
    else:
        assert server.run("reload").returncode == 0
    wait_until(used)
    said = alice.say(bob.bare)
    bob.expect(message(body=said.body))


def test_a_reload_that_fails_leaves_the_old_in_force(folk, launch):
    server = launch("reload-bad")
    alice, bob = server.online(2)
    text = server.yaml.read_text()
    server.yaml.write_text(text + "\nlimitz: {}\n")
    assert "limitz" in refuses(server.run("reload"), 2)
    server.yaml.write_text(text)
    (server.dir / "tls/server.crt").write_text("nonsense")
    refuses(server.run("reload"), 1)
    said = alice.say(bob.bare)
    bob.expect(message(body=said.body))
    Client(server, server.people(1)[0]).online()


def test_a_running_server_is_reached_though_its_settings_are_broken(launch):
    server = launch("broken-settings")
    alice, = server.online(1)
    server.yaml.write_text(server.yaml.read_text() + "\nlimitz: {}\n")
    for arguments in (("status",), ("session", "list"), ("user", "list"), ("user", "show", alice.bare),
                      ("session", "close", alice.bare), ("user", "disable", alice.bare)):
        done = server.run(*arguments)
        assert done.returncode == 0, (arguments, done.stderr)
        assert "limitz" in done.stderr and len(done.stderr.splitlines()) == 1, (arguments, done.stderr)
    assert json.loads(server.run("status", "--json").stdout)["state"] == "running"
    for arguments in (("reload",), ("user", "add", "new@example.org", "--generate"), ("config", "check")):
        assert "limitz" in refuses(server.run(*arguments), 2), arguments
    done = server.run("stop")
    assert done.returncode == 0 and "stopped" in done.stdout
    server.process.wait(20)
    server.process = None
    refuses(server.run("status"), 2)


def test_new_limits_hold_after_a_reload(launch):
    server = launch("reload-limits", {"limits": {"roster_items": 5}})
    alice, = server.online(1)
    for number in range(5):
        alice.roster_set("c%d@elsewhere.example" % number)
    assert alice.roster_set("c5@elsewhere.example").get("type") == "error"
    server.configure({"limits": {"roster_items": 6}})
    assert server.run("reload").returncode == 0
    wait_until(lambda: alice.roster_set("c5@elsewhere.example").get("type") == "result")


def test_settings_that_an_editor_put_in_the_place_of_the_old_ones_are_read(launch):
    server = launch("reload-editor", {"limits": {"roster_items": 5}})
    alice, = server.online(1)
    other = server.dir / "new.yaml"
    other.write_text(server.yaml.read_text().replace("roster_items: 5", "roster_items: 6"))
    other.replace(server.yaml)
    assert server.run("reload").returncode == 0
    wait_until(lambda: alice.roster_set("c%d@elsewhere.example" % int(time.monotonic() * 1000)).get("type") == "error")
    assert len(alice.roster()) == 6


def test_what_takes_effect_at_a_restart_stays_until_then_and_is_named(folk, launch):
    server = launch("reload-restart")
    server.configure({"domains": ["example.org", "third.example"], "store": {"file": "elsewhere.db"}})
    answer = server.json("reload")
    assert set(answer["restart_needed"].split(", ")) == {"domains", "store.file"}
    client = Client(server, server.people(1)[0])
    client.connect()
    client.open(to="second.example")
    assert client.expect(lambda each: each.tag.endswith("features")) is not None


# --- rights

@pytest.fixture
def outsider(server):
    """outsider(*arguments): the command run by somebody who is not in the group of the record."""
    copy = pathlib.Path("/tmp") / ("gatehouse-outsider-%d" % os.getpid())
    shutil.copy(BINARY, copy)
    copy.chmod(0o755)

    def as_outsider(*arguments):
        prefix = []
        if os.getuid() == 0:
            prefix = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
        return subprocess.run([*prefix, str(copy), *arguments, "--dir", str(server.dir)], capture_output=True, text=True,
                              env=environment(), timeout=30)
    yield as_outsider
    copy.unlink()


@pytest.mark.parametrize("command", [("record", "tail"), ("record", "show"), ("record", "verify"), ("user", "list"),
                                     ("session", "list"), ("reload",)])
def test_not_everybody_may_ask(outsider, server, command):
    if os.getuid() != 0:  # somebody else cannot be played: be outside of the group instead
        strangers = [each.gr_name for each in grp.getgrall() if each.gr_gid not in os.getgroups() + [os.getgid()]]
        server.configure({"control": {"record_group": strangers[0]}})
        server.restart()
        if command[0] != "record":
            return
    refuses(outsider(*command), 3)


def test_who_may_not_read_the_record_and_tries_is_in_it(outsider, server):
    if os.getuid() == 0:  # else the test before has left nobody who may
        refuses(outsider("record", "show"), 3)
        record.eventually(lambda: [each for each in record.entries(server.dir / "record") if each["type"] == "access" and
                                   each.get("ok") is False and each["uid"] == 65534 and each["count"] >= 1])
        for _ in range(5):
            refuses(outsider("record", "show"), 3)
        lines = [each for each in record.entries(server.dir / "record") if each["type"] == "access" and each["uid"] == 65534]
        assert len(lines) <= 2, "one a minute"


def test_who_may_not_read_the_record_of_a_resting_server_is_in_it(resting):
    strangers = [each.gr_name for each in grp.getgrall() if each.gr_gid not in os.getgroups() + [os.getgid()] and not each.gr_mem]
    resting.configure({"control": {"record_group": strangers[0]}})
    refuses(resting.run("record", "show"), 3)
    told = [each for each in record.entries(resting.dir / "record") if each["type"] == "access"]
    assert [(each["command"], each["uid"], each["ok"]) for each in told] == [("show", os.getuid(), False)]
