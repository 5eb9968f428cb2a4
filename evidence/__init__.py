"""The lab notebook of docs/evidence.md: protocol, configurations, scripts and tables."""
