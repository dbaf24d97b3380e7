"""The kinds of adapters: what a destination's `kind` may say, its settings, and how it is made.

Those of Tradelane stand in a table. Others are installed beside it: an entry point of the group `tradelane.adapters`
names a `Kind` (`shop = "shop_adapter:KIND"`), which is imported when a destination is of that kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from gateway.adapters.folder import FolderAdapter, FolderConfig
from gateway.adapters.protocol import Adapter, Verified
from gateway.adapters.tryton import TrytonAdapter, TrytonConfig
from gateway.adapters.webhook import WebhookAdapter
from gateway.adapters.webhook_config import WebhookConfig
from gateway.errors import AdapterMisused

GROUP = "tradelane.adapters"
"""The group of entry points under which other packages offer kinds."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of adapter.

    Args:
        config: the model of its settings.
        make: makes the adapter of them.
        verified: against what it was tried.
        about: in a line.
    """

    config: type[BaseModel]
    make: Callable[[Any], Adapter]
    verified: Verified = Verified.NOT
    about: str = ""


BUILT_IN: Mapping[str, Kind] = {
    "folder": Kind(FolderConfig, FolderAdapter, Verified.REAL, "canonical JSON files, each published once by rename"),
    "tryton": Kind(TrytonConfig, TrytonAdapter, Verified.REAL, "orders become confirmed sales of Tryton 8.2"),
    "webhook": Kind(WebhookConfig, WebhookAdapter, Verified.NOT, "a REST API that takes one document a request"),
}
"""Tradelane's own kinds, by the name a destination's settings give."""


@dataclass(frozen=True, slots=True)
class Kinds:
    """All kinds there are.

    Args:
        installed: entry points of other packages; one named like a kind of ours is never used.
    """

    installed: tuple[EntryPoint, ...] = ()

    @classmethod
    def of_this_environment(cls) -> Kinds:
        """Ours, and those of the packages installed beside."""
        return cls(tuple(entry_points(group=GROUP)))

    @property
    def names(self) -> tuple[str, ...]:
        """Every name, ours first."""
        return (*BUILT_IN, *sorted({point.name for point in self.installed} - set(BUILT_IN)))

    def origin(self, name: str) -> str:
        """Whose it is: `tradelane`, or the distribution that offers it."""
        found = next(iter(self._points(name)), None)
        return "tradelane" if found is None else found.dist.name if found.dist else found.module

    def kind(self, name: str) -> Kind:
        """One kind, imported now.

        Args:
            name: one of `names`.

        Raises:
            AdapterMisused: the package that offers it is broken, or there are several that do.
        """
        if name in BUILT_IN:
            return BUILT_IN[name]
        points = list(self._points(name))
        if len(points) != 1:
            whose = ", ".join(point.value for point in points) or "nobody"
            raise AdapterMisused(f"want one package with an adapter {name}, found {whose}; uninstall all but one")
        try:
            found = points[0].load()
        except Exception as error:  # a foreign package may fail in any way while it is imported
            raise AdapterMisused(f"the adapter {name} ({points[0].value}) cannot be imported: {error}") from error
        if not isinstance(found, Kind):
            raise AdapterMisused(f"the adapter {name} ({points[0].value}) is no gateway.adapters.kinds.Kind")
        return found

    def _points(self, name: str) -> Iterable[EntryPoint]:
        return () if name in BUILT_IN else (point for point in self.installed if point.name == name)


def read_config(kind: Kind, settings: Mapping[str, Any], *, home: Path) -> BaseModel:
    """The validated settings of a destination.

    Args:
        kind: whose.
        settings: as they stand in the file, without `kind`.
        home: what a relative path in them is relative to.

    Raises:
        pydantic.ValidationError: with every fault of the settings.
    """
    return kind.config.model_validate(settings, context={"home": home})


def make_adapter(kind: Kind, config: BaseModel) -> Adapter:
    """The adapter of a destination.

    Raises:
        AdapterMisused: the config is not one of this kind.
    """
    if not isinstance(config, kind.config):
        raise AdapterMisused(f"this adapter wants a {kind.config.__name__}, not a {type(config).__name__}")
    return kind.make(config)
