"""How a file is read before anybody has read it: by the text terms of the partner that its first ISA names."""

from __future__ import annotations

from partners.model import Account, TextTerms
from partners.registry import PartnerRegistry
from translators.x12.tokenizer import first_isa


def text_terms(head: bytes, *, account: Account | None, registry: PartnerRegistry) -> TextTerms:
    """How the text of a file is read.

    Args:
        head: its first bytes.
        account: the login that brought it, or None for a channel that carries everyone's.
        registry: of partners.

    Returns:
        What the sender's profile says; where that is nobody the account may carry, the account's own partner's.
    """
    isa = first_isa(head)
    if isa is not None:
        sender = (isa.elements[5].rstrip(" "), isa.elements[6].rstrip(" "))
        partner = registry.sender(sender)
        if partner is not None and (account is None or partner.key in account.carries):
            return partner.text
    partner = None if account is None else registry.partners.get(account.partner)
    return TextTerms() if partner is None else partner.text
