/** A headless Chromium for tests of pages, where the machine has one; CHROMIUM names one that is elsewhere. */
import { cpSync, existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";

const candidates = [
  ...["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"],
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

const distFolder = fileURLToPath(new URL("../../node_modules/onnxruntime-web/dist", import.meta.url));

export const chromiumPath = process.env.CHROMIUM ?? candidates.find((path) => existsSync(path));

/** For the titles of tests that are skipped. */
export const withChromium = chromiumPath === undefined ? " (skipped: there is no Chromium here)" : "";

export function openBrowser(args: readonly string[] = []): Promise<Browser> {
  if (chromiumPath === undefined) throw new Error("There is no Chromium here.");
  return chromium.launch({ executablePath: chromiumPath, args: ["--no-sandbox", ...args] });
}

/** Copies the files of onnxruntime-web that a page with `ort.wasm.min.mjs` reads into the folder `ort` of a site. */
export function copyWasmRuntime(site: string): void {
  const files = ["ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"];
  for (const name of files) cpSync(join(distFolder, name), join(site, "ort", name));
}

/** A page, and what goes wrong on it: errors, warnings on its console, requests that fail or leave for another origin. */
export async function openPage(browser: Browser, url: string): Promise<{ page: Page; errors: string[] }> {
  const page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) errors.push(`${message.type()}: ${message.text()}`);
  });
  page.on("requestfailed", (request) => errors.push(`failed: ${request.url()}`));
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin && !request.url().startsWith("data:"))
      errors.push(`leaves: ${request.url()}`);
  });
  await page.goto(url);
  return { page, errors };
}

/** The bytes behind the first link of a page. */
export async function linkedFile(page: Page): Promise<Uint8Array> {
  const address = await page.locator("a").first().getAttribute("href");
  const read = `(async () => [...new Uint8Array(await (await fetch(${JSON.stringify(address)})).arrayBuffer())])()`;
  return Uint8Array.from(await page.evaluate<number[]>(read));
}
