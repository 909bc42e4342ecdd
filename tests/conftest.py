"""No test, and no process that a test starts, reads the settings of the person who runs it."""

import os

os.environ["FRAUDSTREAM_ENV_FILE"] = os.devnull
