"""What mappings raises when the world is broken; a document's faults are Issues, a map's are LoadFaults."""

from __future__ import annotations


class MappingError(Exception):
    """Maps were used wrongly, or their own data is broken."""


class UnknownMap(MappingError):
    """No map has this name in any of the catalog's folders."""
