"""How long each class of the domain's data is kept, and why: EVENTSTORE["RETENTION"]. `manage.py retention --policy` prints it.

Each operator answers for its own periods: what stands here is a beginning. A change is a further entry with its own `since`.
"""

from __future__ import annotations

from typing import Any, Final

_DECISION: Final = "the operator's decision, GDPR Art. 5(1)(e)"

RETENTION: Final[dict[str, list[dict[str, Any]]]] = {
    "talk": [
        {
            "since": "2018-01-01",
            "months": 12,
            "purpose": "that a child's parents and a reviewer can see what was said",
            "need": "complaints and questions about a conversation come within a year",
            "source": _DECISION,
        }
    ],
    "profile": [
        {
            "since": "2018-01-01",
            "months": None,
            "purpose": "to know the child and its parents",
            "need": "as long as there is an account; it ends with an erasure",
            "source": _DECISION,
        }
    ],
    "safety_case": [
        {
            "since": "2018-01-01",
            "months": 36,
            "purpose": "to act on what endangers a child, and to show that it was done",
            "need": "proceedings and complaints may come for three years",
            "source": _DECISION,
        }
    ],
    "consent_proof": [
        {
            "since": "2018-01-01",
            "months": 36,
            "purpose": "to show what a parent allowed and asked for, and why",
            "need": "it can be disputed for three years",
            "source": "GDPR Art. 7(1)",
        }
    ],
    "decision": [
        {
            "since": "2018-01-01",
            "months": 36,
            "purpose": "to show why what needs four eyes was done or refused",
            "need": "it can be disputed for three years",
            "source": "GDPR Art. 5(2)",
        }
    ],
}


def without_end(configured: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """The same, and nothing is ever past its time: the quickstart's conversations are of 2018, and the daily job would end them."""
    return {
        name: [
            {**one, "months": None, "source": "the quickstart, whose data are of 2018"}
            for one in versions
        ]
        for name, versions in configured.items()
    }
