"""WHO MAY COME IN: passwords, guesses counted, a bounded line. Both doors use it."""
