"""Places where the server has to run that are not the tidy one of the other scenarios: a kernel that lacks something, an
ordinary user, folders closed to the users of its processes, a terminal, a syslog that comes and goes, a taken port."""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest

from lib import record
from lib.record import eventually
from lib.server import BINARY, ROOT, Server, environment
from lib.stanza import message
from lib.terminal import Terminal

WITHOUT = [sys.executable, "-B", str(pathlib.Path(__file__).resolve().parents[1] / "lib/without.py")]


def talk(server):
    alice, bob = server.online(2)
    said = alice.say(bob.bare)
    bob.expect(message(body=said.body))
    return said


# --- the kernel

def test_without_landlock_the_server_says_so_and_runs_with_what_there_is(launch):
    calls = ["landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"]
    server = launch("no-landlock", prefix=[*WITHOUT, *calls, "--"])
    talk(server)
    status = server.status()
    lines = server.log.read_text().splitlines()
    for who in ("gate", "recorder"):
        assert status[who + "_confinement"] == "seccomp and file permissions; this kernel has no landlock"
        assert [line for line in lines if " warn " in line and who + ":" in line and "no landlock" in line], server.tail()
        text = pathlib.Path("/proc/%d/status" % status[who + "_pid"]).read_text()
        assert "Seccomp:\t2" in text and "NoNewPrivs:\t1" in text


def test_status_says_how_the_processes_are_confined(main_server):
    status = main_server.status()
    for who in ("gate", "recorder"):
        assert status[who + "_confinement"].startswith("landlock (version ")
        assert status[who + "_confinement"].endswith(") and seccomp")


# --- whose and where

def executables():
    """The command, and where its processes and rules are in this build."""
    processes = pathlib.Path(os.environ.get("GATEHOUSE_LIBEXEC") or pathlib.Path(BINARY).parents[1] / "proc")
    return pathlib.Path(BINARY), [processes / name for name in ("supervisor", "gate", "recorder", "reader")]


def install(place):
    """The tree that `ninja install` makes, with what a server needs; returns the command's path."""
    command, processes = executables()
    for folder in ("bin", "libexec/gatehouse", "share/gatehouse"):
        (place / folder).mkdir(parents=True)
    shutil.copy(command, place / "bin/gatehouse")
    for each in processes:
        shutil.copy(each, place / "libexec/gatehouse")
    shutil.copytree(ROOT / "rules", place / "share/gatehouse/rules")
    subprocess.run(["chmod", "-R", "a+rX", place], check=True)
    return place / "bin/gatehouse"


def own_environment(**more):
    """Without the variables that say where things are: as after an installation."""
    env = environment(**more)
    for name in ("GATEHOUSE_LIBEXEC", "GATEHOUSE_DATA"):
        env.pop(name, None)
    return env


class Elsewhere(Server):
    """A server of another command, run as another user perhaps."""

    def __init__(self, name, command, prefix, **more):
        super().__init__(name, prefix=prefix, **more)
        self.command = [*map(str, prefix), str(command)]

    def run(self, *arguments, input=None, timeout=60):
        return subprocess.run([*self.command, *map(str, arguments), "--dir", str(self.dir)], input=input, text=True,
                              capture_output=True, timeout=timeout, env=own_environment(), cwd="/")

    def make(self):
        done = self.run("init", "--domain", self.domain)
        assert done.returncode == 0, done.stdout + done.stderr
        text = self.yaml.read_text()
        for old, new in (("5222", self.port), ("5223", self.direct_port)):
            text = text.replace(":" + old, ":%d" % new)
        self.yaml.write_text(text)
        return self

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*self.command, "serve", "--dir", str(self.dir)], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, env=own_environment(), start_new_session=True, cwd="/")
        self.wait_ready()
        return self

    def import_csv(self, lines, check=True):
        for line in lines.splitlines():
            jid, password = line.split(",")[:2]
            done = self.run("user", "add", jid, "--password-stdin", input=password + "\n")
            assert done.returncode == 0, done.stdout + done.stderr

    def people(self, count, domain=None):
        return self._import(count, self.domain)


def users(pid):
    """Real, effective, saved and file-system user."""
    lines = pathlib.Path("/proc/%d/status" % pid).read_text().splitlines()
    return {int(each) for line in lines if line.startswith("Uid:") for each in line.split()[1:]}


@contextlib.contextmanager
def running(server):
    try:
        yield server.make().start()
        server.stop()
    finally:
        server.remove()


def test_an_ordinary_user_runs_an_installed_server(place):
    command = install(place / "installed")
    home = place / "home"
    home.mkdir()
    prefix = []
    if os.getuid() == 0:
        os.chown(home, 65534, 65534)
        prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs"]
    with running(Elsewhere("ordinary", command, prefix, directory=home)) as server:
        said = talk(server)
        for who in ("gate", "recorder", "supervisor"):
            assert users(server.pid(who)) == {65534 if os.getuid() == 0 else os.getuid()}
        assert server.run("reload").returncode == 0
        assert said.body in server.run("record", "show", "--json").stdout
        assert server.run("record", "verify").returncode == 0


