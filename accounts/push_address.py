"""Which addresses a push message may go to: a browser names them, and we would ask them from inside our walls."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from django.conf import settings

LONGEST = 1_000
HTTPS_PORT = 443


class NotAPushAddress(ValueError):
    """Not https, not a public host, or not an address at all."""


class HostUnknown(OSError):
    """Nobody answers for the name just now; it may do so later."""


@dataclass(frozen=True, slots=True)
class Target:
    """A host that may be asked, and the one network address at which it is asked: looked up once, used as looked up."""

    host: str
    port: int
    address: str


def check(endpoint: str) -> None:
    """What can be said of an address without asking anybody. Raises NotAPushAddress."""
    _host_and_port(endpoint)


def resolve(endpoint: str) -> Target:
    """Where the message goes. All addresses of the name must be public, and one of them is pinned.

    Otherwise a name could be public while we look and lead to our own machines when we ask. Raises NotAPushAddress,
    HostUnknown.
    """
    host, port = _host_and_port(endpoint)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as failure:
        raise HostUnknown(str(failure)) from failure
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses or not all(_may_be_asked(address) for address in addresses):
        raise NotAPushAddress("not a public host")
    return Target(host=host, port=port, address=addresses[0])


def _host_and_port(endpoint: str) -> tuple[str, int]:
    if len(endpoint) > LONGEST or not endpoint.isascii() or not endpoint.isprintable() or " " in endpoint:
        raise NotAPushAddress("not an address")
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname or "", parts.port
    except ValueError as wrong:
        raise NotAPushAddress("not an address") from wrong
    if not host or parts.username is not None or parts.password is not None or "\\" in endpoint:
        raise NotAPushAddress("not an address")
    if settings.PUSH_MAY_BE_PRIVATE:
        return host, port or (HTTPS_PORT if parts.scheme == "https" else 80)
    if parts.scheme != "https" or (port or HTTPS_PORT) != HTTPS_PORT or not _may_be_named(host):
        raise NotAPushAddress("not a public host")
    return host, HTTPS_PORT


def _may_be_named(host: str) -> bool:
    """Push services have names; a bare number or a name without a dot is somebody's own machine."""
    try:
        ip_address(host)
    except ValueError:
        labels = host.rstrip(".").split(".")
        return len(labels) > 1 and not labels[-1].isdigit() and labels[-1] not in _INSIDE
    return False


def _may_be_asked(address: str) -> bool:
    if settings.PUSH_MAY_BE_PRIVATE:
        return True
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if isinstance(found, IPv6Address) and found not in _PUBLIC_IPV6:
        return False
    return found.is_global and not found.is_multicast and not any(found in network for network in _NOBODYS)


# All that is given out to anybody; the rest stands for an IPv4 address, for a machine in the house, or for nothing.
_PUBLIC_IPV6 = IPv6Network("2000::/3")
# Inside it, and still no push service's: 6to4 and Teredo stand for an IPv4 address, which may be anybody's; the others
# are for books and protocols, and not every version of Python knows them.
_NOBODYS = (
    IPv6Network("2002::/16"),
    IPv6Network("2001::/32"),
    IPv6Network("3fff::/20"),
    IPv4Network("192.0.0.0/24"),
    IPv4Network("192.88.99.0/24"),
)
# The last word of names that only machines inside somebody's walls answer to.
_INSIDE = frozenset({"internal", "local", "localhost", "localdomain", "lan", "home", "corp", "intranet", "arpa"})
