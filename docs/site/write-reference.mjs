/** Writes the pages of docs/reference/ that are made from the code: `npm run reference`, on the built program. */
import { writeFileSync } from "node:fs";
import { commands } from "../../dist/cli/commands/index.js";
import { cliReference } from "./cli-reference.mjs";
import { specReference } from "./spec-reference.mjs";

const write = (name, text) => writeFileSync(new URL(`../reference/${name}`, import.meta.url), text);

write("spec.md", specReference());
write("cli.md", await cliReference(commands));
