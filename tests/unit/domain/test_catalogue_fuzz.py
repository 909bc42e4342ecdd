"""Arbitrary bytes as a catalogue: a catalogue that stays the same through JSON, or one complaint."""

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from fraudstream.domain.catalogue import BUILT_IN_WITH_LABELS, Catalogue, CatalogueError
from tests.fuzz_budget import examples
from tests.mutations import MANY_DEEP, VALUES, damaged, rewritten

SPECS = json.loads(BUILT_IN_WITH_LABELS.to_json())["features"]
KINDS = list({(each["entity"], each["statistic"]): each for each in SPECS}.values())
"""A feature of each statistic."""
FIELDS = sorted({name for each in SPECS for name in each} | {"n", "delay", "low", "high", "text", "prefix"})


def in_a_catalogue(*features: bytes) -> bytes:
    return b'{"features":[' + b",".join(features) + b"]}"


def specs() -> st.SearchStrategy[dict[str, Any]]:
    """Draw a feature with some operands replaced by any value, or by that of another feature."""
    others = st.sampled_from([value for each in SPECS for value in each.values()])
    changes = st.dictionaries(st.sampled_from(FIELDS), others | VALUES, min_size=1, max_size=3)
    return st.builds(lambda spec, changed: spec | changed, st.sampled_from(KINDS), changes)


CATALOGUES = (
    st.binary(max_size=200)
    | MANY_DEEP
    | MANY_DEEP.map(lambda deep: b'{"features":' + deep + b"}")
    | VALUES.map(lambda value: json.dumps({"features": value}).encode())
    | st.sampled_from(KINDS).flatmap(lambda spec: rewritten(spec, FIELDS)).map(in_a_catalogue)
    | st.lists(specs(), max_size=3).map(lambda drawn: json.dumps({"features": [*KINDS, *drawn]}).encode())
    | st.sampled_from(KINDS).flatmap(
        lambda spec: damaged(json.dumps({"features": [*KINDS, spec | {"name": "x"}]}).encode())
    )
)


@examples(300)
@given(CATALOGUES)
@example(b"\xff\xfe{")
@example(b'{"features":' + b"9" * 5_000 + b"}")
@example(b"[" * 100_000)
def test_any_bytes_give_a_catalogue_that_json_keeps_or_one_complaint(data: bytes) -> None:
    try:
        catalogue = Catalogue.from_json(data)
    except CatalogueError:
        return
    again = Catalogue.from_json(catalogue.to_json())
    assert again == catalogue
    assert again.version == catalogue.version
    assert catalogue.width == sum(len(range(catalogue.width)[place]) for place in catalogue.slices.values())
    assert all(catalogue.meaning(name) for name in catalogue.names)
    assert catalogue.reach_ms >= 0
