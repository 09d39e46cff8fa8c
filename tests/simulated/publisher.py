"""A platform that publishes: a real repository, real keys that lie open, and a calendar of its own."""

import dataclasses
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tuf.api.metadata import Root

from central.catalogue import folder as catalogue_folder
from central.publishing import content, keys
from central.publishing.keys import Key, KeyFile, Keyring
from central.publishing.repository import Outcome, Repository
from device.features import PARAMETERS
from device.model_set import shipped_digest
from tests.device.catalogue.made_up import reference, write_catalogue

BEGIN = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
SHARES = {"root": (2, 3), "targets": (2, 2), "snapshot": (1, 1), "timestamp": (1, 1)}


@dataclass
class Publisher:
    """Publishes into a folder; all keys are at hand."""

    folder: Path  # keys and site/
    now: datetime = BEGIN
    shares: Mapping[str, tuple[int, int]] = field(default_factory=lambda: SHARES)

    def __post_init__(self) -> None:
        """Make keys and an empty repository."""
        self.folder.mkdir(parents=True)
        self.files = {
            role: [self.key(f"{role}-{number}") for number in range(count)]
            for role, (_, count) in self.shares.items()
        }
        self.repository = Repository(self.site)
        self.repository.create(
            {role: [file.public for file in files] for role, files in self.files.items()},
            {role: threshold for role, (threshold, _) in self.shares.items()},
            self.ring(),
            self.now,
        )

    @property
    def site(self) -> Path:
        """What is served."""
        return self.folder / "site"

    @property
    def root(self) -> Path:
        """The root that cards are given."""
        return self.site / "metadata" / "1.root.json"

    def key(self, name: str) -> KeyFile:
        """Make a key that lies open."""
        return keys.create(self.folder / name, None)

    def ring(self, *names: str) -> Keyring:
        """Give all keys, or those named."""
        return Keyring.of([self.folder / name for name in names] or [self.folder], _nobody)

    def catalogue(self, *parts: str, withdrawn: tuple[str, ...] = ()) -> Path:
        """Build a catalogue whose parts have one recording each, a minute after the one before.

        Args:
            parts: The ids of the recordings.
            withdrawn: The ids of those that shall not be found.
        """
        self.now += timedelta(minutes=1)
        out = self.folder / "catalogue"
        shutil.rmtree(out, ignore_errors=True)
        references = [[reference(name, 5, sum(name.encode()))] for name in parts]
        written = dataclasses.replace(
            write_catalogue(out, references, withdrawn),
            created=f"{self.now:%Y-%m-%dT%H:%M:%SZ}",
            model=shipped_digest(),
            parameters=PARAMETERS.digest,
        )
        catalogue_folder.write_manifest(out, written)
        return out

    def publish(self, *parts: str, withdrawn: tuple[str, ...] = ()) -> Outcome:
        """Build a catalogue and publish it."""
        built = self.catalogue(*parts, withdrawn=withdrawn)
        change = content.catalogue(self.repository.shelf, built, self.repository.names())
        return self.repository.publish(change, self.ring(), self.now)

    def publish_system(self, version: str, size: int = 64) -> bytes:
        """Publish a system and give its bundle."""
        bundle = self.folder / "system.raucb"
        bundle.write_bytes((b"hsqs" + version.encode() * size)[:size])
        change = content.system(self.repository.shelf, bundle, version)
        self.repository.publish(change, self.ring(), self.now)
        return bundle.read_bytes()

    def pass_on(self, **span: float) -> Outcome:
        """Let time pass, and refresh."""
        self.now += timedelta(**span)
        return self.repository.settle(self.ring(), self.now)

    def replace_key(self, role: str, name: str) -> None:
        """Put a new key in the place of a role's first one."""
        new: Key = self.key(name).public
        old = self.repository.root().signed.roles[role].keyids[0]

        def change(root: Root) -> None:
            root.add_key(new, role)
            root.revoke_key(old, role)

        self.repository.change_root(change, self.ring(), self.now)

    def copy(self) -> Path:
        """Keep what is served now, to be shown again."""
        kept = self.folder / f"kept-{len(list(self.folder.glob('kept-*')))}"
        shutil.copytree(self.site, kept)
        return kept


def _nobody(path: Path) -> str:
    raise AssertionError(f"{path} is not sealed")
