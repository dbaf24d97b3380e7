"""CANONICAL: every canonical document by the name of its schema."""

from __future__ import annotations

from translators.canonical.application_advice import ApplicationAdvice
from translators.canonical.common import CanonicalFormError, Document
from translators.canonical.credit_memo import CreditMemo
from translators.canonical.freight_invoice import FreightInvoice
from translators.canonical.inventory_adjustment import InventoryAdjustment
from translators.canonical.inventory_advice import InventoryAdvice
from translators.canonical.invoice import Invoice
from translators.canonical.load_tender import LoadTender
from translators.canonical.order_acknowledgment import OrderAcknowledgment
from translators.canonical.order_change import OrderChange
from translators.canonical.purchase_order import PurchaseOrder
from translators.canonical.receiving_advice import ReceivingAdvice
from translators.canonical.remittance import Remittance
from translators.canonical.ship_notice import ShipNotice
from translators.canonical.shipment_status import ShipmentStatus
from translators.canonical.stock_transfer_notice import StockTransferNotice
from translators.canonical.tender_response import TenderResponse
from translators.canonical.text_message import TextMessage
from translators.canonical.warehouse_order import WarehouseOrder
from translators.canonical.warehouse_receipt import WarehouseReceipt
from translators.canonical.warehouse_shipment import WarehouseShipment
from translators.datafile import did_you_mean

_MODELS: tuple[type[Document], ...] = (
    PurchaseOrder,
    OrderAcknowledgment,
    OrderChange,
    ShipNotice,
    Invoice,
    CreditMemo,
    ReceivingAdvice,
    InventoryAdvice,
    WarehouseOrder,
    StockTransferNotice,
    WarehouseReceipt,
    WarehouseShipment,
    InventoryAdjustment,
    LoadTender,
    TenderResponse,
    ShipmentStatus,
    FreightInvoice,
    Remittance,
    ApplicationAdvice,
    TextMessage,
)

CANONICAL: dict[str, type[Document]] = {model.schema_name: model for model in _MODELS}
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
