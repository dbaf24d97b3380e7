"""`destinations` of tradelane.yaml: the business systems documents are delivered to, each with its kind's settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ValidationError

from gateway.adapters.kinds import Kind, Kinds, make_adapter, read_config
from gateway.adapters.protocol import Adapter
from gateway.delivery_policy import POLICY_KEYS, USUAL, DeliveryPolicy, read_policy
from gateway.errors import AdapterMisused
from gateway.model import Environment
from partners.fields import WORD, Fields
from translators.datafile import LoadFault, Place, Scalar, Sequence, Value, did_you_mean, plain
from translators.datafile import Mapping as DataMapping
from translators.errors import shown

OWN_KEYS = ("kind", "environment", *POLICY_KEYS)
"""What every destination may say, whatever its kind."""


@dataclass(frozen=True, slots=True)
class Destination:
    """A business system documents are delivered to.

    Args:
        kind_name: as the settings say it.
        kind: of its adapter.
        config: that kind's settings.
        environment: whose documents it takes: a live one never gets a test document, nor a test one a live document.
        policy: how it is tried again, and how much it is given.
    """

    kind_name: str
    kind: Kind
    config: BaseModel
    environment: Environment = Environment.LIVE
    policy: DeliveryPolicy = USUAL

    def adapter(self) -> Adapter:
        """Its adapter, ready to be used."""
        return make_adapter(self.kind, self.config)


def usual_destinations(home: Path) -> Mapping[str, Destination]:
    """Those of a workspace that names none: `erp`, a folder in it."""
    kind = Kinds().kind("folder")
    config = read_config(kind, {"path": "erp", "create": True}, home=home)
    return MappingProxyType({"erp": Destination("folder", kind, config)})


def read_destinations(outer: Fields, *, home: Path, kinds: Kinds | None = None) -> Mapping[str, Destination]:
    """Read `destinations`; what is wrong is added to the faults of `outer`.

    Args:
        outer: the settings.
        home: what relative paths are relative to.
        kinds: there are; those of this environment where left out.
    """
    kinds = kinds or Kinds.of_this_environment()
    found = outer.mapping("destinations")
    destinations: dict[str, Destination] = {}
    for name, value in () if found is None else found.entries:
        if not WORD.pattern.fullmatch(name.text):
            outer.fault(name.place, f'a destination is "{shown(name.text)}"; want {WORD.want}')
        settings = outer.as_mapping(value, name=name.text)
        destination = None if settings is None else _destination(settings, home, kinds, outer.faults)
        if destination is not None:
            destinations[name.text] = destination
    return MappingProxyType(destinations)


def _destination(settings: DataMapping, home: Path, kinds: Kinds, faults: list[LoadFault]) -> Destination | None:
    # Which other keys there may be is the kind's to say.
    known = [*OWN_KEYS, *(name.text for name, _ in settings.entries)]
    fields = Fields(settings, of="a destination", known=known, faults=faults)
    fields.require("kind")
    environment = fields.choice("environment", Environment.LIVE)
    found = fields.scalar("kind")
    if found is None:
        return None
    if found.text not in kinds.names:
        hint = did_you_mean(found.text, kinds.names)
        fields.fault(found.place, f'kind is "{shown(found.text)}"; want {" or ".join(kinds.names)}{hint}')
        return None
    try:
        kind = kinds.kind(found.text)
    except AdapterMisused as error:
        fields.fault(found.place, str(error))
        return None
    config = _config(fields, settings, name=found.text, kind=kind, home=home)
    policy = read_policy(fields)
    return None if config is None else Destination(found.text, kind, config, environment, policy)


def _config(fields: Fields, settings: DataMapping, *, name: str, kind: Kind, home: Path) -> BaseModel | None:
    """What the kind's own model makes of the settings; its faults get their places."""
    own = {key.text: plain(value) for key, value in settings.entries if key.text not in OWN_KEYS}
    try:
        return read_config(kind, own, home=home)
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_context=False, include_input=False):
            fields.fault(*_told(fault, settings, name=name, names=list(kind.config.model_fields)))
        return None


def _told(fault: Any, settings: DataMapping, *, name: str, names: Iterable[str]) -> tuple[Place, str]:
    """Where a fault of the kind's model stands in the file, and what it says."""
    *outer, last = fault["loc"] or ("",)
    around, path = _followed(settings, outer)
    whose = ".".join(path) or f"a {name} destination"
    entry = _entry(around, last)
    if fault["type"] == "missing":
        return around.place, f'{whose} needs the key "{shown(str(last))}"'
    if fault["type"] == "extra_forbidden":
        hint = "" if path else did_you_mean(str(last), names)
        return around.place if entry is None else entry[0].place, f'{whose} has no key "{shown(str(last))}"{hint}'
    found, path = _followed(settings, fault["loc"])
    return found.place, f"{'.'.join(path) or whose}: {fault['msg'].removeprefix('Value error, ')}"


def _followed(value: Value, steps: Iterable[object]) -> tuple[Value, list[str]]:
    """What stands at the end of a way into the settings, and the way as far as it goes.

    A step of pydantic that is no key (the word that chose a form of several) is passed over.
    """
    path = []
    for step in steps:
        if isinstance(value, DataMapping) and (entry := _entry(value, step)) is not None:
            value = entry[1]
        elif isinstance(value, Sequence) and isinstance(step, int):
            value = value.items[step]
        else:
            continue
        path.append(str(step))
    return value, path


def _entry(value: Value, key: object) -> tuple[Scalar, Value] | None:
    if not isinstance(value, DataMapping):
        return None
    return next((entry for entry in value.entries if entry[0].text == key), None)
