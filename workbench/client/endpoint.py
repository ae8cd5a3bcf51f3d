"""Where a model lives: its URL, whose it is, and whether it may be talked to in the clear."""

from __future__ import annotations

import ipaddress
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


def _place(host: str) -> tuple[bool, bool]:
    """Return whether a host is this machine, and whether it is a link-local address."""
    if host == "localhost" or host.endswith(".localhost"):
        return True, False
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False, host in ("metadata", "metadata.google.internal")
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    return address.is_loopback, address.is_link_local
