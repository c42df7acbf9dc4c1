"""The one door in: a delivery file is kept as received, judged row by row, landed once, and reported on."""
