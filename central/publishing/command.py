"""`estu-central repository`: the repository's keys, its roots, and the timer that keeps it valid."""

import argparse
import sys
import time
from pathlib import Path

from securesystemslib.signer import Key
from tuf.api.metadata import Root, Targets

from central.publishing import keys, roles, target_files
from central.publishing.keys import Keyring
from central.publishing.passphrases import Asking
from central.publishing.repository import Outcome, Repository, utc_now
from central.publishing.roles import Share
from device.errors import Refused

EXAMPLES = """\
examples:
  estu-central repository init site --keys keys            keys, and an empty repository; serve site/ by HTTPS
  estu-central catalogue publish catalogue --repository site --keys keys
  estu-central repository refresh site --keys online       each day, by a timer: no passphrase is asked for
  estu-central repository rotate site --role targets --add new.pub --remove 3f2a91 --keys keys
  estu-central repository show site                        versions, ends, keys, files

exit status: 0 valid; 1 it waits for more signatures, or something expires before long; 2 nothing was done"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe `estu-central repository`."""
    parser.epilog, parser.formatter_class = EXAMPLES, argparse.RawDescriptionHelpFormatter
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    made = actions.add_parser("init", help="make keys and an empty repository")
    _folder(made)
    made.add_argument(
        "--keys", type=Path, required=True, metavar="DIR", help="where new keys go, in offline/ and online/"
    )
    for role in roles.ROLES:
        made.add_argument(
            f"--{role}",
            type=_share,
            default=roles.SHARES[role],
            metavar="M/N",
            help=f"how many of how many keys sign {role} (%(default)s)",
        )
    _secret(made)

    made = actions.add_parser("key", help="make one key more, for somebody who signs or to replace another")
    made.add_argument("file", type=Path, metavar="FILE", help="the private key; FILE.pub is the public one")
    made.add_argument("--online", action="store_true", help="not sealed: for a machine that signs by itself")
    _secret(made)

    for name, what in (
        ("refresh", "sign a new timestamp, and a snapshot when it is time; for a timer, each day"),
        ("sign", "add the signatures of the keys at hand to what waits for them"),
    ):
        signing(actions.add_parser(name, help=what, description=f"{what.capitalize()}."), positional=True)

    made = actions.add_parser(
        "rotate", help="make the next root: other keys, another threshold, or one year more"
    )
    signing(made, positional=True)
    made.add_argument(
        "--role", choices=roles.ROLES, help="whose keys change; without, all stay and the root is renewed"
    )
    made.add_argument("--add", type=Path, action="append", default=[], metavar="FILE.pub", help="a key more")
    made.add_argument(
        "--remove", action="append", default=[], metavar="ID", help="a key less, by the begin of its id"
    )
    made.add_argument("--threshold", type=int, metavar="M", help="how many must sign")

    made = actions.add_parser("renew", help="sign targets for another half year, as they are")
    signing(made, positional=True)

    made = actions.add_parser("show", help="show versions, ends, keys and files")
    _folder(made)

    made = actions.add_parser("prune", help="remove what was replaced long ago")
    _folder(made)
    made.add_argument("--days", type=float, default=30.0, metavar="N", help="replaced before (%(default)g)")


def signing(parser: argparse.ArgumentParser, positional: bool = False) -> None:
    """Describe what each command needs that signs."""
    if positional:
        _folder(parser)
    else:
        parser.add_argument("--repository", type=Path, required=True, metavar="DIR", help="the repository")
    parser.add_argument(
        "--keys", type=Path, action="append", required=True, metavar="PATH",
        help="a key, or a folder of keys; may be given again",
    )  # fmt: skip
    _secret(parser)


def run(asked: argparse.Namespace) -> int:
    """Run `estu-central repository`."""
    if asked.action == "key":
        made = keys.create(
            asked.file, None if asked.online else Asking(asked.passphrase_file, new=True)(asked.file)
        )
        print(f"{made.public.keyid}  {asked.file}.pub")
        return 0
    repository = Repository(asked.folder)
    if asked.action == "show":
        return _show(repository)
    if asked.action == "init":
        asked.folder.mkdir(parents=True, exist_ok=True)
    with repository.shelf.alone():
        if asked.action == "init":
            return _init(repository, asked)
        if asked.action == "prune":
            repository.shelf.forget_old(time.time() - asked.days * 86_400)
            print(f"{target_files.prune(repository.shelf)} files were removed.")
            return 0
        ring = Keyring.of(asked.keys, Asking(asked.passphrase_file, new=False))
        if asked.action == "refresh":
            return tell(repository.settle(ring, utc_now()))
        if asked.action == "sign":
            return tell(repository.sign(ring, utc_now()))
        if asked.action == "renew":
            return tell(repository.renew(ring, utc_now()))
        return tell(repository.change_root(lambda root: _rotate(root, asked), ring, utc_now()))


