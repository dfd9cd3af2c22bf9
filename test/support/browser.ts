/** A headless Chromium for tests of pages, where the machine has one; CHROMIUM names one that is elsewhere. */
import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";

const candidates = [
  ...["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"],
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

export const chromiumPath = process.env.CHROMIUM ?? candidates.find((path) => existsSync(path));

/** For the titles of tests that are skipped. */
export const withChromium = chromiumPath === undefined ? " (skipped: there is no Chromium here)" : "";

export function openBrowser(args: readonly string[] = []): Promise<Browser> {
  if (chromiumPath === undefined) throw new Error("There is no Chromium here.");
  return chromium.launch({ executablePath: chromiumPath, args: ["--no-sandbox", ...args] });
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
