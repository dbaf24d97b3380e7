"""Which agreement an XML, JSON or delimited file is under: found by who brought it, its name and what it holds."""

from __future__ import annotations

from collections.abc import Sequence

from partners.model import Account, Agreement, Direction, Syntax
from partners.registry import NotIdentified, PartnerRegistry, Refusal
from translators.errors import shown
from translators.tree import Node


def agreements_for_files(registry: PartnerRegistry, account: Account | None, syntax: Syntax) -> list[Agreement]:
    """The agreements of one wire format that what an account brings may be under.

    Args:
        registry: every partner.
        account: the way the file came by; a file names no sender itself, so None finds nothing.
        syntax: XML, JSON or CSV.
    """
    if account is None:
        return []
    partners = [registry.partners[key] for key in sorted(account.carries)]
    return [
        agreed
        for partner in partners
        if partner.active
        for agreed in partner.agreements
        if agreed.syntax is syntax and agreed.direction is Direction.IN
    ]


def agreement_for_file(
    agreed: Sequence[Agreement], *, filename: str, root: Node | None, named: bool = True
) -> Agreement | NotIdentified:
    """The one agreement a file is under: the one that says most of its root, or the only one its name fits.

    Args:
        agreed: what `agreements_for_files` gave.
        filename: what it was called.
        root: of XML and JSON; None for delimited text.
        named: the name counts; that of a file in an archive does not.
    """
    fitting = [
        item for item in agreed if (not named or item.file.is_called(filename)) and (root is None or _fits(item, root))
    ]
    most = max((_said(item) for item in fitting), default=(0, 0, 0))
    found = [item for item in fitting if _said(item) == most]
    if len(found) == 1:
        return found[0]
    what = shown(filename) if root is None else f"{shown(filename)} with the root {shown(root.name)}"
    if not found:
        known = (
            ", ".join(dict.fromkeys(f"{item.partner} {item.document}" for item in agreed)) or "nothing of this format"
        )
        return NotIdentified(Refusal.NO_AGREEMENT, f"no agreement fits the file {what}; agreed: {known}")
    several = " and ".join(f"{item.partner} {item.document}" for item in found)
    return NotIdentified(
        Refusal.NOT_AS_AGREED, f"the file {what} fits the agreements {several}; say more in file: of one of them"
    )


def _fits(item: Agreement, root: Node) -> bool:
    terms = item.file
    if terms.namespace is not None and root.namespace != terms.namespace:
        return False
    if not terms.root:
        return True
    steps = terms.root
    nodes = [root]
    if item.syntax is Syntax.XML:
        if root.local_name != steps[0]:
            return False
        steps = steps[1:]
    for name in steps:
        nodes = [child for node in nodes for child in node.children if child.local_name == name]
    return bool(nodes)


def _said(item: Agreement) -> tuple[int, int, int]:
    terms = item.file
    return (len(terms.root), terms.namespace is not None, len(terms.name))
