"""Model card: facts about a version to know before relying on it (Mitchell et al., 2019)."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from fraudstream.scoring.manifest import Manifest

CARD_NAME: Final = "model-card.md"
"""Beside the manifest; the card is written from the manifest's facts alone."""
_SHOWN: Final = {
    "transactions": "transactions",
    "frauds": "frauds",
    "auc_roc": "ROC AUC",
    "average_precision": "average precision",
    "card_precision_at_100": "card precision at 100 per day",
    "recall_at_fpr_0_5pct": "recall at 0.5 % false positives",
    "precision": "precision at the threshold",
    "recall": "recall at the threshold",
    "f1": "F1 at the threshold",
    "false_positive_rate": "false-positive rate at the threshold",
    "brier": "Brier score",
    "mean_score": "mean score",
    "base_rate": "base rate",
    "money_saved_share": "saved share of the money at stake",
}
_LIMITS: Final = """\
- The figures hold for data like that above. Measure other data first:
  `python -m models evaluate --transactions FILE --labels FILE`.
- Probabilities are calibrated as long as the share of fraud does not change: retrain when mean score and
  base rate diverge.
- Fraud of a kind that is not in the data is found only as far as it looks unusual.
- The model scores a transaction from features of its account, device, merchant and receiver. No feature is
  a person's sex, age, origin or belief; differences in error rates between groups were not measured."""


def model_card(manifest: Manifest) -> str:
    """Return the card in Markdown."""
    sections = {
        f"Model {manifest.version}": _introduction(manifest),
        "Intended use": _use(manifest),
        "Data": _data(manifest),
        "Members": _members(manifest),
        "Measured": _measured(manifest),
        "By fraud type": _by_fraud_type(manifest),
        "Ensemble decision": _decision(manifest.metrics["ensemble"]),
        "Limits": [_LIMITS],
        "Reproduction": _reproduction(manifest),
    }
    first, *others = sections.items()
    parts = [f"# {first[0]}\n", *first[1]]
    for title, lines in others:
        parts += ["", f"## {title}\n", *lines]
    return "\n".join(parts) + "\n"


def _introduction(manifest: Manifest) -> Iterator[str]:
    kinds = ", ".join(member.kind for member in manifest.members)
    yield f"The probability that a transaction is fraud, from {len(manifest.features)} features (`{kinds}`)."


def _use(manifest: Manifest) -> Iterator[str]:
    yield f"Alert analysts to transactions with a fraud probability of {manifest.threshold:.4f} or more."
    yield f"The threshold is chosen for {manifest.threshold_choice}; `alert_threshold` overrides it."
    yield "An alert is a reason to investigate, not a verdict: do not close an account on a score alone."


def _data(manifest: Manifest) -> Iterator[str]:
    facts = manifest.training_data
    yield f"{facts['source']}.\n"
    columns = ("from", "to", "transactions", "frauds")
    yield from _table(
        ("part", *columns),
        (
            [name, *(_format_value(part[column]) for column in columns)]
            for name, part in facts["parts"].items()
        ),
    )
    yield (
        "\nSplit by time, never at random. A label delay lies between `choice` and `test`. Accounts known to "
        "be compromised are left out of `test`, which was not used for any choice."
    )


def _members(manifest: Manifest) -> Iterator[str]:
    rows = (
        [member.kind, f"{member.weight:.4g}", ", ".join(_parameters(member.parameters))]
        for member in manifest.members
    )
    yield from _table(("member", "weight of log-odds", "parameters"), rows)


def _parameters(parameters: Mapping[str, Any]) -> Iterator[str]:
    for name, value in parameters.items():
        yield f"`{name}={value}`"


def _measured(manifest: Manifest) -> Iterator[str]:
    parts = ("choice", "test")
    rows = (
        [title, *(_format_value(manifest.metrics[part].get(name)) for part in parts)]
        for name, title in _SHOWN.items()
    )
    yield from _table(("metric", *parts), rows)


def _by_fraud_type(manifest: Manifest) -> Iterator[str]:
    found = manifest.metrics["test"]["recall_by_fraud_type"]
    yield from _table(
        ("fraud type", "recall at the threshold, in `test`"),
        ([name.replace("_", " "), _format_value(recall)] for name, recall in found.items()),
    )


def _decision(decision: Mapping[str, Any]) -> Iterator[str]:
    figures = ("auc_roc", "average_precision")
    yield from _table(
        ("in `test`, before calibration", "ROC AUC", "average precision"),
        (
            [name, *(_format_value(each[figure]) for figure in figures)]
            for name, each in decision["on_test"].items()
        ),
    )
    gains = ", ".join(f"{gain:+.5f}" for gain in decision["gains"])
    verdict = (
        "above their standard deviation: the ensemble ships"
        if decision["ships"]
        else "not above their standard deviation: the simpler model ships"
    )
    yield "\nGain of the ensemble in average precision over its first member alone, by period of `choice`:"
    weights = ", ".join(f"{name} {weight:.4g}" for name, weight in decision["weights"].items())
    yield f"{gains}. The mean is {verdict}.\nIts weights, learnt on `weights`: {weights}."


def _reproduction(manifest: Manifest) -> Iterator[str]:
    yield f"    {manifest.training_data['command']}\n"
    libraries = ", ".join(f"{name} {version}" for name, version in manifest.libraries.items())
    yield f"gives the same bytes, with the same libraries ({libraries}) on the same kind of processor."


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    titles = list(head)
    yield _row(titles)
    yield _row(["---"] * len(titles))
    yield from map(_row, rows)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _format_value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4f}"
    return "-" if value is None else f"{value:,}" if isinstance(value, int) else str(value)
