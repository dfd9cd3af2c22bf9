/** Writes the generated pages of docs/reference/: `npm run reference`, after a build. */
import { mkdirSync, writeFileSync } from "node:fs";
import { commands } from "../../dist/cli/commands/index.js";
import { explainFunction, updateOperators } from "../../dist/compiler/inspect/explain-function.js";
import { builtInFunctions, updateFunctions } from "../../dist/compiler/language/functions/index.js";
import { cliReference } from "./cli-reference.mjs";
import { languageReference } from "./language-reference.mjs";
import { specReference } from "./spec-reference.mjs";

const folder = new URL("../reference/", import.meta.url);
mkdirSync(new URL("spec/", folder), { recursive: true });
for (const [page, text] of specReference()) writeFileSync(new URL(`spec/${page}`, folder), text);
const language = languageReference(builtInFunctions, updateFunctions, explainFunction, updateOperators);
writeFileSync(new URL("language.md", folder), language);
writeFileSync(new URL("cli.md", folder), await cliReference(commands));
