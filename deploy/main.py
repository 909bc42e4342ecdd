"""Entry point on Managed Flink, placed as ``main.py`` beside ``packages/``, which contains the job."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent / "packages"))

from jobs.feature_job import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
