"""Plan -> rows.

Takes a `Plan`, models, the journal and a function that scores, gives trial rows, each journalled as it lands,
and a handle that shows progress and stops; never knows OpenAI or MLflow.
"""
