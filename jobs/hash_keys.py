"""Hash key that a job starts with: from the settings, from another job's saved state, or generated.

The kernel hashes ids and texts with it. A restored job continues with the key of its saved state: see the
kernel's ``JobKey``.
"""

from typing import Final

from py4j.protocol import Py4JJavaError
from pyflink.java_gateway import get_gateway

from jobs.job_settings import JobSettings
from jobs.kernel import JobKey
from jobs.savepoints import SavepointError, saved_hash_key

SETTING: Final = "hash_key_from"


def hash_key(settings: JobSettings, *, is_bounded: bool) -> JobKey:
    """Return the key for a job without saved state; the JVM must run.

    A job that reads files has its whole input, so a published key makes its results reproducible. Raises
    `SavepointError` if the saved state named by ``hash_key_from`` has no key.
    """
    keys = get_gateway().jvm.fraudstream.kernel.stream.JobKey
    if settings.hash_key is not None:
        return keys.ofSettings(settings.hash_key.get_secret_value())
    if settings.hash_key_from is not None:
        return _saved(settings.hash_key_from)
    return keys.ofBatch() if is_bounded else keys.generated()


def _saved(uri: str) -> JobKey:
    try:
        return saved_hash_key(uri)
    except Py4JJavaError as error:
        msg = f"{SETTING}: {uri} gives no hash key: {error.java_exception.getMessage()}"
        raise SavepointError(msg) from None
