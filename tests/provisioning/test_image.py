"""An image is signed by its builder and believed by a technician, or not."""

import hashlib
import io
import lzma
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from device.errors import Refused
from provisioning.image.block_map import BLOCK, map_of, parse
from provisioning.image.packed import open_image, read_whole
from tests.simulated.small_image import run

Provision = Callable[..., int]


@pytest.fixture
def folder(image: Path, tmp_path: Path) -> Path:
    """The published files, for the test to alter."""
    path = tmp_path / "published"
    shutil.copytree(image.parent, path)
    return path


def test_what_was_signed_is_believed(
    image: Path, provision: Provision, capsys: pytest.CaptureFixture[str]
) -> None:
    assert provision("image", "check", image) == 0
    assert "version 1.0 as it was signed" in capsys.readouterr().out


def test_it_is_believed_packed_too(folder: Path, provision: Provision) -> None:
    (folder / "estu-1.0.img.zst").write_bytes(zstandard.compress((folder / "estu-1.0.img").read_bytes()))
    assert provision("image", "check", folder / "estu-1.0.img.xz") == 0
    assert provision("image", "check", folder / "estu-1.0.img.zst") == 0


def test_signing_the_same_image_again_gives_the_same_bytes(folder: Path, provision: Provision) -> None:
    before = [(folder / name).read_bytes() for name in ("estu-1.0.bmap", "estu-1.0.jws")]
    words = ["image", "sign", folder / "estu-1.0.img", "--key", folder / "image-key.pem", "--version", "1.0"]
    assert provision(*words) == 0
    assert [(folder / name).read_bytes() for name in ("estu-1.0.bmap", "estu-1.0.jws")] == before


def altered(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("name", "place", "code"),
    [
        ("estu-1.0.jws", 10, "image-signature-wrong"),
        ("estu-1.0.jws", 300, "image-signature-wrong"),
        ("estu-1.0.bmap", 500, "image-map-altered"),
        ("estu-1.0.img", 8 * 1024 * 1024, "image-altered"),
        ("estu-1.0.img", -1, "image-altered"),
        ("estu-1.0.img.xz", 5000, "image-damaged"),
    ],
)
def test_whatever_is_altered_is_refused(
    folder: Path, provision: Provision, capsys: pytest.CaptureFixture[str], name: str, place: int, code: str
) -> None:
    altered(folder / name, place)
    packed = name if name.startswith("estu-1.0.img") else "estu-1.0.img"
    assert provision("image", "check", folder / packed) == 1
    assert f"[{code}]" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["estu-1.0.img", "estu-1.0.bmap", "estu-1.0.jws"])
