"""The box's settings: one TOML file, written when its card is made, checked whole before anything starts."""

import tomllib
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from device.errors import Refused

DEFAULT_PATH = Path("/etc/estu/settings.toml")
_LARGEST = 65_536  # bytes

BoxId = Annotated[str, msgspec.Meta(pattern=r"\A[a-z0-9][a-z0-9-]{2,31}\Z")]
UsbId = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{4}:[0-9a-f]{4}\Z")]
UsbPort = Annotated[str, msgspec.Meta(pattern=r"\A[0-9]+-[0-9]+(\.[0-9]+)*\Z")]
Percent = Annotated[int, msgspec.Meta(ge=0, le=100)]
BrokerUrl = Annotated[str, msgspec.Meta(pattern=r"\A(mqtts?|wss?)://[^ ]+\Z")]

UpdatesUrl = Annotated[str, msgspec.Meta(pattern=r"\A(https?://[^ ]+)?\Z")]


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of the settings file; a key that it does not know is an error, not a silent default."""


class Box(_Table, frozen=True):
    """Who this box is, as the platform's register has it."""

    id: BoxId
    venue: str = ""
    hall: str = ""
    contract: str = ""  # number of the venue's contract for the use of music
    language: Literal["kk", "ru", "en"] = "kk"


class MicrophoneSettings(_Table, frozen=True):
    """Which sound card to listen to; if nothing says which, the only USB microphone there is."""

    usb: UsbId | None = None  # vendor and product
    serial: str | None = None  # of the USB device, where it has one
    port: UsbPort | None = None  # the USB socket, as the kernel counts them
    device: str = ""  # instead of these: all or part of the name that PortAudio has for it, or "default"
    gain: Percent | None = None  # of the range of its mixer; None leaves it as it is

    def __post_init__(self) -> None:
        """Refuse two ways of naming one microphone."""
        if self.device and (self.usb or self.serial or self.port):
            raise ValueError("`device` stands alone, without `usb`, `serial` and `port`")


class LightSettings(_Table, frozen=True):
    """The light and the button on the front of the box; a box may have neither."""

    led: str = ""  # an LED of the kernel's, as in /sys/class/leds
    pin: Annotated[int, msgspec.Meta(ge=0, le=63)] | None = (
        None  # or one on this pin (GPIO number) of the chip
    )
    button: Annotated[int, msgspec.Meta(ge=0, le=63)] | None = None  # between this pin and ground; it mutes
    chip: Path = Path("/dev/gpiochip0")

    def __post_init__(self) -> None:
        """Refuse two lights, and one pin for two things."""
        if self.led and self.pin is not None:
            raise ValueError("`led` and `pin` name two lights; a box has one")
        if self.pin is not None and self.pin == self.button:
            raise ValueError("`pin` and `button` cannot be the same pin")


class Paths(_Table, frozen=True):
    """Where the box keeps what it has; relative paths start at the settings file."""

    log: Path = Path("/var/lib/estu/log.sqlite")
    catalogue: Path = Path("/var/lib/estu/catalogue")
    signing_key: Path = Path("/etc/estu/signing.pem")
    label_code: Path = Path("/etc/estu/label-code.scrypt")  # hash of the code that opens the page's downloads
    runtime: Path = Path("/run/estu")  # in memory: what the services tell each other about this moment


class Broker(_Table, frozen=True):
    """How the platform is reached."""

    url: BrokerUrl
    fallback: tuple[BrokerUrl, ...] = ()  # other ways to it, tried in turn where the first is shut
    ca: Path | None = None  # certificates of the authority that the broker's name is checked against
    certificate: Path | None = None  # the box's own
    key: Path | None = None
    platform_keys: Path = Path("/etc/estu/platform.jwks")  # whose receipts count


