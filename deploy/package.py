"""Write ``build/fraudstream-python.zip``, what ``flink run -pyfs`` gives to the cluster's Python workers.

``python -m deploy.package``. The third-party packages are not in it: they are installed on the cluster.
"""

import sys
from pathlib import Path
from typing import Final

from deploy.archive import job_sources, write_archive
from fraudstream.runtime.project_root import ROOT

ARCHIVE: Final = ROOT / "build" / "fraudstream-python.zip"


def package(archive: Path = ARCHIVE) -> None:
    """Write the project's own modules that the job imports; the model travels inside the job."""
    write_archive(archive, job_sources())


if __name__ == "__main__":
    package()
    sys.stdout.write(f"{ARCHIVE} ({ARCHIVE.stat().st_size:,} bytes)\n")
