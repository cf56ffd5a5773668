"""What packaging/ holds: the systemd unit is accepted by systemd, and the server does all it does inside its sandbox."""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time

import pytest

from lib import record, unit
from lib.server import BINARY, Server, environment
from lib.stanza import message

RUNNER = pathlib.Path(unit.__file__)


def test_systemd_understands_the_unit(tmp_path):
    """Run against this build's executable; manual pages are not installed."""
    text = unit.UNIT.read_text()
    lines = [line.replace("/usr/bin/gatehouse", BINARY) for line in text.splitlines() if not line.startswith("Documentation")]
    copy = tmp_path / "gatehouse.service"
    copy.write_text("\n".join(lines) + "\n")
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(copy)], capture_output=True, text=True)
    said = [line for line in (done.stdout + done.stderr).splitlines() if "gatehouse" in line]
    assert done.returncode == 0 and not said, done.stdout + done.stderr


def installs():
    """{name of a file: where the build has it}"""
    plan = subprocess.run(["meson", "introspect", "--install-plan", str(pathlib.Path(BINARY).parents[2])], capture_output=True,
                          text=True, check=True).stdout
    return {pathlib.Path(to["destination"]).name: source for kind in json.loads(plan).values() for source, to in kind.items()}


def test_every_command_has_a_manual_page_and_so_have_the_settings():
    overview = subprocess.run([BINARY, "help"], capture_output=True, text=True, check=True).stdout
    listed = overview.split("Commands:\n")[1].split("\n\n")[0].splitlines()
    commands = {re.split("  +", line.strip())[0].replace(" ", "-") for line in listed}
    assert {"user-change", "backup", "invite-create"} <= commands
    pages = {name for name in installs() if name.endswith((".1", ".5"))}
    assert pages == {"gatehouse.1", "gatehouse.yaml.5"} | {"gatehouse-%s.1" % name for name in commands}


def test_the_verifier_is_installed_and_needs_nothing_beside_it(tmp_path):
    installed = installs()
    copy = tmp_path / "gatehouse-verify-record"
    copy.write_bytes(pathlib.Path(installed[copy.name]).read_bytes())
    done = subprocess.run([sys.executable, "-I", str(copy), "--help"], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0 and "--checkpoint" in done.stdout, done.stderr


@pytest.fixture
def notified():
    """(the name for NOTIFY_SOCKET, a function that returns the next notice)"""
    name = "gatehouse-notify-%d" % os.getpid()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind("\0" + name)
        listener.settimeout(20)
        yield "@" + name, lambda: listener.recv(4096).decode()


def prefix_for(server):
    world = ["unshare", "--mount"] if os.getuid() == 0 else []
    return [*world, sys.executable, "-B", str(RUNNER), str(server.dir), "--"]


def talk(server):
    alice, bob = server.online(2)
    said = alice.say(bob.bare)
    bob.expect(message(body=said.body))


def test_the_server_does_its_work_inside_the_units_sandbox(notified):
    name, notice = notified
    server = Server("sandbox", env={"NOTIFY_SOCKET": name, "ASAN_OPTIONS": "detect_leaks=0"})
    try:
        server.make()
        server.prefix = prefix_for(server)
        server.start()
        assert notice() == "READY=1"
        talk(server)
        reload = subprocess.run([*server.prefix, BINARY, "reload", "--dir", str(server.dir)], capture_output=True, text=True,
                                env=environment(**server.env), timeout=60)
        assert reload.returncode == 0, reload.stderr
        for who in ("gate", "recorder"):
            pid = server.pid(who)
            os.kill(pid, signal.SIGKILL)
            end = time.monotonic() + 10
            while server.status()[who + "_pid"] in (0, pid) or server.status()["state"] != "running":
                assert time.monotonic() < end, server.tail()
                time.sleep(0.05)
            talk(server)
        assert server.run("record", "show").returncode == 0
        record.verify(server)
        server.stop()
        assert notice() == "STOPPING=1"
    finally:
        server.remove()