def test_programs_below_a_folder_that_is_closed_to_their_users_start(place):
    """Built in the home of root, say: gate and recorder are other users then."""
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    command = install(closed / "installed")
    (place / "open").mkdir(mode=0o755)
    with running(Elsewhere("closed", command, (), directory=place / "open")) as server:
        said = talk(server)
        if os.getuid() == 0:
            assert len({*users(server.pid("gate")), *users(server.pid("recorder")), 0}) == 3
        assert server.run("reload").returncode == 0
        assert said.body in server.run("record", "show", "--json").stdout


# --- a terminal

def test_control_c_in_a_terminal_stops_at_once_and_the_next_start_continues(server, output, place):
    server = Server("terminal").make()
    try:
        for number in range(2):
            command = "sh -c 'trap : INT; %s serve --dir %s; echo ended with $?; sleep 60'" % (BINARY, server.dir)
            terminal = Terminal("ctrl-c-%d" % number, command, place / str(number), columns=150)
            try:
                terminal.wait_for("the server is running; Ctrl-C")
                said = talk(server)
                people = server.json("user", "list")["users"]
                server.close_clients()
                begin = time.monotonic()
                terminal.press("C-c")
                screen = terminal.wait_for("ended with 0", seconds=20)
                assert time.monotonic() - begin < 3  # nobody is waited for
                terminal.save(output, "ctrl-c-%d" % number)
            finally:
                terminal.close()
            lines = screen[screen.index("^C"):].split("\n")
            assert "supervisor: stopping" in lines[0] and any("supervisor: stopped" in line for line in lines), screen
            assert not [line for line in lines if " error " in line or " warn " in line], screen
        server.start()
        record.verify(server)
        assert server.json("user", "list")["users"] == people and said
        server.stop()
    finally:
        server.remove()


def test_closing_the_window_stops_the_server_and_a_hangup_in_an_open_one_reloads(place):
    server = Server("window").make()
    try:
        terminal = Terminal("window", "%s serve --dir %s" % (BINARY, server.dir), place / "home", columns=150)
        try:
            terminal.wait_for("the server is running; Ctrl-C")
            talk(server)
            os.kill(server.pid("supervisor"), signal.SIGHUP)
            terminal.wait_for("reloaded")
            pids = [server.pid(who) for who in ("supervisor", "gate", "recorder")]
            server.close_clients()
        finally:
            terminal.close()
        eventually(lambda: not [pid for pid in pids if pathlib.Path("/proc/%d" % pid).exists()])
        server.start()  # its ports are free again
        record.verify(server)
        server.stop()
    finally:
        server.remove()


# --- syslog

@pytest.fixture
def syslog(place):
    """(where it listens, the words in front of a command for which that is /dev/log)"""
    path = place / "log"
    script = ("mount -t tmpfs none %(dev)s && for f in null zero random urandom tty; do touch %(dev)s/$f && "
              "mount --bind /dev/$f %(dev)s/$f || exit; done && ln -s %(log)s %(dev)s/log && ln -s /proc/self/fd "
              "%(dev)s/fd && mount --move %(dev)s /dev && exec \"$@\"" % {"dev": place / "dev", "log": path})
    (place / "dev").mkdir()
    world = ["unshare", "--mount"]
    if os.getuid():
        world += ["--user", "--map-current-user", "--keep-caps"]
    return path, [*world, "sh", "-c", script, "sh"]


def listen(path):
    """A syslog that was just started."""
    path.unlink(missing_ok=True)
    log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    log.bind(str(path))
    path.chmod(0o666)
    log.settimeout(20)
    return log


def heard(log, server):
    """The next checkpoint that comes there, which must be one of the record's."""
    head, text = log.recv(65536).decode().split("checkpoint ", 1)
    assert head == "<85>gatehouse-record: "
    assert " ".join(text.split()) in " ".join((server.dir / "record/checkpoints").read_text().split())
    return int(text.split()[1])


def test_checkpoints_go_to_syslog_also_when_it_was_started_again(launch, syslog):
    path, world = syslog
    log = listen(path)
    server = launch("syslog", {"record": {"syslog": True}}, prefix=world)
    first = heard(log, server)
    log.close()
    path.unlink()
    talk(server)
    eventually(lambda: "checkpoints cannot be sent to syslog" in server.log.read_text())
    log = listen(path)
    talk(server)
    assert heard(log, server) > first
    eventually(lambda: "checkpoints are sent to syslog again" in server.log.read_text())
    log.close()


# --- ports

def test_a_taken_port_is_named_with_what_to_do(place):
    server = Server("taken").make()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", server.port))
        taken.listen()
        done = server.run("serve")
    server.remove()
    assert done.returncode == 3, done
    assert "port %d is taken" % server.port in done.stderr
    assert "listen.starttls" in done.stderr and "gatehouse.yaml" in done.stderr
