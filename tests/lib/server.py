"""A Gatehouse server under test: made by `gatehouse init`, configured from a dict, started, watched, stopped.

Which one: GATEHOUSE_BIN (default build/src/cli/gatehouse) and GATEHOUSE_LIBEXEC. Everything a server writes
stays under one directory of its own; the log is kept beside it in GATEHOUSE_TEST_OUTPUT (default
build/test-output). At the end of each test, and of the server, its log must hold no report of a sanitizer
and no password or message body of the tests: all of these carry a mark (stanza.MARK, PASSWORD_MARK).
"""

import collections
import contextlib
import json
import os
import pathlib
import pwd
import grp
import random
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import yaml

from . import names, standstill
from .client import Account, Client
from .stanza import MARK

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("GATEHOUSE_BIN") or str(ROOT / "build/src/cli/gatehouse")
OUTPUT = pathlib.Path(os.environ.get("GATEHOUSE_TEST_OUTPUT") or ROOT / "build/test-output")
PASSWORD_MARK = "hush-"
REPORTS = re.compile(r"AddressSanitizer|runtime error:|ThreadSanitizer|LeakSanitizer|MemorySanitizer|"
                     r"Assertion .* failed|stack smashing|double free|core dumped")
START_SECONDS = float(os.environ.get("GATEHOUSE_TEST_START", "20"))

_given_ports = {}  # port: what holds it as long as this process lives


def free_port():
    """A loopback port that nothing listens on and that no server of any run on this machine was given: a name in the
    kernel's own space belongs to one process at a time and goes with it. Below the ports that connections leave from."""
    while True:
        port = random.randrange(10000, 32000)
        holder = socket.socket(socket.AF_UNIX)
        try:
            holder.bind("\0gatehouse-test-port-%d" % port)
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
        except OSError:
            holder.close()
            continue
        _given_ports[port] = holder
        return port


def merge(into, more):
    """Lays the nested dict `more` over `into`."""
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value
    return into


def environment(**more):
    env = dict(os.environ)
    env.setdefault("ASAN_OPTIONS", "detect_leaks=0:abort_on_error=0")
    env.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
    env.setdefault("TSAN_OPTIONS", "halt_on_error=0:second_deadlock_stack=1")
    env.update(more)
    return env


def run(*arguments, input=None, env=None, timeout=60, prefix=()):
    """The command `gatehouse` with those arguments; a CompletedProcess with text."""
    return subprocess.run([*prefix, BINARY, *map(str, arguments)], input=input, text=True, capture_output=True,
                          timeout=timeout, env=environment(**(env or {})))


