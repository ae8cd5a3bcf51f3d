"""A process of its own that evaluates with MLflow as its users do: MLflow's settings are global."""

from __future__ import annotations

import sys

import mlflow
from mlflow.genai import scorer


@scorer
def right(outputs: str, expectations: dict[str, str]) -> bool:
    """Judge by equality."""
    return outputs == expectations["expected"]


@scorer
def fragile(outputs: str) -> float:
    """Break on one answer."""
    if outputs == "beta":
        raise ValueError("cannot judge beta")
    return 0.5


def main(uri: str) -> None:
    """Evaluate two functions on four questions; print the runs' ids."""
    mlflow.set_tracking_uri(uri)
    mlflow.set_experiment("elsewhere")
    data = [{"inputs": {"question": f"q{i}"}, "expectations": {"expected": "alpha"}} for i in range(4)]

    def plain(question: str) -> str:
        if question == "q3":
            raise RuntimeError("HTTP 500: broken")
        return "beta" if question == "q1" else "alpha"

    def careful(question: str) -> str:
        return "alpha"

    for predict in (plain, careful):
        with mlflow.start_run(run_name=predict.__name__):
            found = mlflow.genai.evaluate(data=data, predict_fn=predict, scorers=[right, fragile])
        print("run", found.run_id, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
