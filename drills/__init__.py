"""Fault-injection drills: break things under load and verify that no transaction is lost or wrong."""
