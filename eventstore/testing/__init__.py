"""What our own tests and those of other adapters share: contract suites and fakes that pass them."""

from __future__ import annotations
