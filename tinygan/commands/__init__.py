"""The commands, one file each: `ABOUT` in a line, `add(parser)` its options, `run(options)` its work."""
