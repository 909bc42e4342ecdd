"""What holds for each test and for each process that a test starts."""

import os

os.environ["FRAUDSTREAM_ENV_FILE"] = os.devnull
"""No test reads the settings of the person who runs it."""
os.environ.setdefault("JVM_ARGS", "-XX:TieredStopAtLevel=1")
"""The second compiler takes a third of a short job's processor time, and none here earns it back."""
