"""Command ``fraudstream profiles``: look into a profile store, create it, rebuild it, expire its rows."""
