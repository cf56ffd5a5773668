"""A cable between the server and one client that can be pulled: the client lives in a network of its own (a namespace),
joined to this machine by a pair of virtual interfaces. Needs root."""

import ctypes
import os
import subprocess
import threading

from .wire import Wire

CLONE_NEWNET = 0x40000000


class Cable:
    """`near`: the address of this machine's end, for the server to listen on."""

    def __init__(self, near="10.213.7.1", far="10.213.7.2"):
        self.near = near
        self.name = "gatehouse%d" % (os.getpid() % 100000)
        self.world = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo; exec sleep 1000"], stdout=subprocess.PIPE)
        self.world.stdout.readline()
        self._ip("link", "add", self.name, "type", "veth", "peer", "name", "client", "netns", str(self.world.pid))
        self._ip("address", "add", near + "/30", "dev", self.name)
        self._ip("link", "set", self.name, "up")
        for words in (("address", "add", far + "/30", "dev", "client"), ("link", "set", "client", "up")):
            subprocess.run(["nsenter", "--net", "--target", str(self.world.pid), "ip", *words], check=True)

    @staticmethod
    def _ip(*words):
        subprocess.run(["ip", *words], check=True)

    def plug(self, client):
        """client.connect() goes by this cable from now on (direct TLS)."""
        def connect(how="direct", **tls):
            client.wire = self._wire(client.server.direct_port)
            client.ended = client.gone = False
            client.wire.start_tls(client.domain, ca=client.server.ca, alpn=["xmpp-client"])
            return client
        client.connect = connect
        return client

    def _wire(self, port):
        made = []

        def inside():  # a namespace is a thread's; a socket keeps the one it was made in
            with open("/proc/%d/ns/net" % self.world.pid) as world:
                if ctypes.CDLL(None, use_errno=True).setns(world.fileno(), CLONE_NEWNET) == 0:
                    made.append(Wire(self.near, port))
        thread = threading.Thread(target=inside)
        thread.start()
        thread.join()
        return made[0]

    def pull(self):
        """Nothing passes any more, and nobody is told."""
        subprocess.run(["nsenter", "--net", "--target", str(self.world.pid), "ip", "address", "flush", "dev", "client"],
                       check=True)

    def remove(self):
        self.world.kill()  # its end goes with it, and so does ours
        self.world.wait()
