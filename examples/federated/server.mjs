/**
 * Federated averaging of browser tabs, on this computer: serves the page, and averages the weights of all tabs after
 * each round, weighted by their rows (McMahan et al., Communication-Efficient Learning of Deep Networks from
 * Decentralized Data, 2017). Rows stay in their tabs.
 *
 * node server.mjs FOLDER TABS [PORT]
 */
import { createReadStream, existsSync } from "node:fs";
import { createServer } from "node:http";
import { basename, extname, join } from "node:path";

const [folder = ".", tabs = "2", port = "8000"] = process.argv.slice(2);
const here = import.meta.dirname;
/** Folders of the files of a page: the examples, onnxruntime-web as FOLDER/ort, and the training step in FOLDER. */
const folders = [here, join(here, "../train-anywhere"), join(folder, "ort"), folder];
const types = /** @type {Record<string, string>} */ ({
  ".html": "text/html",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
});

/** @typedef {{ weights: Buffer, rows: number, respond: (average: Buffer) => void }} Upload */
/** @type {Map<string, Upload[]>} */
const rounds = new Map();

/**
 * The mean of files with the same header: 8 bytes of length, JSON, float32 numbers.
 * @param {readonly Upload[]} uploads
 */
function average(uploads) {
  const [{ weights: first }] = /** @type {[Upload]} */ (uploads);
  const start = 8 + Number(first.readBigUInt64LE(0));
  const total = uploads.reduce((sum, { rows }) => sum + rows, 0);
  const result = Buffer.from(first);
  for (let at = start; at < first.length; at += 4)
    result.writeFloatLE(
      uploads.reduce((sum, { weights, rows }) => sum + (rows / total) * weights.readFloatLE(at), 0),
      at,
    );
  return result;
}

const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://127.0.0.1");
  if (request.method === "POST") {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const uploads = rounds.get(pathname) ?? [];
    rounds.set(pathname, uploads);
    uploads.push({
      weights: Buffer.concat(chunks),
      rows: Number(searchParams.get("rows")),
      respond: (result) => response.end(result),
    });
    if (uploads.length < Number(tabs)) return;
    const result = average(uploads);
    for (const { respond } of uploads) respond(result);
    rounds.delete(pathname);
    return;
  }
  const name = pathname === "/" ? "index.html" : basename(pathname);
  const file = folders.map((each) => join(each, name)).find((path) => existsSync(path));
  response.writeHead(file === undefined ? 404 : 200, {
    "content-type": types[extname(name)] ?? "application/octet-stream",
  });
  if (file === undefined) response.end();
  else createReadStream(file).pipe(response);
});
server.listen(Number(port), "127.0.0.1", () => {
  const address = /** @type {import("node:net").AddressInfo} */ (server.address());
  console.log(`Open http://127.0.0.1:${address.port}/?rows=rows-1.safetensors in a tab for each file of rows.`);
});
