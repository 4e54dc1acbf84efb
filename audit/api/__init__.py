"""What a parents' backend asks of a child and a parent over HTTP: beside the console, within the token's household."""

from __future__ import annotations
