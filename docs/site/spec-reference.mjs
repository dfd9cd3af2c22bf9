/** The page of the spec language, made from its schemas, the built-in cells and the equations. */
import { readdirSync, readFileSync } from "node:fs";
import { cellSources, equations, initializers } from "./equations.mjs";

const read = (name) => JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), "utf8"));
const spec = read("schema/spec.schema.json");
const cell = read("schema/cell.schema.json");
const definitions = { ...spec.$defs, ...cell.$defs, cell_definition: cell };

const nameOf = (ref) => (ref === "cell.schema.json" ? "cell_definition" : /#\/\$defs\/(\w+)$/.exec(ref)?.[1]);

/** A schema with its references followed, and the name of the definition that it led to first. */
function resolve(schema) {
  let resolved = schema;
  let name;
  while (resolved.$ref !== undefined) {
    const { $ref, ...beside } = resolved;
    name ??= nameOf($ref);
    resolved = { ...definitions[nameOf($ref)], ...beside };
  }
  return { name, schema: resolved };
}

/** Definitions that have a section of their own. */
const sections = new Map();
const anchorOf = (title) =>
  title
    .toLowerCase()
    .replace(/[^a-z0-9 _-]/g, "")
    .replaceAll(" ", "-");

/** JSON with room to break lines in. */
const spaced = (value) => {
  if (Array.isArray(value)) return `[${value.map(spaced).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}: ${spaced(member)}`);
  return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`;
};
const json = (value) => `\`${spaced(value).replaceAll("|", "\\|")}\``;
const cellText = (text) => text.replaceAll("|", "\\|").replaceAll("\n", " ");

/** Values that refer to themselves, in words. */
const nested = {
  array_source: "a file's name or nested lists of numbers",
  numbers: "number or nested lists of numbers",
  layer_name: "a layer's name",
  cell_name: "a cell's name",
};

function typeText(given) {
  const { name, schema } = resolve(given);
  if (name in nested) return nested[name];
  const section = sections.get(name);
  if (section !== undefined) return `[${section}](#${anchorOf(section)})`;
  if (schema.const !== undefined) return json(schema.const);
  if (schema.enum !== undefined) return schema.enum.map(json).join(" ");
  if (schema.oneOf !== undefined && schema.discriminator !== undefined) return schema.oneOf.map(typeText).join(", ");
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeText).join(" or ");
  const types = [schema.type ?? "any"].flat();
  return types.map((type) => plainType(type, schema)).join(" or ");
}

function plainType(type, schema) {
  if (type === "array") {
    const items = schema.items === undefined ? "" : ` of ${typeText(schema.items)}`;
    return `list${items}`;
  }
  if (type === "object" && typeof schema.additionalProperties === "object")
    return `object of ${typeText(schema.additionalProperties)}`;
  if (type === "number" || type === "integer")
    return `${type === "integer" ? "whole number" : "number"}${range(schema)}`;
  return { string: schema.$comment ?? "text", boolean: "true or false", null: "`null`" }[type] ?? type;
}

function range({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }) {
  const far = (bound) => bound === undefined || Math.abs(bound) >= 1e6;
  const low = exclusiveMinimum !== undefined ? `above ${exclusiveMinimum}` : far(minimum) ? "" : `from ${minimum}`;
  const high = exclusiveMaximum !== undefined ? `below ${exclusiveMaximum}` : far(maximum) ? "" : `to ${maximum}`;
  const text = [low, high].filter((part) => part !== "").join(" ");
  return text === "" ? "" : ` ${text}`;
}

/** Why a key that may be left out has no default, where its description does not say. */
function defaultText(key, schema, required) {
  if (required) return "**required**";
  if (schema.default !== undefined) return json(schema.default);
  if (key === "from") return "the layer before";
  if (key.startsWith("$")) return "none";
  return /by default|on by itself|where left out/i.test(schema.description ?? "") ? "see text" : "none";
}

/** The keys of an object as a table. */
function table({ properties = {}, required = [] }) {
  const rows = Object.entries(properties).map(([key, given]) => {
    const { schema } = resolve(given);
    const examples = (schema.examples ?? []).map(json).join(", ");
    const tag = schema.const !== undefined ? "" : examples;
    const text = schema.const !== undefined ? "" : cellText(schema.description ?? "");
    return `| \`${key}\` | ${text} | ${typeText(given)} | ${defaultText(key, schema, required.includes(key))} | ${tag} |`;
  });
  return ["| key | says | value | default | example |", "|---|---|---|---|---|", ...rows].join("\n");
}

function definitionText(name) {
  const { equation, source } = equations[name] ?? {};
  return [
    ...(equation === undefined ? [] : [`    ${equation.split(";  ").join("\n    ")}`]),
    ...(source === undefined ? [] : [`Source: ${source}.`]),
  ];
}

function section(level, name, title) {
  const schema = definitions[name];
  const lines = [`${"#".repeat(level)} ${title}`, schema.description ?? "", ...definitionText(name)];
  if (schema.properties !== undefined && Object.keys(schema.properties).length > 0) lines.push(table(schema));
  return lines.filter((line) => line !== "").join("\n\n");
}

/** An object that a key holds directly, by the path of the key. */
function inline(level, title, schema) {
  return [`${"#".repeat(level)} ${title}`, schema.description, table(schema)].join("\n\n");
}

