"""Errors of the benchmark."""


class RunFailedError(Exception):
    """A run failed. The message says why, with the end of the contender's log if it has one."""


class TooFewSamplesError(RunFailedError):
    """A run ended before its rate could be measured; it needs more transactions."""


class StoppedError(Exception):
    """The benchmark was asked to stop."""
