"""One service's facts joined: names across modules, where values come from, what start-up reaches."""
