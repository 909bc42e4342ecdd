"""Local AWS emulation: an embedded emulator, and commands that create streams and tables on it.

LocalStack's own package has the same name. This one is used only from the project's root, where the root
comes first on the path. LocalStack runs in a container or its own virtual environment, and the commands
access it over HTTP, through ``localstack_client``.
"""
