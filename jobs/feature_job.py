"""Feature job, the Flink pipeline: transactions in; windowed features, scores and alerts out.

    transactions -> parse -> account -> device -> merchant -> counterparty -> finish -> score -> verdicts
    (labels ------> parse)      |                                                                   |
                      |         |                           alerts, scored transactions <-----------+
                      +---------+---> limit -> dead letters, review alerts <------------------------+

Run it with ``python jobs/feature_job.py [--options]``; ``--help`` lists the options. With ``--source FILE``
the same pipeline processes a file and ends with it.
"""

import sys
from collections.abc import Collection
from pathlib import Path
from typing import Final

if __name__ == "__main__":
    # The packages are beside this folder, however the job is started (python, flink run, Managed Flink).
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pyflink.datastream import DataStream, StreamExecutionEnvironment
from pyflink.table import StreamTableEnvironment

from fraudstream.archives.archive_errors import ArchiveError
from fraudstream.domain.catalogue import Catalogue, CatalogueError, built_in_catalogue
from fraudstream.runtime.aws_credentials import export_aws_credentials
from fraudstream.runtime.settings_sources import SettingsError
from fraudstream.runtime.terminal import write_error
from fraudstream.scoring.decider import Decider
from fraudstream.scoring.manifest import ModelError
from fraudstream.scoring.scorer import Scorer
from jobs.connectors import connector_for
from jobs.connectors.connector_protocol import Connector
from jobs.connectors.flink_tables import Outputs, Sink, fill_sinks
from jobs.environment import absolute_uri, execution_environment, is_on_cluster, protect_files, start_jvm
from jobs.hash_keys import hash_key
from jobs.job_settings import JobSettings
from jobs.kernel import JavaStream, Kernel, steps
from jobs.profile_options import profile_jars
from jobs.run_summary import NothingAcceptedError
from jobs.running import JobFailedError, run
from jobs.savepoints import SavepointError, check_savepoint
from jobs.scoring_udf import scoring_udf

NEED_SCORES: Final[frozenset[Sink]] = frozenset({"alerts", "scored_transactions"})
"""The sinks that require a model."""


def topology(
    kernel: Kernel,
    environment: StreamTableEnvironment,
    parsed: list[JavaStream],
    entities: list[str],
    sinks: Collection[Sink],
) -> Outputs:
    """Return the streams for each of ``sinks``; ``parsed`` are the events of transactions and labels.

    The first of ``entities`` is the account, whose step also detects duplicate, conflicting and late
    transactions. The environment must have the function ``score`` if one of the sinks needs scores. A refused
    record becomes a dead letter and, if it is a transaction whose ids are known, raises a review alert.
    """
    events = kernel.union(parsed)
    refusing = list(parsed)
    for entity in entities:
        events = kernel.windows(events, entity)
        refusing.append(events)
    events = kernel.finish(events)
    outputs: Outputs = {}
    if "features" in sinks:
        outputs["features"] = [kernel.features(events)]
    if not NEED_SCORES.isdisjoint(sinks):
        scored = score(kernel, environment, events, with_scored="scored_transactions" in sinks)
        refusing.append(scored)
        outputs["scored_transactions"] = [DataStream(kernel.side(scored, "scored_transactions"))]
        if "alerts" in sinks:
            reviews = kernel.limit_reviews([kernel.side(step, "reviews") for step in refusing])
            outputs["alerts"] = [DataStream(kernel.side(scored, "alerts")), reviews]
    if "dead_letters" in sinks:
        letters = [kernel.side(step, "dead_letters") for step in refusing]
        outputs["dead_letters"] = [kernel.limit_letters(letters)]
    return {sink: streams for sink, streams in outputs.items() if sink in sinks}


