"""MLflow lives here and nowhere else: a complete, idempotent projection of the journal, for people to read.

Takes a plan, its trials and scores, comparisons and decisions; gives MLflow experiments, runs, traces, prompt
versions and aliases, and the same trial table back from run ids; never decides, and never is the only copy.
"""
