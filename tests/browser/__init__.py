"""The journey as a person sees it: JupyterLab and MLflow's UI in a real browser."""
