"""A card as a technician makes it: the image is signed, a box enrolled and labelled, its card written by `estu-provision flash`, and booted.

What it shows: the image's partitions are such as provisioning takes, and what it put on the data partition is what the booted image's own
first program mounts there, byte for byte.
"""

import hashlib
import secrets
import shutil
import sys
from pathlib import Path
from typing import Any

from estu_image.program import run

from provisioning.card.data_partition import DataPartition
from provisioning.card.partitions import read_table
from provisioning.identity import File
from tests.boot.emulator import Machine

_BOX = "estu-0001"
_SAY = "estu-card"
_WITHIN = 900.0  # seconds
_LOOK = f"""\
cd /data
for file in etc-estu/* network/*; do [ -f $file ] && echo {_SAY} $(stat -c %a-%u-%g $file) $(sha256sum $file); done
echo {_SAY} checked $(cat /run/estu-fsck)
echo {_SAY} done
exec sleep 3600
"""


def technician(image: Path, work: Path, version: str, size: int) -> dict[str, Any]:
    """Make the card of a box and boot it as far as its data partition.

    Args:
        image: The image, as it was built; it stays as it is.
        work: To work in.
        version: What the image is signed as.
        size: Bytes that the card has.

    Raises:
        AssertionError: The booted image does not find on its card what was flashed.
        Broken: One of the commands refused; its words are in the message.
    """
    folder = work / "card"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    card = folder / "card.img"
    said = _flash(image, folder, card, version, size)
    files = _on_card(card)
    place = DataPartition(card, read_table(card).data)
    place.write({"trial/look": File(_LOOK.encode(), 0o644)})
    machine = Machine(folder, card)
    try:
        machine.switch_on("init=/bin/sh -- /data/trial/look")
        machine.wait(f"{_SAY} done", _WITHIN)
    finally:
        machine.cut_power()
    told = [line.partition(f"{_SAY} ")[2].split() for line in machine.lines if f"{_SAY} " in line]
    found = {words[2]: (words[0], words[1]) for words in told if len(words) == 3}
    assert found == files, (found, files)
    checked = next(words[-1] for words in told if words[0] == "checked")
    assert checked == "0", told  # e2fsck had nothing to repair
    card.unlink()
    return {"said": said, "files as flashed": len(files), "e2fsck": checked}


def _flash(image: Path, folder: Path, card: Path, version: str, size: int) -> str:
    """Run the commands that a publisher and a technician run; give what `flash` says of the card."""
    published = folder / f"estu-{version}.img"
    run(["cp", "--sparse=always", image, published])
    authority, secret = folder / "authority", {"ESTU_AUTHORITY_PASSPHRASE": secrets.token_urlsafe(24)}
    keys = folder / "platform.jwks"
    keys.write_text(run([sys.executable, "-m", "central", "keys", "create", folder / "receipts.pem"]))

    def provision(*words: str | Path) -> str:
        return run([sys.executable, "-m", "provisioning", *words], secret)

    provision("image", "key", "--out", folder / "publisher")
    provision("image", "sign", "--key", folder / "publisher/image-key.pem", "--version", version, published)
    provision("authority", "init", authority)
    shutil.copy(folder / "publisher/image-keys.jwks", authority)
    provision(
        "enrol", _BOX, "--authority", authority, "--venue", "A simulated theatre", "--hall", "Main hall", "--language", "kk",
        "--broker", "mqtts://broker.example:8883", "--platform-keys", keys,
    )  # fmt: skip
    provision("label", _BOX, "--authority", authority, "--support", "nobody", "--out", folder / "label.pdf")
    flashed = provision(
        "flash", published, card, _BOX, "--authority", authority, "--simulate", "--size", str(size)
    )
    verified = provision("verify", card, "--authority", authority)
    published.unlink()
    assert f"is that of box {_BOX}" in verified, verified
    return next(line for line in flashed.splitlines() if line.startswith(f"{_BOX}: "))


def _on_card(card: Path) -> dict[str, tuple[str, str]]:
    """Read what was flashed: each file's rights and owner, and its digest, by its path."""
    place = DataPartition(card, read_table(card).data)
    return {
        each.path: (f"{each.mode:o}-{each.uid}-{each.gid}", hashlib.sha256(place.read(each.path)).hexdigest())
        for folder in ("etc-estu", "network")
        for each in place.folder(folder)
    }
