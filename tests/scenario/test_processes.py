"""Processes: cut where trust changes. What each is linked with, what it may do, and what happens when one dies."""

import contextlib
import os
import pathlib
import signal
import subprocess
import time

import pytest

from lib.client import Client
from lib.stanza import body_of, message, presence

# Libraries that read hostile files or talk outward, and may be in neither; and what only the gate needs.
NOWHERE = ("libmagic", "libyara", "libarchive", "libcurl", "libpq", "libldap", "libpng", "libjpeg", "libwebp")
GATE_ONLY = ("libssl", "libhs", "libexpat", "libicu", "libsqlite3", "libidn2")


# A mail server that is not there: nothing is sent in these tests.
WITH_MAIL = {"mail": {"server": "127.0.0.1", "port": 9, "tls": "never", "from": "it@example.org"}}


@pytest.fixture(scope="module")
def server(launch):
    return launch("processes")


def libraries(pid):
    """The files mapped into a process."""
    return {line.split()[-1].rsplit("/", 1)[-1] for line in pathlib.Path("/proc/%d/maps" % pid).read_text().splitlines()
            if "/" in line}


def status_of(pid):
    return dict(line.split(":\t", 1) for line in pathlib.Path("/proc/%d/status" % pid).read_text().splitlines()
                if ":\t" in line)


def open_files(pid):
    found = []
    for link in pathlib.Path("/proc/%d/fd" % pid).iterdir():
        try:
            found.append(os.readlink(link))
        except OSError:
            pass
    return found


