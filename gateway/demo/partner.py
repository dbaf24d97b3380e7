"""A trading partner's side of the demo: keys, uploads and collecting, by the real OpenSSH `sftp` where there is one."""

from __future__ import annotations

import io
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from gateway.errors import GatewayError
from sftp.client import SFTPClient
from sftp.keys import PublicKey, new_private_key, public_part

SECONDS = 60


class PartnerFault(GatewayError):
    """The partner's own program could not do what the demo asked."""


@dataclass(frozen=True, slots=True)
class DemoPartner:
    """One login: its private key lies in `folder`, the public one in the workspace's profile folder."""

    user: str
    folder: Path

    @property
    def key_file(self) -> Path:
        """The private key."""
        return self.folder / f"{self.user}.key"

    @classmethod
    def with_new_key(cls, user: str, *, folder: Path, profile: Path) -> DemoPartner:
        """Make a key pair: private into `folder`, public into `profile`/keys."""
        private = new_private_key()
        partner = cls(user, folder)
        folder.mkdir(parents=True, exist_ok=True)
        partner.key_file.write_bytes(private)
        partner.key_file.chmod(0o600)
        keys = profile / "keys"
        keys.mkdir(parents=True, exist_ok=True)
        (keys / "demo.pub").write_text(public_part(private).line + "\n")
        return partner

    def talk(self, address: tuple[str, int], host_key: PublicKey) -> OpenSSH | OurClient:
        """A way to the server: OpenSSH where it is installed, our own client otherwise."""
        if shutil.which("sftp"):
            known = self.folder / "known_hosts"
            known.write_text(f"[{address[0]}]:{address[1]} {host_key.line}\n")
            return OpenSSH(self, address, known)
        return OurClient(self, address, host_key)


@dataclass(frozen=True, slots=True)
class OpenSSH:
    """The OpenSSH `sftp` client, the host key pinned."""

    partner: DemoPartner
    address: tuple[str, int]
    known_hosts: Path

    name = "OpenSSH sftp"

    def put(self, file: Path, to: str) -> None:
        """Upload one file under the name `to`."""
        self._batch(f'put "{file}" "{to}"')

    def get_all(self, folder: str, into: Path) -> list[Path]:
        """Collect every file of a folder."""
        into.mkdir(parents=True, exist_ok=True)
        self._batch(f'-get {folder}/* "{into}"')  # quotes would keep the star a star
        return sorted(into.iterdir())

    def _batch(self, commands: str) -> None:
        host, port = self.address
        done = subprocess.run(  # noqa: S603 a fixed program with our own arguments
            [  # noqa: S607 found on the path, as a user's own
                "sftp",
                "-q",
                "-b",
                "-",
                "-P",
                str(port),
                "-i",
                str(self.partner.key_file),
                "-F",
                "none",
                "-o",
                f"UserKnownHostsFile={self.known_hosts}",
                "-o",
                "StrictHostKeyChecking=yes",
                "-o",
                "IdentitiesOnly=yes",
                f"{self.partner.user}@{host}",
            ],
            input=commands.encode(),
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
        if done.returncode:
            raise PartnerFault(f"sftp ended with {done.returncode}: {done.stderr.decode(errors='replace').strip()}")


@dataclass(frozen=True, slots=True)
class OurClient:
    """Our own SFTP client, for machines without OpenSSH."""

    partner: DemoPartner
    address: tuple[str, int]
    host_key: PublicKey

    name = "our own SFTP client (no OpenSSH here)"

    def put(self, file: Path, to: str) -> None:
        """Upload one file under the name `to`."""
        folder, _, name = to.rpartition("/")
        with self._session() as session:
            session.put(file.read_bytes(), folder, name, replace=True)

    def get_all(self, folder: str, into: Path) -> list[Path]:
        """Collect every file of a folder."""
        into.mkdir(parents=True, exist_ok=True)
        with self._session() as session:
            for found in list(session.list(folder)):
                content = io.BytesIO()
                session.get(f"{folder}/{found.name}", content)
                (into / found.name).write_bytes(content.getvalue())
        return sorted(into.iterdir())

    def _session(self) -> SFTPClient:
        host, port = self.address
        return SFTPClient.connect(
            host,
            port,
            user=self.partner.user,
            private_key=self.partner.key_file.read_bytes(),
            host_keys=[self.host_key],
        )
