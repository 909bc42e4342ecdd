"""Where a consumer keeps how far it is, and which alerts are done: SQLite for one, DynamoDB for several."""
