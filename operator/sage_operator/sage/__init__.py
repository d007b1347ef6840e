"""The source: Sage Business Cloud Financials through the Salesforce REST API."""
