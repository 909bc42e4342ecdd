"""Domain model: transactions, labels, features and alerts. Pure: no PyFlink, no boto3, no clock."""
