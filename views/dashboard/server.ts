/** The live page's server: on this machine alone, the page's own files and a stream of states, and nothing else. */
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { packageRoot } from "../../schema/package-root.js";
import type { DashboardState } from "./dashboard-state.js";

export interface DashboardServer {
  readonly url: string;
  /** Sends the last state to all pages, and ends. */
  close(): Promise<void>;
}

const host = "127.0.0.1";
/** Milliseconds between states, at the least. */
const broadcastInterval = 400;

const pagePath = (name: string) => join(packageRoot(), "views/dashboard/page", name);

/** What is served: from where, and as what. */
function staticFiles(): Readonly<Record<string, readonly [path: string, type: string]>> {
  const uplot = dirname(createRequire(import.meta.url).resolve("uplot/package.json"));
  return {
    "/": [pagePath("index.html"), "text/html"],
    "/page.css": [pagePath("page.css"), "text/css"],
    "/page.js": [pagePath("page.js"), "text/javascript"],
    "/predictions.js": [pagePath("predictions.js"), "text/javascript"],
    "/uplot.js": [join(uplot, "dist/uPlot.esm.js"), "text/javascript"],
    "/uplot.css": [join(uplot, "dist/uPlot.min.css"), "text/css"],
  };
}

/** @param port 0 takes any that is free. Rejects where it is taken. */
export function openServer(state: () => DashboardState, port: number): Promise<DashboardServer> {
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
    // A page of another site whose name was made to lead here is none of ours.
    if (!allowedHosts.has(request.headers.host ?? "")) return sendError(response, 403);
    if (request.method !== "GET") return sendError(response, 405);
    const path = (request.url ?? "").split("?")[0] ?? "";
    if (path === "/events") return streamEvents(request, response);
    const file = Object.hasOwn(assets, path) ? assets[path] : undefined;
    if (file === undefined) return sendError(response, 404);
    response.writeHead(200, {
      "content-type": `${file[1]}; charset=utf-8`,
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "content-security-policy":
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:",
    });
    response.end(readFileSync(file[0]));
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
