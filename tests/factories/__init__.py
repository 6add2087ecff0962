"""People, metal and money for tests: each factory makes one whole, valid row and names what it stands for."""
