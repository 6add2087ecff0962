"""Filters for templates about money."""
