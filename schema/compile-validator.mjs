/** Writes spec.validator.mjs: the schemas compiled to code at build time. Compiling takes ten times as long as validating. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { Ajv2020 } from "ajv/dist/2020.js";
import standalone from "ajv/dist/standalone/index.js";

const read = (name) => JSON.parse(readFileSync(new URL(name, import.meta.url), "utf8"));

/** Facts about kinds and keys that validation does not read (schema/json-schema.ts). */
const annotations = [
  ...[
    "x-targets",
    "x-metrics",
    "x-direction",
    "x-name",
    "x-streaming",
    "x-time-axis",
    "x-counts-steps",
    "x-vocabulary",
  ],
  ...["x-default-by", "x-normal", "x-equation", "x-source"],
];

/** Ajv in strict mode, with all errors at once, and each error with its schema. */
export function compileSchemas(options = {}) {
  const ajv = new Ajv2020({
    strict: true,
    strictRequired: false, // `required` inside oneOf names properties of the schema around it
    allowUnionTypes: true,
    allErrors: true,
    verbose: true,
    messages: false,
    discriminator: true,
    ...options,
  });
  ajv.addVocabulary(annotations);
  ajv.addSchema(read("cell.schema.json"), "cell.schema.json");
  return { ajv, spec: ajv.compile(read("spec.schema.json")) };
}

/** The source of the validator module. */
export function validatorSource() {
  const { ajv, spec } = compileSchemas({ code: { source: true, esm: true } });
  return `// Written by compile-validator.mjs from spec.schema.json and cell.schema.json.
import { createRequire } from "node:module";
const require = createRequire(import.meta.url);
${standalone.default(ajv, spec)}
`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const file = new URL("spec.validator.mjs", import.meta.url);
  const source = validatorSource();
  // Running programs read the file, so an unchanged one is not rewritten.
  if (!existsSync(file) || readFileSync(file, "utf8") !== source) writeFileSync(file, source);
}
