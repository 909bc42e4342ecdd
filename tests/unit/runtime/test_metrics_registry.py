import pytest
from prometheus_client.parser import text_string_to_metric_families

from fraudstream.runtime.metrics_registry import MEDIA_TYPE, MetricsRegistry


def samples(registry: MetricsRegistry) -> dict[str, float]:
    families = text_string_to_metric_families(registry.text().decode())
    return {
        f"{sample.name}{sorted(sample.labels.items()) or ''}": sample.value
        for family in families
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


def test_metrics_are_exposed_to_prometheus_under_the_prefix() -> None:
    registry = MetricsRegistry("tiny_api")
    registry.counter("requests_total", "Requests", ["route"]).labels("/a").inc(2)
    registry.gauge("clients", "Clients").set(3)
    registry.histogram("request_seconds", "Time to answer", buckets=(0.1, 1.0)).observe(0.5)
    found = samples(registry)
    assert found["tiny_api_requests_total[('route', '/a')]"] == 2
    assert found["tiny_api_clients"] == 3
    assert found["tiny_api_request_seconds_sum"] == 0.5
    assert found["tiny_api_request_seconds_bucket[('le', '0.1')]"] == 0
    assert found["tiny_api_request_seconds_bucket[('le', '1.0')]"] == 1
    assert MEDIA_TYPE.startswith("text/plain")


@pytest.mark.parametrize(
    ("kind", "name", "remedy"),
    [
        ("counter", "requests", "a counter ends with _total"),
        ("gauge", "clients_total", "only names of counters end with _total"),
        ("histogram", "request_total", "only names of counters end with _total"),
        ("histogram", "request_time", "end the name of a histogram with its unit: seconds, bytes"),
        ("histogram", "request_ms_seconds", "write seconds in place of ms"),
        ("gauge", "age_minutes", "write seconds in place of minutes"),
        ("gauge", "memory_mib", "write bytes in place of mib"),
        ("gauge", "full_percent", "write ratio in place of percent"),
        ("counter", "sent_kb_total", "write bytes in place of kb"),
        ("gauge", "requestCount", "lower case words with underscores"),
        ("gauge", "a__b", "lower case words with underscores"),
        ("gauge", "lag_count", "Prometheus reserves this suffix"),
        ("gauge", "tiny_api_clients", "remove the prefix tiny_api_;"),
    ],
)
def test_a_name_that_violates_a_convention_is_rejected_with_the_fix(
    kind: str, name: str, remedy: str
) -> None:
    registry = MetricsRegistry("tiny_api")
    with pytest.raises(ValueError, match=remedy) as refused:
        getattr(registry, kind)(name, "Meaning")
    assert repr(name) in str(refused.value)
    assert registry.text() == b""


def test_a_metric_without_a_description_is_rejected() -> None:
    with pytest.raises(ValueError, match="describe in a sentence"):
        MetricsRegistry("tiny_api").gauge("clients", " ")


@pytest.mark.parametrize("label", ["le", "instance", "Route", "__name", "route-of"])
def test_a_label_reserved_by_prometheus_is_rejected(label: str) -> None:
    with pytest.raises(ValueError, match=f"label '{label}' can't be used"):
        MetricsRegistry("tiny_api").counter("requests_total", "Requests", ["method", label])


def test_a_name_already_in_use_is_rejected() -> None:
    registry = MetricsRegistry("tiny_api")
    registry.gauge("clients", "Clients")
    with pytest.raises(ValueError, match="tiny_api_clients"):
        registry.gauge("clients", "Clients")


@pytest.mark.parametrize("prefix", ["", "Tiny", "tiny-api", "tiny_"])
def test_an_invalid_prefix_is_rejected(prefix: str) -> None:
    with pytest.raises(ValueError, match="metric prefix"):
        MetricsRegistry(prefix)


def test_two_registries_count_separately() -> None:
    one, other = MetricsRegistry("tiny_api"), MetricsRegistry("tiny_api")
    one.counter("requests_total", "Requests").inc()
    other.counter("requests_total", "Requests")
    assert samples(other) == {"tiny_api_requests_total": 0}
