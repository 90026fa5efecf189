# SPDX-License-Identifier: Apache-2.0
"""A server's URL, taken apart once: http://HOST:PORT, https://HOST:PORT or unix:PATH."""
import os
import urllib.parse
from typing import NamedTuple, Optional


class Address(NamedTuple):
    url: str
    unix: Optional[str]
    """The path of a UNIX socket; None for TCP."""
    host: str
    port: int
    tls: bool
    base: str
    """A path in front of every target; usually empty."""

    @property
    def name(self) -> str:
        """What the Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.unix or self.port == (443 if self.tls else 80) else f"{host}:{self.port}"


def address(url: Optional[str]) -> Address:
    """Of `url`, else of the environment's BIDE_SERVER, else http://127.0.0.1:8080. Raises ValueError."""
    url = url or os.environ.get("BIDE_SERVER") or "http://127.0.0.1:8080"
    if url.startswith("unix:") and len(url) > len("unix:"):
        return Address(url, url[len("unix:") :], "localhost", 0, False, "")
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"not a server's URL: {url!r} (http://HOST:PORT, https://HOST:PORT or unix:PATH)")
    tls = parts.scheme == "https"
    return Address(url, None, parts.hostname, parts.port or (443 if tls else 80), tls, parts.path.rstrip("/"))


def token(given: Optional[str]) -> Optional[str]:
    """`given`, else the environment's BIDE_TOKEN, else None."""
    return given or os.environ.get("BIDE_TOKEN")
