"""The record of a server as files, read without the product: its lines, and what the verifier says.

The format is docs/record-format.md. Counting is by the mark that every test body carries, so it holds for any
format of lines.
"""

import collections
import gzip
import json
import re
import subprocess

from .server import ROOT, environment

VERIFIER = ROOT / "tools/verify-record"
OPENERS = {".gz": gzip.open}


def segments(directory):
    """The segments in `directory`, in their order; one that is being sealed has two files, of which the sealed one
    counts."""
    found = {}
    for path in sorted(directory.iterdir()):  # NAME.jsonl comes before NAME.jsonl.gz
        match = SEGMENT.fullmatch(path.name)
        if match:
            found[int(match[1])] = path
    return [found[serial] for serial in sorted(found)]


def content(path):
    """The bytes of a segment, unpacked, without the zeros that space kept ready for an open one consists of."""
    with OPENERS.get(path.suffix, open)(path, "rb") as file:
        return file.read().rstrip(b"\0")


def lines_of(path):
    """The lines of a segment, each with its newline; the padding between them is left out."""
    try:
        data = content(path)
    except FileNotFoundError:  # it was sealed meanwhile
        data = content(path.with_name(path.name + ".gz"))
    return [line for line in data[:data.rfind(b"\n") + 1].splitlines(keepends=True) if line.strip(b"\n\0")]


def replace(path, data):
    """Writes `data` in the place of a segment's lines, packed as it was."""
    path.chmod(0o600)
    with OPENERS.get(path.suffix, open)(path, "wb") as file:
        file.write(data)


def lines(directory):
    """Every whole line of the record, as bytes without its newline, oldest first; the empty ones that fill a batch
    up to the end of a block are left out."""
    for path in segments(directory):
        yield from filter(None, content(path).split(b"\n")[:-1])


def entries(directory):
    """Every line as a dict."""
    return [json.loads(line) for line in lines(directory)]


def holding(directory, text):
    """The lines that hold `text`, as dicts."""
    return [json.loads(line) for line in lines(directory) if text.encode() in line]


class Count:
    """How many lines hold each mark; remembers how far it has read, so that it can be asked again and again.
    mark: a compiled pattern for bytes."""

    def __init__(self, directory, mark):
        self.directory, self.mark = directory, mark
        self.counts = collections.Counter()
        self._read = {}

    def update(self):
        for path in segments(self.directory):
            if path.suffix in OPENERS:
                plain = str(path.with_suffix(""))
                if plain in self._read:  # go on where the open segment was left
                    self._read[str(path)] = self._read.pop(plain)
                opener = OPENERS[path.suffix]
            else:
                opener = open
            with opener(path, "rb") as file:
                self._read_on(file, path)
        return self.counts

    def _read_on(self, file, path):
        """Counts the whole lines behind the place where the last call ended."""
        file.seek(self._read.get(str(path), 0))
        data = without_ready_space(file.read())
        data = data[:data.rfind(b"\n") + 1]
        for line in data.split(b"\n"):
            self.counts.update(set(self.mark.findall(line)))
        self._read[str(path)] = self._read.get(str(path), 0) + len(data)


def damage(server, directory, *arguments):
    """What the verifier finds: a list of {"kind", "segment", "line", "text"}; its exit code has to agree."""
    done = verify(server, "--json", *arguments, directory=directory, check=False)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found = json.loads(done.stdout)["damage"]
    assert bool(found) == (done.returncode == 1)
    return found


def verify(server, *arguments, directory=None, check=True):
    """tools/verify-record over the record of `server`; a CompletedProcess."""
    done = subprocess.run(["/usr/bin/python3", str(VERIFIER), str(directory or server.dir / "record"),
                           "--key", str(server.dir / "keys/record.pub"), *map(str, arguments)],
                          capture_output=True, text=True, env=environment(), timeout=300)
    if check:
        assert done.returncode == 0, "verify-record: exit %d\n%s%s" % (done.returncode, done.stdout, done.stderr)
    return done