def wait_gone(pid, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if status_of(pid)["State"].startswith("Z"):
                return
        except (FileNotFoundError, ProcessLookupError):
            return
        time.sleep(0.01)
    raise AssertionError("process %d is still there" % pid)


def wait_pid(server, who, old, seconds=10):
    """Until `who` runs with another pid than `old`."""
    end = time.monotonic() + seconds
    while True:
        done = server.run("status", "--json")
        if done.returncode == 0:
            pid = server.pid(who)
            if pid and pid != old:
                return pid
        assert time.monotonic() < end, "%s does not come back: %s" % (who, server.tail())
        time.sleep(0.02)


@pytest.mark.parametrize("who", ["gate", "recorder"])
def test_each_process_is_linked_with_what_it_needs_only(server, who):
    mapped = libraries(server.pid(who))
    forbidden = NOWHERE + (GATE_ONLY if who == "recorder" else ())
    assert not [name for name in mapped if name.startswith(forbidden)]


def test_each_role_is_an_executable_of_its_own(server):
    paths = {os.readlink("/proc/%d/exe" % server.pid(who)) for who in ("gate", "recorder", "supervisor")}
    assert len(paths) == 3


@pytest.mark.parametrize("who", ["gate", "recorder"])
def test_a_process_has_confined_itself(server, who):
    status = status_of(server.pid(who))
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    assert int(status["CapEff"], 16) == 0


def test_gate_and_recorder_are_different_users_when_started_as_root(server):
    uids = {who: int(status_of(server.pid(who))["Uid"].split()[0]) for who in ("gate", "recorder")}
    if os.getuid() == 0:
        assert uids["gate"] != uids["recorder"] and 0 not in uids.values()
    else:
        assert set(uids.values()) == {os.getuid()}


def test_the_gate_holds_no_file_of_the_record_and_the_recorder_no_socket_of_the_network(folk, server):
    folk.online(2)
    gate, recorder = open_files(server.pid("gate")), open_files(server.pid("recorder"))
    assert not [name for name in gate if "/record" in name or "/keys/" in name]
    inodes = {name[8:-1] for name in recorder if name.startswith("socket:[")}
    for table in ("tcp", "tcp6", "udp", "udp6"):
        text = pathlib.Path("/proc/net/" + table).read_text()
        assert not inodes & {line.split()[9] for line in text.splitlines()[1:]}


@pytest.mark.parametrize("probe", ["open-segment", "open-key", "exec", "ptrace"])
def test_planted_code_in_the_gate_is_refused(launch, probe):
    server = launch("probe-" + probe, env={"GATEHOUSE_PROBE": probe})
    log = server.log.read_text()
    assert "probe %s: refused (" % probe in log, server.tail()
    assert "ALLOWED" not in log
    alice, bob = server.online(2)
    said = alice.say(bob.bare)
    bob.expect(message(body=said.body))


@pytest.mark.parametrize("probe", ["open-segment", "open-key"])
def test_the_gate_is_shut_out_of_the_record_even_where_files_are_open_to_all(launch, probe):
    """Not only because it is another user: then the rights of files would do."""
    server = launch("open-" + probe, env={"GATEHOUSE_PROBE": probe})
    folders = [server.dir / "record", server.dir / "keys"]
    for path in folders + [each for folder in folders for each in folder.iterdir() if each.name != "account.secret"]:
        with contextlib.suppress(FileNotFoundError):  # a checkpoint that has got its name meanwhile
            path.chmod(0o755 if path.is_dir() else 0o644)
    gate = server.pid("gate")
    os.kill(gate, signal.SIGKILL)
    wait_pid(server, "gate", gate)
    server.wait_ready()
    log = server.log.read_text()
    assert log.count("probe %s: refused (" % probe) == 2 and "ALLOWED" not in log, server.tail()


# ---- the courier, which speaks to a mail server ----

@pytest.fixture(scope="module")
def sending(launch):
    return launch("sending", WITH_MAIL)


def courier(server):
    """Its pid, once it has said how it is confined."""
    end = time.monotonic() + 20
    while not server.status()["mail"]["confinement"]:
        assert time.monotonic() < end, server.tail()
        time.sleep(0.05)
    return server.status()["courier_pid"]


def test_the_courier_is_linked_with_what_it_needs_only(sending):
    mapped = libraries(courier(sending))
    forbidden = set(NOWHERE) - {"libcurl", "libldap"} | {"libhs", "libsqlite3", "libicu", "libuv", "libyaml"}
    own = subprocess.run(["readelf", "-d", os.readlink("/proc/%d/exe" % courier(sending))], capture_output=True, text=True,
                         check=True).stdout
    assert "libcurl" in own and not [name for name in forbidden if name + ".so" in own]
    assert not [name for name in mapped if name.startswith(("libhs", "libsqlite3", "libuv", "libyaml"))]
    assert not [name for name in libraries(sending.pid("gate")) if name.startswith("libcurl")]


def test_the_courier_has_confined_itself_and_holds_none_of_our_files(sending):
    pid = courier(sending)
    status = status_of(pid)
    assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2" and int(status["CapEff"], 16) == 0
    uid = int(status["Uid"].split()[0])
    others = {int(status_of(sending.pid(who))["Uid"].split()[0]) for who in ("gate", "recorder", "supervisor")}
    assert uid not in others if os.getuid() == 0 else others == {uid}
    assert not [name for name in open_files(pid) if str(sending.dir) in name or "memfd:outlet" in name]


@pytest.mark.parametrize("probe", ["exec", "ptrace", "netlink", "/etc/passwd"])
def test_planted_code_in_the_courier_is_refused(launch, probe):
    server = launch("courier-" + probe.strip("/").replace("/", "-"), WITH_MAIL, env={"GATEHOUSE_PROBE_COURIER": probe})
    courier(server)
    log = server.log.read_text()
    assert "probe %s: refused (" % probe in log and "ALLOWED" not in log, server.tail()


@pytest.mark.parametrize("probe", ["gatehouse.yaml", "record/00000001.jsonl", "keys/record.key", "store/gatehouse.db",
                                   "tls/server.key"])
def test_the_courier_is_shut_out_of_our_files_even_where_they_are_open_to_all(launch, probe):
    def prepare(server):
        server.env = {"GATEHOUSE_PROBE_COURIER": str(server.dir / probe)}
    server = launch("courier-" + probe.replace("/", "-"), WITH_MAIL, prepare)
    pid = courier(server)
    path = server.dir / probe
    for each in (server.dir, path.parent, path):
        each.chmod(0o755 if each.is_dir() else 0o644)
    os.kill(pid, signal.SIGKILL)
    wait_gone(pid)
    assert courier(server) != pid
    log = server.log.read_text()
    assert log.count("probe %s: refused (" % path) == 2 and "ALLOWED" not in log, server.tail()


def test_a_courier_that_dies_is_brought_back(sending):
    pid = courier(sending)
    os.kill(pid, signal.SIGKILL)
    wait_gone(pid)
    end = time.monotonic() + 20
    while sending.status()["courier_pid"] in (0, pid):
        assert time.monotonic() < end
        time.sleep(0.05)
    assert sending.status()["processes"]["restarts"]["courier"] == 1


def test_without_a_mail_server_there_is_no_courier(server):
    assert server.status()["courier_pid"] == 0 and server.status()["mail"]["courier"] == "off"


def test_a_dead_gate_is_started_again_and_people_come_back(folk, server):
    alice, bob = folk.friends(2)
    said = alice.say(bob.bare)
    bob.expect(message(body=said.body))
    gate, recorder = server.pid("gate"), server.pid("recorder")
    os.kill(gate, signal.SIGKILL)
    alice.wait_closed()
    bob.wait_closed()
    wait_pid(server, "gate", gate)
    assert server.pid("recorder") == recorder
    server.wait_ready()
    alice, bob = [folk.client(client.account).online() for client in (alice, bob)]
    alice.expect(presence(from_=bob.jid))
    assert alice.roster()[bob.bare].get("subscription") == "both"
    said = alice.say(bob.bare)
    bob.expect(message(body=said.body))


def test_a_dead_recorder_is_started_again_and_nobody_notices(folk, server):
    alice, bob = folk.online(2)
    alice.sm_enable()
    recorder = server.pid("recorder")
    os.kill(recorder, signal.SIGKILL)
    said = [alice.say(bob.bare, "number %d" % number) for number in range(20)]
    got = [body_of(each) for each in bob.settle(alice) if each.tag.endswith("}message")]
    assert got == [each.body for each in said]
    assert wait_pid(server, "recorder", recorder) != recorder
    while alice.sm_acked < 20:
        alice.sync()


def test_what_the_gate_had_acknowledged_is_delivered_after_its_death(folk, server):
    alice, = folk.online(1)
    account = folk.account()
    alice.sm_enable()
    said = [alice.say(account.jid, "number %d" % number) for number in range(10)]
    while alice.sm_acked < 10:
        alice.sync()
    gate = server.pid("gate")
    os.kill(gate, signal.SIGKILL)
    wait_pid(server, "gate", gate)
    server.wait_ready()
    again = folk.client(alice.account).login(bind=False)
    answer = alice.resume_on(again)
    assert answer.tag.endswith("failed") and answer.get("h") == "10"
    bob = folk.client(account).online()
    assert [body_of(bob.expect(message(from_=alice.jid))) for _ in said] == [each.body for each in said]


def test_a_frozen_gate_can_be_replaced(folk, server):
    folk.online(1)
    gate = server.pid("gate")
    os.kill(gate, signal.SIGSTOP)
    os.kill(gate, signal.SIGKILL)
    wait_pid(server, "gate", gate)
    server.wait_ready()
    folk.online(1)


def test_nothing_lingers_when_the_supervisor_dies(launch):
    server = launch("orphans")
    pids = [server.pid(who) for who in ("gate", "recorder", "supervisor")]
    os.kill(pids[2], signal.SIGKILL)
    for pid in pids:
        wait_gone(pid)
    server.process.wait(10)
    server.process = None
    server.start()
    assert Client(server, server.people(1)[0]).online()


def test_a_gate_that_dies_again_and_again_is_still_brought_back(launch):
    server = launch("back-off")
    begin = time.monotonic()
    gate = None
    for _ in range(4):
        gate = wait_pid(server, "gate", gate, seconds=30)
        os.kill(gate, signal.SIGKILL)
        wait_gone(gate)
    wait_pid(server, "gate", gate, seconds=30)
    assert time.monotonic() - begin < 60
    server.wait_ready(30)
    assert Client(server, server.people(1)[0]).online()
