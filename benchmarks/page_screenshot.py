"""Take the picture of the page that the guide shows, of a demo catalogue: smf-embed demo, then this script.

    python benchmarks/page_screenshot.py --catalogue demo/index --output docs/page.png

The pictures of the clips are drawn from their ids, since the clips are invented.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import re
import shutil
import socket
import tempfile
import threading
import time
from pathlib import Path

import uvicorn
from PIL import Image
from playwright.sync_api import Route, sync_playwright

from smf_embed.service.api import create_app
from smf_embed.service.desk import Desk
from smf_embed.service.settings import Settings


def drawn(route: Route) -> None:
    """Answer a request for a picture by a slope of two colours that the id chooses."""
    digest = hashlib.sha256(route.request.url.encode()).digest()
    hues = (digest[0] * 360 // 255, digest[1] * 360 // 255)
    body = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 18"><linearGradient id="g" x2="1" y2="1">'
        f'<stop stop-color="hsl({hues[0]} 55% 62%)"/><stop offset="1" stop-color="hsl({hues[1]} 55% 48%)"/>'
        '</linearGradient><rect width="32" height="18" fill="url(#g)"/>'
        f'<circle cx="{6 + digest[2] % 20}" cy="{5 + digest[3] % 9}" r="{3 + digest[4] % 4}" '
        'fill="#fff" opacity=".35"/></svg>'
    )
    route.fulfill(body=body, content_type="image/svg+xml")


def small(picture: bytes) -> bytes:
    """Return a PNG of at most 256 colours."""
    result = io.BytesIO()
    Image.open(io.BytesIO(picture)).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(
        result, "PNG", optimize=True
    )
    return result.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--catalogue", type=Path, default=Path("demo/index"))
    parser.add_argument("--output", type=Path, default=Path("docs/page.png"))
    parser.add_argument("--project", default="Маша и медведь", help="of whose clips one is shown")
    parser.add_argument("--language", choices=["en", "ru"], default="en")
    parser.add_argument("--chromium", default=shutil.which("chromium") or shutil.which("google-chrome"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, socket.socket() as listening:
        catalogue = shutil.copytree(arguments.catalogue, Path(folder) / "index")
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        with Desk(catalogue, timeout=300.0) as desk:
            desk.warm()
            server = uvicorn.Server(uvicorn.Config(create_app(desk, Settings(port=port)), log_level="warning"))
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
            thread.start()
            rows = desk.similar(title=arguments.project, project=arguments.project, n=20)
            plain = [row for row in rows if re.fullmatch(r"[\w\s«»:,.!|#()-]{20,70}", row["title"] or "")]
            identifier = (plain or rows)[0]["yt_reel_id"]
            with sync_playwright() as browsers:
                browser = browsers.chromium.launch(executable_path=arguments.chromium, args=["--no-sandbox"])
                page = browser.new_page(viewport={"width": 1180, "height": 1000}, locale=arguments.language)
                page.route("https://i.ytimg.com/**", drawn)
                page.goto(f"http://127.0.0.1:{port}/desk")
                page.fill("#who", "Anna")
                page.keyboard.press("Enter")
                page.wait_for_url("**/desk")
                page.goto(f"http://127.0.0.1:{port}/desk/clip?id={identifier}", timeout=120_000)
                page.wait_for_function(
                    "[...document.images].filter(i => i.getBoundingClientRect().top < 1000).every(i => i.complete)"
                )
                time.sleep(0.3)
                picture = small(page.screenshot())
                browser.close()
            server.should_exit = True
            thread.join()
    arguments.output.write_bytes(picture)
    print(f"{arguments.output}: {len(picture):,} bytes, the card of {identifier}")


if __name__ == "__main__":
    main()
