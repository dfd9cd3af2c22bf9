/** Installation in a clone: `npm ci` needs no host but the registry, and no option. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "./support/spawn.js";

// npm ci runs the install scripts of the packages that the lock file marks (npm 10.9 and 11.19). To mend this test, remove the mark.
test("npm ci does not run the install script of onnxruntime-node, which downloads CUDA libraries", () => {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  expect(packages["node_modules/onnxruntime-node"]).toMatchObject({ version: expect.any(String) });
  expect(packages["node_modules/onnxruntime-node"]).not.toHaveProperty("hasInstallScript");
});

test("no configuration key is unknown to npm 11", () => {
  expect(existsSync(join(root, ".npmrc"))).toBe(false);
});
