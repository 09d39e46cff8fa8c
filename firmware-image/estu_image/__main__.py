"""Build a box's image and its updates: `make image`, `make bundle`."""

import argparse
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from device.errors import EstuError, Refused
from estu_image import bundle, keys
from estu_image.build import REPOSITORY, Order, build, commit_date
from estu_image.program import run

EXAMPLES = """\
examples:
  python -m estu_image image                                  the card's image, for trials
  python -m estu_image image --certificate updates.pem        one that installs the updates which that certificate signed
  python -m estu_image image --release-key image-key.pem      one that `estu-provision flash` writes: map and signature beside it
  python -m estu_image image --kernel a.deb b.deb             with another kernel, such as Raspberry Pi's own for a Pi 5
  python -m estu_image bundle --certificate u.pem --key u.key an update of what was built last, signed
"""


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    top = argparse.ArgumentParser(
        prog="python -m estu_image",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    image = commands.add_parser("image", help="build the card's image (as root)")
    image.add_argument(
        "--kernel", nargs="+", type=Path, default=[], metavar="DEB", help="in the place of Debian's"
    )
    image.add_argument(
        "--fresh", action="store_true", help="make Debian's part anew, though it is in the cache"
    )
    image.add_argument(
        "--uv", type=Path, default=REPOSITORY / ".uv" / "bin" / "uv", help="the program uv (%(default)s)"
    )
    image.add_argument(
        "--release-key",
        type=Path,
        metavar="FILE",
        help="sign for the image with this key, from `estu-provision image key`; without it, the image is unsigned",
    )
    image.add_argument("--version", help="three numbers; the repository's if not given")
    update = commands.add_parser("bundle", help="make a signed update of what was built")
    update.add_argument("--key", metavar="FILE", help="the certificate's key, a file or a PKCS #11 URI")
    for made in (image, update):
        made.add_argument(
            "--certificate", type=Path, metavar="PEM", help="who signs updates; made for trials if not given"
        )
        made.add_argument(
            "--out", type=Path, default=REPOSITORY / "build" / "image", metavar="DIR", help="(%(default)s)"
        )
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Returns:
        0 done, 1 not as it should be (a sentence says what), 2 the command line is off.
    """
    asked = parser().parse_args(arguments)
    try:
        certificate, key = asked.certificate, getattr(asked, "key", None)
        if certificate is None:
            certificate, made = keys.for_trials(asked.out / "keys")
            key = str(made)
            print(
                f"image: updates are trusted by {certificate}, made for trials, its key beside it", flush=True
            )
        elif asked.command == "bundle" and key is None:
            raise Refused(
                "key-missing", f"Nothing was said of the key of {certificate}.", "Give it as --key."
            )
        if asked.command == "image":
            if asked.release_key and not asked.release_key.is_file():
                raise Refused(
                    "release-key-missing",
                    f"There is no file {asked.release_key}.",
                    "Make a pair of keys with `estu-provision image key`, or leave --release-key away.",
                )
            version = asked.version or _version()
            order = Order(version, commit_date(), asked.uv, certificate, tuple(asked.kernel), asked.fresh)
            card = build(order, asked.out)
            sign(card, version, asked.release_key)
            print(f"image: {card}")
        else:
            version = bundle.version_of(asked.out)
            target = asked.out / f"estu-{version}-arm64.raucb"
            bundle.make(asked.out, version, str(commit_date()), certificate, str(key), target)
            print(f"image: {target}")
    except EstuError as error:
        print(f"estu_image: {error}", file=sys.stderr)
        return 1
    return 0


def sign(card: Path, version: str, key: Path | None) -> None:
    """Map the image and sign for it by provisioning's own command; without a key, what an earlier build left beside it goes.

    Args:
        card: The image.
        version: What its users call it.
        key: The publisher's private key (PEM), from `estu-provision image key`.

    Raises:
        Broken: The command refused the key or the image; its sentence is in the message.
    """
    for suffix in (".bmap", ".jws"):
        card.with_suffix(suffix).unlink(missing_ok=True)
    if key is not None:
        run([sys.executable, "-m", "provisioning", "image", "sign", "--key", key, "--version", version, card])
        print(
            f"image: signed; {card.with_suffix('.bmap').name} and {card.with_suffix('.jws').name} go with it"
        )


def _version() -> str:
    with (REPOSITORY / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])


if __name__ == "__main__":
    sys.exit(main())
