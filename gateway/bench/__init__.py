"""Benchmarks: `tradelane bench NAME`. Figures are CPU seconds and ratios of one run, since machines are noisy."""
