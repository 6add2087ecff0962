"""Pages. Each view translates a request, makes one call and translates its result back."""
