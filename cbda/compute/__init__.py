"""Where a job computes: device, GPU locks, threads, seeds."""
