"""The client's side of SCRAM (RFC 5802, RFC 7677), with every part open so that a test can break one."""

import base64
import functools
import hashlib
import hmac
import secrets


HASHES = {"SCRAM-SHA-1": "sha1", "SCRAM-SHA-256": "sha256", "SCRAM-SHA-512": "sha512"}


@functools.lru_cache(maxsize=4096)
def salted_password(hash_name, password, salt, iterations):
    return hashlib.pbkdf2_hmac(hash_name, password.encode(), salt, iterations)


def escape(name):
    """RFC 5802 5.1: ',' and '=' in a user name."""
    return name.replace("=", "=3D").replace(",", "=2C")


def attributes(message):
    """'r=...,s=...' as a dict."""
    return dict(part.split("=", 1) for part in message.split(","))


class Scram:
    """One exchange. `binding` is None (flag n), "y" (flag y: "I could, you did not offer"), or a pair
    (type, data) for a -PLUS mechanism."""

    def __init__(self, mechanism, user, password, binding=None, authzid=None, nonce=None):
        self.mechanism = mechanism
        self.hash_name = HASHES[mechanism.removesuffix("-PLUS")]
        self.password = password
        self.nonce = nonce or secrets.token_urlsafe(18)
        self.authzid = "a=" + escape(authzid) if authzid else ""
        self.binding_data = b""
        if binding is None:
            flag = "n"
        elif binding == "y":
            flag = "y"
        else:
            flag, self.binding_data = "p=" + binding[0], binding[1]
        self.gs2 = "%s,%s," % (flag, self.authzid)
        self.bare = "n=%s,r=%s" % (escape(user), self.nonce)
        self.salt = self.iterations = self.server_signature = None

    def first(self):
        return (self.gs2 + self.bare).encode()

    def final(self, challenge):
        """The client-final message for the server-first `challenge` (bytes)."""
        server_first = challenge.decode()
        given = attributes(server_first)
        assert given["r"].startswith(self.nonce) and len(given["r"]) > len(self.nonce), "server nonce"
        self.salt, self.iterations = base64.b64decode(given["s"]), int(given["i"])
        bound = base64.b64encode(self.gs2.encode() + self.binding_data).decode()
        without_proof = "c=%s,r=%s" % (bound, given["r"])
        auth_message = ",".join((self.bare, server_first, without_proof)).encode()
        salted = salted_password(self.hash_name, self.password, self.salt, self.iterations)
        client_key = self._mac(salted, b"Client Key")
        stored_key = hashlib.new(self.hash_name, client_key).digest()
        signature = self._mac(stored_key, auth_message)
        proof = bytes(a ^ b for a, b in zip(client_key, signature))
        self.server_signature = self._mac(self._mac(salted, b"Server Key"), auth_message)
        return ("%s,p=%s" % (without_proof, base64.b64encode(proof).decode())).encode()

    def verify(self, success):
        """Asserts that the server proved that it knows the account too."""
        given = attributes(success.decode())
        assert "v" in given, "server sent no verifier"
        assert base64.b64decode(given["v"]) == self.server_signature, "server's signature is wrong"

    def _mac(self, key, data):
        return hmac.new(key, data, self.hash_name).digest()
