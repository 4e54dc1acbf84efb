"""The real-time stream: every accepted event as a CloudEvent on `events.{type}`, for systems that are no part of this one."""

from __future__ import annotations
