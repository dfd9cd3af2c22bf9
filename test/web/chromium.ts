/** Chromium, where it is installed, and pages in it whose every complaint is kept. */
import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";
import { serveFolder } from "../../runtime/web/serve.js";

const places = [process.env.CHROMIUM ?? "", "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Undefined where there is none. */
export const chromiumPath = places.find((path) => path !== "" && existsSync(path));

if (chromiumPath === undefined) {
  console.warn("The tests of pages are skipped: Chromium is not installed (Debian: apt-get install chromium).");
}

export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath ?? "",
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

export interface Visit {
  readonly page: Page;
  /** Errors and warnings on the console, errors in scripts, and what was asked of other hosts or not found. */
  readonly complaints: string[];
  close(): Promise<void>;
}

/** Opens a file of a folder, over a server of its own. */
export async function visit(browser: Browser, folder: string, file: string): Promise<Visit> {
  const server = await serveFolder(folder, 0);
  const context = await browser.newContext();
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() !== "log") complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", ({ message }) => complaints.push(`error: ${message}`));
  page.on("request", (request) => {
    const own = request.url().startsWith(server.address) || /^(data|blob):/.test(request.url());
    if (!own) complaints.push(`asks for ${request.url()}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400) complaints.push(`${response.status()}: ${response.url()}`);
  });
  await page.goto(`${server.address}${file}`);
  await page.waitForSelector(".card");
  return {
    page,
    complaints,
    async close() {
      await context.close();
      server.close();
    },
  };
}
