"""What `label`, `flash` and `verify` do: the parts put together, and what the technician reads and is asked."""

import sys
import time
from argparse import Namespace
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from device.errors import Refused
from provisioning import authority, programs
from provisioning.card import disk as disks
from provisioning.card.disk import Disk, gigabytes
from provisioning.flashing import Workshop, flash, occupant, refuse_unfit_to_flash
from provisioning.image.manifest import SignedImage, check_digest, image_keys, open_signed
from provisioning.label_sheet import SHEETS, sheet_pdf
from provisioning.labels import draw_labels, known_label
from provisioning.new_files import new_files
from provisioning.passphrase import passphrase
from provisioning.progress import bar
from provisioning.register import Register, opened


def label(arguments: Namespace, actor: str, now: datetime) -> None:
    """Draw the codes of boxes and write their labels as PDF."""
    if not arguments.support:
        raise Refused(
            "support-missing",
            "Whom staff may ask for help is not given.",
            'Give --support "+7 727 ..., help@...", or set ESTU_SUPPORT.',
        )
    boxes: list[str] = arguments.box
    if arguments.code is not None and len(boxes) != 1:
        raise Refused(
            "label-code-alone", "--code goes with exactly one box.", "Name the box whose label it is from."
        )
    sheet = SHEETS[arguments.sheet]
    if not 0 <= arguments.skip < sheet.places:
        raise Refused(
            "label-skip-faulty",
            f"--skip {arguments.skip} leaves no place on a sheet of {sheet.places}.",
            "Count the labels that are gone from the sheet, row by row from the top.",
        )
    with opened(arguments.authority) as register, new_files() as files, register.change():
        if arguments.code is not None:
            labels = [known_label(register, boxes[0], arguments.code, arguments.support, actor, now)]
        else:
            labels = draw_labels(register, boxes, arguments.support, actor, now)
        files.write(arguments.out, sheet_pdf(labels, sheet, arguments.skip, now))
    print(
        f"{len(labels)} label{'s are' if len(labels) != 1 else ' is'} in {arguments.out}. Print at full size (100 %, "
        "no scaling).\nThe codes stand there and nowhere else: remove the file once it is printed."
    )


def flash_cards(arguments: Namespace, actor: str, now: datetime) -> None:
    """Make the cards of boxes, one after the other."""
    image = open_signed(arguments.image, image_keys(arguments.authority, arguments.image_keys))
    began = time.monotonic()

    def moment() -> datetime:
        return now + timedelta(seconds=time.monotonic() - began)

    with opened(arguments.authority) as register:
        boxes = _to_flash(register, arguments.box)
        paths = {
            box: _simulated(arguments, image, box, boxes) if arguments.simulate else arguments.target
            for box in boxes
        }
        if not arguments.simulate:
            disks.permit(
                disks.find(arguments.target), image.manifest.size, str(arguments.target), arguments.really
            )
        issuer = authority.open_authority(arguments.authority, passphrase(arguments.passphrase_file))
        with bar("Checking the image", image.manifest.size) as advance:
            check_digest(image, advance)
        workshop = Workshop(register, arguments.authority, issuer, image, actor)
        for number, box in enumerate(boxes):
            if number and not arguments.simulate:
                _pause(f"Put in the card for {box} ({number + 1} of {len(boxes)}) and press Enter.")
            _until_done(arguments, lambda box=box: _flash_one(arguments, workshop, box, paths[box], moment()))  # type: ignore[misc]
    print("The platform knows new boxes after `estu-provision export`.")


def _to_flash(register: Register, asked: list[str]) -> list[str]:
    boxes = list(dict.fromkeys(asked))
    if not boxes:
        waiting = [row for row in register.boxes() if row["status"] == "enrolled"]
        labelled = [row["id"] for row in waiting if row["label_code"] is not None]
        boxes = labelled or [row["id"] for row in waiting]  # which is then refused for want of a label
    if not boxes:
        raise Refused("nothing-to-flash", "Every box in the register has its card.", "Enrol boxes first.")
    for box in boxes:
        refuse_unfit_to_flash(register, box)
    return boxes


