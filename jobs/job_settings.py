"""Job settings: loading and cross-field validation.

Sources, from lowest to highest precedence: defaults (`jobs.job_settings_fields`), environment, ``.env``,
runtime properties of Managed Flink, command line. The project's own settings have the prefix ``FRAUDSTREAM_``
in the environment (``FRAUDSTREAM_PARALLELISM=4``) and none elsewhere (``--parallelism 4``); the AWS settings
have their standard names.
"""

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from pydantic import model_validator
from pydantic_settings import BaseSettings, CliSettingsSource, PydanticBaseSettingsSource

from fraudstream.runtime.aws_settings import NOT_SETTINGS
from fraudstream.runtime.customer_settings import table_of
from fraudstream.runtime.settings import Sources
from fraudstream.runtime.settings_sources import (
    ENV_FILE,
    MANAGED_FLINK_PROPERTIES,
    DotEnvSource,
    EnvironmentSource,
    ManagedFlinkSource,
)
from jobs.job_settings_fields import OUTPUTS, JobSettingsFields


class JobSettings(JobSettingsFields):
    """The settings of the job; combinations that exclude one another are rejected."""

    @model_validator(mode="after")
    def _parallelism_fits(self) -> Self:
        if self.parallelism > self.max_parallelism:
            msg = (
                f"parallelism: {self.parallelism} is more than max_parallelism {self.max_parallelism}; "
                "raise max_parallelism, or lower parallelism"
            )
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _streams_or_files(self) -> Self:
        outputs = [name for name in OUTPUTS if getattr(self, name) is not None]
        if self.source is None and outputs:
            msg = f"{', '.join(outputs)}: an output file needs an input file: give --source too"
            raise ValueError(msg)
        if self.source is None and (self.labels or self.source_rate):
            msg = (
                "labels and source_rate need --source FILE; to read labels from a stream, use "
                "--label-feedback true"
            )
            raise ValueError(msg)
        if self.source is None and self.source_ttl is not None:
            msg = "source_ttl needs --source: a stream's state is kept as long as its windows need it"
            raise ValueError(msg)
        if self.source_ramp and self.source_rate is None:
            msg = "source_ramp needs a rate: give --source-rate too"
            raise ValueError(msg)
        if self.source is not None and self.label_feedback:
            msg = "label_feedback reads a stream, so it can't be used with --source: give --labels FILE"
            raise ValueError(msg)
        if self.source is not None and self.from_savepoint is not None:
            msg = (
                "from_savepoint can't be used with --source: a file is read from its beginning; "
                "omit one of them"
            )
            raise ValueError(msg)
        if self.source is not None and not outputs:
            msg = "--source needs an output: --features-out, --scores-out, --alerts-out or --dead-letters-out"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _one_hash_key(self) -> Self:
        if self.hash_key is not None and self.hash_key_from is not None:
            msg = "hash_key and hash_key_from each give a key: leave one of them out"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _rebuild_has_a_store(self) -> Self:
        if self.profile_rebuild and self.profile_store is None:
            msg = "profile_rebuild needs a store: give --profile-store too"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _files_are_different(self) -> Self:
        files = {name: getattr(self, name) for name in ("catalogue", "source", "labels", *OUTPUTS)}
        if self.customer_metadata is not None and table_of(self.customer_metadata) is None:
            files["customer_metadata"] = Path(self.customer_metadata)
        resolved = {
            name: path.resolve() if isinstance(path, Path) else path
            for name, path in files.items()
            if path is not None
        }
        path, times = max(Counter(resolved.values()).items(), key=lambda pair: pair[1], default=("", 0))
        if times > 1:
            names = " and ".join(name for name in resolved if resolved[name] == path)
            msg = f"{names} are the same file, {path}: use different files"
            raise ValueError(msg)
        return self

    @classmethod
    def load(
        cls,
        arguments: Sequence[str] = (),
        *,
        properties_file: Path = MANAGED_FLINK_PROPERTIES,
        env_file: Path | None = ENV_FILE,
    ) -> Self:
        """Read the settings from all sources; raises `SettingsError` if any is invalid."""

        def sources(settings_cls: type[BaseSettings], _: PydanticBaseSettingsSource) -> Sources:
            return (
                CliSettingsSource(
                    settings_cls,
                    cli_parse_args=list(arguments),
                    cli_kebab_case=True,
                    cli_prog_name=Path(sys.argv[0]).name,
                    cli_hide_none_type=True,
                ),
                ManagedFlinkSource(settings_cls, properties_file),
                DotEnvSource(settings_cls, env_file, others=NOT_SETTINGS),
                EnvironmentSource(settings_cls, others=NOT_SETTINGS),
            )

        return cls.read(sources)