class Server:
    """settings: laid over what init wrote. directory: where to make (or find) the data directory's parent;
    by default a new one that goes when the server is removed. prefix: words in front of `gatehouse serve`."""

    def __init__(self, name, settings=None, domains=("example.org", "second.example"), directory=None, env=None,
                 prefix=()):
        self.name = name
        self.settings = settings or {}
        self.domains = domains
        self.domain = domains[0]
        self.env = env or {}
        self.prefix = prefix
        self.source = None
        self.process = None
        self.clients = []
        self.standstill = standstill.Standstill(self) if standstill.wanted else None
        self.port, self.direct_port, self.plain_port = free_port(), free_port(), free_port()
        self.parent = pathlib.Path(directory or tempfile.mkdtemp(prefix="gatehouse-%s-" % name))
        self.own_parent = directory is None
        if self.own_parent:
            self.parent.chmod(0o755)  # the server's own users pass through it
        self.dir = self.parent / "data"
        self.ca = str(self.dir / "tls/ca.crt")
        OUTPUT.mkdir(parents=True, exist_ok=True)
        self.log = OUTPUT / ("%s.log" % name)
        self.log.write_bytes(b"")
        self._checked = 0
        self._free = collections.deque()
        self._made = 0

    # --- the data directory

    def make(self):
        """init, and the configuration of this test."""
        domains = [part for domain in self.domains for part in ("--domain", domain)]
        done = run("init", "--dir", self.dir, *domains, env=self.env)
        assert done.returncode == 0, "init failed: %s%s" % (done.stdout, done.stderr)
        self.configure(self.settings)
        return self

    @property
    def yaml(self):
        return self.dir / "gatehouse.yaml"

    def configure(self, settings):
        """Lays `settings` and the ports of this server over the configuration file."""
        config = yaml.safe_load(self.yaml.read_text()) or {}
        merge(config, {
            "domains": list(self.domains),
            "listen": {"starttls": ["127.0.0.1:%d" % self.port], "direct_tls": ["127.0.0.1:%d" % self.direct_port],
                       "plaintext": ["127.0.0.1:%d" % self.plain_port]},
            "loops": int(os.environ.get("GATEHOUSE_TEST_LOOPS", "3")),
            "clients": {"ask": False},  # a question of the server's is not what tests of other matters wait for
            "outbreak": {"action": "tell"},  # tests say the same to many
            "sasl": {"iterations": 4096},  # the fewest: deriving passwords would be a third of a run's work
            "control": {"record_group": grp.getgrgid(os.getgid()).gr_name},
        })
        if os.getuid() == 0:
            merge(config, {"users": service_users()})
        merge(config, settings)
        self.yaml.write_text(yaml.safe_dump(config, sort_keys=False))

    # --- the process

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*self.prefix, BINARY, "serve", "--dir", str(self.dir)], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=environment(**self.env), start_new_session=True)
        self.wait_ready()
        return self

    def wait_ready(self, seconds=None):
        """Until the server answers on its ports; returns how long that took. The ports are open before and while
        there is a gate behind them, so only an answer counts."""
        begin, limit = time.monotonic(), seconds or START_SECONDS
        while not self._answers(begin + limit):
            assert self.process.poll() is None, "the server ended: %s" % self.tail()
            assert time.monotonic() - begin < limit, "not ready in %g s: %s" % (limit, self.tail())
            time.sleep(0.01)
        took = time.monotonic() - begin
        socket.create_connection(("127.0.0.1", self.direct_port), 1).close()
        return took

    def _answers(self, until):
        """Whether a stream header is answered with a stream header before that time."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as probe:
                probe.settimeout(max(min(until - time.monotonic(), 1), 0.01))
                probe.sendall(("<stream:stream xmlns='jabber:client' xmlns:stream='%s' to='%s' version='1.0'>" % (
                    names.STREAM, self.domain)).encode())
                return b"<stream:features" in probe.recv(65536)
        except OSError:
            return False

    def stop(self):
        """SIGTERM; asserts a clean exit and a clean log."""
        self.close_clients()
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                code = self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill_tree()
                raise AssertionError("the server did not stop in 20 s: %s" % self.tail()) from None
            assert code == 0, "exit code %d: %s" % (code, self.tail())
        self.process = None
        self.check_log()

    def restart(self):
        self.stop()
        return self.start()

    def kill_tree(self):
        """kill -9 of every process at once; returns when none of them holds a port any more."""
        family = self._family()
        for pid in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self.process:
            self.process.wait()
            self.process = None
        end = time.monotonic() + 20
        while any(map(_runs, family)):
            assert time.monotonic() < end, "killed, and still there: %s" % family
            time.sleep(0.005)

    def _family(self):
        """serve, the supervisor and all it started, found by the session serve leads."""
        found = [self.process.pid] if self.process else []
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if self.process and int(fields[3]) == self.process.pid and int(stat.parent.name) not in found:
                found.append(int(stat.parent.name))
        return found

    def remove(self):
        """Stops without any check and deletes the data directory."""
        self.close_clients()
        if self.process:
            self.kill_tree()
        if self.own_parent:
            shutil.rmtree(self.parent, ignore_errors=True)

    def close_clients(self):
        """Closes every client; each compares its streams with the second parser. The first failure is raised
        when all are closed."""
        failure = None
        clients, self.clients = self.clients, []
        if self.standstill:
            self.standstill.forget()
        for client in clients:
            try:
                client.close()
            except AssertionError as error:
                failure = failure or error
        if failure:
            raise failure

    # --- looking at it

    def run(self, *arguments, **more):
        """The command on this server's directory."""
        return run(*arguments, "--dir", self.dir, **more)

    def json(self, *arguments, **more):
        """The command with --json, which must succeed; its parsed answer."""
        done = self.run(*arguments, "--json", **more)
        assert done.returncode == 0, "%r: exit %d %s %s" % (arguments, done.returncode, done.stdout, done.stderr)
        return json.loads(done.stdout)

    def status(self):
        return self.json("status")

    def pid(self, who):
        """who: gate, recorder, supervisor."""
        return int(self.status()[who + "_pid"])

    def signal(self, who, number):
        os.kill(self.pid(who), number)

    def sessions(self):
        return self.json("session", "list")["sessions"]

    def tail(self, lines=40):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def check_log(self):
        """Asserts that what the log gained since the last check is free of reports and of secrets."""
        with open(self.log, "rb") as log:
            log.seek(self._checked)
            new = log.read()
        self._checked += len(new)
        text = new.decode(errors="replace")
        report = REPORTS.search(text)
        assert not report, "sanitizer report in %s:\n%s" % (self.log, text[max(report.start() - 200, 0):][:4000])
        for mark, what in ((MARK, "message body"), (PASSWORD_MARK, "password")):
            at = text.find(mark)
            assert at < 0, "a %s in the log %s: ...%s..." % (what, self.log, text[max(at - 200, 0):at + 100])

    # --- people

    def people(self, count, domain=None):
        """`count` accounts that no test has used."""
        if domain and domain != self.domain:
            return self._import(count, domain)
        while len(self._free) < count:  # more each time, up to 40: many a server has three people all its life
            more = min(40, 6 + self._made)
            self._free.extend(self._import(max(more, count - len(self._free)), self.domain))
        return [self._free.popleft() for _ in range(count)]

    def _import(self, count, domain):
        made = []
        for _ in range(count):
            self._made += 1
            made.append(Account("p%04d@%s" % (self._made, domain), PASSWORD_MARK + secrets.token_hex(8)))
        self.import_csv("".join("%s,%s,Person %s,,,,\n" % (a.jid, a.password, a.jid[1:5]) for a in made))
        return made

    def import_csv(self, lines, check=True):
        """`user import` of those CSV lines."""
        path = self.parent / "people.csv"
        path.write_text("jid,password,name,groups,mail,language,department\n" + lines)
        path.chmod(0o600)
        done = self.run("user", "import", path, timeout=300)
        path.unlink()
        if check:
            assert done.returncode == 0, "user import: %s%s" % (done.stdout, done.stderr)
        return done

    def client(self, account=None, **more):
        return Client(self, account, **more)

    def online(self, count, **login):
        """`count` new people, logged in and available."""
        return [Client(self, account).online(**login) for account in self.people(count)]


def _runs(pid):
    """Whether a thread of that process is not dead yet: its ports are its own until the last one is, though it shows as a
    zombie as soon as the first is."""
    with contextlib.suppress(OSError):
        for thread in os.listdir("/proc/%d/task" % pid):
            with contextlib.suppress(OSError):
                if pathlib.Path("/proc/%d/task/%s/stat" % (pid, thread)).read_text().rsplit(")", 1)[1].split()[0] not in "ZX":
                    return True
    return False


def service_users():
    """Users for gate, recorder and courier when the tests run as root: the product's own where they exist, else three
    that every Debian has."""
    chosen = {}
    for role, ours, spare in (("gate", "gatehouse-gate", "nobody"), ("recorder", "gatehouse-recorder", "daemon"),
                              ("courier", "gatehouse-courier", "mail")):
        try:
            pwd.getpwnam(ours)
            chosen[role] = ours
        except KeyError:
            chosen[role] = spare
    return chosen
