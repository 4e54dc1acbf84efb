"""Lists as data: columns are declared, one template writes all of them."""

from __future__ import annotations
