"""Metrics, tables and statistics."""
