"""What the Snakefile imports: configuration, jobs, fingerprints, locks, costs."""
