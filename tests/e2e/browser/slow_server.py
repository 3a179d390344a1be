"""The application with a reader that speaks slowly, so that a test can act in the middle of an answer."""

import sys
from pathlib import Path

import uvicorn
from dependency_injector import providers

from adapters.language_models.guide_reader import GuideReader
from entrypoints.container import sql_container
from entrypoints.runtime import create_application
from entrypoints.settings import Settings
from entrypoints.settings.model import HttpSettings

SECONDS_A_WORD = 0.05


def main() -> None:
    """`slow_server.py DATA_DIR --port PORT`."""
    data_dir, port = Path(sys.argv[1]), int(sys.argv[3])
    container = sql_container(Settings(data_dir=data_dir, http=HttpSettings(port=port)))
    reader = providers.Singleton(GuideReader, container.analyzer, container.clock, SECONDS_A_WORD)
    container.guide_reader.override(reader)
    uvicorn.run(
        create_application(container), host="127.0.0.1", port=port, ws="websockets-sansio", timeout_graceful_shutdown=3
    )


if __name__ == "__main__":
    main()
