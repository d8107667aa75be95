"""Make the input of kernels.py: the texts of a JSON Lines file with 0x1E between, repeated to a size."""

import json
import sys
from pathlib import Path


def main() -> int:
    source, target, size = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    with source.open(encoding="utf-8") as lines:
        texts = [json.loads(line)["text"].replace("\x1e", " ").encode() for line in lines]
    once = b"\x1e".join(texts)
    data = b"\x1e".join([once] * (size // len(once) + 1))[:size]
    target.write_bytes(data[: data.rfind(b"\x1e")])
    return 0


if __name__ == "__main__":
    sys.exit(main())
