"""Who calls: a service account, by one of its tokens. Read anew at each request, so nothing that ended a token is missed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from eventstore.api.scopes import Scope
    from eventstore.ports import Reach


@dataclass(frozen=True, slots=True)
class Caller:
    """account: its name. token: the beginning of the token, which tells it from the account's others and opens nothing.

    purpose: why it looks at persons' data, as it is recorded. binding: whose data alone it may see; None: everybody's.
    """

    account: str
    token: str
    scopes: frozenset[Scope]
    purpose: str
    binding: str | None
    reach: Reach

    is_active = is_authenticated = True  # what DRF and Django ask of a user
    is_staff = is_superuser = is_anonymous = False

    @property
    def pk(self) -> str:
        """For DRF's throttles: a token has its rate, not the account."""
        return self.token

    def may(self, scope: Scope) -> bool:
        """Whether its account has the scope."""
        return scope in self.scopes


def caller_in(request: Any) -> Caller:
    """Who stands in a request where DRF expects a user."""
    return cast("Caller", request.user)


def is_anybody(request: Any) -> bool:
    """Whether a valid token came with it."""
    return request.user is not None
