"""Tests of the lab notebook."""
