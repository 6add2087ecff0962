"""The programming interface of booking: edges that translate, make one call, and translate back."""
