"""What the workbench claims, measured: `make evidence-<room>`; with QUICK=1 a smaller honest version."""
