"""The quickstart's accounts: who there is, and a password for each that nobody has had before."""

from __future__ import annotations

import secrets

# By what they may do, as `teddy_es.demo.staff` has them; this one is read without the packages of the project.
ROLES = ("officer", "reviewer", "protection", "auditor", "operator", "responder")
ADMIN = "admin"


def passwords() -> dict[str, str]:
    """Fresh ones: an old terminal's text opens nothing."""
    return {name: secrets.token_urlsafe(12) for name in (ADMIN, *ROLES)}


def as_environment(given: dict[str, str]) -> dict[str, str]:
    """As `quickstart_admin` is told them."""
    others = ",".join(f"{name}:{given[name]}" for name in ROLES)
    return {"TEDDY_ADMIN_PASSWORD": given[ADMIN], "TEDDY_ROLE_PASSWORDS": others}


def as_lines(given: dict[str, str]) -> list[str]:
    """For the terminal: the one place where they are ever written."""
    yours = f"  user      {ADMIN}, password {given[ADMIN]} (a new one at each start)"
    others = [f"            {name:<10}  {given[name]}" for name in ROLES]
    others[0] = f"  by role   {others[0].strip()}"
    return [yours, *others]
