"""Erasure, retention and legal holds: what is destroyed, what must stay, and the proof of both."""

from __future__ import annotations
