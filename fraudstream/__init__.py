"""The domain: transactions, features, alerts and settings, free of PyFlink, boto3 and clocks."""
