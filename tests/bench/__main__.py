"""`make bench`: every measurement, one after another."""

from tests.bench import foretelling, live, moving, nearby, place, tap

BENCHES = (nearby, foretelling, place, moving, live, tap)

if __name__ == "__main__":
    for bench in BENCHES:
        bench.main()
