"""Side-by-side measurements: ratios within one run, never seconds to compare between machines."""
