"""Whoever changes a record is found out: each kind of change, on the open segment, on a sealed one, on the leaf hashes beside
and on the checkpoint, is named with its segment, its line and its kind by tools/verify-record. `gatehouse record verify` is asked
as well each time: it must find damage where the other does."""

import base64
import gzip
import hashlib
import json
import re
import shutil
import subprocess
import time

import pytest
import recorder

VERIFIER = recorder.ROOT / "tools/verify-record"
SEALED, OPEN = "00000002.jsonl.gz", "open"


def verify(directory, *arguments, key=True):
    """Exit code and the JSON answer."""
    words = ["/usr/bin/python3", str(VERIFIER), str(directory / "record"), "--json", *map(str, arguments)]
    if key:
        words += ["--key", str(directory / "keys/record.pub")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert done.returncode in (0, 1), done.stderr
    answer = json.loads(done.stdout)
    assert answer["ok"] == (done.returncode == 0)
    if key and (not arguments or arguments[0] == "--checkpoint"):
        code, told = recorder.read_verify(directory, *arguments[1:])
        assert code == done.returncode, "%s\n%s" % (done.stdout, told)
    return answer


def kinds(answer):
    return {(each["kind"], each["segment"], each["line"]) for each in answer["damage"]}


@pytest.fixture(scope="session")
def original(tmp_path_factory):
    """A record of three sealed segments and an open one, and a copy of its last checkpoint."""
    directory = tmp_path_factory.mktemp("record")
    each = recorder.Recorder(directory, segment_bytes=65536)
    link = recorder.write(each, ["message %d" % i for i in range(50)])
    link.send(b"".join(link.content("together %d" % i) for i in range(6)))
    link.settle()
    deadline = time.monotonic() + 20
    while len(list(each.record.glob("*.gz"))) < 3 or len(list(each.record.glob("*.jsonl"))) > 1:
        assert time.monotonic() < deadline, "segments are not sealed"
        time.sleep(0.05)
    each.stop()
    shutil.copy(each.record / "checkpoint", directory / "elsewhere")
    return directory


@pytest.fixture
def directory(original, tmp_path):
    """A copy to damage."""
    copy = tmp_path / "copy"
    shutil.copytree(original, copy)
    for path in (copy / "record").iterdir():
        path.chmod(0o600)
    return copy


def place(directory, where):
    """Path of the segment, and of its leaf hashes."""
    record = directory / "record"
    path = record / where if where != OPEN else max(record.glob("*.jsonl"))
    return path, record / (path.name.split(".")[0] + ".leaves")


def load(path):
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [line for line in data.split(b"\n") if line]


def store(path, lines):
    data = b"".join(line + b"\n" for line in lines)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)


def of_type(lines, kind):
    return [i for i, line in enumerate(lines) if json.loads(line)["type"] == kind]


def leaf(line):
    return hashlib.sha256(b"\0" + line).digest()


both = pytest.mark.parametrize("where", [SEALED, OPEN])


def test_an_untouched_record_verifies(directory):
    answer = verify(directory, "--checkpoint", directory / "elsewhere")
    assert answer["ok"] and answer["segments"] >= 4 and answer["not_proved"] == []


def test_without_an_outside_checkpoint_it_says_what_is_not_proved(directory):
    answer = verify(directory)
    assert answer["ok"] and "removed from the end" in " ".join(answer["not_proved"])
    assert "whose key" in " ".join(verify(directory, key=False)["not_proved"])


@both
def test_an_edited_line_is_named(directory, where):
    path, _ = place(directory, where)
    lines = load(path)
    at = of_type(lines, "content")[2]
    lines[at] = lines[at].replace(b"message ", b"massage ").replace(b"together", b"together!")
    store(path, lines)
    assert kinds(verify(directory)) == {("edited", path.name, at + 1)}


