/** Pages of the spec language, generated from its schemas, the built-in cells and the equations. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { cellSources, initializers } from "./sources.mjs";

const read = (name) => JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), "utf8"));
const spec = read("schema/spec.schema.json");
const cell = read("schema/cell.schema.json");
const definitions = { ...spec.$defs, ...cell.$defs, cell_definition: cell };

const nameOf = (ref) => (ref === "cell.schema.json" ? "cell_definition" : /#\/\$defs\/(\w+)$/.exec(ref)?.[1]);

/** A schema with its references resolved, and the name of the first definition on the way. */
function resolve(schema) {
  let resolved = schema;
  let name;
  while (resolved.$ref !== undefined) {
    const { $ref, ...siblings } = resolved;
    name ??= nameOf($ref);
    resolved = { ...definitions[nameOf($ref)], ...siblings };
  }
  return { name, schema: resolved };
}

/** Definitions with a section: name → title and page. */
const sections = new Map();
/** The page that is being written: links within it need no file name. */
let currentPage = "";

const anchorOf = (title) =>
  title
    .toLowerCase()
    .replace(/[^a-z0-9 _-]/g, "")
    .replaceAll(" ", "-");
const capital = (text) => text[0].toUpperCase() + text.slice(1);

function linkTo(name) {
  const { title, page } = sections.get(name);
  return `[${title}](${page === currentPage ? "" : page}#${anchorOf(title)})`;
}

/** JSON on one line, with spaces where a line may break. */
const spaced = (value) => {
  if (Array.isArray(value)) return `[${value.map(spaced).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}: ${spaced(member)}`);
  return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`;
};
const json = (value) => `\`${spaced(value)}\``;
/** Text on one line whose angle brackets are no tags. */
const oneLine = (text) => text.replaceAll("\n", " ").replace(/(`[^`]*`)|</g, (_, code) => code ?? "\\<");

/** Values that refer to themselves, in words. */
const nested = {
  array_source: "a file name or nested lists of numbers",
  numbers: "number or nested lists of numbers",
  layer_name: "layer name",
  cell_name: "cell name",
};

function typeText(given) {
  const { name, schema } = resolve(given);
  if (name in nested) return nested[name];
  if (sections.has(name)) return linkTo(name);
  if (schema.if !== undefined) return [schema.else, schema.then].map(typeText).join(" or ");
  if (schema.const !== undefined) return json(schema.const);
  if (schema.enum !== undefined) return schema.enum.map(json).join(" ");
  if (schema.oneOf !== undefined && schema.discriminator !== undefined) return schema.oneOf.map(typeText).join(", ");
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeText).join(" or ");
  return [schema.type ?? "any"]
    .flat()
    .map((type) => plainType(type, schema))
    .join(" or ");
}

const plural = (type) => (/^(layer|cell) name$/.test(type) ? `${type}s` : type);

function plainType(type, schema) {
  if (type === "array") return schema.items === undefined ? "list" : `list of ${plural(typeText(schema.items))}`;
  if (type === "object" && typeof schema.additionalProperties === "object" && schema.properties !== undefined)
    return schema.$comment;
  if (type === "object" && typeof schema.additionalProperties === "object")
    return `object of ${typeText(schema.additionalProperties)}`;
  if (type === "number" || type === "integer") return `${type}${range(schema)}`;
  return { string: schema.$comment ?? "string", boolean: "true or false", null: "`null`" }[type] ?? type;
}

function range({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }) {
  const isUnlimited = (bound) => bound === undefined || Math.abs(bound) >= 1e6;
  const low =
    exclusiveMinimum !== undefined ? `above ${exclusiveMinimum}` : isUnlimited(minimum) ? "" : `from ${minimum}`;
  const high =
    exclusiveMaximum !== undefined ? `below ${exclusiveMaximum}` : isUnlimited(maximum) ? "" : `to ${maximum}`;
  const text = [low, high].filter((bound) => bound !== "").join(" ");
  return text === "" ? "" : ` ${text}`;
}

/** The default of a key; where it depends on other keys, the description states it. */
function defaultText(key, schema, required) {
  if (required) return "required";
  if (schema.default !== undefined) return `default ${json(schema.default)}`;
  const [rule] = Object.entries(schema["x-default-by"] ?? {});
  if (rule !== undefined) {
    const [other, defaults] = rule;
    const values = Object.entries(defaults).map(([value, entry]) => `${json(entry)} (${value})`);
    return `default by ${other}: ${values.join(", ")}`;
  }
  // A layer may have several sources, a loss has one.
  if (key === "from") return schema.anyOf === undefined ? "default: the last layer" : "default: the previous layer";
  return "optional";
}

/** Keys of an object as a list: one item a key, which is readable on a narrow screen too. */
function keyList({ properties = {}, required = [] }) {
  return Object.entries(properties)
    .map(([key, given]) => {
      const { schema } = resolve(given);
      const facts = `- **\`${key}\`**: ${typeText(given)}; ${defaultText(key, schema, required.includes(key))}.`;
      if (schema.const !== undefined) return facts;
      const examples = (schema.examples ?? []).map(json).join(", ");
      const text = [oneLine(schema.description ?? ""), examples === "" ? "" : `Example: ${examples}.`]
        .filter((sentence) => sentence !== "")
        .join(" ");
      return text === "" ? facts : `${facts}\\\n  ${text}`;
    })
    .join("\n");
}

