"""One run, stage by stage, and the ports that the adapters fill."""
