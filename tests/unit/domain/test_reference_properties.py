"""Properties of the reference for any stream, so that the kernel is compared with a sound oracle."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from fraudstream.domain.catalogue import ENTITIES, Catalogue, WindowFeature
from fraudstream.domain.customer import CUSTOMER_COLUMNS
from fraudstream.domain.features import TransactionStatistic, WindowStatistic
from fraudstream.domain.reference import Evaluated, Outcome, Value, evaluate
from fraudstream.domain.transaction import Label, Transaction
from tests import strategies
from tests.fuzz_budget import examples
from tests.strategies import DELAYS_MS, NUMBER_FIELDS, WINDOWS_MS, Case

NO_LIMIT_MS = 10**15

EXAMPLES = examples(20)
ENTITY = st.sampled_from(ENTITIES)
WINDOW_MS = st.sampled_from(WINDOWS_MS)
DELAY_MS = st.sampled_from(DELAYS_MS)


def window(name: str, statistic: str, window_ms: int, **others: Any) -> WindowFeature:  # noqa: ANN401 - checked by the model
    return WindowFeature.model_validate(
        {"name": name, "statistic": statistic, "window_ms": window_ms} | others
    )


def evaluated(case: Case, arrivals: list[Transaction | Label]) -> Iterator[Evaluated]:
    return evaluate(
        case.catalogue,
        arrivals,
        allowed_lateness_ms=case.allowed_lateness_ms,
        future_tolerance_ms=case.future_tolerance_ms,
        customers=case.customers,
    )


@EXAMPLES
@given(catalogue=strategies.catalogues())
def test_a_catalogue_survives_json_and_its_positions_are_contiguous(catalogue: Catalogue) -> None:
    assert Catalogue.from_json(catalogue.to_json()) == catalogue
    places = [place for part in catalogue.slices.values() for place in range(catalogue.width)[part]]
    assert places == list(range(catalogue.width))


@EXAMPLES
@given(case=strategies.cases())
def test_each_transaction_has_one_outcome_and_all_features_or_none(case: Case) -> None:
    results = list(evaluated(case, case.arrivals))
    arrived = [each for each in case.arrivals if isinstance(each, Transaction)]
    assert [result.transaction for result in results] == arrived
    names = {"new": case.catalogue.names}
    assert all(tuple(result.features) == names.get(result.outcome, ()) for result in results)


@EXAMPLES
@given(case=strategies.cases())
def test_a_list_has_at_most_n_triples_and_only_its_oldest_may_lack_a_gap(case: Case) -> None:
    for result in evaluated(case, case.arrivals):
        for feature in case.catalogue.windows:
            value = result.features.get(feature.name)
            if isinstance(value, list):
                assert len(value) <= (feature.n or 0)
                assert all(len(triple) == 3 for triple in value)
                assert all(gap is not None and gap >= 0 for _, gap, _ in value[:-1])


@EXAMPLES
@given(case=strategies.cases(min_size=15))
def test_out_of_reach_all_windows_of_the_entity_are_none_and_else_a_count_has_a_value(case: Case) -> None:
    for result in evaluated(case, case.arrivals):
        assert "account_id" not in result.out_of_reach
        for feature in case.catalogue.windows:
            value = result.features.get(feature.name)
            if feature.entity in result.out_of_reach:
                assert value is None
            elif feature.statistic == "count" and feature.entity in result.ordinals:
                assert value is not None


@EXAMPLES
@given(case=strategies.cases(min_size=20))
def test_a_count_in_reach_is_that_of_all_transactions_that_ever_arrived(case: Case) -> None:
    arrived: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for result in evaluated(case, case.arrivals):
        time_ms = result.transaction.event_time_ms
        for entity in result.ordinals:
            arrived[entity, getattr(result.transaction, entity)].append(time_ms)
        for feature in case.catalogue.windows:
            if feature.statistic == "count" and result.features.get(feature.name) is not None:
                times_ms = arrived[feature.entity, getattr(result.transaction, feature.entity)]
                end_ms = time_ms - feature.delay_ms
                expected = sum(end_ms - feature.window_ms < each <= end_ms for each in times_ms)
                assert result.features[feature.name] == expected


@EXAMPLES
@given(case=strategies.cases())
def test_ordinals_count_from_one_without_a_gap(case: Case) -> None:
    seen: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for result in evaluated(case, case.arrivals):
        for entity, ordinal in result.ordinals.items():
            own_id = getattr(result.transaction, entity)
            seen[entity][own_id] += 1
            assert ordinal == seen[entity][own_id]


@EXAMPLES
@given(
    stream=strategies.arrivals(),
    entity=ENTITY,
    windows_ms=st.tuples(WINDOW_MS, WINDOW_MS).map(sorted),
    delay_ms=DELAY_MS,
    lateness_ms=st.sampled_from(strategies.LATENESSES_MS),
    column=st.sampled_from(NUMBER_FIELDS),
)
def test_a_longer_window_never_contains_less(  # noqa: PLR0913, PLR0917 - what is drawn
    stream: list[Transaction | Label],
    entity: str,
    windows_ms: list[int],
    delay_ms: int,
    lateness_ms: int,
    column: str,
) -> None:
    of = {"entity": entity, "delay_ms": delay_ms}
    features = [
        window(f"{statistic}{place}", statistic, window_ms, **of, **operands)
        for place, window_ms in enumerate(windows_ms)
        for statistic, operands in (
            ("count", {}),
            ("distinct", {"column": column}),
            ("max", {"column": column}),
            ("min", {"column": column}),
        )
    ]
    for result in evaluate(Catalogue(tuple(features)), stream, allowed_lateness_ms=lateness_ms):
        value: Any = result.features.get
        if value("count0") is not None:
            assert value("count0") <= value("count1")
            assert value("distinct0") <= value("distinct1") <= value("count1")
        if value("max0") is not None:
            assert value("min1") <= value("min0") <= value("max0") <= value("max1")


@EXAMPLES
@given(
    stream=strategies.arrivals(),
    entity=ENTITY,
    near_ms=WINDOW_MS,
    far_ms=WINDOW_MS,
    lateness_ms=st.sampled_from(strategies.LATENESSES_MS),
)
def test_two_adjacent_windows_add_up_to_the_whole(
    stream: list[Transaction | Label], entity: str, near_ms: int, far_ms: int, lateness_ms: int
) -> None:
    #   (    far     ](  near  ]
    #   (         whole        ]
    catalogue = Catalogue(
        (
            window("near", "count", near_ms, entity=entity),
            window("far", "count", far_ms, entity=entity, delay_ms=near_ms),
            window("whole", "count", near_ms + far_ms, entity=entity),
        )
    )
    for result in evaluate(catalogue, stream, allowed_lateness_ms=lateness_ms):
        value: Any = result.features.get
        if value("whole") is not None:
            assert value("near") + value("far") == value("whole")
            assert value("near") >= 1


@EXAMPLES
@given(data=st.data(), catalogue=strategies.catalogues(), drawn=strategies.transactions())
def test_the_arrival_order_of_earlier_transactions_makes_no_difference(
    data: st.DataObject, catalogue: Catalogue, drawn: list[Transaction]
) -> None:
    *others, final = strategies.with_times_of_their_own(drawn)
    labels: list[Transaction | Label] = [data.draw(strategies.labels_of(each)) for each in drawn[:5]]
    shuffled = data.draw(st.permutations([*others, *labels]))
    *_, one = evaluate(catalogue, [*others, *labels, final], allowed_lateness_ms=NO_LIMIT_MS)
    *_, other = evaluate(catalogue, [*shuffled, final], allowed_lateness_ms=NO_LIMIT_MS)
    assert one == other


@EXAMPLES
@given(case=strategies.cases(), moved_ms=st.sampled_from((-7, 1, 7)).map(lambda days: days * 7 * 86_400_000))
def test_results_are_invariant_under_a_shift_by_whole_weeks(case: Case, moved_ms: int) -> None:
    # The age of a relationship is that at the event time.
    timeless = replace(case, customers={})

    def results(arrivals: list[Any]) -> list[Any]:
        return [
            (each.outcome, each.features, each.ordinals, each.out_of_reach)
            for each in evaluated(timeless, arrivals)
        ]

    assert results([moved(each, moved_ms) for each in case.arrivals]) == results(case.arrivals)


def moved(arrival: Transaction | Label, by_ms: int) -> Transaction | Label:
    time_ms = arrival.event_time_ms + by_ms
    if isinstance(arrival, Label):
        return replace(arrival, event_time_ms=time_ms, available_at_ms=arrival.available_at_ms + by_ms)
    return replace(arrival, event_time_ms=time_ms)


# ---- coverage of the strategies ----


def test_the_strategies_reach_every_statistic_with_a_nontrivial_value_and_every_outcome() -> None:
    outcomes: set[str] = set()
    nontrivial: set[str] = set()

    # Drawing a stream takes far longer than drawing a catalogue, so each stream is used with several.
    @settings(max_examples=20, derandomize=True, database=None)
    @given(
        stream=strategies.arrivals(min_size=20),
        catalogues=st.lists(strategies.catalogues(), min_size=6, max_size=6),
        lateness_ms=st.sampled_from(strategies.LATENESSES_MS),
    )
    def draw(stream: list[Transaction | Label], catalogues: list[Catalogue], lateness_ms: int) -> None:
        for catalogue in catalogues:
            statistics = {feature.name: feature.statistic for feature in catalogue.features}
            for result in evaluate(catalogue, stream, allowed_lateness_ms=lateness_ms, future_tolerance_ms=0):
                outcomes.add(result.outcome)
                nontrivial.update(
                    statistics[name] for name, value in result.features.items() if is_nontrivial(value)
                )

    draw()
    assert outcomes == {*get_args(Outcome)}
    assert nontrivial == {*get_args(WindowStatistic), *get_args(TransactionStatistic)}


def test_the_strategies_reach_every_column_of_metadata_with_a_value() -> None:
    reached: set[str] = set()

    @settings(max_examples=150, derandomize=True, database=None)
    @given(case=strategies.cases())
    def draw(case: Case) -> None:
        columns = {
            feature.name: CUSTOMER_COLUMNS.keys() & {feature.column or ""}
            for feature in case.catalogue.features
        }
        if any(columns.values()):
            for result in evaluated(case, case.arrivals):
                for name, value in result.features.items():
                    reached.update(columns[name] if is_nontrivial(value) else set())

    draw()
    assert reached == CUSTOMER_COLUMNS.keys()


def test_the_strategy_of_shared_entities_reaches_transactions_out_of_reach() -> None:
    """About every sixth case has one; those of `strategies.arrivals` hardly ever."""
    out_of_reach: set[str] = set()

    @settings(max_examples=60, derandomize=True, database=None)
    @given(case=strategies.shared_cases())
    def draw(case: Case) -> None:
        for result in evaluated(case, case.arrivals):
            out_of_reach.update(result.out_of_reach)

    draw()
    assert out_of_reach


def is_nontrivial(value: Value) -> bool:
    """Return whether a value is neither null nor 0, nor a list of only the transaction itself."""
    return len(value) > 1 if isinstance(value, list) else bool(value)
