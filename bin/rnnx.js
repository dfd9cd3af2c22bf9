#!/usr/bin/env node
/** The `rnnx` command: runs the built program, or prints how to build it. */
import { existsSync } from "node:fs";
import module from "node:module";
import { fileURLToPath } from "node:url";

const program = new URL("../dist/program/main.js", import.meta.url);

if (existsSync(program)) {
  // Node 22 and later cache the compiled code for the next start.
  module.enableCompileCache?.();
  const { main } = await import(program.href);
  process.exitCode = await main(process.argv.slice(2));
} else {
  const folder = fileURLToPath(new URL("..", import.meta.url));
  process.stderr.write(`rnnx is not built yet: run \`npm run build\` in ${folder} (\`npm ci\` builds too).\n`);
  process.exitCode = 1;
}
