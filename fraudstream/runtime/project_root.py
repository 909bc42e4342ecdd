"""Root of the source tree: a checkout, its copy in a container image, or an unpacked job archive.

An installed wheel contains only the library and has no root. Programs exist only in a source tree and use
`ROOT`. The library must work without a root, so it calls a function when it needs a file of the tree.
"""

import functools
from pathlib import Path

ROOT: Path
"""The root; importing it raises `ProjectRootError` if this is not a source tree."""


class ProjectRootError(RuntimeError):
    """The library is installed from a wheel, but a file of the source tree is needed."""


def root_above(package: Path) -> Path | None:
    """Return the root of the source tree of the library's folder ``package``; None if that is from a wheel.

    Installers write a wheel's metadata beside its packages; that of an editable install is in site-packages.
    """
    folder = package.parent
    return None if any(folder.glob(f"{package.name}-*.dist-info")) else folder


@functools.cache
def find_project_root() -> Path | None:
    """Return the root of the source tree, or None if the library is installed from a wheel."""
    return root_above(Path(__file__).resolve().parent.parent)


def project_root() -> Path:
    """Return the root of the source tree; raises `ProjectRootError` if it is not found."""
    root = find_project_root()
    if root is None:
        msg = (
            "fraudstream is installed from a wheel, and this needs a checkout: "
            "clone the repository and run `make setup`"
        )
        raise ProjectRootError(msg)
    return root


def __getattr__(name: str) -> Path:
    # Computed lazily: the module must be importable from a wheel.
    if name == "ROOT":
        return project_root()
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
