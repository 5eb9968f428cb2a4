"""The keys of the configuration, each declared once: a module per group that jobs share."""
