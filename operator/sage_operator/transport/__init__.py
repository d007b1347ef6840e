"""HTTP as both adapters need it: allow-list, pacing, retries, metrics."""