def _simulated(arguments: Namespace, image: SignedImage, box: str, boxes: list[str]) -> Path:
    """Give the file that stands for a box's card, making it if it is not there."""
    target: Path = arguments.target
    path = target / f"{box}.img" if target.is_dir() else target
    if path == target and len(boxes) > 1:
        raise Refused(
            "simulation-needs-folder",
            f"{len(boxes)} boxes do not fit into the one file {target}.",
            "Name one box, or an existing folder, in which each box gets a file.",
        )
    if path.exists() and not path.is_file():
        raise Refused(
            "simulation-on-disk", f"{path} is no file.", "With --simulate a file stands for the card."
        )
    size = max(image.manifest.size, arguments.size or 0)
    if not path.exists():
        path.touch(mode=0o600)
    with path.open("r+b") as file:
        if file.seek(0, 2) < size:
            file.truncate(size)
    return path


def _flash_one(arguments: Namespace, workshop: Workshop, box: str, path: Path, now: datetime) -> None:
    described = "a file"
    if not arguments.simulate:
        disk = disks.find(path)
        disks.permit(disk, workshop.image.manifest.size, str(arguments.target), arguments.really)
        described = f"{disk.described}, {gigabytes(disk.size)}"
        _show(disk)
    _refuse_occupied(workshop.register, path, arguments.overwrite)
    row = refuse_unfit_to_flash(workshop.register, box)
    print(
        f"{path} becomes the card of {box}: {row['venue']}, {row['hall']}; image {workshop.image.manifest.version}."
    )
    if not arguments.simulate and not arguments.yes:
        _agree("Erase it, for good?")
    flash(workshop, box, path, described, now)
    print(f"{box}: written, read back, found right.")
    if not arguments.simulate and not arguments.no_eject:
        _eject(path)


def _show(disk: Disk) -> None:
    """Show what would be erased."""
    print(f"This will be erased:\n  {disk.path}  {gigabytes(disk.size)}  {disk.described}")
    for part in disk.parts:
        print(
            f"    {part.path}  {part.size / 1e6:.0f} MB  {part.kind or 'unknown content'}  {part.name}".rstrip()
        )
    if not disk.parts:
        print("    no partitions")


def _refuse_occupied(register: Register, path: Path, overwritten: str | None) -> None:
    """Refuse a card that is a working box's: the technician left the last one in, or took one from the wrong heap."""
    box = occupant(path)
    if box is None:
        return
    row = register.box(box)
    status = row["status"] if row else "unknown here"
    print(f"  it is the card of {box} ({status})")
    if status == "active" and overwritten != box:
        raise Refused(
            "card-of-active-box",
            f"{path} holds the card of {box}, which is active.",
            f"Take another card. If {box} is to lose its keys for good: --overwrite {box}",
        )


def _until_done(arguments: Namespace, work: Callable[[], None]) -> None:
    """Do it, and where somebody is there to ask, again with another card if the card was not fit."""
    while True:
        try:
            work()
        except Refused as reason:
            again = reason.code.startswith(("card-", "target-"))
            if arguments.simulate or arguments.yes or not again or not sys.stdin.isatty():
                raise
            print(f"estu-provision: {reason}", file=sys.stderr)
            _agree("Try again, with this or another card?")
        else:
            return


def _agree(question: str) -> None:
    """Ask for a yes.

    Raises:
        Refused: It was not said, or nobody is there.
    """
    if not sys.stdin.isatty():
        raise Refused("nobody-to-ask", "Nobody is there to say that the disk may be erased.", "Add --yes.")
    if input(f"{question} Type yes: ").strip().lower() != "yes":
        raise Refused("not-agreed", "It was not agreed to.", "Nothing more was written.")


def _pause(request: str) -> None:
    if sys.stdin.isatty():
        input(f"\n{request} ")
    else:
        raise Refused(
            "nobody-to-ask",
            "Nobody is there to put in the next card.",
            "Name one box, and call once for each card.",
        )


def _eject(path: Path) -> None:
    ended = programs.run(["eject", str(path)])
    if ended.returncode == 0:
        print("The card is ejected: take it out.")
    else:
        print(f"The card could not be ejected ({programs.complaint(ended)}); all is written: take it out.")
