"""The product of everything that opens a database, every way of a value to it, and every way of the start to a call."""