def tell(outcome: Outcome) -> int:
    """Say what a change has come to, and give the exit status."""
    if outcome.root:
        print(f"Valid: root {outcome.root}, targets {outcome.targets}, timestamp {outcome.timestamp}.")
    for line in outcome.missing:
        print(f"Not yet valid: {line}")
    for line in outcome.expiring:
        print(line, file=sys.stderr)
    return 1 if outcome.missing or outcome.expiring else 0


def _init(repository: Repository, asked: argparse.Namespace) -> int:
    repository.shelf.make()
    shares: dict[str, Share] = {role: getattr(asked, role) for role in roles.ROLES}
    asking = Asking(asked.passphrase_file, new=True)
    public: dict[str, list[Key]] = {}
    opened: dict[str, str] = {}  # passphrases just chosen, so that nobody types them again
    for role, share in shares.items():
        folder = asked.keys / ("offline" if role in roles.OFFLINE else "online")
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for number in range(1, share.keys + 1):
            path = folder / (f"{role}-{number}" if share.keys > 1 else role)
            passphrase = asking(path) if role in roles.OFFLINE else None
            public.setdefault(role, []).append(keys.create(path, passphrase).public)
            opened[str(path)] = passphrase or ""
    ring = Keyring.of([asked.keys], lambda path: opened[str(path)])
    thresholds = {role: share.threshold for role, share in shares.items()}
    status = tell(repository.create(public, thresholds, ring, utc_now()))
    first = repository.shelf.folder / "metadata" / "1.root.json"
    print(f"Boxes are given {first}: `estu-provision enrol --updates URL --root {first}`.")
    print(
        f"Keep each key of {asked.keys}/offline at another place, and none of them on the machine with online/."
    )
    return status


def _rotate(root: Root, asked: argparse.Namespace) -> None:
    if asked.role is None:
        if asked.add or asked.remove or asked.threshold:
            raise Refused("rotate-role", "Whose keys are meant?", "Give --role ROLE.")
        return
    for file in asked.add:
        root.add_key(keys.read_public(file), asked.role)
    for begin in asked.remove:
        found = [key for key in root.roles[asked.role].keyids if key.startswith(begin)]
        if len(found) != 1:
            raise Refused(
                "rotate-key",
                f"{len(found)} keys of {asked.role} begin with {begin}.",
                "`estu-central repository show` lists them.",
            )
        root.revoke_key(found[0], asked.role)
    if asked.threshold is not None:
        root.roles[asked.role].threshold = asked.threshold


def _show(repository: Repository) -> int:
    shelf = repository.shelf
    root = shelf.root().signed
    for one in (
        root,
        *(each.signed for each in (shelf.targets(), shelf.snapshot(), shelf.timestamp()) if each),
    ):
        need = root.roles[one.type]
        print(
            f"{one.type:<10} {one.version:>5}  until {one.expires:%Y-%m-%d %H:%M} UTC  {need.threshold} of:"
        )
        for key in need.keyids:
            print(f"{'':<12} {key}")
    for draft in (shelf.draft(Root), shelf.draft(Targets)):
        if draft is not None:
            print(
                f"draft of {draft.signed.type} {draft.signed.version}, signed by {len(draft.signatures)} keys"
            )
    for name, target in sorted(repository.names().items()):
        told = ", ".join(f"{fact} {value}" for fact, value in (target.custom or {}).items())
        print(f"{target.length:>12}  {name}  {told}".rstrip())
    return 0


def _folder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="DIR", help="the repository")


def _secret(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--passphrase-file", type=Path, metavar="FILE", help="its first line opens all sealed keys"
    )


def _share(text: str) -> Share:
    threshold, _, keys_of = text.partition("/")
    try:
        share = Share(int(threshold), int(keys_of))
    except ValueError:
        raise argparse.ArgumentTypeError("write it as 2/3: two of three keys") from None
    if not 1 <= share.threshold <= share.keys <= 16:
        raise argparse.ArgumentTypeError("so many keys cannot be asked for")
    return share
