// Opens a page in a headless browser, waits until it is live, and takes a picture.
// node screenshot.mjs URL OUT.png [--phone] [--dark] [--wait SECONDS] [--select ASSET] [--zoom STEPS] [--inbox]
import { parseArgs } from "node:util";
import { openBrowser } from "./browser.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    phone: { type: "boolean", default: false },
    dark: { type: "boolean", default: false },
    wait: { type: "string", default: "6" },
    select: { type: "string" },
    zoom: { type: "string", default: "0" },
    inbox: { type: "boolean", default: false },
  },
});
const [url, out] = positionals;
const browser = await openBrowser();
try {
  const page = await browser.newPage({
    viewport: values.phone ? { width: 390, height: 844 } : { width: 1440, height: 900 },
    deviceScaleFactor: values.phone ? 2 : 1,
    isMobile: values.phone,
    hasTouch: values.phone,
    colorScheme: values.dark ? "dark" : "light",
  });
  page.on("console", (message) => console.log(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => console.log(`error: ${error.message}`));
  await page.goto(url);
  await page.waitForSelector('#link[data-phase="live"]', { timeout: 90_000 });
  await page.waitForTimeout(Number(values.wait) * 1000);
  if (values.select !== undefined) {
    await page.fill("#search", values.select);
    await page.click(".row:not([hidden])");
    await page.evaluate(() => {
      const search = document.querySelector("#search");
      search.value = "";
      search.dispatchEvent(new Event("input"));
      search.blur();
    });
    await page.waitForTimeout(3000);
  }
  for (let step = 0; step < Number(values.zoom); step += 1) {
    await page.click(".maplibregl-ctrl-zoom-in");
    await page.waitForTimeout(700);
  }
  if (values.inbox) {
    await page.click("#bell");
    await page.waitForTimeout(1500);
  }
  await page.screenshot({ path: out, timeout: 90_000 });
  console.log(`${out}: ${await page.textContent("#link")}`);
} finally {
  await browser.close();
}
