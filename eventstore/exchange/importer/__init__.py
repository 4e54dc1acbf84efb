"""Import: a file of events becomes streams, in the file's order per stream, however often it is tried.

`lines` reads with bounded memory, `grouping` makes commits of lines, `flight` keeps many of them on their way,
`run` is the whole of it.
"""

from __future__ import annotations
