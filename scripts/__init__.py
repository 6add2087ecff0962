"""What a maintainer runs now and then; nothing here is needed to run Swapline."""
