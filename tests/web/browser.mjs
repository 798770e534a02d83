import chromium from "@sparticuz/chromium";
import { chromium as playwright } from "playwright-core";

/** A headless browser with WebGL: the one that CHROME names, else the one from the package registry. */
export async function openBrowser() {
  const software = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"];
  if (process.env["CHROME"]) return playwright.launch({ executablePath: process.env["CHROME"], args: software });
  return playwright.launch({ executablePath: await chromium.executablePath(), args: [...chromium.args, ...software] });
}
