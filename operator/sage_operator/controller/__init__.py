"""Kopf handlers, schedule, conditions, status writes, events."""
