"""You: one module per group of rooms."""
