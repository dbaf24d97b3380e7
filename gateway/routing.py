"""Which business systems a document goes to: `routing.yaml` of the home folder, rules that are data; else as agreed.

The first rule that fits decides. What none of them knows goes where its agreement says. Each destination is a delivery
of its own, with its own lane, state and keys; test documents go to destinations for tests only.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.model import Environment
from partners.fields import TEXT, WORD, Fields, form
from translators.canonical.registry import CANONICAL
from translators.datafile import LoadError, LoadFault, Place, did_you_mean, read_datafile
from translators.datafile import Mapping as DataMapping
from translators.errors import shown

if TYPE_CHECKING:
    from translators.canonical.common import Document

ROUTING_FILE = "routing.yaml"
RULE_KEYS = ("name", "when", "deliver_to", "also_agreed")
WHEN_KEYS = ("document", "partner", "warehouse", "ship_to", "ship_from", "entity", "environment")
"""What a rule may go by."""

_NAME = form(r"[a-z0-9][a-z0-9_-]{0,62}", "a word of lower-case letters, digits, - and _")
_LISTS = ("document", "partner", "warehouse", "ship_to", "ship_from", "entity")


@dataclass(frozen=True, slots=True)
class Facts:
    """What routing goes by.

    Args:
        document: its kind, as `purchase_order`.
        partner: whose it is.
        entity: which of our legal entities it is for; "" where the document's way does not tell.
        environment: live or test.
        ship_to: code of the party or place the goods go to; "" for none.
        ship_from: of where they come from.
        warehouse: of the warehouse, where the document has one of its own beside them.
    """

    document: str
    partner: str
    entity: str
    environment: Environment
    ship_to: str = ""
    ship_from: str = ""
    warehouse: str = ""

    @classmethod
    def of(cls, document: Document, *, partner: str, entity: str, environment: Environment) -> Facts:
        """Those of a canonical document."""
        codes = {name: _code(document, name) for name in ("ship_to", "ship_from", "warehouse")}
        return cls(document.kind, partner, entity, environment, **codes)

    def of_key(self, key: str) -> tuple[str, ...]:
        """The values a key of `when` is compared with; none where there is no such thing."""
        found = {
            "document": (self.document,),
            "partner": (self.partner,),
            "entity": (self.entity,),
            "ship_to": (self.ship_to,),
            "ship_from": (self.ship_from,),
            "warehouse": (self.warehouse, self.ship_to, self.ship_from),
        }[key]
        return tuple(value for value in found if value)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Args:
        name: for people.
        when: key -> any one of these values; all keys must fit.
        environment: which documents; None for both.
        deliver_to: destinations, in order.
        also_agreed: those of the agreement, too.
        place: in its file.
    """

    name: str
    when: Mapping[str, tuple[str, ...]]
    environment: Environment | None
    deliver_to: tuple[str, ...]
    also_agreed: bool
    place: Place

    def misfit(self, facts: Facts) -> str:
        """Why it is not meant; "" where it is."""
        for key, wanted in self.when.items():
            found = facts.of_key(key)
            if not set(found) & set(wanted):
                return f"{key} is {_listed(found) or 'not known'}, not {_listed(wanted)}"
        if self.environment not in (None, facts.environment):
            return f"environment is {facts.environment.value}, not {self.environment.value}"
        return ""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Where a document goes, and why.

    Args:
        destinations: in order.
        withheld: named, but for documents of the other environment.
        rule: that decided; None where the agreement did.
        passed: the rules before it, and why each was not meant.
    """

    destinations: tuple[str, ...]
    withheld: tuple[str, ...]
    rule: Rule | None
    passed: tuple[tuple[Rule, str], ...]


@dataclass(frozen=True, slots=True)
class Routes:
    """All rules, and which destinations are for test documents."""

    rules: tuple[Rule, ...] = ()
    for_tests: frozenset[str] = field(default_factory=frozenset)

    def choose(self, facts: Facts, agreed: Sequence[str]) -> Chosen:
        """Where a document goes.

        Args:
            facts: of the document.
            agreed: where its agreement says.
        """
        passed: list[tuple[Rule, str]] = []
        for rule in self.rules:
            why = rule.misfit(facts)
            if not why:
                named = dict.fromkeys((*rule.deliver_to, *(agreed if rule.also_agreed else ())))
                return self._fitting(tuple(named), facts, rule, passed)
            passed.append((rule, why))
        return self._fitting(tuple(agreed), facts, None, passed)

    def takes(self, destination: str, environment: Environment) -> bool:
        """Whether a destination is for documents of this environment."""
        return (destination in self.for_tests) is (environment is Environment.TEST)

    def _fitting(
        self, named: tuple[str, ...], facts: Facts, rule: Rule | None, passed: list[tuple[Rule, str]]
    ) -> Chosen:
        fitting = tuple(name for name in named if self.takes(name, facts.environment))
        withheld = tuple(name for name in named if name not in fitting)
        return Chosen(fitting, withheld, rule, tuple(passed))


def load_routes(
    home: Path,
    *,
    destinations: Mapping[str, Environment],
    partners: Collection[str],
    entities: Collection[str],
) -> Routes:
    """Read the rules of a workspace; none where there is no file.

    Args:
        home: the workspace folder.
        destinations: name -> whose documents it takes.
        partners: keys of all partners.
        entities: keys of all our legal entities.

    Raises:
        LoadError: with every mistake of the file.
    """
    for_tests = frozenset(name for name, environment in destinations.items() if environment is Environment.TEST)
    path = home / ROUTING_FILE
    if not path.exists():
        return Routes(for_tests=for_tests)
    faults: list[LoadFault] = []
    top = Fields(read_datafile(path.read_bytes(), file=str(path)), of=ROUTING_FILE, known=("rules",), faults=faults)
    top.require("rules")
    known = {
        "document": tuple(model.kind for model in CANONICAL.values()),
        "partner": tuple(partners),
        "entity": tuple(entities),
        "deliver_to": tuple(destinations),
    }
    rules = [_rule(item, known=known, for_tests=for_tests, faults=faults) for item in top.mappings("rules")]
    for place, rule in enumerate(rules):
        if any(rule.name == before.name for before in rules[:place]):
            faults.append(LoadFault(rule.place, f'a rule "{shown(rule.name)}" stands before'))
        elif any(not (before.when or before.environment) for before in rules[:place]):
            faults.append(LoadFault(rule.place, "a rule before it is meant for everything, so this one never is"))
    if faults:
        raise LoadError(faults)
    return Routes(tuple(rules), for_tests)


def _rule(
    mapping: DataMapping, *, known: Mapping[str, Sequence[str]], for_tests: Collection[str], faults: list[LoadFault]
) -> Rule:
    fields = Fields(mapping, of="a rule", known=RULE_KEYS, faults=faults)
    fields.require("name", "deliver_to")
    deliver_to = _known(fields, "deliver_to", known=known)
    also_agreed = fields.flag("also_agreed", default=False)
    found = fields.mapping("when")
    when: dict[str, tuple[str, ...]] = {}
    environment = None
    if found is not None:
        inner = Fields(found, of="when", known=WHEN_KEYS, faults=faults)
        environment = inner.choice_or_none("environment", Environment)
        when = {key: _known(inner, key, known=known) for key in _LISTS if inner.has(key)}
        for key, values in when.items():
            if not values and not inner.items(key):
                inner.fault(inner.place_of(key), f"{key} names nothing; leave it out, or say what is meant")
    if fields.has("deliver_to") and not deliver_to and not fields.items("deliver_to"):
        fields.fault(fields.place_of("deliver_to"), "deliver_to names no destination")
    if deliver_to and environment is not Environment.TEST and not also_agreed and set(deliver_to) <= set(for_tests):
        text = "all its destinations are for test documents; say environment: test under when, or name a live one"
        fields.fault(fields.place_of("deliver_to"), text)
    return Rule(fields.text("name", _NAME), when, environment, deliver_to, also_agreed, mapping.place)


def _known(fields: Fields, key: str, *, known: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The texts of a list; one that is none of those there are is a fault."""
    found = fields.scalars(key, WORD if key in ("deliver_to", "partner", "entity") else TEXT)
    for one in found:
        if key in known and one.text not in known[key]:
            hint = did_you_mean(one.text, known[key])
            fields.fault(one.place, f'there is no {_CALLED.get(key, key)} "{shown(one.text)}"{hint}')
    return tuple(one.text for one in found)


_CALLED = {"document": "kind of document", "entity": "legal entity of ours", "deliver_to": "destination"}


def _code(document: Document, name: str) -> str:
    """The code of a party of a document; "" where there is none. Not every kind has every party."""
    return getattr(getattr(document, name, None), "code", None) or ""


def _listed(values: Sequence[str]) -> str:
    return " or ".join(shown(value) for value in values)
