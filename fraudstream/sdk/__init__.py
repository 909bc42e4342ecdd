"""Client of the decision API for Python programs, over HTTP or in this process: ``FraudDetector``."""
