"""Recorders of who looks: one that remembers, one that cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Callable


class Recorder:
    """Remembers for a test what it was told; `meanwhile` is called before it answers."""

    said: ClassVar[list[dict[str, Any]]] = []
    meanwhile: ClassVar[list[Callable[[], None]]] = []

    def record(self, **fields: Any) -> None:
        """See `AccessRecorder`."""
        for what in self.meanwhile:
            what()
        self.said.append(fields)

    @classmethod
    def forget(cls) -> None:
        """As if nobody had told it anything."""
        cls.said.clear()
        cls.meanwhile.clear()


class BrokenRecorder:
    """Cannot record."""

    def record(self, **_fields: Any) -> None:
        """See `AccessRecorder`."""
        msg = "what-nobody-may-find"
        raise OSError(msg)


RECORDED: dict[str, Any] = {"ACCESS_RECORDER": "tests.support.recorders.Recorder"}
"""What a store's settings lack in tests that show nothing of anybody, and whole checks ask for."""
