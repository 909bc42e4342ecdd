"""No program reads a format that can hold code, and Parquet is read in one place, which refuses code."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from fraudstream.runtime.project_root import ROOT

PARQUET: Final = Path("fraudstream/archives/parquet_files.py")
"""The module that reads and writes Parquet."""
CODE_MODULES: Final = {
    "cloudpickle",
    "dill",
    "joblib",
    "jsonpickle",
    "marshal",
    "pickle",
    "shelve",
    "torch",
    "yaml",
}
"""Modules whose readers run code that is in the data."""
ARROW_READERS: Final = {
    "dataset",
    "deserialize",
    "feather",
    "flight",
    "fs",
    "ipc",
    "open_file",
    "open_stream",
    "orc",
    "parquet",
    "PyExtensionType",
    "read_serialized",
    "serialization",
}
"""Names of pyarrow that lead to readers of schemas, which can have extension types."""
FRAME_READERS: Final = {"read_feather", "read_hdf", "read_orc", "read_parquet", "read_pickle"}
"""Functions of pandas."""


def findings(source: str) -> Iterator[str]:
    """Yield every expression that reads code, or Parquet and Arrow."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if is_reader(alias.name))
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name for name in names if is_reader(name))
        elif isinstance(node, ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else ""
            if node.attr in FRAME_READERS or (owner in {"pa", "pyarrow"} and node.attr in ARROW_READERS):
                yield f"{owner}.{node.attr}"
        elif isinstance(node, ast.Call):
            yield from called(node)


def is_reader(module: str) -> bool:
    first, *rest = module.split(".")
    return (
        first in CODE_MODULES
        or (first == "pyarrow" and not ARROW_READERS.isdisjoint(rest))
        or (first == "pandas" and not FRAME_READERS.isdisjoint(rest))
        or module in {"numpy.load", "builtins.eval", "builtins.exec"}
    )


def called(node: ast.Call) -> Iterator[str]:
    match node.func:
        case ast.Name(id="eval" | "exec" as name):
            yield name
        case ast.Attribute(value=ast.Name(id="np" | "numpy"), attr="load"):
            options = {option.arg: ast.unparse(option.value) for option in node.keywords}
            if options.get("allow_pickle") != "False":
                yield "np.load without allow_pickle=False"


def sources() -> list[Path]:
    folders = [path.parent for path in ROOT.glob("*/__init__.py")]
    paths = [path for folder in folders for path in folder.rglob("*.py")]
    return [path.relative_to(ROOT) for path in paths if "tests" not in path.relative_to(ROOT).parts]


def test_no_program_reads_code_and_one_module_reads_parquet() -> None:
    found = {str(path): sorted(findings((ROOT / path).read_text())) for path in sources()}
    assert len(found) > 200
    assert found.pop(str(PARQUET)) == ["pyarrow.parquet"]
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize(
    "source",
    [
        "import pyarrow.parquet as pq",
        "from pyarrow import parquet",
        "from pyarrow.parquet import read_table",
        "import pyarrow as pa\npa.ipc.open_stream(data)",
        "import pyarrow as pa\npa.deserialize(data)",
        "from pyarrow.ipc import open_stream",
        "import pandas\npandas.read_parquet(path)",
        "import pandas as pd\npd.read_pickle(path)",
        "from pandas import read_parquet",
        "import pickle",
        "from pickle import loads",
        "import joblib",
        "import yaml",
        "import numpy as np\nnp.load(path)",
        "import numpy as np\nnp.load(path, allow_pickle=True)",
        "from numpy import load",
        "eval(text)",
        "exec(text)",
    ],
)
def test_a_reader_is_found(source: str) -> None:
    assert list(findings(source))


@pytest.mark.parametrize(
    "source",
    [
        "import pyarrow as pa\npa.table({})",
        "import pyarrow.compute as pc",
        "from pyarrow import csv",
        "import numpy as np\nnp.load(path, allow_pickle=False)",
        "import re\nre.compile(text)",
        "import orjson\norjson.loads(line)",
    ],
)
def test_other_code_is_left_alone(source: str) -> None:
    assert not list(findings(source))
