"""The annual report of a release: the same contents as HTML, PDF, XLSX and CSV, the same bytes each time."""
