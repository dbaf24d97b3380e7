"""What a package that offers a kind of adapter has in it."""

from __future__ import annotations

from gateway.adapters.folder import FolderAdapter, FolderConfig
from gateway.adapters.kinds import Kind
from gateway.adapters.protocol import Verified

KIND = Kind(FolderConfig, FolderAdapter, Verified.CONTRACT, "a folder of somebody else's")
NO_KIND = FolderAdapter
