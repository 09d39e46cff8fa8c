"""Single deliveries that do not count, each with the reason that the receiver gives."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from central.vectors.keys import BOX, BOX_KEY, OTHER_BOX, OTHER_BOX_KEY, PLATFORM_KEY, UNREGISTERED_KEY
from central.vectors.reports import CONTINUED, COVERAGE, PLAY
from central.vectors.writing import ARRIVAL, base64url, compact, event, payload, signed
from device.record.event import encode
from device.record.signature import EVENT_TYP, RECEIPT_TYP
from device.record.signed_event import seal
from device.sync import topics

TOPIC = topics.event(BOX)
GOOD = seal(event(), BOX_KEY)
_ORDER = 2**252 + 27742317777372353535851937790883648493  # of Ed25519's group (RFC 8032, section 5.1)


@dataclass(frozen=True)
class Rejected:
    """One delivery that does not count."""

    name: str
    about: str
    reason: str  # as the receiver gives it
    jws: bytes
    topic: str = TOPIC
    keeps_place: bool = False  # the event stays in the chain, and is not counted


def all_rejected() -> Iterator[Rejected]:
    """Give all of them."""
    yield from _topics()
    yield from _forms()
    yield from _headers()
    yield from _signatures()
    yield from _owners()
    yield from _texts()
    yield from _places()
    yield from _schemas()
    yield from _clocks()


def _topics() -> Iterator[Rejected]:
    yield Rejected(
        "topic-of-receipts", "Events do not come there.", "topic-unknown", GOOD, topics.receipt(BOX)
    )
    yield Rejected("topic-longer", "A level too many.", "topic-unknown", GOOD, TOPIC + "/x")
    yield Rejected("topic-version", "Another version.", "topic-unknown", GOOD, f"estu/v2/{BOX}/event")
    yield Rejected(
        "topic-box-name", "Capitals are in no box's name.", "topic-unknown", GOOD, "estu/v1/KZ-1/event"
    )


def _forms() -> Iterator[Rejected]:
    header, content, signature = GOOD.split(b".")

    def malformed(name: str, about: str, jws: bytes) -> Rejected:
        return Rejected(name, about, "jws-malformed", jws)

    yield malformed("empty", "Nothing at all.", b"")
    yield malformed("two-parts", "No signature.", header + b"." + content)
    yield malformed("four-parts", "One part too many.", GOOD + b".x")
    yield malformed("empty-signature", "An empty signature.", header + b"." + content + b".")
    yield malformed("cut", "The last 20 characters are missing.", GOOD[:-20])
    yield malformed("line-end", "A line feed after it.", GOOD + b"\n")
    yield malformed("padding", "base64url with padding.", header + b"." + content + b"." + signature + b"==")
    yield malformed(
        "base64-not-url", "base64 with + and /.", header + b"." + content + b"." + b"+/" + signature[2:]
    )
    yield malformed(
        "unused-bits",
        "The last character of the signature has unused bits that are not zero: the same 64 bytes in another spelling,"
        " so that one event would have two hashes. Many libraries accept it.",
        GOOD[:-1] + _next_character(GOOD[-1:]),
    )
    text = {"payload": content.decode(), "protected": header.decode(), "signature": signature.decode()}
    yield malformed("json-form", "A JWS in the flattened JSON form.", json.dumps(text).encode())


def _headers() -> Iterator[Rejected]:
    content = encode(event())
    good = {"alg": "EdDSA", "kid": BOX_KEY.public.kid, "typ": EVENT_TYP}

    def header(name: str, about: str, changed: dict[str, Any] | bytes) -> Rejected:
        return Rejected(f"header-{name}", about, "jws-malformed", compact(changed, content, BOX_KEY))

    yield header("alg-none", "No algorithm; the signature is there and right.", good | {"alg": "none"})
    yield header("alg-hs256", "A symmetric algorithm.", good | {"alg": "HS256"})
    yield header(
        "alg-ed25519",
        "The newer name of the algorithm (RFC 9864); version 1 has one name.",
        good | {"alg": "Ed25519"},
    )
    yield header("typ-receipt", "A receipt's typ: a receipt is no event.", good | {"typ": RECEIPT_TYP})
    yield header("no-typ", "No typ.", {"alg": "EdDSA", "kid": BOX_KEY.public.kid})
    yield header("no-kid", "No key is named.", {"alg": "EdDSA", "typ": EVENT_TYP})
    yield header("kid-no-thumbprint", "The key's id is no thumbprint.", good | {"kid": "box 1"})
    yield header("jwk", "It brings its own key along.", good | {"jwk": BOX_KEY.public.as_jwk()})
    yield header("crit", "It asks for an extension.", good | {"crit": ["b64"], "b64": False})
    twice = f'{{"alg":"none","alg":"EdDSA","kid":"{BOX_KEY.public.kid}","typ":"{EVENT_TYP}"}}'
    yield header("name-twice", "A name stands twice.", twice.encode())
    yield header("not-json", "It is not JSON.", b"{alg:EdDSA}")


def _signatures() -> Iterator[Rejected]:
    header, content, signature = GOOD.split(b".")
    other = seal(event(8), BOX_KEY)
    altered = encode(event()).replace(b"went away", b"was there")
    yield Rejected(
        "altered",
        "A word was altered after signing.",
        "signature-wrong",
        header + b"." + base64url(altered) + b"." + signature,
    )
    yield Rejected(
        "signature-of-another",
        "The signature of the box's next event.",
        "signature-wrong",
        header + b"." + content + b"." + other.split(b".")[2],
    )
    yield Rejected(
        "signature-by-another-key",
        "Signed with an unregistered key, under a registered key's id.",
        "signature-wrong",
        compact(
            {"alg": "EdDSA", "kid": BOX_KEY.public.kid, "typ": EVENT_TYP}, encode(event()), UNREGISTERED_KEY
        ),
    )
    yield Rejected(
        "signature-malleable",
        "The group's order was added to the second half of the signature. A verification that does not ask for a"
        " reduced one (RFC 8032, section 5.1.7) accepts it, and the event would have two hashes.",
        "signature-wrong",
        header + b"." + content + b"." + base64url(_plus_order(signature)),
    )
    yield Rejected(
        "unregistered",
        "A whole event, signed with a key that is not in the register.",
        "key-unknown",
        seal(event(key=UNREGISTERED_KEY), UNREGISTERED_KEY),
    )
    yield Rejected(
        "signed-by-the-platform",
        "The platform's key signs receipts, and no events.",
        "key-unknown",
        compact(
            {"alg": "EdDSA", "kid": PLATFORM_KEY.public.kid, "typ": EVENT_TYP}, encode(event()), PLATFORM_KEY
        ),
    )


def _owners() -> Iterator[Rejected]:
    others = seal(event(key=OTHER_BOX_KEY), OTHER_BOX_KEY)
    claims = payload(event(box=OTHER_BOX))
    yield Rejected(
        "under-anothers-name", "Another box's event on this box's topic.", "event-other-box", others
    )
    yield Rejected(
        "names-another", "This box has signed an event of another.", "event-other-box", signed(claims)
    )


def _texts() -> Iterator[Rejected]:
    text = encode(event())

    def malformed(name: str, about: str, content: bytes) -> Rejected:
        return Rejected(f"payload-{name}", about, "event-malformed", signed(content))

    yield malformed("not-json", "Truly signed, and no JSON.", b"the microphone went away")
    yield malformed("list", "JSON, but no object.", b"[" + text + b"]")
    yield malformed("two-objects", "Something follows the object.", text + b"{}")
    yield malformed("byte-order-mark", "A byte order mark before it.", b"\xef\xbb\xbf" + text)
    yield malformed(
        "not-utf-8", "A byte that is not UTF-8.", text.replace(b"microphone went", b"microphone \xff went")
    )
    yield malformed(
        "name-twice", "A name stands twice.", text.replace(b'{"specversion"', b'{"seq":8,"specversion"', 1)
    )
    yield malformed(
        "name-twice-inside", "A name stands twice, further in.", text.replace(b'"tries"', b'"usb":1,"tries"')
    )
    yield malformed("nan", "NaN is not JSON.", text.replace(b"2.5", b"NaN"))
    yield malformed("too-large-number", "A number that no double holds.", text.replace(b"2.5", b"1e400"))
    yield malformed(
        "half-a-pair",
        "Half of a surrogate pair, which UTF-8 has not.",
        text.replace(b"went away", b"\\ud83c away"),
    )
    yield malformed(
        "deep", "Objects and lists more than 12 deep.", text.replace(b"2.5", b"[" * 12 + b"]" * 12)
    )


def _places() -> Iterator[Rejected]:
    whole = payload(event())
    text = encode(event())

    def misplaced(name: str, about: str, content: bytes | dict[str, Any]) -> Rejected:
        return Rejected(f"place-{name}", about, "event-malformed", signed(content))

    yield misplaced("no-seq", "No number.", {name: part for name, part in whole.items() if name != "seq"})
    yield misplaced("seq-zero", "Numbers begin at 1.", whole | {"seq": 0})
    yield misplaced("seq-text", "A number as text.", whole | {"seq": "7"})
    yield misplaced(
        "seq-point", "A whole number is written without a point.", text.replace(b'"seq":7,', b'"seq":7.0,')
    )
    yield misplaced("seq-too-large", "2^53, which not every reader holds.", whole | {"seq": 2**53})
    yield misplaced("no-prev", "No hash.", {name: part for name, part in whole.items() if name != "prev"})
    yield misplaced("prev-capitals", "Hashes are written small.", whole | {"prev": "C0" * 32})
    yield misplaced("prev-line-end", "A line feed after the hash.", whole | {"prev": "c0" * 32 + "\n"})


def _schemas() -> Iterator[Rejected]:
    incident, play, coverage = payload(event()), payload(event(report=PLAY)), payload(event(report=COVERAGE))

    def objected(name: str, about: str, content: dict[str, Any]) -> Rejected:
        return Rejected(f"schema-{name}", about, "event-schema", signed(content), keeps_place=True)

    def inside(content: dict[str, Any], **changed: object) -> dict[str, Any]:
        return content | {"data": content["data"] | changed}

    yield objected(
        "type-to-come", "A type that version 1 has not.", incident | {"type": "kz.estu.applause.v1"}
    )
    yield objected("type-v2", "A later version of a type.", incident | {"type": "kz.estu.incident.v2"})
    yield objected("specversion", "Another version of CloudEvents.", incident | {"specversion": "0.3"})
    yield objected("id", "The id names another number.", incident | {"id": f"{BOX}/8"})
    yield objected(
        "source", "The source names another box.", incident | {"source": f"urn:estu:box:{OTHER_BOX}"}
    )
    yield objected("attribute", "An attribute too many.", incident | {"subject": "x"})
    yield objected("field", "A field too many.", inside(incident, extra=1))
    yield objected("no-data", "No data.", {name: part for name, part in incident.items() if name != "data"})
    yield objected("loss-misspelt", "A number as text in what a box says it has lost.", _misspelt())
    yield objected("code", "A code with a space.", inside(incident, code="microphone lost"))
    yield objected(
        "code-line-end", "A code with a line feed after it.", inside(incident, code="microphone-lost\n")
    )
    yield objected(
        "time-offset",
        "A time that is not written with Z.",
        incident | {"time": "2026-07-01T19:07:00.000+05:00"},
    )
    yield objected("time-digits", "A time without milliseconds.", incident | {"time": "2026-07-01T14:07:00Z"})
    yield objected(
        "time-no-calendar", "A day that no calendar has.", incident | {"time": "2026-02-30T14:07:00.000Z"}
    )
    yield objected(
        "isrc",
        "An ISRC with hyphens.",
        inside(play, recording=play["data"]["recording"] | {"isrc": "KZ-A01-26-00001"}),
    )
    yield objected("span", "A span with one end.", inside(play, spans=[[1.0]]))
    yield objected("digits", "Digits of another script.", inside(play, model="a" * 63 + "\u0661"))
    yield objected("true-for-one", "True is not a number.", inside(play, windows=True))
    yield objected(
        "negative-seconds",
        "Less than no time.",
        inside(coverage, seconds=coverage["data"]["seconds"] | {"silent": -1.0}),
    )


def _misspelt() -> dict[str, Any]:
    continued = payload(event(report=CONTINUED))
    continued["data"]["detail"]["lost"][0]["after"]["seq"] = "2"
    return continued


def _clocks() -> Iterator[Rejected]:
    ahead = replace(event(), time=ARRIVAL + timedelta(days=1, seconds=1))
    yield Rejected(
        "from-the-future",
        "By a clock that it calls synchronised it was written more than a day after it arrived.",
        "event-from-the-future",
        seal(ahead, BOX_KEY),
        keeps_place=True,
    )


def _next_character(last: bytes) -> bytes:
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    position = alphabet.index(last) + 1
    return alphabet[position : position + 1]


def _plus_order(signature: bytes) -> bytes:
    both = base64.urlsafe_b64decode(signature + b"==")
    second = int.from_bytes(both[32:], "little") + _ORDER
    return both[:32] + second.to_bytes(32, "little")
