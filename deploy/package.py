"""Packaging of ``build/fraudstream-python.zip``, the Python code for ``flink run -pyfs``.

Run ``python -m deploy.package``. Third-party packages are not included: they are installed on the cluster.
"""

import sys
from pathlib import Path
from typing import Final

from deploy.archive import job_sources, write_archive
from fraudstream.runtime.project_root import ROOT

ARCHIVE: Final = ROOT / "build" / "fraudstream-python.zip"


def package(archive: Path = ARCHIVE) -> None:
    """Write an archive of the project's modules that the job imports.

    The model is not included: it travels inside the job.
    """
    write_archive(archive, job_sources())


if __name__ == "__main__":
    package()
    sys.stdout.write(f"{ARCHIVE} ({ARCHIVE.stat().st_size:,} bytes)\n")