/** The equations of a file of specs/losses or specs/metrics, with the number of outputs where the file states one. */
function fileEquations(name) {
  const path = name.startsWith("metric_") ? `metrics/${name.slice("metric_".length)}` : `losses/${name}`;
  const file = new URL(`../../specs/${path}.json`, import.meta.url);
  if (!existsSync(file)) return [];
  const { equations, output_size: size } = JSON.parse(readFileSync(file, "utf8"));
  const outputs = size === undefined || size === "any" ? [] : [`Outputs of the model: \`${size}\`.`];
  return [equations.map((line) => `    ${line}`).join("\n"), ...outputs];
}

function definitionText(name) {
  const { "x-equation": equation, "x-source": source, "x-metrics": metrics } = definitions[name];
  return [
    ...fileEquations(name),
    ...(equation === undefined ? [] : [`    ${equation.split(";  ").join("\n    ")}`]),
    ...(source === undefined ? [] : [`Source: ${source}.`]),
    ...(metrics === undefined
      ? []
      : [`Default metrics: ${metrics.map((metric) => `\`${metric}\``).join(", ") || "none"}.`]),
  ];
}

const paragraphs = (lines) => lines.filter((line) => line !== "").join("\n\n");

/** The section of a definition: description, equation, source, keys. */
function section(name, { keys = true } = {}) {
  const schema = definitions[name];
  const lines = [`## ${sections.get(name).title}`, oneLine(schema.description ?? ""), ...definitionText(name)];
  return paragraphs(keys && schema.properties !== undefined ? [...lines, keyList(schema)] : lines);
}

/** The section of an object that a key holds directly. */
const inlineSection = (title, schema) => paragraphs([`## ${title}`, oneLine(schema.description), keyList(schema)]);

function builtInCell(file) {
  const name = file.replace(".json", "");
  const {
    description,
    options = {},
    inputs = {},
    state,
    parameters,
    equations: lines,
    output,
  } = read(`specs/cells/${file}`);
  const states = Object.entries(state).map(([key, shape]) => `\`${key}\` [${[shape].flat().join(", ")}]`);
  const shapes = Object.entries(parameters).map(([key, shape]) => `\`${key}\` [${shape.join(", ")}]`);
  const defaults = Object.entries(options).map(([key, value]) => `\`${key}\` ${json(value)}`);
  return paragraphs([
    `### Cell ${name}`,
    oneLine(description),
    lines.map((line) => `    ${line}`).join("\n"),
    [
      ...(Object.keys(inputs).length === 0
        ? []
        : [
            `- Inputs after \`x\`: ${Object.entries(inputs)
              .map(([key, size]) => `\`${key}\` [${size}]`)
              .join(", ")}.`,
          ]),
      `- States: ${states.join(", ")}; output \`${output}\`.`,
      `- Parameters: ${shapes.join(", ")}${defaults.length > 0 ? "; options may add more" : ""}.`,
      ...(defaults.length === 0 ? [] : [`- Options and their defaults: ${defaults.join(", ")}.`]),
      ...(cellSources[name] === undefined ? [] : [`- Source: ${cellSources[name]}.`]),
    ].join("\n"),
  ]);
}

/** The files of a folder of specs, with options, slots, equations and variants. */
function builtInEquations(folder, title) {
  const files = readdirSync(new URL(`../../specs/${folder}/`, import.meta.url)).sort();
  return files.map((file) => {
    const { description, options = {}, slots = {}, equations, variants = {} } = read(`specs/${folder}/${file}`);
    const entries = (record) =>
      Object.entries(record)
        .map(([key, value]) => `\`${key}\` ${json(value)}`)
        .join(", ");
    return paragraphs([
      `### ${title} ${file.replace(".json", "")}`,
      oneLine(description),
      equations.map((line) => `    ${line}`).join("\n"),
      [
        ...(Object.keys(slots).length === 0 ? [] : [`- Slots and their initial values: ${entries(slots)}.`]),
        ...(Object.keys(options).length === 0 ? [] : [`- Options and their defaults: ${entries(options)}.`]),
        ...(Object.keys(variants).length === 0 ? [] : [`- Variants: ${entries(variants)}.`]),
      ].join("\n"),
    ]);
  });
}

function initializerTable() {
  const rows = Object.entries(initializers).map(
    ([word, { equation, source = "" }]) => `| \`${word}\` | ${oneLine(equation)} | ${source} |`,
  );
  return ["| initializer | distribution | source |", "|---|---|---|", ...rows].join("\n");
}

/** Definition names of the branches of a union. */
const branches = (union) => union.oneOf.map(({ $ref }) => nameOf($ref));

/** Pages in the order of the menu: the definitions with a section on each, and the text of the page. */
function plan() {
  const { properties } = spec;
  const { early_stopping, keep_best } = definitions.train.properties;
  const layers = branches(definitions.layer);
  return [
    {
      page: "data.md",
      title: "Data",
      names: [
        ...branches(properties.data),
        ...branches(definitions.column_kind),
        "vocabulary",
        "series_split",
        "table_split",
        "split",
      ],
      text: (names) => [oneLine(properties.data.description), ...names.map((name) => section(name))],
    },
    {
      page: "layers.md",
      title: "Layers",
      names: [
        ...layers,
        "layer_definition",
        "layer_variant",
        "activation_definition",
        "block",
        "cell",
        "cell_dropout",
        "zoneout",
        "cell_layer_norm",
        "bidirectional",
      ],
      text: (names) => [
        `${oneLine(properties.model.description)} ${oneLine(definitions.layer.description)} \`name\` and \`from\` connect layers to a graph.`,
        ...names.map((name) =>
          section(name, { keys: !["zoneout", "cell_layer_norm", "bidirectional"].includes(name) }),
        ),
      ],
    },
    {
      page: "cells.md",
      title: "Cells",
      names: ["cell_definition", "variant", "slice"],
      text: (names) => [
        "## Cells of your own",
        oneLine(properties.cells.description),
        ...names.map((name) => section(name)),
        "## Initializers",
        initializerTable(),
        "A number, or the name of a numeric option of the cell, is the value of every entry. An expression, such as `log(index + 1)` or `uniform(-1 / sqrt(input_size), 1 / sqrt(input_size))`, is the value of each: it reads numeric options, sizes and `index`, the position along the last axis from 0, and calls exp, log, sqrt, min, max, uniform and normal. The distributions of a parameter with more than two axes are those of its matrices. Kernels of dense and projection layers start `glorot_uniform`, their biases at 0, rows of an embedding uniform in ±0.05.",
        "## Built-in cells",
        "Each is a file of `specs/cells/`, in the language of [cells of your own](#cell-definition). `x` is the input of a time step, a prime marks the next state, `@` is the matrix product.",
        ...readdirSync(new URL("../../specs/cells/", import.meta.url))
          .filter((name) => name.endsWith(".json"))
          .sort()
          .map(builtInCell),
      ],
    },
    {
      page: "losses.md",
      title: "Losses",
      names: [...branches(definitions.loss), "loss_definition", "loss_variant"],
      text: (names) => [
        `${oneLine(properties.loss.description)} Losses over classes read logits: training leaves a final softmax or sigmoid of the model to the loss. Indented lines are a loss's equations, of a file of \`specs/losses/\` in the language of [losses of your own](#loss-definition): y are the outputs, t the targets of a row.`,
        `\`losses\`: ${oneLine(properties.losses.description)}`,
        ...names.map((name) => section(name)),
        inlineSection("Regularization", properties.regularization),
      ],
    },
    {
      page: "metrics.md",
      title: "Metrics",
      names: branches(definitions.metric),
      text: (names) => [oneLine(properties.metrics.description), ...names.map((name) => section(name))],
    },
    {
      page: "optimizers.md",
      title: "Optimizers and schedules",
      names: [
        ...[...branches(properties.optimizer), "muon_adam", "clip", "average"],
        ...["parameter_pattern", "no_decay", "rates", "rate_group"],
        ...["optimizer_definition", "optimizer_variant", "shaped_slot"],
        ...branches(definitions.schedule),
        ...["schedule_definition", "schedule_variant"],
      ],
      text: (names) => {
        const schedules = [...branches(definitions.schedule), "schedule_definition", "schedule_variant"];
        return [
          oneLine(properties.optimizer.description),
          ...names.filter((name) => !schedules.includes(name)).map((name) => section(name)),
          "## Schedules",
          oneLine(definitions.schedule.description),
          ...schedules.map((name) => section(name)),
          "## Built-in optimizers and schedules as equations",
          "Each is a file of `specs/optimizers/` or `specs/schedules/`, a definition as those of your own. In code are the choice of the matrices that muon updates, the boundaries of step_decay, the momentum of one_cycle, and plateau.",
          ...builtInEquations("optimizers", "Optimizer"),
          ...builtInEquations("schedules", "Schedule"),
        ];
      },
    },
    {
      page: "train.md",
      title: "Training",
      names: ["train", "sample"],
      text: () => [
        section("train"),
        inlineSection("Early stopping", early_stopping),
        inlineSection("Keep best", keep_best),
        section("sample"),
      ],
    },
  ];
}

const notice =
  "<!-- Generated by `npm run reference` from schema/spec.schema.json, schema/cell.schema.json, specs/cells/, specs/optimizers/, specs/schedules/ and docs/site/sources.mjs. -->";

/** Pages of `docs/reference/spec/`: file name → text. */
export function specReference() {
  const pages = plan();
  for (const { page, names } of pages)
    for (const name of names) sections.set(name, { title: capital(definitions[name].title), page });
  sections.set("layer", { title: "Layers", page: "layers.md" });
  sections.set("metric", { title: "Metrics", page: "metrics.md" });
  sections.set("schedule", { title: "Schedules", page: "optimizers.md" });
  const write = (page, title, lines) => {
    currentPage = page;
    return [page, `${paragraphs([`# ${title}`, notice, ...lines()])}\n`];
  };
  const contents = pages.map(
    ({ page, title, names }) =>
      `- [${title}](${page}): ${names.map((name) => capital(definitions[name].title).toLowerCase()).join(", ")}`,
  );
  return new Map([
    write("index.md", "The spec", () => [
      "A spec is one JSON object: strict JSON in UTF-8; paths are relative to its folder. A key that is not in this reference is an error. `rnnx validate` reports all mistakes of a spec at once. Editors complete and explain keys by `$schema`: `./node_modules/rnnx/schema/spec.schema.json` where rnnx is installed.",
      "## Sections",
      contents.join("\n"),
      "## Keys of a spec",
      keyList(spec),
    ]),
    ...pages.map(({ page, title, names, text }) => write(page, title, () => text(names))),
  ]);
}
