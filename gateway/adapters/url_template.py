"""URLs with fields of a document in them: the host is fixed when the settings are read, a value can never change it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote, urlsplit

from translators.errors import shown

REFERENCE = "reference"
KIND = "kind"

_FIELD = re.compile(r"\{([^{}]*)\}")
_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
_PLAIN = re.compile(r"[!-~]+")
_MOST = 2048


class NoValue(Exception):
    """A field of a URL has no value that can stand there; `name` says which, the message why."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


@dataclass(frozen=True, slots=True)
class UrlTemplate:
    """A URL whose path and query may hold `{reference}`, `{kind}` and fields of the document, as `{ship_to.code}`.

    Args:
        text: as it is written down.
    """

    text: str

    @classmethod
    def parse(cls, text: str) -> UrlTemplate:
        """A template from its text.

        Raises:
            ValueError: it is no URL we would send to, or has fields that cannot be.
        """
        if len(text) > _MOST or not _PLAIN.fullmatch(text) or "\\" in text:
            raise ValueError(f"want a URL of at most {_MOST} printable ASCII characters, no space or backslash")
        parts = urlsplit(text)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("want a URL that begins with https:// or http:// and names a host")
        if "@" in parts.netloc or "{" in parts.netloc or "%" in parts.netloc or parts.fragment:
            raise ValueError("want a host as it is: no user, field, percent or # in it; secrets go into auth")
        if parts.port == 0:
            raise ValueError("want a port from 1 to 65535")
        for field in _FIELD.finditer(text):
            if not _NAME.fullmatch(field[1]):
                raise ValueError(f"want fields as {{reference}} or {{ship_to.code}}, not {{{shown(field[1])}}}")
        if re.search(r"[{}]", _FIELD.sub("", text)):
            raise ValueError("a { or } without the other")
        return cls(text)

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port."""
        parts = urlsplit(self.text)
        return parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)

    @property
    def is_plain(self) -> bool:
        """Whether what is sent could be read on the way: no TLS, and not to this machine itself."""
        scheme, host, _ = self.origin
        if scheme == "https" or host == "localhost":
            return False
        try:
            return not ip_address(host).is_loopback
        except ValueError:
            return True

    @property
    def fields(self) -> Iterator[str]:
        """The names of its fields."""
        return (match[1] for match in _FIELD.finditer(self.text))

    def fill(self, values: Mapping[str, Any], *, reference: str, kind: str) -> str:
        """The URL for one document.

        Args:
            values: its canonical form, as plain JSON values.
            reference: what the business system knows it by.
            kind: of the document.

        Raises:
            NoValue: a field is not in the document, or would change the path.
        """
        own = {REFERENCE: reference, KIND: kind}

        def value_of(match: re.Match[str]) -> str:
            name = match[1]
            found = own.get(name) or _at(values, name)
            if found in (".", ".."):
                raise NoValue(name, f"{name} is {found}, which means another path in a URL")
            return quote(found, safe="")

        return _FIELD.sub(value_of, self.text)


def _at(values: Any, name: str) -> str:
    for step in name.split("."):
        values = values.get(step) if isinstance(values, Mapping) else None
    if isinstance(values, int) and not isinstance(values, bool):
        return str(values)
    if not isinstance(values, str) or not values:
        raise NoValue(name, f"{name} is not in the document, and the URL needs it")
    return values
