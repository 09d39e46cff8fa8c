"""The season's broker: as it is shipped, with TLS for most, and one more door in the clear for lines that read messages."""

from dataclasses import dataclass, field
from pathlib import Path

from tests.simulated.broker import ShippedBroker, free_port

_CLEAR_DOOR = """
listener {port} 127.0.0.1
protocol mqtt
allow_anonymous true
"""


@dataclass
class SeasonBroker(ShippedBroker):
    """A mosquitto that is killed and comes back with what it had saved, which may be nothing."""

    clear_port: int = field(default_factory=free_port)

    @property
    def ports(self) -> list[int]:
        """Where it listens."""
        return [*super().ports, self.clear_port]

    def configuration(self) -> str:
        """Add the door in the clear."""
        return super().configuration() + _CLEAR_DOOR.format(port=self.clear_port)

    def issue_box(self, name: str, folder: Path) -> None:
        """Give a box its certificate, as `tls.crt` and `tls.key`."""
        self.boxes.issue(name, folder / "tls.crt", folder / "tls.key")

    def issue_receiver(self, folder: Path) -> None:
        """Give a receiver its certificate, as `tls.crt` and `tls.key`."""
        self.platform.issue("platform-receiver", folder / "tls.crt", folder / "tls.key")
