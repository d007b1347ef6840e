"""The target: ForceManager's REST API v4."""
