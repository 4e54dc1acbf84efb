"""The second person: what needs four eyes is asked for here, answered, and carried out once."""

from __future__ import annotations
