"""Services of the process: settings, stop signals, logs, metrics, errors of AWS."""
