/**
 * The source of normal/types.ts, the types of a spec after `normalize`, and of kinds/data.ts, the facts of each kind of
 * layer, loss and metric. A normal spec has every key, unless its `x-normal` is false; `x-normal` may also give the
 * schema of the normal value.
 */
import { readFileSync } from "node:fs";

const read = (name) => JSON.parse(readFileSync(new URL(name, import.meta.url), "utf8"));
const spec = read("spec.schema.json");
const definitions = { ...read("cell.schema.json").$defs, ...spec.$defs };

/** A cell's definition, whose type is in normal/cells.ts. */
const cellFile = "cell.schema.json";
/** Other definitions whose types are in normal/cells.ts. */
const handWritten = {
  cell_option: "CellOption",
  layer_definition: "NormalLayerDefinition",
  size_expression: "SizeExpression",
};
/** The options of a cell, next to the keys that every cell has. */
const cellOptions = "  readonly [option: string]: CellOption | NormalCellDropout | StateRates;";

const unionKeys = ["data", "optimizer"];
const pascalCase = (name) => name.replace(/(^|_)(\w)/g, (_, _underscore, letter) => letter.toUpperCase());
const definitionName = ({ $ref = "" }) => /#\/\$defs\/(\w+)$/.exec($ref)?.[1];
const isNullable = ({ type }) => Array.isArray(type) && type.includes("null");
const hasKeys = ({ properties }) => properties !== undefined;
const isExclusive = ({ minProperties, maxProperties }) => minProperties === 1 && maxProperties === 1;

/** Definitions that get a type of their own: objects, unions, and lists that contain themselves. */
function typeName(name) {
  const schema = definitions[name];
  if (schema["x-normal"] !== undefined) return undefined;
  if ((hasKeys(schema) && !isExclusive(schema)) || schema.oneOf !== undefined) return `Normal${pascalCase(name)}`;
  return schema.anyOf !== undefined || schema.enum !== undefined ? pascalCase(name) : undefined;
}

class Emitter {
  declarations = new Map();

  /** The type of a value, declared under a name where it has one. */
  type(schema) {
    if (schema["x-normal"] !== undefined) return this.type(schema["x-normal"]);
    if (schema.$ref === cellFile) return "NormalCellDefinition";
    const name = definitionName(schema);
    if (name === undefined) return this.plainType(schema);
    if (name in handWritten) return handWritten[name];
    const definition = definitions[name];
    const type = typeName(name);
    if (type === undefined) return this.type(definition);
    this.use(type, () => this.declaration(type, definition));
    return isNullable(definition) ? `${type} | null` : type;
  }

  use(name, declare) {
    if (!this.declarations.has(name)) {
      this.declarations.set(name, "");
      this.declarations.set(name, declare());
    }
    return name;
  }

  declaration(name, schema) {
    const comment = schema.description === undefined ? "" : docComment(schema.description, "");
    return hasKeys(schema)
      ? `${comment}export interface ${name} ${this.members(schema, name === "NormalCell" ? [cellOptions] : [])}`
      : `${comment}export type ${name} =${brokenUnion(this.plainType(schema))};`;
  }

  plainType(schema) {
    if (schema.const !== undefined) return JSON.stringify(schema.const);
    const union = (schemas) => [...new Set(schemas.map((each) => this.type(each)))].join(" | ");
    if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
    if (schema.discriminator !== undefined) return union(schema.oneOf);
    if (schema.anyOf !== undefined) return union(schema.anyOf);
    return [schema.type]
      .flat()
      .map((type) => this.typeOf(type, schema))
      .join(" | ");
  }

  typeOf(type, schema) {
    if (type === "integer") return "number";
    if (type === "array") return this.listType(schema);
    if (type !== "object") return type;
    if (typeof schema.additionalProperties === "object" && schema.properties !== undefined) {
      // In TypeScript the type of all other keys includes that of the named ones.
      const types = [schema.additionalProperties, ...Object.values(schema.properties)].map((each) => this.type(each));
      return this.members(schema, [`  readonly [key: string]: ${[...new Set(types)].join(" | ")};`]);
    }
    if (typeof schema.additionalProperties === "object")
      return `Readonly<Record<string, ${this.type(schema.additionalProperties)}>>`;
    if (!isExclusive(schema)) return this.members(schema);
    return Object.entries(schema.properties)
      .map(([key, property]) => `{ readonly ${key}: ${this.type(property)} }`)
      .join(" | ");
  }

