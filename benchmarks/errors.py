"""How a benchmark can end before its time."""


class RunFailedError(Exception):
    """A contender did not do what it should; the message says what, with the end of its log."""


class TooFewSamplesError(RunFailedError):
    """A run was over too soon to have a rate; it needs more transactions."""


class StoppedError(Exception):
    """Someone asked the benchmark to end."""
