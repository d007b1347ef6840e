"""The steps that built the ledger's tables."""