  listType({ items }) {
    if (items.prefixItems !== undefined)
      return `readonly (readonly [${items.prefixItems.map((item) => this.type(item)).join(", ")}])[]`;
    const type = this.type(items);
    return /[ |]/.test(type) ? `readonly (${type})[]` : `readonly ${type}[]`;
  }

  members({ properties }, others = []) {
    const lines = Object.entries(properties)
      .filter(([, property]) => property["x-normal"] !== false)
      .map(([key, property]) => {
        const { description } = property;
        const comment = property.const !== undefined || description === undefined ? "" : docComment(description, "  ");
        return `${comment}  readonly ${key}: ${this.type(property).replaceAll("\n", "\n  ")};`;
      });
    return `{\n${[...lines, ...others].join("\n")}\n}`;
  }
}

/** A union on one line where it is short. */
function brokenUnion(type) {
  return type.length < 90
    ? ` ${type}`
    : type
        .split(" | ")
        .map((member) => `\n  | ${member}`)
        .join("");
}

/** A comment of at most 120 columns. */
function docComment(text, indent) {
  const single = `${indent}/** ${text} */\n`;
  if (single.length <= 121) return single;
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1);
    if (line !== "" && `${indent} * ${line} ${word}`.length > 120) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}\n`).join("")}${indent} */\n`;
}

/** The text of normal/types.ts. */
export function normalTypes() {
  const emitter = new Emitter();
  const root = { ...spec, properties: { ...spec.properties } };
  for (const key of unionKeys) {
    const name = `Normal${pascalCase(key)}`;
    const union = spec.properties[key];
    emitter.use(name, () => emitter.declaration(name, union));
    root.properties[key] = { type: name, description: union.description };
  }
  emitter.use("NormalSpec", () => emitter.declaration("NormalSpec", root));
  return [
    "/** A spec after `normalize`, as types. Written by generate-types.mjs from spec.schema.json. */",
    'import type { CellOption, NormalCellDefinition, NormalLayerDefinition, SizeExpression } from "./cells.js";\n',
    `${[...emitter.declarations.values()].join("\n\n")}\n`,
  ].join("\n");
}

/** The annotations of each branch of a tagged union, by its tag. */
function facts(union, names) {
  const tag = union.discriminator.propertyName;
  const entries = union.oneOf.map((reference) => {
    const branch = definitions[definitionName(reference)];
    const values = names.filter((name) => branch[`x-${name}`] !== undefined).map((name) => [name, branch[`x-${name}`]]);
    return [branch.properties[tag].const, values];
  });
  const lines = entries.map(([kind, values]) => {
    const members = values.map(([name, value]) => `${camelCase(name)}: ${literal(value)}`);
    return members.length === 0 ? `  ${kind}: {},` : `  ${kind}: { ${members.join(", ")} },`;
  });
  return `{\n${lines.join("\n")}\n} as const`;
}

/** A value as code on one line. */
function literal(value) {
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value !== "object") return JSON.stringify(value);
  return `{ ${Object.entries(value)
    .map(([name, member]) => `${name}: ${literal(member)}`)
    .join(", ")} }`;
}

const camelCase = (name) => name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase());

/** The text of kinds/data.ts. */
export function kindsData() {
  const layer = facts(definitions.layer, ["streaming", "time-axis", "counts-steps", "vocabulary"]);
  const data = facts(spec.properties.data, ["metrics"]);
  const loss = facts(definitions.loss, ["targets", "outputs", "forecast", "metrics"]);
  const metric = facts(definitions.metric, ["direction", "name"]);
  return `/** Facts of the kinds of data, layers, losses and metrics. Written by generate-types.mjs from spec.schema.json (\`x-…\`). */
export const dataFacts = ${data};

export const layerFacts = ${layer};

export const lossFacts = ${loss};

export const metricFacts = ${metric};
`;
}
