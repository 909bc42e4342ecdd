"""The job: transactions in, windowed features, scores, alerts out.

    transactions -> parse -> account features -> score -> alerts
                      |            |               |----> scored transactions
                      +------------+---------------+----> dead letters

Start it with ``python jobs/feature_job.py [--options]``; ``--help`` lists them. With ``--source FILE``
the same plan runs over a file and ends with it.
"""

import sys
from pathlib import Path

if __name__ == "__main__":
    # However it is started (python, flink run, Managed Flink): the packages lie beside this folder.
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pyflink.datastream import StreamExecutionEnvironment
from pyflink.table import StatementSet, StreamTableEnvironment

from fraudstream.alert import Judge
from fraudstream.catalogue import Catalogue, CatalogueError
from fraudstream.settings import Settings, SettingsError, export_aws_credentials
from jobs.environment import prepare_jvm, table_environment
from jobs.files import Sink, merge_parts
from jobs.running import JobFailedError, run
from jobs.scoring_udf import scoring_udf
from jobs.tables import create_ends
from models.manifest import ModelError
from models.scorer import Scorer

PARSED = """
    SELECT `raw`, shard_id, sequence_number, arrived, tx, arrival_ms, reason, detail
    FROM transactions
    CROSS JOIN LATERAL TABLE(parse_transaction(`raw`, arrival)) AS p(tx, arrival_ms, reason, detail)
"""

FEATURED = """
    SELECT `raw`, shard_id, sequence_number, tx, arrival_ms, f.outcome AS outcome, f.features AS features
    FROM (
        SELECT `raw`, shard_id, sequence_number, tx, arrival_ms,
            account_features(tx) OVER (
                PARTITION BY tx.account_id ORDER BY arrived
                ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
            ) AS f
        FROM parsed
        WHERE reason IS NULL
    )
"""

SCORED = """
    SELECT `raw`, shard_id, sequence_number, tx, arrival_ms, outcome, features,
        s.score AS score, s.alert AS alert, s.error AS error
    FROM (
        SELECT *, score(
            features, tx.transaction_id, tx.account_id, tx.event_time, arrival_ms, tx.transaction_amount_vnd
        ) AS s
        FROM featured
        WHERE outcome = 'new'
    )
"""

DEAD_LETTERS = """
    SELECT COALESCE(sequence_number, reason),
        dead_letter_json(`raw`, reason, detail, shard_id, sequence_number, arrival_ms)
    FROM parsed WHERE reason IS NOT NULL
    UNION ALL
    SELECT tx.account_id, dead_letter_json(`raw`, 'late',
        'event_time lies further behind the newest of its account than the allowed lateness',
        shard_id, sequence_number, arrival_ms)
    FROM featured WHERE outcome = 'late'
"""

UNSCORED = """
    UNION ALL
    SELECT tx.account_id, dead_letter_json(`raw`, 'scoring', error, shard_id, sequence_number, arrival_ms)
    FROM scored WHERE error IS NOT NULL
"""

ALERTS = "SELECT tx.account_id, alert FROM scored WHERE alert IS NOT NULL"

SCORED_TRANSACTIONS = """
    SELECT tx.account_id, scored_json(tx, outcome, arrival_ms, score, features)
    FROM scored WHERE error IS NULL
    UNION ALL
    SELECT tx.account_id, scored_json(tx, outcome, arrival_ms, CAST(NULL AS DOUBLE), features)
    FROM featured WHERE outcome = 'duplicate'
"""

FEATURES = """
    SELECT tx.account_id, features_json(tx.transaction_id, features)
    FROM featured WHERE outcome = 'new'
"""


def topology(environment: StreamTableEnvironment, sinks: frozenset[Sink]) -> StatementSet:
    """Return the statements that fill ``sinks`` from the table ``transactions``.

    The environment has the kernel's functions, the sinks' tables and, if one of the sinks needs
    scores, the function ``score``. The order of the sinks is part of the saved state's identity.
    """
    scores = bool(sinks & {"alerts", "scored_transactions"})
    views = {"parsed": PARSED, "featured": FEATURED} | ({"scored": SCORED} if scores else {})
    for name, query in views.items():
        # Not CREATE VIEW: its text would be planned anew, and run, for each sink that reads it.
        environment.create_temporary_view(name, environment.sql_query(query))
    statements: dict[Sink, str] = {
        "dead_letters": DEAD_LETTERS + UNSCORED if scores else DEAD_LETTERS,
        "alerts": ALERTS,
        "scored_transactions": SCORED_TRANSACTIONS,
        "features": FEATURES,
    }
    job = environment.create_statement_set()
    for sink, query in statements.items():
        if sink in sinks:
            job.add_insert_sql(f"INSERT INTO {sink} {query}")
    return job


def load_scorer(settings: Settings, catalogue: Catalogue) -> tuple[Scorer, Judge] | None:
    """Load the model and what judges its scores; None if no sink of the settings needs scores."""
    if settings.source and not (settings.scores_out or settings.alerts_out):
        return None
    scorer = Scorer.load(settings.model, catalogue)
    threshold = settings.alert_threshold
    judge = Judge(
        threshold=scorer.manifest.threshold if threshold is None else threshold,
        model_version=scorer.manifest.version,
        catalogue_version=catalogue.version,
        flag_names=catalogue.flags,
    )
    return scorer, judge


def build(settings: Settings) -> StatementSet:
    """Return the whole job that the settings describe, ready to be executed or explained."""
    catalogue = Catalogue.load(settings.catalogue)
    scoring = load_scorer(settings, catalogue)
    prepare_jvm(settings)
    model_version = scoring[0].manifest.version if scoring else "none"
    execution = StreamExecutionEnvironment.get_execution_environment()
    environment = table_environment(execution, settings, catalogue, model_version=model_version)
    if scoring:
        environment.create_temporary_function("score", scoring_udf(*scoring, catalogue))
    sinks = create_ends(execution, environment, settings)
    return topology(environment, sinks)


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


def main(arguments: list[str]) -> int:
    """Run the job; return 0 if it ended as asked, 2 for options that can't be used, 1 for a failure."""
    try:
        export_aws_credentials()
        settings = Settings.load(arguments)
        _say("\n".join(f"{name} = {value}" for name, value in settings.table()))
        job = build(settings)
    except (SettingsError, CatalogueError, ModelError) as error:
        _say(f"error: {error}")
        return 2
    try:
        run(job, is_bounded=settings.source is not None)
    except JobFailedError as error:
        _say(f"error: {error}")
        return 1
    merge_parts(settings)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
