"""HTTP as every process serves it: problem+json, bounded bodies, probes."""
