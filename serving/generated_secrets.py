"""Secrets of docker-compose.yml: ``python -m serving.generated_secrets FOLDER HOST PORT``.

Makes those that are missing. HOST and PORT are those of Redis, the store of profiles. Existing files are
kept: the profiles and the saved state of the job belong to their hash key.
"""

import secrets
import sys
from pathlib import Path
from typing import Final

from fraudstream.web.api_keys import make_key
from serving.serving_names import KEY_PREFIX

HASH_KEY: Final = "hash-key"
REDIS_PASSWORD: Final = "redis-password"  # noqa: S105 - the name of a file
REDIS_CONF: Final = "redis.conf"
PROFILE_STORE: Final = "profile-store"
API_KEY: Final = "decision-api-key"
API_KEYS: Final = "decision-api-keys"
SCOPES: Final = ("decisions:read", "labels:write", "transactions:read", "transactions:write")
REDIS_SETTINGS: Final = 'save ""\nappendonly no\nmaxmemory 384mb\nmaxmemory-policy noeviction\ndir /tmp\n'
"""No files: the job writes the profiles again. Without room, writes fail and no profile disappears unseen."""


def generate(folder: Path, host: str, port: int) -> list[str]:
    """Write the files that are missing, readable by their owner alone; return their names."""
    made: list[str] = []

    def keep_or_write(name: str, text: str) -> str:
        path = folder / name
        if not path.exists():
            partial = folder / f".{name}"
            partial.touch(mode=0o600)
            partial.write_text(text + "\n")
            partial.rename(path)
            made.append(name)
        return path.read_text().strip()

    keep_or_write(HASH_KEY, secrets.token_hex(16))
    password = keep_or_write(REDIS_PASSWORD, secrets.token_urlsafe(32))
    keep_or_write(REDIS_CONF, f"requirepass {password}\n{REDIS_SETTINGS}")
    keep_or_write(PROFILE_STORE, f"redis://:{password}@{host}:{port}/0")
    if not (folder / API_KEYS).exists():
        key, kept = make_key("compose", KEY_PREFIX, SCOPES)
        (folder / API_KEY).unlink(missing_ok=True)
        keep_or_write(API_KEY, key)
        keep_or_write(API_KEYS, kept.line())
    return made


if __name__ == "__main__":
    target, redis_host, redis_port = sys.argv[1:]
    written = generate(Path(target), redis_host, int(redis_port))
    sys.stdout.write(f"generated: {', '.join(written) or 'nothing, all secrets exist'}\n")
