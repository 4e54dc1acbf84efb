"""The adapters of the one port `eventstore.ports.Log`, which of them is configured, and the topics that stand in it.

No adapter knows another. Their contract: `eventstore.testing.log_contract`.
"""

from __future__ import annotations
