"""`python -m scripts.openapi` writes docs/openapi.json out of what the API's calls say of themselves. A guard compares it."""

from __future__ import annotations

from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "openapi.json"


def text() -> str:
    """The whole schema. Django must be set up."""
    from eventstore.api.openapi.whole import whole

    return whole().decode() + "\n"


if __name__ == "__main__":
    import django

    django.setup()
    PAGE.write_text(text(), "utf-8")
