"""Application of a SageMaker container: ``GET /ping`` and ``POST /invocations``.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
SageMaker authenticates the callers of an endpoint; the container is reached by SageMaker alone.
"""

from http import HTTPStatus

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fraudstream.scoring.scorer import Scorer
from fraudstream.web.problem_details import Problem
from serving.sagemaker.feature_vectors import CSV_TYPE, JSON_TYPE, VectorError, read_vectors
from serving.serving_names import PROBLEMS


def inference_app(scorer: Scorer, width: int) -> Starlette:
    """Return the application; ``width`` is that of the model's catalogue.

    ``/invocations`` takes vectors as CSV or JSON, and answers in the same format: a score per line, or
    ``{"predictions": [{"score": …}, …]}`` with the model's version and threshold.
    """

    async def ping(_request: Request) -> Response:
        return Response(status_code=HTTPStatus.OK)

    async def invocations(request: Request) -> Response:
        media_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if media_type not in {CSV_TYPE, JSON_TYPE}:
            detail = f"send the vectors with Content-Type: {CSV_TYPE}, or {JSON_TYPE}"
            return PROBLEMS.response(request.scope, Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail))
        try:
            vectors = read_vectors(await request.body(), media_type, width)
        except VectorError as error:
            return PROBLEMS.response(request.scope, Problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)))
        scores = scorer.score(vectors).tolist()
        if media_type == CSV_TYPE:
            return Response("".join(f"{score!r}\n" for score in scores), media_type=CSV_TYPE)
        manifest = scorer.manifest
        answer = {
            "predictions": [{"score": score, "is_fraud": score >= manifest.threshold} for score in scores],
            "threshold": manifest.threshold,
            "model_version": manifest.version,
            "model_digest": manifest.digest,
        }
        return Response(orjson.dumps(answer), media_type=JSON_TYPE)

    return Starlette(
        routes=[Route("/ping", ping), Route("/invocations", invocations, methods=["POST"])],
    )
