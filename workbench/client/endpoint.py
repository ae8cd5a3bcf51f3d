"""Where a model lives: its URL, whose it is, and whether it may be talked to in the clear."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from workbench.errors import InputError

__all__ = ["OPENAI_URL", "Endpoint"]

OPENAI_URL = "https://api.openai.com/v1"
"""Where OpenAI's own models live."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An OpenAI-compatible endpoint.

    Parameters
    ----------
    base_url
        Up to and including ``/v1``, without a slash at its end.
    origin
        ``scheme://host[:port]``.
    host
        The host's name or address.
    loopback
        Whether it is on this machine.
    """

    base_url: str
    origin: str
    host: str
    loopback: bool

    @classmethod
    def parse(cls, base_url: str) -> Endpoint:
        """Return the endpoint of a URL.

        Raises
        ------
        InputError
            Where it is no URL, holds a password, is a link-local (metadata) address, or is plain http to
            another machine.
        """
        subject = "base_url"
        try:
            parts = urlsplit(base_url.strip())
            host, port = parts.hostname or "", parts.port
        except ValueError as error:
            raise InputError(subject, f"is no URL: {error}", f"Write it like {OPENAI_URL}.") from None
        if parts.scheme not in ("http", "https") or not host:
            raise InputError(subject, f"{base_url!r} is no http(s) URL", f"Write it like {OPENAI_URL}.")
        if parts.username is not None or parts.password is not None:
            raise InputError(subject, "holds a user name or password", "Give the key as api_key instead.")
        if parts.query or parts.fragment:
            raise InputError(subject, "holds a query or fragment", f"Write it like {OPENAI_URL}.")
        loopback, link_local = _place(host)
        if link_local:
            raise InputError(
                subject,
                f"{host} is a link-local address",
                "Name the endpoint's own host; this one may be a "
                "machine's metadata service, which must not be asked.",
            )
        if parts.scheme == "http" and not loopback:
            raise InputError(
                subject,
                f"http to {host} would send key and prompts unencrypted",
                "Use https; http is for this machine only.",
            )
        shown = f"[{host}]" if ":" in host else host
        return cls(
            base_url=base_url.strip().rstrip("/"),
            origin=f"{parts.scheme}://{shown}" + ("" if port is None else f":{port}"),
            host=host,
            loopback=loopback,
        )


# Where clouds keep a machine's own credentials, beside the link-local addresses.
_METADATA = frozenset(
    {
        "metadata",
        "metadata.google.internal",
        "metadata.azure.internal",
        "instance-data",
        "instance-data.ec2.internal",
        "100.100.100.200",
        "fd00:ec2::254",
    }
)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def _place(host: str) -> tuple[bool, bool]:
    """Return whether a host is this machine, and whether it is a link-local or metadata address."""
    host = host.rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True, False
    address = _address(host)
    if address is None:
        return False, host in _METADATA
    return address.is_loopback, address.is_link_local or str(address) in _METADATA


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address that a host is, however it is written; None where it is a name."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        try:  # 2852039166, 0xa9fea9fe and 169.254.43518 are 169.254.169.254 to every resolver
            return ipaddress.IPv4Address(socket.inet_aton(host))
        except (OSError, ValueError):
            return None
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        return inner or address
    return address