class Updates(_Table, frozen=True):
    """Where catalogues, models and systems come from; without a URL from nowhere."""

    url: UpdatesUrl = ""  # of the repository's folder
    root: Path = Path("/etc/estu/root.json")  # whom the box trusts first
    ca: Path | None = None  # authorities that the server's name is checked against; none: the system's
    certificate: Path | None = None  # the box's own, where the server asks for one
    key: Path | None = None
    every: Annotated[int, msgspec.Meta(ge=1, le=7 * 86_400)] = 3_600  # seconds from one look to the next


class Settings(_Table, frozen=True):
    """Everything a technician sets."""

    box: Box
    broker: Broker
    microphone: MicrophoneSettings = MicrophoneSettings()
    light: LightSettings = LightSettings()
    paths: Paths = Paths()
    updates: Updates = Updates()

    @property
    def update_state(self) -> Path:
        """Where `estu sync` writes how updates go."""
        return self.paths.log.with_name("updates.json")

    @property
    def updates_folder(self) -> Path:
        """What came with updates, beside the catalogue: trusted metadata, models, a system to be installed."""
        return self.paths.log.with_name("updates")

    @property
    def models(self) -> Path:
        """Models that came with updates, each under its digest."""
        return self.updates_folder / "model"

    @property
    def sync_state(self) -> Path:
        """Where `estu sync` writes how it goes, for `estu status` to read."""
        return self.paths.log.with_name("sync.json")

    @property
    def notices(self) -> Path:
        """Where `estu sync` keeps what the platform has to say to the people at the box."""
        return self.paths.log.with_name("notices.jws")

    @property
    def under_way(self) -> Path:
        """Where `estu listen` keeps what it has not told yet, for the case that the power fails."""
        return self.paths.log.with_name("under-way.json")

    @property
    def baseline(self) -> Path:
        """What the microphone gave when the box was commissioned."""
        return self.paths.log.with_name("baseline.json")

    @property
    def hearing(self) -> Path:
        """Where `estu listen` writes what it hears at this moment."""
        return self.paths.runtime / "hearing.json"

    @property
    def muted(self) -> Path:
        """The file whose presence keeps `estu listen` from hearing."""
        return self.paths.runtime / "muted"


def load(path: Path) -> Settings:
    """Read and check a settings file.

    Raises:
        Refused: It cannot be read, or a value is not acceptable; the message names the key.
    """
    advice = "Compare it with `device/README.md`, or write a new one with `estu-provision enrol`."
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST + 1)
        if len(text) > _LARGEST:
            raise Refused(
                "settings-invalid", f"The settings {path} are larger than {_LARGEST} bytes.", advice
            )
        settings = msgspec.convert(tomllib.loads(text.decode()), Settings, dec_hook=_path)
    except OSError as error:
        raise Refused(
            "settings-unreadable", f"The settings {path} cannot be read: {error.strerror}.", advice
        ) from error
    # A ValueError: no TOML, no UTF-8, another type, a number of thousands of digits. A RecursionError: lists in lists.
    except (ValueError, RecursionError) as error:
        raise Refused("settings-invalid", f"The settings {path} are not valid: {error}.", advice) from error
    return _from(settings, path.parent)


def _path(wanted: type, value: object) -> Path:
    """Make a path of a string (msgspec asks for types that it does not know)."""
    if wanted is Path and isinstance(value, str) and value and "\0" not in value:
        return Path(value)
    raise msgspec.ValidationError(f"Expected a path, got {value!r}")


def _from(settings: Settings, folder: Path) -> Settings:
    """Let relative paths start at the folder of the settings file."""

    def anchored(table: Paths | Broker | Updates) -> dict[str, Path]:
        values = msgspec.structs.asdict(table)
        return {name: folder / value for name, value in values.items() if isinstance(value, Path)}

    return msgspec.structs.replace(
        settings,
        paths=msgspec.structs.replace(settings.paths, **anchored(settings.paths)),
        broker=msgspec.structs.replace(settings.broker, **anchored(settings.broker)),
        updates=msgspec.structs.replace(settings.updates, **anchored(settings.updates)),
    )
