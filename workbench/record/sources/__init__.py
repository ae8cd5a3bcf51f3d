"""Other tools' runs as trial tables.

Takes a file of promptfoo or of Inspect, an MLflow evaluate run or its traces, or a DataFrame, gives a trial
table in which a failure is a failure with its reason and what was not recorded is missing, never zero.
"""
