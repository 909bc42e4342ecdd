"""Command line of profile stores: ``fraudstream profiles`` show, status, create or expire."""

from serving.profiles_command.profiles_app import app

if __name__ == "__main__":
    app()
