"""Files of rows: spreadsheets and comma-separated text, read from strangers and written for people."""
