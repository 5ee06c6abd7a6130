"""The REST API, one module a resource; each registers its endpoints with `kernel.route` when it is imported."""

import importlib
import pkgutil


def load() -> None:
    """Import every module of this folder, in name order."""
    for found in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        importlib.import_module(f"{__name__}.{found.name}")
