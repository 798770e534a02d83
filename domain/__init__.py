"""What things mean: ids, instants, channels, records and their rules. No I/O lives here."""
