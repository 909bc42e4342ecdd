"""The domain: transactions, labels, features and alerts; pure, without PyFlink, boto3 or a clock."""