@both
def test_every_flipped_bit_of_a_line_is_found(directory, where):
    path, _ = place(directory, where)
    good = load(path)
    at = of_type(good, "content")[1]
    for bit in range(0, len(good[at]) * 8, 331):
        lines = list(good)
        line = bytearray(lines[at])
        line[bit // 8] ^= 1 << bit % 8
        if b"\n" in line:
            continue
        lines[at] = bytes(line)
        store(path, lines)
        assert ("edited", path.name, at + 1) in kinds(verify(directory)), bit


@both
def test_a_removed_line_is_named(directory, where):
    path, _ = place(directory, where)
    lines = load(path)
    at = of_type(lines, "content")[2]
    store(path, lines[:at] + lines[at + 1:])
    assert kinds(verify(directory)) == {("missing", path.name, at + 1)}


@both
def test_an_added_line_is_named(directory, where):
    path, _ = place(directory, where)
    lines = load(path)
    at = of_type(lines, "content")[2]
    store(path, lines[:at] + [lines[at].replace(b"message", b"invented")] + lines[at:])
    assert ("added", path.name, at + 1) in kinds(verify(directory))


@both
def test_swapped_lines_are_named(directory, where):
    path, _ = place(directory, where)
    lines = load(path)
    at = of_type(lines, "content")[2]
    lines[at], lines[at + 2] = lines[at + 2], lines[at]
    store(path, lines)
    assert "swapped" in {kind for kind, segment, _ in kinds(verify(directory)) if segment == path.name}


@both
def test_lines_removed_from_the_end_are_named(directory, where):
    path, _ = place(directory, where)
    lines = load(path)
    store(path, lines[:-4])
    found = kinds(verify(directory))
    assert ("truncated", path.name, len(lines) - 3) in found


def test_lines_removed_from_the_end_with_their_leaf_hashes_and_checkpoints(directory):
    """What only an outside checkpoint shows."""
    path, leaves = place(directory, OPEN)
    lines = load(path)
    cut = of_type(lines, "batch")[-3] + 1
    store(path, lines[:cut])
    leaves.write_bytes(leaves.read_bytes()[:32 * cut])
    record = directory / "record"
    size = json.loads(lines[cut - 1])["seq"] + 1
    old = [note for note in all_notes(record / "checkpoints") if int(note.split("\n")[1]) <= size]
    assert old
    (record / "checkpoint").write_text(old[-1])
    (record / "checkpoints").write_text("\n".join(old))
    assert verify(directory)["ok"], "nothing inside can show it"
    answer = verify(directory, "--checkpoint", directory / "elsewhere")
    assert {"truncated", "replayed checkpoint"} <= {kind for kind, _, _ in kinds(answer)}


def all_notes(path):
    """The notes of a history, each as text."""
    return re.findall(r"\S+\n\d+\n\S+\n\n\u2014 .*\n", path.read_text())


def test_a_removed_segment_is_named(directory):
    (directory / "record" / SEALED).unlink()
    assert ("missing", "00000002.jsonl", None) in kinds(verify(directory))


def test_swapped_segments_are_named(directory):
    record = directory / "record"
    for end in (".jsonl.gz", ".leaves"):
        a, b = record / ("00000002" + end), record / ("00000003" + end)
        a.rename(record / "spare")
        b.rename(a)
        (record / "spare").rename(b)
    segments = {segment for _, segment, _ in kinds(verify(directory))}
    assert {"00000002.jsonl.gz", "00000003.jsonl.gz"} <= segments


def test_a_cut_compressed_file_is_named(directory):
    path, _ = place(directory, SEALED)
    path.write_bytes(path.read_bytes()[:-200])
    assert any(segment == SEALED for _, segment, _ in kinds(verify(directory)))


@both
@pytest.mark.parametrize("change", ["flip", "drop", "truncate", "swap"])
def test_changed_leaf_hashes_are_named_and_the_lines_not_accused(directory, where, change):
    path, leaves = place(directory, where)
    data = leaves.read_bytes()
    leaves.write_bytes({"flip": data[:40] + bytes([data[40] ^ 1]) + data[41:],
                        "drop": data[:32] + data[64:],
                        "truncate": data[:-32],
                        "swap": data[32:64] + data[:32] + data[64:]}[change])
    found = kinds(verify(directory))
    if change == "truncate" and where == OPEN:
        assert found == set(), "the newest hashes are written later: not damage"
    else:
        assert found == {("edited", leaves.name, None)}


@both
def test_without_leaf_hashes_the_segment_and_place_are_still_named(directory, where):
    path, leaves = place(directory, where)
    leaves.unlink()
    lines = load(path)
    at = of_type(lines, "content")[2]
    store(path, lines[:at] + [lines[at].replace(b"message ", b"massage ").replace(b"together", b"together!")] + lines[at + 1:])
    found = kinds(verify(directory))
    assert any(kind == "edited" and segment == path.name and 0 <= line - at - 1 <= 8 for kind, segment, line in found if line)


def forge(directory, where):
    """Edits a line and makes everything inside again that needs no key: leaf hashes, batch lines, later segments."""
    state, record = None, directory / "record"
    for path in sorted([*record.glob("*.gz"), *record.glob("*.jsonl")]):
        lines, hashes = load(path), []
        for i, line in enumerate(lines):
            found = json.loads(line)
            if found["type"] == "segment":
                state = state or Tree()
                line = line.replace(found["root"].encode(), base64.b64encode(state.root()))
                line = put_peaks(line, found["peaks"], state)
            elif found["type"] == "batch":
                line = line.replace(found["root"].encode(), base64.b64encode(state.root()))
            elif path == place(directory, where)[0] and i == of_type(lines, "content")[2]:
                line = line.replace(b"message ", b"massage ").replace(b"together", b"together!")
            lines[i] = line
            hashes.append(leaf(line))
            state.add(leaf(line))
        store(path, lines)
        (record / (path.name.split(".")[0] + ".leaves")).write_bytes(b"".join(hashes))


def put_peaks(line, old, state):
    was = json.dumps(old, separators=(",", ":")).encode()
    return line.replace(was, json.dumps([base64.b64encode(p).decode() for p in state.peaks], separators=(",", ":")).encode())


class Tree:
    """A second implementation of RFC 9162's tree, by its recursive definition."""

    def __init__(self):
        self.leaves, self.peaks = [], []

    def add(self, hashed):
        self.leaves.append(hashed)
        self.peaks, at = [], 0
        for bit in reversed(range(self.size().bit_length())):
            if self.size() >> bit & 1:
                self.peaks.append(self.of(self.leaves[at:at + (1 << bit)]))
                at += 1 << bit

    def size(self):
        return len(self.leaves)

    def root(self):
        return self.of(self.leaves)

    def of(self, leaves):
        if not leaves:
            return hashlib.sha256(b"").digest()
        if len(leaves) == 1:
            return leaves[0]
        k = 1 << (len(leaves) - 1).bit_length() - 1
        return hashlib.sha256(b"\1" + self.of(leaves[:k]) + self.of(leaves[k:])).digest()


@both
def test_a_record_written_anew_contradicts_its_checkpoints(directory, where):
    forge(directory, where)
    answer = verify(directory)
    assert any(each["kind"] == "edited" and "signed" in each["text"] for each in answer["damage"])


def test_a_record_written_anew_with_another_key_is_the_wrong_key(directory, tmp_path):
    other = recorder.Recorder(tmp_path / "other", segment_bytes=65536)
    recorder.write(other, ["an invention"])
    other.stop()
    shutil.rmtree(directory / "record")
    shutil.copytree(other.record, directory / "record")
    assert "wrong key" in {kind for kind, _, _ in kinds(verify(directory))}


def test_an_old_checkpoint_in_place_of_the_new_one_is_a_replay(directory):
    record = directory / "record"
    (record / "checkpoint").write_text(all_notes(record / "checkpoints")[0])
    assert ("replayed checkpoint", None, None) in kinds(verify(directory))


@pytest.mark.parametrize("change", ["size", "root", "signature", "origin", "gone"])
def test_a_changed_checkpoint_is_found(directory, change):
    path = directory / "record/checkpoint"
    lines = path.read_text().split("\n")
    if change == "size":
        lines[1] = str(int(lines[1]) + 10)
    elif change == "root":
        lines[2] = base64.b64encode(b"x" * 32).decode()
    elif change == "signature":
        lines[4] = lines[4][:-12] + ("AAAAAAAAAAA=" if not lines[4].endswith("AAAAAAAAAAA=") else "BAAAAAAAAAA=")
    elif change == "origin":
        lines[0] = "example.org/record/00000000"
    path.write_text("\n".join(lines) if change != "gone" else "")
    assert not verify(directory)["ok"]


def test_it_verifies_while_the_server_writes(tmp_path):
    each = recorder.Recorder(tmp_path / "live", segment_bytes=262144)
    link = recorder.write(each, ["first"])
    for i in range(12):
        for _ in range(40):
            link.send(link.content("busy"))
            link.pump()
        answer = verify(each.dir)
        assert answer["ok"], answer["damage"]
    link.settle()
    each.stop()
    assert verify(each.dir)["lines"] > 480


def test_bad_usage_is_exit_code_2(tmp_path):
    run = lambda *words: subprocess.run(["/usr/bin/python3", str(VERIFIER), *map(str, words)], capture_output=True).returncode
    assert run(tmp_path) == 2
    assert run() == 2
    assert run(tmp_path, "--key", tmp_path / "none") == 2
