"""The people's side: the command line `warrant`."""
