"""The adapters of the one port `eventstore.ports.Log`, none of which knows another. Their contract: `eventstore.testing.log_contract`."""

from __future__ import annotations
