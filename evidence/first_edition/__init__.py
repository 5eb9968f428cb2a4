"""The first edition: another page, other scripts, other tables."""
