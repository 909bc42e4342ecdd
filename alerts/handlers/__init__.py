"""Alert handlers, the targets of delivery: terminal, file, webhook, SNS topic, DynamoDB table."""
