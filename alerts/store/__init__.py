"""Stores of a consumer's positions and handled alerts: SQLite for one consumer, DynamoDB for several."""
