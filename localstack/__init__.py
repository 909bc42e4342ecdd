"""What stands in for AWS on one machine: an embedded emulator, and what creates the streams on it.

LocalStack's own package has the same name. This one is used from the project's root only, where the
root comes first on the path; LocalStack runs in a container or a virtual environment of its own, and
the commands reach it over HTTP, through ``localstack_client``.
"""
