"""Debian's Prosody: the modules of its configuration file, rate limits off, the generational collector."""

import hashlib
import hmac
import os
import re

from .child import Child
from .place import DOMAIN, PASSWORD, Trouble
from .server import Server

SHIPPED = "/etc/prosody/prosody.cfg.lua"
SALT = "5f6d2d1c-7a0e-4a8b-9c53-2f0f8f0d7b11"
ITERATIONS = 10000  # Prosody's own default

CONFIGURATION = """\
run_as_root = true
pidfile = "{live}/prosody.pid"
data_path = "{live}/data"
interfaces = {{ "127.0.0.1" }}
local_interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ }}
c2s_direct_tls_ports = {{ {port} }}
s2s_ports = {{ }}
http_ports = {{ }}
https_ports = {{ }}
component_ports = {{ }}
gc = {{ mode = "generational" }}
{modules}
modules_disabled = {{ "limits", "s2s", "dialback" }}
authentication = "internal_hashed"
password_hash = "SHA-256"
default_storage = "internal"
{archive}
log = {{ warn = "{live}/prosody.log" }}
ssl = {{ key = "{key}", certificate = "{certificate}" }}
c2s_direct_tls_ssl = {{ key = "{key}", certificate = "{certificate}" }}
VirtualHost "{domain}"
Component "conference.{domain}" "muc"
"""


class Prosody(Server):
    name = "prosody"
    features = "modules as Debian ships them, rate limits off, gc generational, SCRAM-SHA-256"
    durability = "nothing kept"
    peer = True
    archive_lines = ""
    more_modules = ""

    def modules(self):
        """The modules_enabled table of the shipped file."""
        if not os.path.exists(SHIPPED):
            raise Trouble("Debian's prosody is not installed")
        with open(SHIPPED) as file:
            shipped = re.search(r"^modules_enabled = \{.*?^\}", file.read(), re.M | re.S).group(0)
        return shipped[:-1] + self.more_modules + "}"

    def configuration(self):
        return CONFIGURATION.format(live=self.live, port=self.port, modules=self.modules(), domain=DOMAIN,
                                    key=self.place.key, certificate=self.place.certificate,
                                    archive=self.archive_lines.format(live=self.live))

    def configuration_hash(self):
        self.port = 0
        return super().configuration_hash()

    def make(self):
        """Accounts as files of its internal store: the keys are the same for all, because salt and password are."""
        accounts = os.path.join(self.pristine, "data", DOMAIN.replace(".", "%2e"), "accounts")
        os.makedirs(accounts)
        salted = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), SALT.encode(), ITERATIONS)
        text = (f'return {{\n\t["iteration_count"] = {ITERATIONS};\n\t["salt"] = "{SALT}";\n'
                f'\t["stored_key"] = "{hashlib.sha256(sign(salted, b"Client Key")).hexdigest()}";\n'
                f'\t["server_key"] = "{sign(salted, b"Server Key").hex()}";\n}};\n')
        for number in range(self.accounts):
            with open(os.path.join(accounts, f"u{number}.dat"), "w") as file:
                file.write(text)

    def run(self):
        path = os.path.join(self.live, "prosody.cfg.lua")
        with open(path, "w") as file:
            file.write(self.configuration())
        child = Child(["prosody", "-F", "--config", path], self.log, cwd=self.live)
        child.await_port(self.port)
        return child


class ProsodyInternal(Prosody):
    name = "prosody-archive-internal"
    features = Prosody.features + ", mod_mam in the internal store"
    durability = "archived, not synced for each message"
    archive = True
    more_modules = '"mam";'
    archive_lines = ('default_archive_policy = true\n'
                     'storage = {{ archive = "internal" }}')


class ProsodySqlite(Prosody):
    name = "prosody-archive-sqlite"
    features = Prosody.features + ", mod_mam in SQLite"
    durability = "archived in SQLite, journal mode delete"
    archive = True
    more_modules = '"mam";'
    archive_lines = ('default_archive_policy = true\n'
                     'storage = {{ archive = "sql" }}\n'
                     'sql = {{ driver = "SQLite3", database = "{live}/archive.sqlite" }}')


def sign(key, text):
    return hmac.new(key, text, "sha256").digest()
