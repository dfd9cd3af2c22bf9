/** The static server serves files of its folder only. */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { serveFolder } from "../../../runtime/web/static-server.js";
import { temporaryFolder } from "../../support/temporary-folder.js";

async function serveTestFolder() {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "page/ort"), { recursive: true });
  writeFileSync(join(folder, "secret.txt"), "secret");
  writeFileSync(join(folder, "page/index.html"), "<p>page");
  writeFileSync(join(folder, "page/ort/x.wasm"), "\0asm");
  const server = await serveFolder(join(folder, "page"), 0);
  onTestFinished(() => server.close());
  return { folder, address: server.address };
}

/** The status line for a path that no client would send unencoded. */
function raw(address: string, path: string): Promise<string> {
  const { hostname, port } = new URL(address);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(`GET ${path} HTTP/1.0\r\n\r\n`));
    socket.on("data", (bytes) => {
      resolve(bytes.toString("latin1").split("\r\n")[0] ?? "");
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

test("files have content types", async () => {
  const { address } = await serveTestFolder();
  const page = await fetch(address);
  expect(await page.text()).toBe("<p>page");
  expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect((await fetch(`${address}ort/x.wasm?v=1`)).headers.get("content-type")).toBe("application/wasm");
  expect((await fetch(`${address}missing.js`)).status).toBe(404);
  expect((await fetch(address, { method: "POST" })).status).toBe(404);
});

test.each([
  "/../secret.txt",
  "/%2e%2e/secret.txt",
  "/ort/..%2f..%2fsecret.txt",
  "/..%5csecret.txt",
  "//etc/passwd",
  "/%00",
  "/%zz",
])("%s is not found", async (path) => {
  const { address } = await serveTestFolder();
  expect(await raw(address, path)).toContain("404");
});

test("a link out of the folder is not followed", async () => {
  const { folder, address } = await serveTestFolder();
  symlinkSync(join(folder, "secret.txt"), join(folder, "page/link.txt"));
  expect((await fetch(`${address}link.txt`)).status).toBe(404);
});

test("a port in use is an error", async () => {
  const { folder, address } = await serveTestFolder();
  await expect(serveFolder(folder, Number(new URL(address).port))).rejects.toMatchObject({ code: "EADDRINUSE" });
});
