"""What each kind of file says, as plain values; the only rooms that know a syntax."""
