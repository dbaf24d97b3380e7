"""CANONICAL: every canonical document by the name of its schema."""

from __future__ import annotations

from translators.canonical.common import CanonicalFormError, Document
from translators.canonical.purchase_order import PurchaseOrder
from translators.datafile import did_you_mean

CANONICAL: dict[str, type[Document]] = {model.schema_name: model for model in (PurchaseOrder,)}
"""Schema name and version -> its model."""


def model_named(schema_name: str) -> type[Document]:
    """The model of a schema.

    Raises:
        CanonicalFormError: there is none of that name.
    """
    found = CANONICAL.get(schema_name)
    if found is None:
        raise CanonicalFormError(f'no canonical document "{schema_name}"{did_you_mean(schema_name, CANONICAL)}')
    return found
