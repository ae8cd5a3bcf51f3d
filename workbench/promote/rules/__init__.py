"""The gate's rules, one file each: takes the facts on one challenger, gives one finding, never decides."""
