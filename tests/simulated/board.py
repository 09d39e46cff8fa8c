"""A board with pins, as gpiod shows one: the library's own types, a chip that is not there in its stead."""

import queue
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import gpiod


@dataclass
class Lines:
    """What a program holds of the chip."""

    board: "Board"
    settings: dict[int, gpiod.LineSettings]

    def set_value(self, pin: int, value: gpiod.line.Value) -> None:
        if self.board.gone:
            raise OSError(19, "No such device")
        assert self.settings[pin].direction == gpiod.line.Direction.OUTPUT
        self.board.switched.append((pin, value == gpiod.line.Value.ACTIVE))

    def wait_edge_events(self, timeout: timedelta) -> bool:
        if self.board.gone:
            raise OSError(19, "No such device")
        try:
            self.board.pressed.put(self.board.pressed.get(timeout=timeout.total_seconds()))
        except queue.Empty:
            return False
        return True

    def read_edge_events(self) -> list[Any]:
        return [self.board.pressed.get()]


@dataclass
class Board:
    """Stands where the library stands; whoever asks for pins gets this chip's."""

    pins: int = 28
    taken: set[int] = field(default_factory=set)  # by other programs
    gone: bool = False
    switched: list[tuple[int, bool]] = field(default_factory=list)
    pressed: "queue.Queue[int]" = field(default_factory=queue.Queue)

    LineSettings = gpiod.LineSettings
    line = gpiod.line

    def press(self) -> None:
        """Press the button."""
        self.pressed.put(1)

    def request_lines(self, path: str, config: Mapping[int, gpiod.LineSettings], consumer: str) -> Lines:
        assert consumer == "estu"
        if path != "/dev/gpiochip0":
            raise FileNotFoundError(2, "No such file or directory", path)
        for pin in config:
            if pin >= self.pins:
                raise ValueError(f"no line {pin}")
            if pin in self.taken:
                raise OSError(16, "Device or resource busy")
        return Lines(self, dict(config))
