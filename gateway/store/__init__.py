"""The store: one PostgreSQL for everything. `Connection` is the handle of a transaction, opaque to its users."""

from sqlalchemy import Connection

__all__ = ["Connection"]
