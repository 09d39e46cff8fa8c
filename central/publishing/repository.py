"""The repository: what is published, who signs it, and when it becomes valid.

Rules:
1. A change of root or targets is a draft until enough keys have signed it; they may do so one after the other, at
   different places.
2. A new root is signed by as many keys as the old root asks for, and by as many as it asks for itself.
3. Nothing becomes valid that a box would refuse: root, targets, snapshot and timestamp change together, and only if
   each is signed as the root demands. `timestamp.json` changes last.
4. No version is ever used for two contents that boxes could see, and none goes down.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from securesystemslib.signer import Key
from tuf.api.metadata import Metadata, MetaFile, Role, Root, Snapshot, TargetFile, Targets, Timestamp

from central.publishing import roles
from central.publishing.keys import Keyring
from central.publishing.shelf import Shelf
from device.errors import Refused

Names = dict[str, TargetFile]  # what is published, by name


@dataclass(frozen=True)
class Outcome:
    """What a change has come to."""

    root: int  # version that is valid now; 0: none yet
    targets: int
    timestamp: int
    missing: tuple[str, ...]  # what keeps the rest from becoming valid, in words
    expiring: tuple[str, ...]  # what people must sign anew before long, in words


@dataclass(frozen=True)
class _Candidate:
    """A root with the targets that would be valid under it."""

    root: Metadata[Root]
    targets: Metadata[Targets]


class Repository:
    """A folder of static files that any HTTPS server or bucket serves."""

    def __init__(self, folder: Path) -> None:
        """Name the folder."""
        self.shelf = Shelf(folder)

    def create(
        self, keys: Mapping[str, Sequence[Key]], thresholds: Mapping[str, int], ring: Keyring, now: datetime
    ) -> Outcome:
        """Make an empty repository.

        Args:
            keys: The public keys of each role.
            thresholds: How many of them must sign.
            ring: Those at hand.
            now: UTC.

        Raises:
            Refused: There is one already, or a threshold cannot be met.
        """
        self.shelf.make()
        root = Root(version=1, expires=now + roles.LIFETIMES[roles.ROOT], consistent_snapshot=True)
        for role in roles.ROLES:
            for key in keys[role]:
                root.add_key(key, role)
            _set_threshold(root, role, thresholds[role])
        targets = Targets(version=1, expires=now + roles.LIFETIMES[roles.TARGETS])
        self.shelf.keep_draft(Metadata(root))
        self.shelf.keep_draft(Metadata(targets))
        return self.sign(ring, now)

    def names(self) -> Names:
        """Give what is published, drafts included."""
        metadata = self.shelf.draft(Targets) or self.shelf.targets()
        return {} if metadata is None else dict(metadata.signed.targets)

    def root(self) -> Metadata[Root]:
        """Give the newest root, a draft included."""
        return self.shelf.draft(Root) or self.shelf.root()

    def publish(self, change: Callable[[Names], None], ring: Keyring, now: datetime) -> Outcome:
        """Change what is published, sign it, and make it valid if that is enough.

        Args:
            change: Changes the files by name; their contents lie in `targets/` already.
            ring: The keys at hand.
            now: UTC.
        """
        self._draft_targets(change, now)
        return self.sign(ring, now)

    def renew(self, ring: Keyring, now: datetime) -> Outcome:
        """Sign what is published once more, as it is, for another half year."""
        self._draft_targets(lambda _: None, now)
        return self.sign(ring, now)

    def change_root(self, change: Callable[[Root], None], ring: Keyring, now: datetime) -> Outcome:
        """Make root N + 1, sign it with old and new keys at hand, and make it valid if that is enough.

        Args:
            change: Changes keys and thresholds; changing nothing renews the root for another year.
            ring: The keys at hand.
            now: UTC.
        """
        live, draft = self.shelf.root(), self.shelf.draft(Root)
        root = deepcopy((draft or live).signed)
        root.version, root.expires = live.signed.version + 1, now + roles.LIFETIMES[roles.ROOT]
        change(root)
        for role in roles.ROLES:
            _set_threshold(root, role, root.roles[role].threshold)
        self.shelf.keep_draft(Metadata(root))
        targets = self.shelf.draft(Targets) or self.shelf.targets()
        if targets is not None and not _verifies(root, targets):
            self._draft_targets(lambda _: None, now)  # the same, for the new keys to sign
        return self.sign(ring, now)

    def sign(self, ring: Keyring, now: datetime) -> Outcome:
        """Add the signatures of the keys at hand to what waits for them, and make it valid if that is enough."""
        self._forget_released()
        root_draft, targets_draft = self.shelf.draft(Root), self.shelf.draft(Targets)
        root = (root_draft or self.shelf.root()).signed
        if root_draft is not None:
            ids = set(root.roles[roles.ROOT].keyids) | set(self._former(root).roles[roles.ROOT].keyids)
            self._add_signatures(root_draft, ring, ids)
        if targets_draft is not None:
            self._add_signatures(targets_draft, ring, set(root.roles[roles.TARGETS].keyids))
        return self.settle(ring, now)

    def settle(self, ring: Keyring, now: datetime) -> Outcome:
        """Make valid what can be, with a new timestamp; what a timer does each day.

        Args:
            ring: The keys at hand; those of snapshot and timestamp are asked of it.
            now: UTC.
        """
        missing: list[str] = []
        self._forget_released()
        for candidate in self._candidates(missing):
            snapshot = self._signers(candidate.root.signed, roles.SNAPSHOT, ring, missing)
            timestamp = self._signers(candidate.root.signed, roles.TIMESTAMP, ring, missing)
            if snapshot and timestamp:
                self._release(candidate, ring, now)
                break
        live = self.shelf.timestamp()
        targets = self.shelf.targets()
        if live is None or targets is None:
            return Outcome(0, 0, 0, tuple(missing), ())
        root = self.shelf.root()
        expiring = tuple(
            f"{one.signed.type} expires on {one.signed.expires:%Y-%m-%d}: renew it."
            for one in (root, targets)
            if one.signed.expires < now + roles.WARNED
        )
        return Outcome(
            root.signed.version,
            targets.signed.version,
            live.signed.version,
            tuple(dict.fromkeys(missing)),
            expiring,
        )

    def _forget_released(self) -> None:
        """Let go of drafts that a kill left behind after they had become valid."""
        live = self.shelf.targets()
        root = self.shelf.root_version()
        self.shelf.drop_drafts(root, live.signed.version if live else 0)

    def _candidates(self, missing: list[str]) -> Iterator[_Candidate]:
        """Give what could become valid, the newest first."""
        root_draft, targets_draft = self.shelf.draft(Root), self.shelf.draft(Targets)
        if root_draft is not None:
            result = root_draft.signed.get_root_verification_result(
                self._former(root_draft.signed) if root_draft.signed.version > 1 else None,
                root_draft.signed_bytes,
                root_draft.signatures,
            )
            if result:
                yield from self._under(root_draft, targets_draft, missing)
            else:
                left = max(result.first.missing, result.second.missing)
                missing.append(f"root {root_draft.signed.version} waits for {left} more of the keys of root.")
        if root_draft is None or root_draft.signed.version > 1:
            yield from self._under(self.shelf.root(), targets_draft, missing)

    def _under(
        self, root: Metadata[Root], draft: Metadata[Targets] | None, missing: list[str]
    ) -> Iterator[_Candidate]:
        live = self.shelf.targets()
        for targets in (draft, live):
            if targets is None:
                continue
            result = root.signed.get_verification_result(
                roles.TARGETS, targets.signed_bytes, targets.signatures
            )
            if result:
                yield _Candidate(root, targets)
                return
            missing.append(
                f"targets {targets.signed.version} waits for {result.missing} more of the keys of targets."
            )

    def _release(self, candidate: _Candidate, ring: Keyring, now: datetime) -> None:
        """Write what is new: what is named before what names it, and the timestamp last."""
        root, targets = candidate.root, candidate.targets
        named = self.shelf.put(targets)
        snapshot = self._snapshot(root.signed, targets.signed.version, named, ring, now)
        self.shelf.put(root)
        former = self.shelf.timestamp()
        timestamp = Timestamp(
            version=former.signed.version + 1 if former else 1,
            expires=now + roles.LIFETIMES[roles.TIMESTAMP],
            snapshot_meta=MetaFile.from_data(snapshot.signed.version, snapshot.to_bytes(), ["sha256"]),
        )
        self.shelf.put(_signed(Metadata(timestamp), root.signed, ring))
        self.shelf.drop_drafts(root.signed.version, targets.signed.version)

    def _snapshot(
        self, root: Root, version: int, targets: bytes, ring: Keyring, now: datetime
    ) -> Metadata[Snapshot]:
        """Give the snapshot that holds; the present one where it still does for half of its life."""
        former = self.shelf.snapshot()
        meta = {"targets.json": MetaFile.from_data(version, targets, ["sha256"])}
        half = now + roles.LIFETIMES[roles.SNAPSHOT] / 2
        if former and former.signed.meta == meta and former.signed.expires > half and _verifies(root, former):
            return former
        snapshot = Snapshot(
            version=former.signed.version + 1 if former else 1,
            expires=now + roles.LIFETIMES[roles.SNAPSHOT],
            meta=meta,
        )
        signed = _signed(Metadata(snapshot), root, ring)
        self.shelf.put(signed)
        return signed

    def _draft_targets(self, change: Callable[[Names], None], now: datetime) -> None:
        live, draft = self.shelf.targets(), self.shelf.draft(Targets)
        names = self.names()
        change(names)
        version = live.signed.version + 1 if live else 1
        expires = now + roles.LIFETIMES[roles.TARGETS]
        if draft is not None and draft.signed.targets == names and draft.signed.version == version:
            return  # what has been signed stays signed
        self.shelf.keep_draft(Metadata(Targets(version=version, expires=expires, targets=names)))

    def _add_signatures(
        self, metadata: Metadata[Root] | Metadata[Targets], ring: Keyring, ids: set[str]
    ) -> None:
        for signer in ring.signers(ids - metadata.signatures.keys()):
            metadata.sign(signer, append=True)
        self.shelf.keep_draft(metadata)

    def _signers(self, root: Root, role: str, ring: Keyring, missing: list[str]) -> bool:
        need: Role = root.roles[role]
        if ring.has(need.keyids) >= need.threshold:
            return True
        missing.append(f"The key of {role} is not at hand: run `repository refresh` where it is.")
        return False

    def _former(self, root: Root) -> Root:
        """Give the root that a draft follows; the first follows itself."""
        return root if root.version == 1 else self.shelf.root().signed


def utc_now() -> datetime:
    """Read the clock, as metadata writes it: whole seconds of UTC."""
    return datetime.now(UTC).replace(microsecond=0)


def _verifies(root: Root, metadata: Metadata[Targets] | Metadata[Snapshot]) -> bool:
    return bool(
        root.get_verification_result(metadata.signed.type, metadata.signed_bytes, metadata.signatures)
    )


def _signed(metadata: Metadata[Timestamp] | Metadata[Snapshot], root: Root, ring: Keyring) -> "Metadata[Any]":
    for signer in ring.signers(root.roles[metadata.signed.type].keyids):
        metadata.sign(signer, append=True)
    return metadata


def _set_threshold(root: Root, role: str, threshold: int) -> None:
    keys = len(root.roles[role].keyids)
    if not 1 <= threshold <= keys:
        raise Refused(
            "threshold-impossible",
            f"{role} has {keys} keys; {threshold} of them cannot be asked for.",
            "Give more keys, or a threshold from 1 to their number.",
        )
    root.roles[role].threshold = threshold
