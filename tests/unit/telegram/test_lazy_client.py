"""Who needs no bot does not pay for its client."""

import subprocess
import sys

LIGHT = ", ".join(f"adapters.telegram.{name}" for name in ("notifier", "bot_api", "connection", "decoding"))


def test_bot_adapters_imported_and_made_import_no_client() -> None:
    made = "adapters.telegram.bot_api.TelegramBotApi(adapters.telegram.connection.BotConnection('1:a', 'http://x'))"
    code = f"import sys, {LIGHT}\n{made}\nprint(sorted(sys.modules.keys() & {{'telegram', 'httpx'}}))"

    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)

    assert told.stdout.strip() == "[]"
