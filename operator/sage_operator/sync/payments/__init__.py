"""Payments: trade documents of Sage become figures of accounts, by period, compared with before. Pure, exact."""
