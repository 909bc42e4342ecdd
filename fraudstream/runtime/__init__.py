"""Process-level services: settings, stop signals, logs, metrics, AWS clients and errors."""