def test_what_is_missing_is_named(
    folder: Path, provision: Provision, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (folder / name).unlink()
    assert provision("image", "check", folder / "estu-1.0.img") == 1
    assert f"{name}. An image comes as three files" in capsys.readouterr().err


def test_an_image_that_was_cut_is_refused(
    folder: Path, provision: Provision, capsys: pytest.CaptureFixture[str]
) -> None:
    with (folder / "estu-1.0.img").open("r+b") as file:
        file.truncate(20 * 1024 * 1024)
    assert provision("image", "check", folder / "estu-1.0.img") == 1
    assert "[image-altered]" in capsys.readouterr().err
    whole = zstandard.compress((folder / "estu-1.0.img").read_bytes())
    (folder / "estu-1.0.img.zst").write_bytes(whole[: len(whole) // 2])
    assert provision("image", "check", folder / "estu-1.0.img.zst") == 1


def test_another_publishers_image_is_refused(
    folder: Path, provision: Provision, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert provision("image", "key", "--out", tmp_path / "other") == 0
    key = tmp_path / "other" / "image-key.pem"
    assert provision("image", "sign", folder / "estu-1.0.img", "--key", key, "--version", "1.0") == 0
    assert provision("image", "check", folder / "estu-1.0.img") == 1
    assert "[image-signature-wrong]" in capsys.readouterr().err
    assert (
        provision(
            "image", "check", folder / "estu-1.0.img", "--image-keys", tmp_path / "other" / "image-keys.jwks"
        )
        == 0
    )


def test_without_a_publishers_key_no_image_is_believed(
    image: Path, authority: Path, provision: Provision, capsys: pytest.CaptureFixture[str]
) -> None:
    (authority / "image-keys.jwks").unlink()
    assert provision("image", "check", image) == 1
    assert "[image-keys-missing]" in capsys.readouterr().err


def test_what_is_not_laid_out_as_a_card_is_not_signed(
    folder: Path, provision: Provision, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.img"
    other.write_bytes(bytes(4 * 1024 * 1024))
    assert provision("image", "sign", other, "--key", folder / "image-key.pem", "--version", "1") == 1
    assert "[card-unknown]" in capsys.readouterr().err
    packed = folder / "estu-1.0.img.xz"
    assert provision("image", "sign", packed, "--key", folder / "image-key.pem", "--version", "1") == 1
    assert "[image-packed]" in capsys.readouterr().err
    assert not list(tmp_path.glob("other.*s"))


def test_bmaptool_writes_the_image_by_this_map(image: Path, tmp_path: Path) -> None:
    written = tmp_path / "written.img"
    run("bmaptool", "copy", "--bmap", str(image.with_suffix(".bmap")), str(image), str(written))
    assert written.read_bytes() == image.read_bytes()


def test_a_map_that_bmaptool_made_is_read(image: Path, tmp_path: Path) -> None:
    made = tmp_path / "made.bmap"
    run("bmaptool", "create", "--output", str(made), str(image))
    theirs, ours = parse(made.read_bytes()), parse(image.with_suffix(".bmap").read_bytes())
    assert theirs.size == ours.size
    for stretch in ours.stretches:
        assert any(each.start <= stretch.start < stretch.end <= each.end for each in theirs.stretches)


@given(
    st.lists(st.tuples(st.integers(0, 600), st.binary(min_size=1, max_size=9000)), max_size=6),
    st.integers(1, 5000),
)
def test_a_map_holds_each_byte_that_is_not_zero_and_reads_as_it_was_written(
    pieces: list[tuple[int, bytes]], rest: int
) -> None:
    content = bytearray(310 * BLOCK + rest)
    for block, piece in pieces:
        content[block * BLOCK : block * BLOCK + len(piece)] = piece
    mapped, _ = map_of(io.BytesIO(content))
    assert parse(mapped.as_xml()) == mapped
    for start, end in mapped.gaps():
        assert not any(content[start:end])
    assert mapped.mapped + sum(end - start for start, end in mapped.gaps()) == len(content)


def with_own_digest(text: str) -> bytes:
    """Give a map the digest that it carries of itself, as whoever made it would."""
    element = re.compile(r"(<BmapFileChecksum> )([0-9a-f]{64})")
    blank = element.sub(rf"\g<1>{'0' * 64}", text)
    return element.sub(rf"\g<1>{hashlib.sha256(blank.encode()).hexdigest()}", blank).encode()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<bmap", "<!DOCTYPE x [<!ENTITY a 'b'>]><bmap"),
        ("<ChecksumType> sha256", "<ChecksumType> md5"),
        ("> 0 <", "> 9999999 <"),
        ("> 0 <", "> 7-3 <"),
        ("> 0 <", "> zero <"),
        ("</BlockMap>", ""),
        ("<ImageSize> ", "<ImageSize> -"),
        ("<BlockSize> 4096", "<BlockSize> 0"),
        ("<BlockSize> 4096", "<BlockSize> many"),
        ('chksum="', 'chksum="x'),
        ('<Range chksum="', '<Range chksum="" lost="'),
    ],
)
def test_a_faulty_map_is_refused(image: Path, old: str, new: str) -> None:
    text = image.with_suffix(".bmap").read_text()
    assert parse(with_own_digest(text)), "the way to alter it is itself in order"
    assert old in text
    with pytest.raises(Refused) as refusal:
        parse(with_own_digest(text.replace(old, new, 1)))
    assert refusal.value.code == "image-map-faulty"


def test_a_map_whose_own_digest_is_wrong_is_refused(image: Path) -> None:
    text = image.with_suffix(".bmap").read_bytes()
    with pytest.raises(Refused, match="its own checksum is wrong"):
        parse(text.replace(b"> 0 <", b"> 1 <", 1))


def test_an_xz_is_unpacked_as_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.img.xz"
    path.write_bytes(lzma.compress(b"abc" * 1000, preset=0) + lzma.compress(b"more", preset=0))
    with open_image(path) as stream:
        assert read_whole(stream, 3000) == b"abc" * 1000
        assert read_whole(stream, 100) == b"more"


def test_what_is_not_named_like_an_image_is_refused(
    tmp_path: Path, image: Path, provision: Provision
) -> None:
    assert provision("image", "check", tmp_path / "estu.iso") == 1
