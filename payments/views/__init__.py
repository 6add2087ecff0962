"""The finance pages: each translates, makes one call, and translates back."""
