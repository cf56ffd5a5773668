"""A cable between the server and one client that can be pulled: the client lives in a network of its own (a namespace),
joined to this machine by a pair of virtual interfaces. Needs root."""

import ctypes
import subprocess
import threading

from .wire import Wire

CLONE_NEWNET = 0x40000000


class Cable:
    """`near`: the address of this machine's end, for the server to listen on."""

    def __init__(self):
        self.world = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo; exec sleep 1000"], stdout=subprocess.PIPE)
        self.world.stdout.readline()
        number = self._join()
        self.near, far = "10.213.%d.1" % number, "10.213.%d.2" % number
        self._ip("address", "add", self.near + "/30", "dev", self.name)
        self._ip("link", "set", self.name, "up")
        for words in (("address", "add", far + "/30", "dev", "client"), ("link", "set", "client", "up")):
            subprocess.run(["nsenter", "--net", "--target", str(self.world.pid), "ip", *words], check=True)

    def _join(self):
        """With a number that nobody else has: tests beside this one have cables too, and one that was removed goes a
        moment later."""
        for number in range(250):
            self.name = "gatehouse%d" % number
            done = subprocess.run(["ip", "link", "add", self.name, "type", "veth", "peer", "name", "client", "netns",
                                   str(self.world.pid)], capture_output=True, text=True)
            if done.returncode == 0:
                return number
            assert "File exists" in done.stderr, done.stderr
        raise AssertionError("there are 250 cables")

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
