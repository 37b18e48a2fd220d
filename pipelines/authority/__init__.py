"""People's say over what leaves: holds, requests and their answers; all of it events of the journal."""
