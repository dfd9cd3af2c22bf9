/**
 * Writes spec.validator.mjs: the schemas compiled to code at build time. Compiling takes ten times as long as validating.
 * Writes composed-spec.schema.json: the schema that editors read for specs with `extends` or `variables`.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { Ajv2020 } from "ajv/dist/2020.js";
import standalone from "ajv/dist/standalone/index.js";

const read = (name) => JSON.parse(readFileSync(new URL(name, import.meta.url), "utf8"));

/** Facts about kinds and keys that validation does not read (schema/json-schema.ts). */
const annotations = [
  ...[
    "x-targets",
    "x-outputs",
    "x-forecast",
    "x-metrics",
    "x-direction",
    "x-name",
    "x-streaming",
    "x-time-axis",
    "x-counts-steps",
    "x-vocabulary",
  ],
  ...["x-default-by", "x-normal", "x-equation", "x-source", "x-file"],
];

/** Ajv in strict mode, with all errors at once, and each error with its schema. */
export function compileSchemas(options = {}, prepare = (schema) => schema) {
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
  ajv.addSchema(prepare(read("cell.schema.json")), "cell.schema.json");
  return { ajv, spec: ajv.compile(prepare(read("spec.schema.json"))) };
}

/** A schema without its texts for readers, which an error does not quote. */
function withoutTexts(schema) {
  if (Array.isArray(schema)) return schema.map(withoutTexts);
  if (typeof schema !== "object" || schema === null) return schema;
  const { description, "x-source": source, "x-equation": equation, ...rest } = schema;
  return mapValues(rest, (value, key) =>
    key === "properties" || key === "$defs" ? mapValues(value, withoutTexts) : withoutTexts(value),
  );
}

/** The source of the validator module. Bundlers follow its imports, and some import the default export itself. */
export function validatorSource() {
  const { ajv, spec } = compileSchemas({ code: { source: true, esm: true } }, withoutTexts);
  const source = standalone.default(ajv, spec);
  const names = [...new Set([...source.matchAll(/require\("ajv\/dist\/runtime\/(\w+)"\)/g)].map(([, name]) => name))];
  return `// Written by compile-validator.mjs from spec.schema.json and cell.schema.json.
${names.map((name) => `import ${name} from "ajv/dist/runtime/${name}.js";`).join("\n")}
${source.replaceAll(/require\("ajv\/dist\/runtime\/(\w+)"\)\.default/g, "($1.default ?? $1)")}
`;
}

const variable = { $comment: "a variable", type: "string", pattern: "\\$" };

/** A schema whose values may be variables, and whose keys may be in another file. */
function composed(schema) {
  if (Array.isArray(schema)) return schema.map(composed);
  if (typeof schema !== "object" || schema === null) return schema;
  const copy = {};
  for (const [key, value] of Object.entries(schema)) {
    if (["required", "dependentRequired", "minProperties", "if", "then", "else", "not"].includes(key)) continue;
    if (key === "properties" || key === "$defs") copy[key] = mapValues(value, key === "$defs" ? composed : orVariable);
    else if (key === "items") copy[key] = orVariable(value);
    // Several branches hold for an object without its kind; the branches of other choices are sets of required keys.
    else if (key === "oneOf") {
      if (value.every(({ $ref }) => $ref !== undefined)) copy.anyOf = composed(value);
    } else copy[key] = ["examples", "default", "enum", "const"].includes(key) ? value : composed(value);
  }
  return copy;
}

function orVariable(schema) {
  if (schema.const !== undefined) return schema;
  const { title, description, default: usual, examples, ...rest } = composed(schema);
  const texts = Object.entries({ title, description, default: usual, examples }).filter(
    ([, text]) => text !== undefined,
  );
  return { ...Object.fromEntries(texts), anyOf: [rest, variable] };
}

function mapValues(record, change) {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value, key)]));
}

/** The text of composed-spec.schema.json. */
export function composedSchema() {
  const { $defs, ...cell } = read("cell.schema.json");
  const spec = read("spec.schema.json");
  const joined = { ...spec, $defs: { ...spec.$defs, ...$defs, cell_definition: cell } };
  const { extends: files, variables, $schema } = spec.properties;
  const schema = composed(joined);
  const text = JSON.stringify({ ...schema, properties: { ...schema.properties, $schema, extends: files, variables } });
  return text.replaceAll("cell.schema.json#", "#").replaceAll('"cell.schema.json"', '"#/$defs/cell_definition"');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  for (const [name, text] of [
    ["spec.validator.mjs", validatorSource()],
    ["composed-spec.schema.json", composedSchema()],
  ]) {
    const file = new URL(name, import.meta.url);
    // Running programs read the files, so an unchanged one is not rewritten.
    if (!existsSync(file) || readFileSync(file, "utf8") !== text) writeFileSync(file, text);
  }
}
