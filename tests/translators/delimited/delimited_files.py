"""Layouts and readings that the tests of delimited text share."""

from __future__ import annotations

from translators.delimited.layout import Layout
from translators.delimited.layout_file import read_layout
from translators.delimited.reader import read_delimited
from translators.delimited.rows import DelimitedLimits
from translators.reading import ReadDocument

ORDERS = """
delimiter: comma
group_by: [po]
columns:
  po:   {header: PO Number, length: 1-22}
  date: {header: Date, per: document, type: date CCYY-MM-DD}
  sku:  {header: SKU, required: yes}
  qty:  {header: Qty, type: number}
  unit: {header: Unit, codes: [EA, CA]}
"""
RECORDS = """
delimiter: pipe
begins: H
records:
  by: 1
  H: {columns: {kind: {}, number: {required: yes}}}
  D: {required: yes, columns: {kind: {}, sku: {required: yes}, qty: {type: integer}}}
  T: {most: 1, columns: {kind: {}, count: {type: integer}}}
"""
FIXED = """
encoding: latin-1
document: file
columns:
  sku:  {at: 1-6, required: yes}
  qty:  {at: 7-10, type: integer}
  name: {at: 12-20}
"""


def layout(text: str) -> Layout:
    return read_layout(text.encode(), name="orders", file="orders.layout.yaml")


def read(content: bytes, text: str = ORDERS, **limits: int) -> list[ReadDocument]:
    return list(read_delimited([content], layout(text), limits=DelimitedLimits(**limits)))


def codes(found: list[ReadDocument]) -> list[str]:
    return [issue.code for document in found for issue in document.issues]
