"""Sage Business Cloud Financials: the part of Salesforce's REST API that a reader of the `s2cor` package uses."""
