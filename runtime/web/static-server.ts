/** A static file server for one folder, on localhost only. */
import { createReadStream, realpathSync, statSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import { extname, join, sep } from "node:path";

export interface FolderServer {
  readonly address: string;
  close(): void;
}

const contentTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".txt": "text/plain; charset=utf-8",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

/** @param port 0 selects a free port. Rejects with the system's error if the port is not available. */
export function serveFolder(folder: string, port: number): Promise<FolderServer> {
  const server = createServer(({ method, url }, response) => {
    const file = method === "GET" || method === "HEAD" ? resolveFile(folder, url ?? "/") : undefined;
    if (file === undefined) {
      respond(response, 404);
      return;
    }
    const type = contentTypes[extname(file)] ?? "application/octet-stream";
    response.writeHead(200, { "content-type": type, "cache-control": "no-cache", "x-content-type-options": "nosniff" });
    if (method === "HEAD") response.end();
    else
      createReadStream(file)
        .on("error", () => response.destroy())
        .pipe(response);
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      const addressInfo = server.address();
      if (addressInfo === null || typeof addressInfo === "string") throw new Error("The server has no port.");
      resolve({
        address: `http://127.0.0.1:${addressInfo.port}/`,
        close() {
          server.close();
          server.closeAllConnections();
        },
      });
    });
  });
}

/** The file for a URL; undefined unless it is inside the folder after resolving links. */
function resolveFile(folder: string, url: string): string | undefined {
  let path: string;
  try {
    path = decodeURIComponent(new URL(url, "http://127.0.0.1").pathname);
  } catch {
    return undefined;
  }
  if (path.includes("\0")) return undefined;
  try {
    const file = realpathSync(join(folder, path.endsWith("/") ? `${path}index.html` : path));
    const isInside = file.startsWith(join(realpathSync(folder), sep));
    return isInside && statSync(file).isFile() ? file : undefined;
  } catch {
    return undefined;
  }
}

function respond(response: ServerResponse, status: number): void {
  response.writeHead(status, { "content-type": "text/plain" }).end("Not found.\n");
}
