"""Verify an evidence pack of Tradelane, or a checkpoint of its audit log. Needs nothing but Python 3.9 or newer.

    python3 verify.py PACK.zip [--key KEY.pem] [--checkpoint FILE]

KEY.pem is the gateway's public key and FILE a checkpoint of its audit log, both as you kept them, not as they came with
the pack: only then does a signature say more than that the pack fits itself. Exit 0: all holds; 1: something does not.

A copy of this file lies in every pack; use your own, if you do not trust the pack's.
"""

from __future__ import annotations

import argparse
import base64
import datetime
import hashlib
import json
import struct
import sys
import tempfile
import zipfile
from typing import Any, BinaryIO, NamedTuple

PACK_FORMAT = "tradelane-evidence/1"
CHECKPOINT_FORMAT = "tradelane-checkpoint/1"
MANIFEST = "manifest.json"
SIGNATURE = "manifest.sig"
PUBLIC_KEY = "key.pem"
BYTES = "raw/"
RAW = "raw/transmission.bin"
ROWS = "audit/rows.json"
CHAIN = "audit/chain.json"
CHECKPOINT = "audit/checkpoint.txt"
PROFILES = "profiles/"
CHUNK = 1 << 20
KEPT_BY = ("transmission.received", "transmission.handed_in", "transmission.made")
"""Actions of the audit log whose detail names the SHA-256 of a transmission's bytes."""

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, _P - 2, _P) % _P
_SQRT_OF_MINUS_1 = pow(2, (_P - 1) // 4, _P)
_SPKI_PREFIX = bytes.fromhex("302a300506032b6570032100")
_PEM_HEAD, _PEM_END = "-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----"
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)  # noqa: UP017 datetime.UTC came with Python 3.11

Point = tuple[int, int, int, int]


class Checkpoint(NamedTuple):
    """What the audit log looked like at a moment: the seal at a position of its chain.

    `signed` is the text under the signature; `key` the public key it was made with.
    """

    position: int
    seal: bytes
    at: str
    key: bytes
    signature: bytes
    signed: bytes


class Findings(NamedTuple):
    """What an examination found: what is proved, and what does not hold."""

    proved: list[str]
    faults: list[str]


