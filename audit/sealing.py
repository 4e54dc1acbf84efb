"""What the installation must say of itself as long as nothing is sealed: its data is development data."""

from __future__ import annotations

from typing import Final

from eventstore.sealing import sealer

DEVELOPMENT_DATA: Final = not sealer().seals
SEALING: Final = "pass-through, development data" if DEVELOPMENT_DATA else "sealed"