def score(
    kernel: Kernel, environment: StreamTableEnvironment, events: JavaStream, *, with_scored: bool
) -> JavaStream:
    """Return the verdicts of events, which are scored in batches by the function ``score``."""
    environment.create_temporary_view("batches", kernel.batches(events))
    answers = environment.sql_query("SELECT score(input) AS answer, input, events FROM batches")
    return kernel.verdicts(environment.to_data_stream(answers), with_scored=with_scored)


def load_catalogue(settings: JobSettings, *, has_labels: bool) -> Catalogue:
    """Load the catalogue of the settings; the built-in one has fraud rates if there are labels.

    If there are customer metadata, it also has features of them. Raises `CatalogueError` if it is invalid, or
    needs labels or metadata and there are none, or has no use for the metadata.
    """
    if settings.catalogue is None:
        has_metadata = settings.customer_metadata is not None
        return built_in_catalogue(has_labels=has_labels, has_metadata=has_metadata)
    catalogue = Catalogue.load(settings.catalogue)
    settings.check_catalogue(catalogue, str(settings.catalogue))
    in_need = [feature.name for feature in catalogue.windows if feature.statistic == "fraud_rate"]
    if in_need and not has_labels:
        msg = (
            f"feature {in_need[0]!r} needs labels: give --labels FILE with --source, or --label-feedback true"
        )
        raise CatalogueError(msg)
    return catalogue


def load_decider(settings: JobSettings, catalogue: Catalogue) -> Decider:
    """Load the model, with the threshold of the settings or else the model's own."""
    return Decider(Scorer.load(settings.model, catalogue), catalogue, settings.alert_threshold)


def build(settings: JobSettings, catalogue: Catalogue, connector: Connector) -> StreamExecutionEnvironment:
    """Build the job that the settings describe, ready for execution; ``connector`` must be prepared."""
    needs_scores = not NEED_SCORES.isdisjoint(connector.sinks)
    decider = load_decider(settings, catalogue) if needs_scores else None
    jars = profile_jars(settings, is_on_cluster=is_on_cluster())
    start_jvm(connector.jvm_variables, jars)
    execution = execution_environment(settings, connector.flink_options)
    if is_on_cluster() and jars:
        execution.add_jars(*(absolute_uri(jar) for jar in jars))
    environment = StreamTableEnvironment.create(execution)
    model_version = decider.judge.model_version if decider else "none"
    key = hash_key(settings, is_bounded=connector.is_bounded)
    kernel = Kernel(
        settings,
        catalogue,
        connector.kernel_options,
        model_version=model_version,
        key=key,
        with_reviews="alerts" in connector.sinks,
    )
    if decider:
        environment.create_temporary_function("score", scoring_udf(decider))
    connector.create_sinks(environment)
    parsed = connector.parsed_events(execution, environment, kernel)
    fill_sinks(environment, topology(kernel, environment, parsed, steps(catalogue), connector.sinks))
    tables = (*connector.source_tables, *connector.sinks)
    kernel.name_tables(execution, tables)
    check_savepoint(execution, steps(catalogue), tables, key)
    return execution


def _say(text: str) -> None:
    write_error(text)


def main(arguments: list[str]) -> int:
    """Run the job; return 0 if it ended normally, 2 for invalid options, 1 if it failed.

    3 means that a source of files was read and none of its transactions accepted.
    """
    try:
        protect_files()
        export_aws_credentials()
        settings = JobSettings.load(arguments)
        _say("\n".join(f"{name} = {value}" for name, value in settings.table()))
        connector = connector_for(settings)
        catalogue = load_catalogue(settings, has_labels=connector.has_labels)
        with connector.prepared():
            counts = run(build(settings, catalogue, connector), is_bounded=connector.is_bounded)
        connector.finish(catalogue, counts)
    except (SettingsError, CatalogueError, ModelError, ArchiveError, SavepointError) as error:
        _say(f"error: {error}")
        return 2
    except JobFailedError as error:
        _say(f"error: {error}")
        return 1
    except NothingAcceptedError as error:
        _say(f"error: {error}")
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
