"""What `./teddy` can do: one command a file, each one function."""

from __future__ import annotations
