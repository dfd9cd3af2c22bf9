/** The live page's server: on this machine alone, the page's own files and a stream of states, and nothing else. */
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { packageRoot } from "../../schema/root.js";
import type { LiveState } from "./state.js";

export interface LiveServer {
  readonly url: string;
  /** Sends the last state to all pages, and ends. */
  close(): Promise<void>;
}

const host = "127.0.0.1";
/** Milliseconds between states, at the least. */
const pause = 400;

const page = (name: string) => join(packageRoot(), "views/live/page", name);

/** What is served: from where, and as what. */
function files(): Readonly<Record<string, readonly [path: string, type: string]>> {
  const uplot = dirname(createRequire(import.meta.url).resolve("uplot/package.json"));
  return {
    "/": [page("index.html"), "text/html"],
    "/page.css": [page("page.css"), "text/css"],
    "/page.js": [page("page.js"), "text/javascript"],
    "/answers.js": [page("answers.js"), "text/javascript"],
    "/uplot.js": [join(uplot, "dist/uPlot.esm.js"), "text/javascript"],
    "/uplot.css": [join(uplot, "dist/uPlot.min.css"), "text/css"],
  };
}

/** @param port 0 takes any that is free. Rejects where it is taken. */
export function openServer(state: () => LiveState, port: number): Promise<LiveServer> {
  const served = files();
  const readers = new Set<ServerResponse>();
  let sent: LiveState | undefined;
  const broadcast = () => {
    const current = state();
    if (current === sent || readers.size === 0) return;
    sent = current;
    const message = `data: ${JSON.stringify(current)}\n\n`;
    for (const reader of readers) reader.write(message);
  };
  const timer = setInterval(broadcast, pause);

  const stream = (request: IncomingMessage, response: ServerResponse) => {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    response.write(`retry: 1000\ndata: ${JSON.stringify(state())}\n\n`);
    readers.add(response);
    request.on("close", () => readers.delete(response));
  };

  const server = createServer((request, response) => {
    const own = new Set([`${host}:${portOf()}`, `localhost:${portOf()}`]);
    // A page of another site whose name was made to lead here is none of ours.
    if (!own.has(request.headers.host ?? "")) return refuse(response, 403);
    if (request.method !== "GET") return refuse(response, 405);
    const path = (request.url ?? "").split("?")[0] ?? "";
    if (path === "/events") return stream(request, response);
    const file = Object.hasOwn(served, path) ? served[path] : undefined;
    if (file === undefined) return refuse(response, 404);
    response.writeHead(200, {
      "content-type": `${file[1]}; charset=utf-8`,
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "content-security-policy":
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:",
    });
    response.end(readFileSync(file[0]));
  });
  const portOf = () => (server.address() as AddressInfo | null)?.port ?? port;

  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      clearInterval(timer);
      reject(error);
    });
    server.listen(port, host, () => {
      resolve({
        url: `http://${host}:${portOf()}/`,
        close() {
          clearInterval(timer);
          sent = undefined;
          broadcast();
          for (const reader of readers) reader.end("event: end\ndata: {}\n\n");
          return new Promise((closed) => {
            server.close(() => closed());
            server.closeIdleConnections();
          });
        },
      });
    });
  });
}

function refuse(response: ServerResponse, code: number): void {
  response.writeHead(code, { "content-type": "text/plain" });
  response.end();
}
