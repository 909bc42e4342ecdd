"""Command line of the SageMaker endpoint: ``python -m serving.sagemaker archive | serve | deploy``."""

from pathlib import Path
from typing import Annotated, Final

import typer
import uvicorn

from fraudstream.domain.catalogue import Catalogue, CatalogueError
from fraudstream.runtime.aws_clients import aws_client
from fraudstream.runtime.aws_errors import AWS_ERRORS, AwsCredentialsError, explained
from fraudstream.runtime.command_app import CommandApp
from fraudstream.runtime.project_root import ROOT
from fraudstream.runtime.terminal import write_error
from fraudstream.scoring.manifest import ModelError
from fraudstream.scoring.scorer import Scorer
from fraudstream.streams.stream_commands import load_settings
from serving.sagemaker.endpoint_deployment import Deployment, deploy
from serving.sagemaker.inference_app import inference_app
from serving.sagemaker.model_archive import write_model_archive

UNPACKED: Final = Path("/opt/ml/model")
"""Folder to which SageMaker unpacks the archive."""
PORT: Final = 8_080
READ_TIMEOUT_S: Final = 30.0
command = CommandApp(help="SageMaker: the model's archive, the container's server, the endpoint.")
ModelOption = Annotated[Path, typer.Option(help="Folder of the model version")]


@command.command()
def archive(
    model: ModelOption = ROOT / "models" / "v1",
    out: Annotated[Path, typer.Option(help="File to write")] = ROOT / "build" / "model.tar.gz",
) -> None:
    """Write the archive of a model version, always with the same bytes."""
    try:
        write_model_archive(model, out)
    except (ModelError, OSError) as error:
        write_error(str(error))
        raise typer.Exit(2) from error
    typer.echo(f"{out} ({out.stat().st_size:,} bytes)")


@command.command()
def serve(
    model: ModelOption = UNPACKED,
    catalogue: Annotated[Path | None, typer.Option(help="The model's catalogue; built-in by default")] = None,
    host: Annotated[str, typer.Option(help="Address to listen on")] = "0.0.0.0",  # noqa: S104 - SageMaker's rule
    port: Annotated[int, typer.Option(help="Port to listen on")] = PORT,
) -> None:
    """Serve ``/ping`` and ``/invocations`` without authentication: SageMaker alone reaches the container."""
    try:
        features = Catalogue.load(catalogue)
        app = inference_app(Scorer.load(model, features), features.width)
    except (ModelError, CatalogueError) as error:
        write_error(str(error))
        raise typer.Exit(2) from error
    uvicorn.run(app, host=host, port=port, log_level="warning")


@command.command("deploy")
def deploy_endpoint(  # noqa: PLR0913 - the options of a command line
    *,
    image: Annotated[str, typer.Option(help="Image of the container, in ECR")],
    model_data_url: Annotated[str, typer.Option(help="The archive in S3, like s3://BUCKET/model.tar.gz")],
    role: Annotated[str, typer.Option(help="ARN of the role that the endpoint runs with")],
    endpoint: Annotated[str, typer.Option(help="Name of the endpoint")] = "fraudstream",
    instance_type: Annotated[str, typer.Option(help="Type of its instances")] = "ml.m5.large",
    instances: Annotated[int, typer.Option(min=1, help="Number of its instances")] = 1,
) -> None:
    """Create the endpoint, or update it to these options; does nothing if it has them already."""
    settings = load_settings()
    wanted = Deployment(
        endpoint=endpoint,
        image=image,
        model_data_url=model_data_url,
        role=role,
        instance_type=instance_type,
        instances=instances,
    )
    try:
        done = deploy(aws_client("sagemaker", settings, read_timeout_s=READ_TIMEOUT_S), wanted)
    except AwsCredentialsError as error:
        write_error(str(error))
        raise typer.Exit(2) from error
    except AWS_ERRORS as error:
        write_error(f"SageMaker refuses the deployment: {explained(error)}")
        raise typer.Exit(1) from error
    typer.echo(f"endpoint {endpoint}: {done}; configuration {wanted.configuration}")


if __name__ == "__main__":
    command()
