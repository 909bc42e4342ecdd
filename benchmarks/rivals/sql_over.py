"""Rival in Flink SQL: OVER windows by event time, with a row-wise Python function for the score.

The two window lengths are in nested queries, because a SELECT can have only one window. Run it with
``python -m benchmarks.rivals.sql_over SOURCE OUT_FOLDER MODEL``.
"""

import sys
from pathlib import Path

import numpy as np
import xgboost
from pyflink.table import DataTypes, EnvironmentSettings, TableEnvironment
from pyflink.table.udf import FunctionContext, ScalarFunction, udf

PARALLELISM = "2"

SOURCE = """
    CREATE TEMPORARY TABLE transactions (
        transaction_id STRING,
        event_time TIMESTAMP_LTZ(3),
        account_id STRING,
        transaction_amount_vnd DOUBLE,
        WATERMARK FOR event_time AS event_time
    ) WITH (
        'connector' = 'filesystem', 'path' = '{path}',
        'format' = 'json', 'json.timestamp-format.standard' = 'ISO-8601'
    )
"""

SINK = """
    CREATE TEMPORARY TABLE scores (transaction_id STRING, score DOUBLE)
    WITH ('connector' = 'filesystem', 'path' = '{path}', 'format' = 'json')
"""

# Without COALESCE, Flink 1.20's planner can't name the columns of two consecutive OVER windows.
JOB = """
    INSERT INTO scores
    SELECT transaction_id, score(count_5m, amount_sum_5m, count_1h, amount_sum_1h)
    FROM (
        SELECT
            transaction_id, count_1h, amount_sum_1h,
            COUNT(*) OVER short_window AS count_5m,
            SUM(transaction_amount_vnd) OVER short_window AS amount_sum_5m
        FROM (
            SELECT
                transaction_id, event_time, account_id, transaction_amount_vnd,
                COALESCE(COUNT(*) OVER long_window, 0) AS count_1h,
                COALESCE(SUM(transaction_amount_vnd) OVER long_window, 0) AS amount_sum_1h
            FROM transactions
            WINDOW long_window AS (
                PARTITION BY account_id ORDER BY event_time
                RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW
            )
        )
        WINDOW short_window AS (
            PARTITION BY account_id ORDER BY event_time
            RANGE BETWEEN INTERVAL '5' MINUTE PRECEDING AND CURRENT ROW
        )
    )
"""


class Score(ScalarFunction):  # type: ignore[misc]  # PyFlink ships no types
    """Scores row by row; the model is loaded once per worker."""

    def __init__(self, model: str) -> None:
        self._model = model

    def open(self, _function_context: FunctionContext) -> None:
        """Load the model; it uses one thread because more cost more than they gain for a single row."""
        self._booster = xgboost.Booster(model_file=self._model)
        self._booster.set_param({"nthread": 1})

    def eval(self, *features: float) -> float:
        """Score one transaction."""
        return float(self._booster.inplace_predict(np.array([features], dtype=np.float32))[0])


def main(source: str, out_folder: str, model: str) -> None:
    """Build the job and run it to completion."""
    environment = TableEnvironment.create(EnvironmentSettings.in_streaming_mode())
    environment.get_config().set("parallelism.default", PARALLELISM)
    environment.execute_sql(SOURCE.format(path=Path(source).resolve().as_uri()))
    environment.execute_sql(SINK.format(path=Path(out_folder).resolve().as_uri()))
    environment.create_temporary_function("score", udf(Score(model), result_type=DataTypes.DOUBLE()))
    environment.execute_sql(JOB).wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
