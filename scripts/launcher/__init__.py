"""The parts of `./teddy`: standard library only, for they run before anything is there.

cli → commands → stack → supervisor | postgres | broker → java → environment
and below everybody: places, processes, ports, identity, console
"""

from __future__ import annotations
