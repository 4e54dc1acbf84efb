"""Who asks, where a proxy stands in front: its word is taken from the proxies that the settings name, and from nobody else."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, Final

from teddy_es.conf import conf

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

_SAYS: Final = (
    *("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST"),
    *("HTTP_X_FORWARDED_PORT", "HTTP_FORWARDED", "HTTP_X_REAL_IP"),
)


class TrustedProxies:
    """Middleware, before all others: `REMOTE_ADDR` is the client's from here on, and what a stranger says of itself is gone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The nearest address that is no proxy of ours: everything to the left of it anybody may have written."""
        peer = _address(request.META.get("REMOTE_ADDR", ""))
        if not _is_trusted(peer):
            for name in _SAYS:
                request.META.pop(name, None)
        else:
            said = request.META.get("HTTP_X_FORWARDED_FOR", "")
            request.META["REMOTE_ADDR"] = str(_nearest(peer, said))
        return self._get_response(request)


def client_address(request: HttpRequest) -> str | None:
    """Who asks, as log-ins are counted by; None where nobody can tell, as in a command."""
    address = _address(request.META.get("REMOTE_ADDR", ""))
    return None if address is None else str(address)


_Address = IPv4Address | IPv6Address


def _nearest(peer: _Address | None, said: str) -> _Address | None:
    nearest = peer
    for hop in reversed(said.split(",")):
        address = _address(hop)
        if (
            address is None
        ):  # nothing that a proxy of ours writes: it is believed no further
            return nearest
        nearest = address
        if not _is_trusted(address):
            break
    return nearest


def _address(text: str) -> _Address | None:
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _is_trusted(address: _Address | None) -> bool:
    return address is not None and any(
        address in ip_network(one) for one in conf.TEDDY_TRUSTED_PROXIES
    )
