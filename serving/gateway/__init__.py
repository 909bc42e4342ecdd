"""Ingestion gateway: takes transactions and labels over HTTP and puts them onto their streams."""
