/** The dashboard's HTTP server on localhost: the page's files and a stream of states (server-sent events). */
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { packageRoot } from "../../schema/package-root.js";
import { paletteCss } from "../palette.js";
import type { DashboardState } from "./dashboard-state.js";

export interface DashboardServer {
  readonly url: string;
  /** Sends the last state to all pages and closes their connections. */
  close(): Promise<void>;
}

const host = "127.0.0.1";
/** Minimum interval between states, in milliseconds. */
const broadcastInterval = 400;

/** The served files by URL path: their media type, and their content read on each request. */
function staticFiles(): Readonly<Record<string, readonly [type: string, content: () => string]>> {
  const uplot = dirname(createRequire(import.meta.url).resolve("uplot/package.json"));
  const file = (folder: string, name: string) => () => readFileSync(join(folder, name), "utf8");
  const page = join(packageRoot(), "views/dashboard/page");
  return {
    "/": ["text/html", file(page, "index.html")],
    "/page.css": ["text/css", file(page, "page.css")],
    "/palette.css": ["text/css", paletteCss],
    "/page.js": ["text/javascript", file(page, "page.js")],
    "/predictions.js": ["text/javascript", file(page, "predictions.js")],
    "/format.js": ["text/javascript", file(join(packageRoot(), "dist/runtime"), "format.js")],
    "/schema/counts.js": ["text/javascript", file(join(packageRoot(), "dist/schema"), "counts.js")],
    "/uplot.js": ["text/javascript", file(uplot, "dist/uPlot.esm.js")],
    "/uplot.css": ["text/css", file(uplot, "dist/uPlot.min.css")],
  };
}

/**
 * Starts the server.
 *
 * @param port 0 selects a free port. Rejects if the port is in use.
 */
export function startDashboardServer(state: () => DashboardState, port: number): Promise<DashboardServer> {
  const assets = staticFiles();
  const clients = new Set<ServerResponse>();
  let lastSent: DashboardState | undefined;
  const broadcast = () => {
    const current = state();
    if (current === lastSent || clients.size === 0) return;
    lastSent = current;
    const message = `data: ${JSON.stringify(current)}\n\n`;
    for (const client of clients) client.write(message);
  };
  const timer = setInterval(broadcast, broadcastInterval);

  const streamEvents = (request: IncomingMessage, response: ServerResponse) => {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    response.write(`retry: 1000\ndata: ${JSON.stringify(state())}\n\n`);
    clients.add(response);
    request.on("close", () => clients.delete(response));
  };

  const server = createServer((request, response) => {
    const allowedHosts = new Set([`${host}:${currentPort()}`, `localhost:${currentPort()}`]);
    // Rejects DNS rebinding: pages of other sites under a name that resolves to localhost.
    if (!allowedHosts.has(request.headers.host ?? "")) return sendError(response, 403);
    if (request.method !== "GET") return sendError(response, 405);
    const path = (request.url ?? "").split("?")[0] ?? "";
    if (path === "/events") return streamEvents(request, response);
    const file = Object.hasOwn(assets, path) ? assets[path] : undefined;
    if (file === undefined) return sendError(response, 404);
    response.writeHead(200, {
      "content-type": `${file[0]}; charset=utf-8`,
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "content-security-policy":
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:",
    });
    response.end(file[1]());
  });
  const currentPort = () => (server.address() as AddressInfo | null)?.port ?? port;

  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      clearInterval(timer);
      reject(error);
    });
    server.listen(port, host, () => {
      resolve({
        url: `http://${host}:${currentPort()}/`,
        close() {
          clearInterval(timer);
          lastSent = undefined;
          broadcast();
          for (const client of clients) client.end("event: end\ndata: {}\n\n");
          return new Promise((onClosed) => {
            server.close(() => onClosed());
            server.closeIdleConnections();
          });
        },
      });
    });
  });
}

function sendError(response: ServerResponse, code: number): void {
  response.writeHead(code, { "content-type": "text/plain" });
  response.end();
}
