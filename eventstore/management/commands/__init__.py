"""Commands: each fetches its arguments and calls one function below."""

from __future__ import annotations