function builtInCells() {
  const files = readdirSync(new URL("../../specs/cells/", import.meta.url)).filter((name) => name.endsWith(".json"));
  return files.sort().map((file) => {
    const name = file.replace(".json", "");
    const { description, options = {}, state, parameters, equations: lines, output } = read(`specs/cells/${file}`);
    const shapes = Object.entries(parameters).map(([key, shape]) => `\`${key}\` [${shape.join(", ")}]`);
    const given = Object.entries(options).map(([key, value]) => `\`${key}\` ${json(value)}`);
    return [
      `### Cell ${name}`,
      description,
      lines.map((line) => `    ${line}`).join("\n"),
      [
        `- States: ${Object.entries(state)
          .map(([key, size]) => `\`${key}\` [${size}]`)
          .join(", ")}; output \`${output}\`.`,
        `- Parameters: ${shapes.join(", ")}${Object.keys(options).length > 0 ? ", without those that options add" : ""}.`,
        ...(given.length === 0 ? [] : [`- Options and their defaults: ${given.join(", ")}.`]),
        ...(cellSources[name] === undefined ? [] : [`- Source: ${cellSources[name]}.`]),
      ].join("\n"),
    ].join("\n\n");
  });
}

/** Names of the branches of a union, with their titles. */
function branches(union) {
  return union.oneOf.map(({ $ref }) => [nameOf($ref), definitions[nameOf($ref)].title]);
}

export function specReference() {
  const { properties } = spec;
  const capital = (text) => text[0].toUpperCase() + text.slice(1);
  const unions = {
    data: branches(properties.data),
    layers: branches(definitions.layer),
    losses: branches(properties.loss),
    metrics: branches(definitions.metric),
    optimizers: branches(properties.optimizer),
    schedules: branches(definitions.schedule),
  };
  const shared = [
    "split",
    "series_split",
    "cell",
    "cell_dropout",
    "clip",
    "average",
    "train",
    "sample",
    "cell_definition",
  ];
  const others = ["vocabulary", "variant", "slice", "zoneout", "layer_norm", "bidirectional"];
  for (const [name, title] of Object.values(unions).flat()) sections.set(name, capital(title));
  for (const name of [...shared, ...others]) sections.set(name, capital(definitions[name].title));
  for (const [name, heading] of [
    ["layer", "Model"],
    ["metric", "Metrics"],
    ["schedule", "Schedules"],
  ])
    sections.set(name, heading);
  const part = (title, entries, text = "") =>
    [
      `## ${title}`,
      ...(text === "" ? [] : [text]),
      ...entries.map(([name, own]) => section(3, name, capital(own))),
    ].join("\n\n");
  const single = (level, name) => section(level, name, capital(definitions[name].title));
  const { early_stopping: early, keep_best: best } = definitions.train.properties;

  return `${[
    "# The spec",
    "<!-- Made by `npm run reference` from schema/spec.schema.json, schema/cell.schema.json, specs/cells/ and docs/site/equations.mjs. -->",
    "A spec is one JSON object: strict JSON, UTF-8, relative paths from its own folder. Keys that are not here are errors. `rnnx validate` says everything that is wrong with one; editors complete and explain keys by the `$schema` in it: `./node_modules/rnnx/schema/spec.schema.json` where rnnx is installed.",
    "## The whole",
    table(spec),
    part("Data", unions.data, properties.data.description),
    single(3, "vocabulary"),
    single(3, "series_split"),
    single(3, "split"),
    "## Model",
    `${properties.model.description} ${definitions.layer.description} Layers make a graph where they have \`name\` and \`from\`.`,
    ...unions.layers.map(([name, title]) => section(3, name, capital(title))),
    single(3, "cell"),
    single(3, "cell_dropout"),
    ...["zoneout", "layer_norm", "bidirectional"].map((name) =>
      [`### ${capital(definitions[name].title)}`, definitions[name].description, ...definitionText(name)].join("\n\n"),
    ),
    "## Built-in cells",
    "Each is a file of `specs/cells/`, in the language of [cells of your own](#cell-definition). `x` is the input of a step, a prime marks the next state, `@` is the matrix product.",
    ...builtInCells(),
    "## Cells of your own",
    properties.cells.description,
    single(3, "cell_definition"),
    single(3, "variant"),
    single(3, "slice"),
    "### Initializers",
    ["| word | is | source |", "|---|---|---|"]
      .concat(
        Object.entries(initializers).map(
          ([word, { equation, source = "" }]) => `| \`${word}\` | ${cellText(equation)} | ${source} |`,
        ),
      )
      .join("\n"),
    "Numbers, and names of a cell's numeric options, are values for every entry. Kernels of dense and projection layers start `glorot_uniform`, their biases at 0; rows of an embedding uniform in ±0.05.",
    part(
      "Losses",
      unions.losses,
      `${properties.loss.description} Losses over classes read logits: a softmax or sigmoid that ends the model is left to the loss in training.`,
    ),
    inline(3, "Regularization", properties.regularization),
    part("Metrics", unions.metrics, properties.metrics.description),
    part("Optimizers", unions.optimizers, properties.optimizer.description),
    single(3, "clip"),
    single(3, "average"),
    part("Schedules", unions.schedules, definitions.schedule.description),
    single(2, "train"),
    inline(3, "Early stopping", early),
    inline(3, "Keep best", best),
    single(3, "sample"),
  ].join("\n\n")}\n`;
}
