"""A headless browser, driven from Python through `driver.mjs`."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
_NODE = Path(sys.executable).with_name("node")
_MOST_LINE = 8 * 1024 * 1024


class BrowserError(Exception):
    """What the browser was told to do did not work."""


class Browser:
    """One tab of it. Scripts are JavaScript expressions."""

    def __init__(self, process: asyncio.subprocess.Process, name: str = "first") -> None:
        self._process = process
        self._name = name

    def tab(self, name: str) -> "Browser":
        """Another tab; only one of them may be waited for at a time."""
        return Browser(self._process, name)

    async def open(self, url: str, *, view: str = "desktop", dark: bool = False) -> None:
        await self._tell("open", url=url, view=view, dark=dark)

    async def leave(self) -> None:
        """The page is gone, as if its tab were closed."""
        await self._tell("leave")

    async def reload(self) -> None:
        await self._tell("reload")

    async def evaluate(self, script: str) -> Any:
        return await self._tell("evaluate", script=script)

    async def until(self, script: str, seconds: float = 20.0) -> None:
        """Waits until the expression is true. Raises BrowserError."""
        await self._tell("until", script=script, seconds=seconds)

    async def text(self, selector: str) -> str:
        return str(await self.evaluate(f"document.querySelector({json.dumps(selector)}).textContent"))

    async def click(self, selector: str) -> None:
        await self._tell("click", selector=selector)

    async def fill(self, selector: str, text: str) -> None:
        await self._tell("fill", selector=selector, text=text)

    async def press(self, key: str) -> None:
        await self._tell("press", key=key)

    async def shot(self, path: Path) -> None:
        await self._tell("shot", path=str(path))

    async def complaints(self) -> list[str]:
        """Errors and warnings on the page's console."""
        return list(await self._tell("complaints"))

    async def _tell(self, action: str, **options: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"action": action, "tab": self._name, **options}).encode() + b"\n")
        async with asyncio.timeout(60):
            line = await self._process.stdout.readline()
        if not line:
            raise BrowserError("the browser is gone")
        answer = json.loads(line)
        if "error" in answer:
            raise BrowserError(f"{action}: {answer['error']}")
        return answer["value"]


@asynccontextmanager
async def open_browser() -> AsyncIterator[Browser]:
    process = await asyncio.create_subprocess_exec(
        str(_NODE),
        "driver.mjs",
        cwd=HERE,
        env={**os.environ, "NODE_OPTIONS": ""},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_MOST_LINE,
    )
    try:
        yield Browser(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(10):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
