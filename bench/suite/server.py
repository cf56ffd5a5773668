"""What all servers under test have in common."""

import hashlib
import os
import shutil

from .child import tree
from .place import free_port


class Server:
    """One server with one configuration. prepare() once: configuration and accounts in a pristine directory; start()
    copies that and runs the server on it, so that no run inherits what another one stored."""

    name = ""
    features = ""     # what is switched on, for people
    durability = ""   # what has become of a message when it is delivered
    peer = False      # somebody else's server
    archive = False   # keeps every message
    floor = False     # not an XMPP server at all
    login = ["--mechanism", "SCRAM-SHA-256", "--roster"]
    rooms = "conference"  # the service of rooms is ROOMS.DOMAIN

    def __init__(self, place, accounts=400):
        self.place = place
        self.accounts = accounts
        self.home = os.path.join(place.directory("servers"), self.name)
        self.pristine = os.path.join(self.home, "pristine")
        self.live = os.path.join(self.home, "live")
        self.log = os.path.join(self.home, "log")
        self.child = None
        self.port = 0
        self.ready = False

    def prepare(self):
        if not self.ready:
            shutil.rmtree(self.pristine, ignore_errors=True)
            os.makedirs(self.pristine)
            os.chmod(self.home, 0o711)
            self.make()
            self.ready = True

    def make(self):
        """Fills the pristine directory."""

    def run(self):
        """Starts the server on self.live and self.port; returns the Child when it answers."""
        raise NotImplementedError

    def start(self):
        self.prepare()
        shutil.rmtree(self.live, ignore_errors=True)
        copy_tree(self.pristine, self.live)
        self.port = free_port()
        self.child = self.run()

    def stop(self):
        if self.child:
            self.child.stop()
            self.child = None

    def processes(self):
        """{name: pid} of what is to be measured."""
        names = {}
        for pid, name in tree(self.child.pid):
            names[name if name not in names else f"{name}-{pid}"] = pid
        return names

    def configuration(self):
        """The text whose hash stands in the report."""
        return self.name

    def configuration_hash(self):
        return hashlib.sha256(self.configuration().encode()).hexdigest()[:12]


def copy_tree(source, target):
    """Copies with owners, where that is permitted: a server may run as several users."""
    for folder, folders, files in os.walk(source):
        there = os.path.join(target, os.path.relpath(folder, source))
        os.makedirs(there, exist_ok=True)
        copy_owner(folder, there)
        for name in files:
            shutil.copy2(os.path.join(folder, name), os.path.join(there, name))
            copy_owner(os.path.join(folder, name), os.path.join(there, name))


def copy_owner(source, target):
    stat = os.stat(source)
    shutil.copymode(source, target)
    try:
        os.chown(target, stat.st_uid, stat.st_gid)
    except PermissionError:
        pass
