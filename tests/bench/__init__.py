"""Measurements, run by hand with `make bench` and never as tests."""
