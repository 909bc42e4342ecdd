"""Transaction table: each account's transactions in DynamoDB, filled from the streams, read over HTTP."""
