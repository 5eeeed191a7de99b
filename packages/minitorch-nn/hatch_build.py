"""Pins the core to this package's own version."""

from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface


class CoreOfThisVersion(MetadataHookInterface):
    def update(self, metadata: dict[str, Any]) -> None:
        metadata["dependencies"] = [f"minitorch-tensor=={metadata['version']}"]
