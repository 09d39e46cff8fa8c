"""What the repository's keys vouch for: python-tuf's client, held against our own time.

Rules (The Update Framework, specification, section 5; python-tuf keeps them):
1. Trust begins at the root on the card and follows roots one by one, each signed by the one before and by itself.
2. A timestamp, snapshot or targets of a lower version than one seen before is refused: no rollback.
3. What has expired is refused: no freeze. The time is the box's best knowledge, never a clock that nobody has set.
4. Snapshot and targets must be those that the timestamp names: no mixture.
5. Each file has a length and a hash that targets name; nothing longer is read.

What was seen is kept on the disk, and synced before anything that was fetched is acted on.
"""

import os
from datetime import datetime
from pathlib import Path

from tuf.api.exceptions import (
    BadVersionNumberError,
    DownloadError,
    DownloadHTTPError,
    DownloadLengthMismatchError,
    ExpiredMetadataError,
    RepositoryError,
    SlowRetrievalError,
)
from tuf.api.metadata import TargetFile
from tuf.ngclient import Updater, UpdaterConfig

from device.errors import EstuError, Refused, Waiting
from device.sync.updates.fetcher import Fetcher, UntrustedError
from device.sync.updates.site import Site

# What is read at most, bytes; a catalogue of a thousand parts has 5,000 files, 300 bytes each.
_LIMITS = UpdaterConfig(
    max_root_rotations=256,
    root_max_length=512_000,
    timestamp_max_length=16_384,
    snapshot_max_length=65_536,
    targets_max_length=8_000_000,
)


class Trust:
    """What is published, as far as the root on the card vouches for it."""

    def __init__(self, root: Path, folder: Path, site: Site, fetcher: Fetcher, now: datetime) -> None:
        """Begin with what was seen before.

        Args:
            root: The root that came with the card.
            folder: Where is kept what was seen; made if it is not there.
            site: Where the repository is.
            fetcher: Fetches from it.
            now: UTC, what expiry is held against.

        Raises:
            Refused: The root on the card is none, or cannot be read.
            Waiting: The folder cannot be written.
        """
        self._folder = folder
        try:
            bootstrap = root.read_bytes()
        except OSError as error:
            raise Refused(
                "updates-root",
                f"The root {root} cannot be read: {error.strerror}.",
                "Put the repository's root.json there, as `estu-provision enrol --root` does.",
            ) from error
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for left in folder.glob("tmp*"):  # a kill left it while python-tuf wrote
                left.unlink()
            self._updater = Updater(
                str(folder),
                f"{site.url}metadata/",
                target_base_url=f"{site.url}targets/",
                fetcher=fetcher,
                config=_LIMITS,
                bootstrap=bootstrap,
            )
        except RepositoryError as error:
            raise Refused(
                "updates-root",
                f"{root} is no root of a repository: {error}.",
                "Put the right root.json there.",
            ) from error
        except OSError as error:
            raise on_disk(error) from error
        # python-tuf reads the machine's clock here, which may stand in 1970; it has no other door for a better time.
        self._updater._trusted_set.reference_time = now

    def refresh(self) -> None:
        """Learn what is published now.

        Raises:
            Refused: What the server says is older, expired, mixed up, or not signed as it must be.
            Waiting: The server cannot be reached, or the disk takes nothing.
        """
        try:
            self._updater.refresh()
        except (RepositoryError, DownloadError) as error:
            raise in_words(error) from error
        except OSError as error:
            raise on_disk(error) from error
        finally:
            _sync(self._folder)

    def file(self, name: str) -> TargetFile | None:
        """Give what is published under a name, None if nothing is; after `refresh`."""
        try:
            found = self._updater.get_targetinfo(name)
        except (RepositoryError, DownloadError) as error:  # roles that targets hands names on to
            raise in_words(error) from error
        if found is not None and "sha256" not in found.hashes:
            raise in_words(RepositoryError(f"{name} has no SHA-256"))
        return found

    def needed(self, name: str) -> TargetFile:
        """Give what is published under a name.

        Raises:
            Refused: Nothing is.
        """
        found = self.file(name)
        if found is None:
            raise Refused(
                "updates-incomplete",
                f"What is published lacks the file {name}.",
                "The platform's operator must publish it again; the box keeps what it has.",
            )
        return found


def in_words(error: Exception) -> EstuError:
    """Name what went wrong on the way or in the repository."""
    keeps = "The box keeps what it has."
    match error:
        case UntrustedError():
            return Waiting(
                "updates-untrusted-server", f"Updates: {error}.", f"{keeps} Check `ca` under [updates]."
            )
        case DownloadHTTPError():
            return Waiting(
                "updates-away", f"Updates: {error}.", f"{keeps} The platform's operator must look at it."
            )
        case DownloadLengthMismatchError():
            return Refused(
                "updates-endless", f"Updates: the server gives more than is signed: {error}.", keeps
            )
        case SlowRetrievalError():
            return Waiting(
                "updates-slow", f"Updates: {error}.", "Wait; it is tried again and goes on where it broke."
            )
        case DownloadError():
            return Waiting(
                "updates-away", f"Updates: {error}.", "Wait; it is tried again and goes on where it broke."
            )
        case ExpiredMetadataError():
            return Refused(
                "updates-expired",
                f"What the server offers has expired: {error}.",
                f"{keeps} If it lasts, the platform's operator must refresh the repository, or somebody holds it back.",
            )
        case BadVersionNumberError():
            return Refused(
                "updates-older",
                f"The server offers something older than the box has seen: {error}.",
                f"{keeps} If it lasts, somebody shows an old copy of the repository.",
            )
    return Refused(
        "updates-unsigned",
        f"What the server offers is not signed as it must be: {error}.",
        f"{keeps} If it lasts, the platform's operator must look at the repository.",
    )


def on_disk(error: OSError) -> Waiting:
    """Name a disk that takes nothing."""
    return Waiting(
        "updates-disk",
        f"Updates cannot be kept{f' in {error.filename}' if error.filename else ''}: {error.strerror}.",
        "Wait; if it lasts, the card is full or failing.",
    )


def _sync(folder: Path) -> None:
    """Have what was seen on the disk: a power cut must not make the box forget which version it has seen."""
    for path in (folder, folder / "root_history", *folder.glob("*.json")):
        try:
            opened = os.open(path, os.O_RDONLY)
        except OSError:
            continue
        try:
            os.fsync(opened)
        except OSError as error:
            raise on_disk(error) from error
        finally:
            os.close(opened)
