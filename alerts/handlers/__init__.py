"""Where alerts go: the terminal, a file, a webhook, SNS, a DynamoDB table."""
