"""Synthetic events of the Teddy domain, as many as wanted: to see pages, plans and speed at a size that nobody types.

`tales` says what happens in a stream, `history` how large the streams are and in which order it all happens, `filling`
writes it to the log and folds it.
"""

from __future__ import annotations
