"""The kinds of adapters, as a table: what a destination's `kind` may say, its settings, and how it is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from gateway.adapters.folder import FolderAdapter, FolderConfig
from gateway.adapters.protocol import Adapter
from gateway.errors import AdapterMisused


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of adapter: the model of its settings, and how it is made of them."""

    config: type[BaseModel]
    make: Callable[[Any], Adapter]


KINDS: Mapping[str, Kind] = {"folder": Kind(FolderConfig, FolderAdapter)}
"""Every kind by its name in a destination's settings."""


def read_config(kind: str, settings: Mapping[str, Any], *, home: Path) -> BaseModel:
    """The validated settings of a destination.

    Args:
        kind: a key of KINDS.
        settings: as they stand in the file, without `kind`.
        home: what a relative path in them is relative to.

    Raises:
        pydantic.ValidationError: with every fault of the settings.
    """
    return KINDS[kind].config.model_validate(settings, context={"home": home})


def make_adapter(kind: str, config: BaseModel) -> Adapter:
    """The adapter of a destination.

    Raises:
        AdapterMisused: the config is not one of this kind.
    """
    wanted = KINDS[kind].config
    if not isinstance(config, wanted):
        raise AdapterMisused(f"a {kind} adapter wants a {wanted.__name__}, not a {type(config).__name__}")
    return KINDS[kind].make(config)
