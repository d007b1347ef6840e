"""Metrics, logging and redaction."""
