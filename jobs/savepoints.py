"""Savepoint compatibility check, with readable errors before the job starts."""

from collections.abc import Iterable
from typing import Any, Final

from py4j.protocol import Py4JJavaError
from pyflink.datastream import StreamExecutionEnvironment
from pyflink.java_gateway import get_gateway
from pyflink.util.java_utils import to_jarray

from fraudstream.domain.catalogue import ENTITIES
from jobs.connectors import known_tables
from jobs.environment import saved_state

WINDOWS: Final = "windows-"
TABLE: Final = "table-"
"""Prefixes of the operator ids of entity steps, and of sources and sinks; the name follows."""
ACCOUNT: Final = f"{WINDOWS}account_id"
"""Operator id of the only stateful step that every job of this project has."""
REVIEWS: Final = "review-limit"
"""Operator id of the step that counts review alerts; jobs with alerts have it."""
ALERTS: Final = "alerts"


class SavepointError(Exception):
    """The job can't start from the savepoint; the message has the reason and the remedy."""


def check_savepoint(
    execution: StreamExecutionEnvironment,
    steps: list[str],
    tables: Iterable[str],
    key: Any,  # noqa: ANN401 - an object of the JVM
) -> None:
    """Raise `SavepointError` if the job is configured to start from an incompatible savepoint.

    ``steps`` are the entities that the job has a step for, ``tables`` its sources and sinks, ``key`` the hash
    key (`jobs.hash_keys`) that it would start with if there were no savepoint. Since the
    savepoint, features may have been added, changed or removed, and entities and streams may have been added.
    Removing an entity or a stream drops its state, which must be allowed explicitly. Flink checks this too,
    but only after the job is submitted, and reports hashes and a stack trace.
    """
    configuration = execution._j_stream_execution_environment.getConfiguration()  # noqa: SLF001 - PyFlink hides it
    options = get_gateway().jvm.org.apache.flink.configuration
    path = saved_state(execution)
    if path is None:
        return
    savepoint = _open(path)
    found = _identities(savepoint)
    if ACCOUNT not in found:
        msg = (
            f"{path} is not a savepoint of this job (no account state): choose another, or start without one"
        )
        raise SavepointError(msg)
    _check_histories(path, savepoint, key)
    _check_max_parallelism(
        path, savepoint.maxParallelism(ACCOUNT), configuration.get(options.PipelineOptions.MAX_PARALLELISM)
    )
    _check_backend(
        path, savepoint.backend(ACCOUNT), configuration.get(options.StateBackendOptions.STATE_BACKEND)
    )
    if not configuration.get(options.StateRecoveryOptions.SAVEPOINT_IGNORE_UNCLAIMED_STATE):
        _check_no_state_is_dropped(path, found - used_identities(steps, tables))


def used_identities(steps: Iterable[str], tables: Iterable[str]) -> set[str]:
    """Return the operator ids under which a job with these entities and tables may have state."""
    tables = set(tables)
    reviews = {REVIEWS} if ALERTS in tables else set()
    return {WINDOWS + entity for entity in steps} | {TABLE + name for name in tables} | reviews


def known_identities() -> set[str]:
    """Return the operator ids under which any job of this project may have state."""
    return used_identities(ENTITIES, known_tables())


def saved_hash_key(uri: str) -> Any:  # noqa: ANN401 - an object of the JVM
    """Return the hash key of a savepoint or a retained checkpoint.

    Raises `SavepointError` if there is none at ``uri``, and ``Py4JJavaError`` if it does not have the key.
    """
    return _open(uri).key(ACCOUNT)


def _check_histories(path: str, savepoint: Any, key: Any) -> None:  # noqa: ANN401 - objects of the JVM
    """Raise `SavepointError` if the histories have another release's layout, or hashes of another key."""
    try:
        savepoint.checkHistories(ACCOUNT)
        savepoint.checkKey(ACCOUNT, key)
    except Py4JJavaError as error:
        msg = f"{path} can't be continued: {error.java_exception.getMessage()}"
        raise SavepointError(msg) from None


def _check_max_parallelism(path: str, saved: int, wanted: int) -> None:
    if saved != wanted:
        msg = (
            f"{path} was made with a max_parallelism of {saved}, which can't be changed afterwards; "
            f"this job has {wanted}: give --max-parallelism {saved}"
        )
        raise SavepointError(msg)


def _check_backend(path: str, saved: str | None, wanted: str) -> None:
    if saved is not None and saved != wanted:
        msg = (
            f"{path} is a checkpoint of the state backend {saved}, which {wanted} can't read: give "
            f"--state-backend {saved}, and change it with a savepoint, which either reads"
        )
        raise SavepointError(msg)


def _check_no_state_is_dropped(path: str, gone: set[str]) -> None:
    if gone:
        names = ", ".join(sorted(name.removeprefix(WINDOWS).removeprefix(TABLE) for name in gone))
        msg = (
            f"{path} contains state this job does not use ({names}): keep a feature of the entity in "
            "the catalogue, or the stream on; or give --allow-dropped-state true to drop that state"
        )
        raise SavepointError(msg)


def _open(path: str) -> Any:  # noqa: ANN401 - an object of the JVM
    try:
        return get_gateway().jvm.fraudstream.kernel.stream.Savepoint.open(path)
    except Py4JJavaError as error:
        msg = f"no readable savepoint at {path}: {error.java_exception.getMessage()}"
        raise SavepointError(msg) from None


def _identities(savepoint: Any) -> set[str]:  # noqa: ANN401 - an object of the JVM
    return set(savepoint.identities(to_jarray(get_gateway().jvm.String, sorted(known_identities()))))
