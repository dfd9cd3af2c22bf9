#!/usr/bin/env node
/** The `rnnx` command: runs the built program, or prints how to build it. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../dist/program/main.cjs", import.meta.url));

if (existsSync(program)) {
  const { main } = createRequire(import.meta.url)(program);
  process.exitCode = await main(process.argv.slice(2));
} else {
  const folder = fileURLToPath(new URL("..", import.meta.url));
  process.stderr.write(`rnnx is not built yet: run \`npm run build\` in ${folder} (\`npm ci\` builds too).\n`);
  process.exitCode = 1;
}
