"""What the benchmark makes of its figures; nothing is measured here."""