def ed25519_holds(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a signature is the key's for the message (RFC 8032 5.1.7)."""
    if len(public) != 32 or len(signature) != 64:
        return False
    key, commitment = _point(public), _point(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if key is None or commitment is None or scalar >= _L:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % _L
    base = _point(((4 * pow(5, _P - 2, _P)) % _P).to_bytes(32, "little"))
    assert base is not None
    return _same(_times(scalar, base), _plus(commitment, _times(challenge, key)))


def public_key(pem: str) -> bytes:
    """The 32 bytes of an Ed25519 public key in PEM form (RFC 8410).

    Raises:
        ValueError: it is something else.
    """
    lines = [line.strip() for line in pem.strip().splitlines()]
    if len(lines) < 3 or lines[0] != _PEM_HEAD or lines[-1] != _PEM_END:
        raise ValueError("it is no public key in PEM form")
    der = base64.b64decode("".join(lines[1:-1]), validate=True)
    if len(der) != 44 or not der.startswith(_SPKI_PREFIX):
        raise ValueError("it is no Ed25519 public key")
    return der[12:]


def public_pem(key: bytes) -> str:
    """An Ed25519 public key in PEM form."""
    return f"{_PEM_HEAD}\n{base64.b64encode(_SPKI_PREFIX + key).decode()}\n{_PEM_END}\n"


def fingerprint(key: bytes) -> str:
    """What people compare keys by."""
    return "SHA256:" + hashlib.sha256(key).hexdigest()


def read_checkpoint(text: str) -> Checkpoint:
    """A checkpoint from its file; its signature is not looked at.

    Raises:
        ValueError: it is none.
    """
    lines = text.split("\n")
    names = [line.partition(" ")[0] for line in lines]
    if names != [CHECKPOINT_FORMAT, "position", "seal", "at", "key", "signature", ""]:
        raise ValueError("it is no checkpoint of an audit log")
    values = [line.partition(" ")[2] for line in lines]
    position, seal = values[1], bytes.fromhex(values[2])
    key, signature = bytes.fromhex(values[4]), bytes.fromhex(values[5])
    if not position.isascii() or not position.isdigit() or (len(seal), len(key), len(signature)) != (32, 32, 64):
        raise ValueError("it is no whole checkpoint of an audit log")
    found = Checkpoint(int(position), seal, values[3], key, signature, signed_text(int(position), seal, values[3], key))
    if found.signed + f"signature {signature.hex()}\n".encode() != text.encode():
        raise ValueError("it is not written as checkpoints are")
    return found


def signed_text(position: int, seal: bytes, at: str, key: bytes) -> bytes:
    """What the signature of a checkpoint is made over: its first five lines."""
    return f"{CHECKPOINT_FORMAT}\nposition {position}\nseal {seal.hex()}\nat {at}\nkey {key.hex()}\n".encode()


def checkpoint_holds(found: Checkpoint) -> bool:
    """Whether a checkpoint was signed with the key it names."""
    return ed25519_holds(found.key, found.signed, found.signature)


def examine(pack: BinaryIO, *, key: bytes | None = None, checkpoint: Checkpoint | None = None) -> Findings:
    """Examine an evidence pack.

    Args:
        pack: the file, seekable.
        key: the gateway's public key, kept apart from the pack.
        checkpoint: of the gateway's audit log, kept apart from the pack.
    """
    found = Findings([], [])
    try:
        with zipfile.ZipFile(pack) as opened:
            content = _files(pack, opened, found)
            if not found.faults:
                manifest = _manifest(content, found, key=key)
                if not found.faults:
                    _raw(opened, content, manifest, found)
                    _profiles(content, found)
                    _chain(content, manifest, found, key=key, kept=checkpoint)
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        NotImplementedError,
        RuntimeError,
        struct.error,
        EOFError,
        OSError,
        ValueError,
        TypeError,
        LookupError,
        OverflowError,
        AttributeError,
    ) as error:
        found.faults.append(f"the pack cannot be read: {type(error).__name__}: {str(error)[:200]}")
    return found


def entry(name: str, size: int) -> zipfile.ZipInfo:
    """How a file of a pack stands in its zip: so that the same files always make the same zip."""
    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.create_system = 3
    info.external_attr = 0o100644 << 16
    info.file_size = size
    return info


def seal_after(previous: bytes, link: bytes) -> bytes:
    """The seal of a link of the audit chain."""
    return hashlib.sha256(previous + link).digest()


def link_of(row: dict[str, Any]) -> bytes:
    """The link that a row of the audit log makes."""
    moment = datetime.datetime.fromisoformat(row["at"])
    microseconds = (moment - _EPOCH) // datetime.timedelta(microseconds=1)
    parts = [struct.pack(">qqq", row["position"], row["seq"], microseconds)]
    for name in ("actor", "action", "subject", "subject_id", "detail"):
        encoded = row[name].encode("utf-8")
        parts += [struct.pack(">I", len(encoded)), encoded]
    return hashlib.sha256(b"".join(parts)).digest()


def main(arguments: list[str] | None = None) -> int:
    """Examine a pack as the command line asks, print what is proved and what is not; the exit code."""
    parser = argparse.ArgumentParser(description="Verify an evidence pack of Tradelane.")
    parser.add_argument("pack")
    parser.add_argument("--key", help="the gateway's public key (PEM), as you kept it")
    parser.add_argument("--checkpoint", help="a checkpoint of its audit log, as you kept it")
    asked = parser.parse_args(arguments)
    try:
        key = None if asked.key is None else public_key(_text(asked.key))
        kept = None if asked.checkpoint is None else read_checkpoint(_text(asked.checkpoint))
        with open(asked.pack, "rb") as pack:
            found = examine(pack, key=key, checkpoint=kept)
    except (OSError, ValueError) as error:
        print(f"cannot verify: {error}")  # noqa: T201 it is a command
        return 2
    for line in found.proved:
        print(f"ok     {line}")  # noqa: T201 it is a command
    for line in found.faults:
        print(f"FAULT  {line}")  # noqa: T201 it is a command
    print("the pack does not hold" if found.faults else "the pack holds")  # noqa: T201 it is a command
    return 1 if found.faults else 0


def _files(pack: BinaryIO, opened: zipfile.ZipFile, found: Findings) -> dict[str, bytes]:
    """Every file as the manifest lists it, and not a byte beside them; the small ones' content."""
    infos = opened.infolist()
    names = [info.filename for info in infos]
    if len(set(names)) != len(names) or MANIFEST not in names or SIGNATURE not in names:
        found.faults.append("the zip does not hold each file once, a manifest and its signature among them")
        return {}
    if any(info.compress_type != zipfile.ZIP_STORED for info in infos):
        found.faults.append("the zip has compressed files; Tradelane writes none")
        return {}
    content: dict[str, bytes] = {}
    listed = {row["path"]: row for row in json.loads(opened.read(MANIFEST))["files"]}
    if sorted([*listed, MANIFEST, SIGNATURE]) != sorted(names):
        found.faults.append("the files in the zip are not those of its manifest")
        return {}
    for name in names:
        digest, size = hashlib.sha256(), 0
        with opened.open(name) as file:
            for chunk in iter(lambda: file.read(CHUNK), b""):
                digest.update(chunk)
                size += len(chunk)
        wanted = listed.get(name)
        if wanted is not None and (digest.hexdigest(), size) != (wanted["sha256"], wanted["size"]):
            found.faults.append(f"{name} is not the file of the manifest")
    if not found.faults and not _written_as_ours(pack, opened, infos):
        found.faults.append("the zip is not written as Tradelane writes them: something beside its files was changed")
    if not found.faults:
        content = {name: opened.read(name) for name in names if not name.startswith(BYTES)}
        found.proved.append(f"{len(listed)} files are those of the manifest, and nothing else is in the zip")
    return content


def _written_as_ours(pack: BinaryIO, opened: zipfile.ZipFile, infos: list[zipfile.ZipInfo]) -> bool:
    """Whether writing the same files again makes the very same bytes."""
    with tempfile.SpooledTemporaryFile(max_size=16 * CHUNK) as again:
        with zipfile.ZipFile(again, "w") as written:
            for info in infos:
                with opened.open(info) as source, written.open(entry(info.filename, info.file_size), "w") as target:
                    for chunk in iter(lambda: source.read(CHUNK), b""):
                        target.write(chunk)
        again.seek(0)
        pack.seek(0)
        while True:
            ours, theirs = again.read(CHUNK), pack.read(CHUNK)
            if ours != theirs:
                return False
            if not ours:
                return True


def _manifest(content: dict[str, bytes], found: Findings, *, key: bytes | None) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(content[MANIFEST])
    named = bytes.fromhex(manifest["key"])
    if manifest["format"] != PACK_FORMAT:
        found.faults.append(f"the pack's format is {str(manifest['format'])[:40]}; want {PACK_FORMAT}")
    if key is not None and key != named:
        found.faults.append(f"the pack is signed by {fingerprint(named)}, not by the key given, {fingerprint(key)}")
    if public_key(content[PUBLIC_KEY].decode()) != named:
        found.faults.append(f"{PUBLIC_KEY} is not the key of the manifest")
    if not ed25519_holds(named, content[MANIFEST], content[SIGNATURE]):
        found.faults.append("the signature of the manifest does not hold")
    if not found.faults:
        whose = "the key given" if key is not None else "the key in the pack; compare its fingerprint, or give --key"
        found.proved.append(f"the manifest is signed by {fingerprint(named)}, {whose}")
    return manifest


def _raw(opened: zipfile.ZipFile, content: dict[str, bytes], manifest: dict[str, Any], found: Findings) -> None:
    """The bytes are those whose SHA-256 the audit log noted when they came."""
    rows = json.loads(content[ROWS])
    sizes = {row["path"]: row["sha256"] for row in manifest["files"]}
    kept = {row["subject_id"]: json.loads(row["detail"])["sha256"] for row in rows if row["action"] in KEPT_BY}
    told = 0
    for path, transmission in manifest["transmissions"].items():
        if kept.get(transmission) != sizes[path]:
            found.faults.append(f"{path} is not what the audit log says was kept as transmission {transmission}")
        told += 1
    if RAW not in opened.namelist():
        found.proved.append("the transmission's bytes were purged: the log still says what they were")
    if not found.faults:
        found.proved.append(f"{told} transmission(s): their bytes are those that the audit log noted at the time")


def _profiles(content: dict[str, bytes], found: Findings) -> None:
    """What each revision of the partner's profile said is what its name was made from."""
    names = [name for name in content if name.startswith(PROFILES)]
    for name in names:
        if name != f"{PROFILES}{hashlib.sha256(content[name]).hexdigest()}.json":
            found.faults.append(f"{name} is not what that revision of the profile said")
    if names and not found.faults:
        found.proved.append(f"{len(names)} revision(s) of the partner's profile say what their names were made from")


def _chain(
    content: dict[str, bytes], manifest: dict[str, Any], found: Findings, *, key: bytes | None, kept: Checkpoint | None
) -> None:
    """The rows stand in the chain, and the chain leads to a signed checkpoint; to the one given, if it reaches it."""
    rows = {row["position"]: row for row in json.loads(content[ROWS])}
    chain = json.loads(content[CHAIN])
    reached = read_checkpoint(content[CHECKPOINT].decode())
    trusted = key if key is not None else bytes.fromhex(manifest["key"])
    if reached.key != trusted or not checkpoint_holds(reached):
        found.faults.append("the checkpoint in the pack is not signed by the gateway's key")
    before, seal = chain["after"]["position"], bytes.fromhex(chain["after"]["seal"])
    seals = {before: seal}
    for position, text in enumerate(chain["links"], before + 1):
        link = bytes.fromhex(text)
        if position in rows and link_of(rows[position]) != link:
            found.faults.append(f"row {position} of the audit log is not the one that was sealed")
        seal = seal_after(seal, link)
        seals[position] = seal
    if not rows or not all(before < position <= before + len(chain["links"]) for position in rows):
        found.faults.append("the piece of the chain does not hold all rows")
    if seals.get(reached.position) != reached.seal:
        found.faults.append("the rows do not lead to the checkpoint in the pack")
    if not found.faults:
        found.proved.append(
            f"{len(rows)} rows of the audit log stand in the chain that leads to position {reached.position},"
            f" sealed before the checkpoint of {reached.at}"
        )
    if kept is None:
        return
    if not checkpoint_holds(kept) or (key is not None and kept.key != key):
        found.faults.append("the checkpoint given is not signed by the key")
    elif kept.position not in seals:
        found.faults.append(f"the pack's piece of the chain does not reach the checkpoint given, {kept.position}")
    elif seals[kept.position] != kept.seal:
        found.faults.append(f"the log was rewritten: the checkpoint given has another seal at {kept.position}")
    else:
        found.proved.append(f"the chain passes through the checkpoint given, of {kept.at}")


def _text(path: str) -> str:
    with open(path, encoding="utf-8", newline="") as file:
        return file.read()


def _point(encoded: bytes) -> Point | None:
    """A point of the curve from its 32 bytes (RFC 8032 5.1.3); None where they are none."""
    value = int.from_bytes(encoded, "little")
    odd, y = value >> 255, value & ((1 << 255) - 1)
    if y >= _P:
        return None
    above, below = (y * y - 1) % _P, (_D * y * y + 1) % _P
    x = above * pow(below, 3, _P) * pow(above * pow(below, 7, _P), (_P - 5) // 8, _P) % _P
    if (below * x * x - above) % _P:
        x = x * _SQRT_OF_MINUS_1 % _P
        if (below * x * x - above) % _P:
            return None
    if x == 0 and odd:
        return None
    if x & 1 != odd:
        x = _P - x
    return x, y, 1, x * y % _P


def _plus(one: Point, other: Point) -> Point:
    """The sum of two points in extended coordinates (RFC 8032 5.1.4)."""
    left = (one[1] - one[0]) * (other[1] - other[0]) % _P
    right = (one[1] + one[0]) * (other[1] + other[0]) % _P
    cross, depth = 2 * one[3] * other[3] * _D % _P, 2 * one[2] * other[2] % _P
    e, f, g, h = right - left, depth - cross, depth + cross, right + left
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _times(scalar: int, point: Point) -> Point:
    total: Point = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            total = _plus(total, point)
        point = _plus(point, point)
        scalar >>= 1
    return total


def _same(one: Point, other: Point) -> bool:
    return not (one[0] * other[2] - other[0] * one[2]) % _P and not (one[1] * other[2] - other[1] * one[2]) % _P


if __name__ == "__main__":
    sys.exit(main())
