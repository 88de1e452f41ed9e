"""A finder of the import system that finds one module once, as code that is compiled already."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from types import CodeType, ModuleType
from typing import Any

from livepatch._load.kept_frames import note_if_kept
from livepatch._source.packages import is_namespace_package
from livepatch._source.source import Source, namespace_of


class _CompiledLoader:
    """Runs code that is compiled already, in the place of the module's own loader."""

    def __init__(self, code: CodeType, spec: ModuleSpec) -> None:
        self.code = code
        self.spec = spec
        self.real_loader = spec.loader

    def create_module(self, _: ModuleSpec) -> None:
        """Leave the making of the module to the import system."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the code, with the module's own loader in its place again."""
        self.spec.loader = self.real_loader
        namespace_of(module)["__loader__"] = self.real_loader
        try:
            exec(self.code, namespace_of(module))  # noqa: S102 - this is what an import does
        finally:
            # importlib.reload raises KeyError, over the module's own error, where the module
            # took itself out of sys.modules.
            sys.modules.setdefault(self.spec.name, module)
        note_if_kept()


class OneShotFinder:
    """Finds a module once, with its source compiled: never a stale .pyc."""

    def __init__(self, source: Source, code: CodeType) -> None:
        self.source = source
        self.code = code

    def __enter__(self) -> None:
        """Come before all other finders; a namespace package has nothing to run."""
        spec = self.source.spec
        if spec is not None and not is_namespace_package(spec):
            sys.meta_path.insert(0, self)

    def __exit__(self, *_: object) -> None:
        """Go, if nobody has asked."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:  # noqa: ARG002
        """Find the module, and go."""
        spec = self.source.spec
        if spec is None or name != self.source.name or self not in sys.meta_path:
            return None
        sys.meta_path.remove(self)
        loader: Any = _CompiledLoader(self.code, spec)
        spec.loader = loader
        return spec
