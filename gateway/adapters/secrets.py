"""Secrets in settings: written down as a reference, `env:NAME` or `file:PATH`, read when needed, never kept or shown.

A file must be readable by its owner alone. Reading late means that a rotated secret is in force at once, and that a
workspace can be looked at on a machine that does not have its secrets.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, SecretStr, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from gateway.errors import SecretMissing

MOST_SECRET_BYTES = 64 * 1024

_ENVIRONMENT = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]{0,199})")
_FILE = re.compile(r"file:([^\0]{1,4000})")
_WANT = "want env:NAME or file:PATH; a secret itself never stands in a settings file"


@dataclass(frozen=True, slots=True)
class SecretReference:
    """Where a secret is; as a field of a pydantic model it is read from, and written as, its text.

    Args:
        variable: name of an environment variable; "" for a file.
        path: the file; None for a variable.
    """

    variable: str = ""
    path: Path | None = None

    @classmethod
    def parse(cls, text: str, *, home: Path | None = None) -> SecretReference:
        """A reference from its text.

        Args:
            text: `env:NAME` or `file:PATH`.
            home: what a relative path is relative to.

        Raises:
            ValueError: it is none; the message does not repeat it, as it may be the secret itself.
        """
        if match := _ENVIRONMENT.fullmatch(text):
            return cls(variable=match[1])
        if match := _FILE.fullmatch(text):
            path = Path(match[1])
            if not path.is_absolute() and home is None:
                raise ValueError("want an absolute path")
            return cls(path=path if home is None else home / path)
        raise ValueError(_WANT)

    def read(self) -> SecretStr:
        """The secret as it is now, without a line end after it.

        Raises:
            SecretMissing: it is not there, is empty or too large, or others may read its file.
        """
        found = os.environ.get(self.variable, "") if self.path is None else self._from_file(self.path)
        if not found:
            raise SecretMissing(f"there is no secret {self}; set the variable, or write the file")
        return SecretStr(found)

    def __str__(self) -> str:
        """As it is written down."""
        return f"env:{self.variable}" if self.path is None else f"file:{self.path}"

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: type[Any], _handler: GetCoreSchemaHandler) -> CoreSchema:
        """A text for pydantic; a relative path is relative to the validation context's `home`."""
        return core_schema.with_info_plain_validator_function(
            _validated,
            serialization=core_schema.plain_serializer_function_ser_schema(str, return_schema=core_schema.str_schema()),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """A text whose value is not for showing."""
        return {"type": "string", "format": "password", "pattern": "^(env|file):"}

    def _from_file(self, path: Path) -> str:
        try:
            with path.open("rb") as stream:
                status = os.fstat(stream.fileno())
                if status.st_mode & 0o077:
                    raise SecretMissing(f"the secret {self} can be read by others; chmod 600 {path}")
                content = stream.read(MOST_SECRET_BYTES + 1)
            if len(content) > MOST_SECRET_BYTES:
                raise SecretMissing(f"the secret {self} has more than {MOST_SECRET_BYTES} bytes")
            return content.decode("utf-8").rstrip("\r\n")
        except OSError as error:
            raise SecretMissing(f"the secret {self} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise SecretMissing(f"the secret {self} is not UTF-8 text") from error


def _validated(value: object, info: ValidationInfo) -> SecretReference:
    if isinstance(value, SecretReference):
        return value
    if not isinstance(value, str):
        raise ValueError(_WANT)
    home = (info.context or {}).get("home")
    return SecretReference.parse(value, home=None if home is None else Path(home))
