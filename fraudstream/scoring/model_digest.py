"""Digest of a model version's contents, which names the model in alerts."""

import hashlib
from collections.abc import Mapping

import orjson

from fraudstream.scoring.manifest import Manifest


def model_digest(manifest: Manifest, files: Mapping[str, bytes]) -> str:
    """Return the SHA-256, as 64 hexadecimal digits, of a manifest and its members' files by name.

    A version that is trained again, or changed by hand, has another digest under the same version name.
    """
    contents = {
        "manifest": manifest.model_dump(mode="json"),
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
    }
    return hashlib.sha256(orjson.dumps(contents, option=orjson.OPT_SORT_KEYS)).hexdigest()
