"""One definition of each command that people, `./teddy` and CI call.

A package only so that the tests can import the launcher's parts.
"""

from __future__ import annotations
