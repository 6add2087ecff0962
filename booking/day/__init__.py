"""A network's day, played by the rules of the line in simulated time: docs/adr/simulated-days.md.

It proves the forecast on days that nobody used to make it, and compares rules and rankings on the same demand.
"""
