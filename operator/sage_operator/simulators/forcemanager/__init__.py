"""ForceManager: the part of the REST API v4 that an integration uses."""
