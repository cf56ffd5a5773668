"""Gatehouse as `init` makes it, with a policy of 500 words and 50 expressions. Only what belongs to the machine is
changed: ports, and the rates of a session, which are off for every server here."""

import csv
import json
import os
import sqlite3
import subprocess
import time

from .child import Child
from .place import DOMAIN, PASSWORD, Trouble
from .policy import write_policy
from .server import Server
from .settings import setting_put

RATES = {"limits.stanzas_per_second": "1000000", "limits.stanza_burst": "10000000",
         "limits.account_stanzas_per_second": "10000000", "limits.account_stanza_burst": "10000000",
         "limits.address_stanzas_per_second": "10000000", "limits.address_stanza_burst": "100000000", "flood.senders": "off",
         "limits.bytes_per_second": "1073741824", "limits.bytes_burst": "4294967296"}


class Gatehouse(Server):
    name = "gatehouse"
    features = "as init writes it, 500 words and 50 expressions, rate limits off, SCRAM-SHA-256"
    durability = "recorded and flushed before delivery"
    archive = True
    policy = True
    import_seconds = None
    rooms = "rooms"

    def command(self, *arguments, **options):
        done = subprocess.run([self.program(), *arguments], capture_output=True, text=True, check=False,
                              env={**os.environ, **self.environment()}, **options)
        if done.returncode:
            said = (done.stdout + done.stderr)[-1500:]
            raise Trouble(f"gatehouse {' '.join(arguments)}: exit {done.returncode}\n{said}")
        return done.stdout

    def program(self):
        return self.place.tool("src/cli/gatehouse")

    def environment(self):
        return {"GATEHOUSE_LIBEXEC": os.path.join(self.place.build, "src/proc")}

    def make(self):
        os.rmdir(self.pristine)  # init makes it
        self.command("init", "--dir", self.pristine, "--domain", DOMAIN)
        self.added = write_policy(os.path.join(self.pristine, "policy")) if self.policy else ""
        self.configure(self.pristine)
        accounts = os.path.join(self.home, "accounts.csv")
        with open(accounts, "w", newline="") as file:
            table = csv.writer(file)
            table.writerow(["jid", "password", "name", "groups", "mail", "language", "department"])
            for number in range(self.accounts):
                table.writerow([f"u{number}@{DOMAIN}", PASSWORD, f"Person {number}", self.groups_of(number), "", "en", ""])
        start = time.monotonic()
        self.command("user", "import", "--dir", self.pristine, accounts)
        self.import_seconds = time.monotonic() - start

    def groups_of(self, number):
        return "bench"

    def configure(self, directory):
        path = os.path.join(directory, "gatehouse.yaml")
        with open(path) as file:
            text = file.read()
        changes = {"listen.starttls": "[]", "listen.direct_tls": f'["127.0.0.1:{self.port or 5223}"]', **RATES}
        for name, value in changes.items():
            text = setting_put(text, name, value)
        with open(path, "w") as file:
            file.write(text)

    def run(self):
        self.configure(self.live)
        child = Child([self.program(), "serve", "--dir", self.live], self.log,
                      env=self.environment())
        child.await_port(self.port)
        self.await_running()
        return child

    def status(self):
        return json.loads(self.command("status", "--dir", self.live, "--json"))

    def await_running(self, seconds=60):
        """The supervisor listens before the gate has loaded its accounts."""
        end = time.monotonic() + seconds
        while self.status()["state"] != "running":
            if time.monotonic() > end:
                raise Trouble(f"the server is not running after {seconds} s")
            time.sleep(0.1)

    def processes(self):
        status = self.status()
        return {name: status[f"{name}_pid"] for name in ("gate", "recorder", "supervisor")}

    def configuration(self):
        with open(os.path.join(self.pristine, "gatehouse.yaml")) as file:
            return file.read() + self.added


class GatehouseNoHistory(Gatehouse):
    """The record alone: what clients may ask for again is not kept."""

    name = "gatehouse-no-history"
    features = Gatehouse.features + ", no history for clients"

    def configure(self, directory):
        super().configure(directory)
        path = os.path.join(directory, "gatehouse.yaml")
        with open(path) as file:
            text = file.read()
        with open(path, "w") as file:
            file.write(setting_put(text, "history.enabled", "false"))


class GatehouseContacts(Gatehouse):
    """Everybody has 50 contacts: a ring, as in `load presence`, put where the server keeps rosters."""

    name = "gatehouse-contacts"
    features = Gatehouse.features + ", 50 contacts each"
    contacts = 50

    def make(self):
        super().make()
        reach = self.contacts // 2
        names = [f"u{number}@{DOMAIN}" for number in range(self.accounts)]
        with sqlite3.connect(os.path.join(self.pristine, "store", "gatehouse.db")) as store:
            store.executemany("INSERT OR REPLACE INTO roster (owner, version) VALUES (?, 1)", ((name,) for name in names))
            store.executemany(
                "INSERT OR REPLACE INTO roster_item (owner, contact, name, groups, subscription, ask, approved, hidden, "
                "pending_in) VALUES (?, ?, '', '', 3, 0, 0, 0, '')",
                ((name, names[(at + step) % len(names)]) for at, name in enumerate(names)
                 for step in range(-reach, reach + 1) if step))


class GatehouseBare(Gatehouse):
    """For the share of inspection: the same without any rule."""

    name = "gatehouse-no-rules"
    features = "as init writes it but without rules, rate limits off, SCRAM-SHA-256"
    policy = False

    def configure(self, directory):
        super().configure(directory)
        rules = os.path.join(directory, "policy", "rules")
        for name in os.listdir(rules) if os.path.isdir(rules) else []:
            os.unlink(os.path.join(rules, name))
