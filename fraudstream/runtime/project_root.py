"""The root of the source tree: a checkout, the folder that an image copies it to, or an unpacked job archive.

An installed wheel has the library alone, hence no root. Programs exist in a tree only and use `ROOT`; the
library must work without one, so it calls a function at the moment that it needs a file of the tree.
"""

import functools
from pathlib import Path

ROOT: Path
"""The root; to import it where there is none raises `ProjectRootError`."""


class ProjectRootError(RuntimeError):
    """The library is installed from a wheel, and something needs a file of the source tree."""


def root_above(package: Path) -> Path | None:
    """Return the root of the tree that the library's folder ``package`` belongs to; None for a wheel's.

    Installers write a wheel's metadata beside its packages; an editable install leaves it in site-packages.
    """
    folder = package.parent
    return None if any(folder.glob(f"{package.name}-*.dist-info")) else folder


@functools.cache
def find_project_root() -> Path | None:
    """Return the root of the source tree, or None if the library is installed from a wheel."""
    return root_above(Path(__file__).resolve().parent.parent)


def project_root() -> Path:
    """Return the root of the source tree; raises `ProjectRootError` if there is none."""
    root = find_project_root()
    if root is None:
        msg = (
            "fraudstream is installed from a wheel, and this needs a checkout: "
            "clone the repository and run `make setup`"
        )
        raise ProjectRootError(msg)
    return root


def __getattr__(name: str) -> Path:
    # Not computed when the module is imported: the library must be importable from a wheel.
    if name == "ROOT":
        return project_root()
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
