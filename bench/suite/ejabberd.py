"""Debian's ejabberd: the modules and access rules of its configuration file, rate limits off. It runs without a node
name, so neither epmd nor the cookie of an installed server is touched."""

import os
import re
import sqlite3
import subprocess

from .child import Child
from .place import DOMAIN, PASSWORD, SERVER_CORE, Trouble, free_port, settle_on
from .server import Server

SHIPPED = "/etc/ejabberd/ejabberd.yml"
SCHEMA = "/usr/share/ejabberd/sql/lite.sql"
KEPT = ("define_macro", "acl", "access_rules", "shaper", "modules")

CONFIGURATION = """\
loglevel: warning
hosts: [{domain}]
certfiles: ["{live}/server.pem"]
auth_password_format: scram
auth_scram_hash: sha256
disable_sasl_mechanisms: ["digest-md5", "X-OAUTH2"]
{storage}
shaper_rules:
  max_user_sessions: 10
  max_user_offline_messages: 100
  c2s_shaper: none
  s2s_shaper: none
listen:
  -
    port: {port}
    ip: "127.0.0.1"
    module: ejabberd_c2s
    max_stanza_size: 262144
    access: c2s
    tls: true
    protocol_options: 'TLS_OPTIONS'
    backlog: 1024
{sections}
"""

ACCOUNTS = """
H = <<"{domain}">>,
ok = ejabberd_auth:try_register(<<"u0">>, H, <<"{password}">>),
[{{passwd, _, Keys}}] = mnesia:dirty_read(passwd, {{<<"u0">>, H}}),
[ok = mnesia:dirty_write({{passwd, {{<<"u", (integer_to_binary(N))/binary>>, H}}, Keys}}) || N <- lists:seq(0, {last})],
dumped = mnesia:dump_log(),
init:stop().
"""


class Ejabberd(Server):
    name = "ejabberd"
    features = "modules as Debian ships them, rate limits off, SCRAM-SHA-256"
    durability = "nothing kept"
    peer = True
    storage = ""
    archive_module = ""

    def sections(self):
        """Whole top-level sections of the shipped file."""
        if not os.path.exists(SHIPPED):
            raise Trouble("Debian's ejabberd is not installed")
        with open(SHIPPED) as file:
            parts = re.split(r"^(?=[a-z_]+:)", file.read(), flags=re.M)
        text = "".join(part for part in parts if part.split(":")[0] in KEPT)
        text = re.sub(r"^  mod_pres_counter:\n(    .*\n)*", "", text, flags=re.M)  # a rate limit
        # A room takes as many as enter.
        text = text.replace("  mod_muc:\n", "  mod_muc:\n    max_users: 1000\n")
        text = text.replace("    default_room_options:\n", "    default_room_options:\n      max_users: 1000\n")
        return text.rstrip() + "\n" + self.archive_module

    def configuration(self):
        return CONFIGURATION.format(live=self.live, port=self.port, domain=DOMAIN, sections=self.sections(),
                                    storage=self.storage.format(live=self.live))

    def configuration_hash(self):
        self.port = 0
        return super().configuration_hash()

    def command(self, folder, *more):
        return ["erl", "+K", "true", "+P", "250000", "-mnesia", "dir", f'"{folder}/spool"', "-ejabberd",
                "log_rotate_count", "0", "-s", "ejabberd", *more, "-noinput"]

    def environment(self, folder):
        return {"EJABBERD_CONFIG_PATH": f"{folder}/ejabberd.yml", "EJABBERD_LOG_PATH": f"{folder}/ejabberd.log",
                "ERL_CRASH_DUMP_BYTES": "0", "ERL_MAX_PORTS": "32000", "ERL_MAX_ETS_TABLES": "1400",
                "ERL_LIBS": "/usr/lib/x86_64-linux-gnu", "HOME": folder}

    def write(self, folder):
        with open(f"{folder}/ejabberd.yml", "w") as file:
            file.write(self.configuration().replace(self.live, folder))

    def make(self):
        """One account by ejabberd itself, all others with the same keys: it computes them once."""
        os.makedirs(f"{self.pristine}/spool")
        with open(f"{self.pristine}/server.pem", "w") as pem:
            for path in (self.place.certificate, self.place.key):
                with open(path) as part:
                    pem.write(part.read())
        self.make_database()
        self.port = free_port()
        self.write(self.pristine)
        text = ACCOUNTS.format(domain=DOMAIN, password=PASSWORD, last=self.accounts - 1)
        done = subprocess.run(self.command(self.pristine, "-eval", text), env={**os.environ, **self.environment(
            self.pristine)}, capture_output=True, timeout=180, cwd=self.pristine, check=False,
            preexec_fn=lambda: settle_on(SERVER_CORE))
        if done.returncode or b"error" in done.stderr.lower():
            raise Trouble(f"ejabberd: cannot make the accounts: {(done.stdout + done.stderr)[-1500:].decode()}")

    def make_database(self):
        """Nothing but mnesia here."""

    def run(self):
        self.write(self.live)
        child = Child(self.command(self.live), self.log, env=self.environment(self.live), cwd=self.live)
        child.await_port(self.port)
        return child


class EjabberdMnesia(Ejabberd):
    name = "ejabberd-archive-mnesia"
    features = Ejabberd.features + ", mod_mam in mnesia"
    durability = "archived, not synced for each message"
    archive = True
    archive_module = "  mod_mam:\n    default: always\n    db_type: mnesia\n"


class EjabberdSqlite(Ejabberd):
    name = "ejabberd-archive-sqlite"
    features = Ejabberd.features + ", mod_mam in SQLite"
    durability = "archived in SQLite, journal mode delete"
    archive = True
    archive_module = "  mod_mam:\n    default: always\n    db_type: sql\n"
    storage = 'sql_type: sqlite\nsql_database: "{live}/archive.sqlite"'

    def make_database(self):
        with open(SCHEMA) as schema, sqlite3.connect(f"{self.pristine}/archive.sqlite") as database:
            database.executescript(schema.read())
