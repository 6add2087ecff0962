"""What a driver's phone pages weigh, and how Google's Lighthouse judges them (`make lighthouse`)."""
