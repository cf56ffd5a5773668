"""Fixtures of the scenarios. `server` is one server for the whole run (of a worker), with the configuration that init writes;
a module that needs another defines its own `server` with `launch`. `folk` gives a test fresh people on it.

    /usr/bin/python3 -m pytest tests/scenario            all
    /usr/bin/python3 -m pytest tests/scenario -m tsan    the few that are worth a run under ThreadSanitizer
    /usr/bin/python3 -m pytest tests/scenario --recorder-stopped    see lib/standstill.py
    /usr/bin/python3 -m pytest tests/scenario -n 2 --dist loadfile  two files at a time, each run with a server of its own
"""

import contextlib
import functools
import itertools
import os
import pathlib
import shutil
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
sys.dont_write_bytecode = True

from lib import standstill, walls  # noqa: E402
from lib.desktop import loopback  # noqa: E402
from lib.folk import Folk  # noqa: E402
from lib.mail import Sink  # noqa: E402
from lib.rooms import new_room, trio_in  # noqa: E402
from lib.server import OUTPUT, Server, free_port  # noqa: E402

_addresses = itertools.count(1)

# The modules that take longest, in that order: begun first, none of them is what a single worker still does at the end.
LONG = ("client_rules", "histories", "hijack", "administration", "restricted", "walls", "courier", "fast", "inventory",
        "policy_samples", "inventory_nights", "command", "backup", "import", "patches", "import_ejabberd", "sasl_settings",
        "roster_groups", "settings", "lockdown_ways", "history", "lockdown", "surroundings", "flood", "campaign_mail", "export",
        "sasl", "record", "routing", "admit", "recorder_stopped", "sunset_mail", "invites")


def pytest_addoption(parser):
    parser.addoption("--recorder-stopped", action="store_true",
                     help="stop the recorder around each send and see that nobody else gets what was sent")


def pytest_configure(config):
    standstill.wanted = config.getoption("--recorder-stopped")
    config.addinivalue_line("markers", "tsan: crosses loops; also run under ThreadSanitizer")
    config.addinivalue_line("markers", "recorder_runs(why): not run with --recorder-stopped")


def pytest_collection_modifyitems(config, items):
    """The long ones first. With --recorder-stopped some are left out: standstill.LEFT_OUT, and what is marked."""
    place = {"test_%s.py" % name: number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: place.get(item.path.name, len(LONG)))
    if not standstill.wanted:
        return
    out = [item for item in items
           if item.path.name in standstill.LEFT_OUT or item.get_closest_marker("recorder_runs")]
    config.hook.pytest_deselected(items=out)
    items[:] = [item for item in items if item not in out]


def pytest_sessionfinish(session):
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["stops"] = standstill.stops


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    """One of several workers has ended; what died on the way has said nothing."""
    standstill.stops += getattr(node, "workeroutput", {}).get("stops", 0)


def pytest_terminal_summary(terminalreporter):
    if standstill.wanted:
        terminalreporter.write_line("the recorder was stopped %d times" % standstill.stops)


def pytest_make_parametrize_id(config, val, argname):
    """Long texts would make names that nobody reads, and an environment too large to start the command in."""
    if isinstance(val, str) and len(val) > 60:
        return "%s... (%d)" % (val[:40], len(val))
    return None


def next_address():
    """A loopback address of this test's own, so that limits per address do not join tests."""
    number = next(_addresses)
    return "127.%d.%d.%d" % (1 + number // 60000, number // 250 % 240, 1 + number % 250)


@pytest.fixture(scope="session")
def main_server():
    server = Server("-".join(["main", *filter(None, [os.environ.get("PYTEST_XDIST_WORKER")])])).make().start()
    yield server
    _finish(server)


@pytest.fixture(scope="module")
def launch():
    """launch(name, settings, prepare) -> a started Server that ends with the module. `prepare` is called
    with the server between init and start."""
    servers = []

    def start(name, settings=None, prepare=None, **more):
        server = Server(name, settings, **more)
        servers.append(server)
        server.make()
        if prepare:
            prepare(server)
        return server.start()

    yield start
    with contextlib.ExitStack() as all_of_them:  # also when one has something to say
        for server in servers:
            all_of_them.callback(_finish, server)


@pytest.fixture(scope="module")
def server(main_server):
    return main_server


def _finish(server):
    try:
        server.stop()
    finally:
        server.remove()


@pytest.fixture
def folk(server):
    server.source = next_address()
    yield Folk(server)
    server.close_clients()
    assert server.process is None or server.process.poll() is None, "the server ended: %s" % server.tail()
    server.check_log()


@pytest.fixture
def room(server):
    """The address of a room that is not there yet."""
    return new_room(server)


@pytest.fixture
def trio(folk, room):
    """An owner and two more in it."""
    owner, *others = folk.online(3)
    return trio_in(room, owner, others)


@pytest.fixture(scope="module")
def sink():
    """A mail server."""
    sink = Sink()
    yield sink
    sink.stop()


@pytest.fixture(scope="module")
def port():
    """One for what the server of a module listens on besides."""
    return free_port()


@pytest.fixture
def wall(server):
    """wall(direction, kinds, mode, door): from now on a wall of that sort stands between the groups left and right;
    wall(None): none. None stands when the test begins and when it ends."""
    yield functools.partial(walls.put, server)
    walls.put(server, None)


@pytest.fixture
def address():
    """A loopback address for a test that will be punished for what it does."""
    return next_address()


@pytest.fixture
def place():
    """An empty directory that the server's own users can pass through; tmp_path is closed to others."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="gatehouse-place-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def keep(output):
    """keep(program): one of lib/programs.py; what it shows is kept, and it ends with the test."""
    with contextlib.ExitStack() as ends:
        def add(program):
            ends.callback(program.end, output)
            return program
        yield add


@pytest.fixture(scope="module")
def found_at():
    """Where programs look for a server of which they know the domain alone; prepared() of lib/programs.py takes it."""
    return loopback()


@pytest.fixture(scope="session")
def output():
    """Where captures are kept."""
    OUTPUT.mkdir(parents=True, exist_ok=True)
    return OUTPUT
