"""Runs the figures: in each round every figure against every server, one after the other, so that what the machine does
meanwhile hits all of them alike."""

import json
import os
import subprocess
import sys

from . import profile
from .ejabberd import Ejabberd, EjabberdMnesia, EjabberdSqlite
from .floors import DurableFloor, Fan20, Fan100, Floor, flush_us
from .gatehouse import Gatehouse, GatehouseBare, GatehouseContacts, GatehouseNoHistory
from .place import LOAD_CORE, PASSWORD, Trouble, settle_on
from .prosody import Prosody, ProsodyInternal, ProsodySqlite

SERVERS = [Floor, DurableFloor, Fan20, Fan100, Gatehouse, GatehouseNoHistory, GatehouseContacts, GatehouseBare, Ejabberd, Prosody, ProsodyInternal, ProsodySqlite,
           EjabberdMnesia, EjabberdSqlite]


def server_names():
    return [server.name for server in SERVERS]


def load_command(place, server, figure, seconds):
    watch = ",".join(f"{name}:{pid}" for name, pid in server.processes().items())
    command = [place.load, *figure.arguments, "--server", f"127.0.0.1:{server.port}", "--watch", watch,
               "--password", PASSWORD, "--keys", os.path.join(server.home, "keys"), "--service", server.rooms, *server.login]
    if figure.timed:
        command += ["--seconds", str(seconds * figure.scale)]
    return command


def load_run(place, server, figure, seconds):
    """One run of the generator: its report, with what went wrong beside it."""
    command = load_command(place, server, figure, seconds)
    load = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            preexec_fn=lambda: settle_on(LOAD_CORE))
    sampled = profile.sample(place, server, seconds) if figure.name == "inspection" else None
    out, err = load.communicate()
    print(f"    {server.name:26} {err.strip()}", file=sys.stderr, flush=True)
    report = json.loads(out) if out.strip() else {}
    if load.returncode not in (0, 1) or not report:
        report["trouble"] = err.strip()[-500:] or f"exit {load.returncode}"
    elif load.returncode:
        report["trouble"] = "something was lost, doubled, out of order or refused"
    if sampled is not None:
        report["profile"] = sampled
    return report


def server_run(place, server, figure, seconds):
    """Starts the server, runs the figure, stops it. Trouble becomes part of the report: one failure does not end a
    long run."""
    try:
        server.start()
        try:
            return load_run(place, server, figure, seconds)
        finally:
            server.stop()
    except (Trouble, OSError, subprocess.SubprocessError) as trouble:
        server.stop()
        print(f"    {server.name:26} {trouble}", file=sys.stderr, flush=True)
        return {"trouble": str(trouble)[:2000]}


def accounts_for(name, figures):
    """How many accounts a server needs: making them takes time."""
    return max([figure.accounts for figure in figures if name in figure.servers], default=0)


def rounds_run(place, figures, against, reps, seconds):
    """[{round, figure, server, report}] in the order of the runs, the servers by name, and what a flush cost in each
    round."""
    servers = {kind.name: kind(place, accounts_for(kind.name, figures)) for kind in SERVERS}
    results = []
    flushes = []
    for number in range(reps):
        flushes.append(flush_us(place.work))
        for figure in figures:
            print(f"round {number + 1} of {reps}: {figure.name}", file=sys.stderr, flush=True)
            for name in [name for name in figure.servers if name in against]:
                report = server_run(place, servers[name], figure, seconds)
                results.append({"round": number, "figure": figure.name, "server": name, "report": report})
    return results, servers, flushes
