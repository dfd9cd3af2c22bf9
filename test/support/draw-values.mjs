/** Random values of the schema's keys: drawn from enumerations and examples, so that new keys take part. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");
const readJson = (file) => JSON.parse(readFileSync(join(root, file), "utf8"));
const schema = readJson("schema/spec.schema.json");

/** Follows references; the keys beside a reference replace those behind it. */
function resolved({ $ref, ...rest }) {
  return $ref === undefined ? rest : { ...resolved(schema.$defs[$ref.split("/").at(-1)]), ...rest };
}

/** The names of the variants of a union, such as the optimizers. */
export function variantsOf(union) {
  return (schema.properties[union] ?? schema.$defs[union]).oneOf.map(({ $ref }) => $ref.split("/").at(-1));
}

/** The keys of an object of the schema. */
export const keysOf = (name) => Object.keys(schema.$defs[name].properties);

/** Activations of equations in the spec: of each feature, and with a gate of two halves. */
export const ownActivations = {
  bent: { equations: ["y = x * sigmoid(2 * x) + 0.1 * sin(x)"] },
  halves: { equations: ["u, v = split(x, 2)", "y = tanh(u) * clip(v, -2, 2) ^ 2"] },
};

/** A layer of equations in the spec, with an option for its width and one for its parameters. */
export const ownLayers = {
  gated: {
    options: { size: 2, bias: true },
    parameters: { Wg: ["input_size", "size"], W: ["input_size", "size"] },
    equations: ["a = x @ W", "y = sigmoid(x @ Wg) * bent(a)"],
    variants: {
      bias: { true: { parameters: { b: ["size"] }, equations: { a: "a = x @ W + b" } }, false: {} },
    },
  },
};

/** Optimizers of equations in the spec: of each entry with weight decay, and of whole tensors with slots of their own. */
export const ownOptimizers = {
  sign_momentum: {
    options: { beta1: 0.9, weight_decay: 0 },
    slots: { m: 0 },
    equations: ["m' = beta1 * m + (1 - beta1) * g", "p' = p - rate * (sign(m') + weight_decay * p)"],
  },
  factored: {
    slots: { scale: { initial: 1, shape: [] } },
    equations: ["scale' = 0.9 * scale + 0.1 * mean_all(g * g)", "u = g / (sqrt(scale') + 0.01)", "p' = p - rate * u"],
    variants: {
      rank: {
        2: {
          slots: { row: { shape: ["rows", 1] } },
          equations: { u: ["row' = 0.9 * row + 0.1 * mean(g * g, -1)", "u = g / (sqrt(row' + scale') + 0.01)"] },
        },
        otherwise: {},
      },
    },
  },
};

/** A schedule of equations in the spec. */
export const ownSchedules = {
  triangle: { options: { period: 4 }, equations: ["factor = 1 - abs(n / period - floor(n / period) - 0.5)"] },
};

export const activations = [...schema.$defs.activation_name.anyOf[0].enum, ...Object.keys(ownActivations)];

/** True for an activation that reads two features for each one of its output. */
export const isGated = (activation) => ["glu", "swiglu", "halves"].includes(activation);

/** Choices from a source of integers: `below(n)` is one of 0 … n - 1, and 0 is the simplest. */
export function choices(below) {
  const pick = (list) => list[below(list.length)];
  return {
    below,
    pick,
    /** True once in `n` draws. */
    once: (n) => below(n) === n - 1,
    between: (least, most) => least + below(most - least + 1),
    /** Some of the optional keys of an object of the schema, with values from its examples. */
    optional: (name, excluded = []) => {
      const { properties, required = [] } = schema.$defs[name];
      const drawn = Object.entries(properties).flatMap(([key, value]) => {
        if (required.includes(key) || excluded.includes(key) || below(4) < 3) return [];
        const values = valuesOf(resolved(value));
        return values.length === 0 ? [] : [[key, pick(values)]];
      });
      return Object.fromEntries(drawn);
    },
    /** The required keys of an object of the schema. */
    required: (name) => {
      const { properties, required = [] } = schema.$defs[name];
      return Object.fromEntries(required.map((key) => [key, pick(valuesOf(resolved(properties[key])))]));
    },
  };
}

function valuesOf({ enum: names, const: constant, type, examples = [], default: standard }) {
  if (constant !== undefined) return [constant];
  if (names !== undefined) return names;
  if (type === "boolean") return [true, false];
  return [...examples, ...(standard === undefined ? [] : [standard])];
}

/** The built-in cells, with their states and the values that each option may have. */
export const cells = readdirSync(join(root, "specs/cells")).flatMap((file) => {
  const { inputs, state, parameters, options = {}, variants = {} } = readJson(`specs/cells/${file}`);
  // A cell with more inputs than x reads several layers.
  if (inputs !== undefined) return [];
  const sizes = JSON.stringify([state, parameters]);
  const valuesOfOption = ([option, standard]) => {
    const names = Object.keys(variants[option] ?? {});
    const values = names.flatMap((name) => {
      if (typeof standard === "string") return name === "otherwise" ? ["silu", "bent"] : [name];
      return name === "otherwise" ? [2] : [JSON.parse(name)];
    });
    return [
      option,
      values.length > 0 ? values : new RegExp(`\\b${option}\\b`).test(sizes) ? [standard] : [standard, 0.5],
    ];
  };
  const name = file.replace(".json", "");
  return [{ name, state, options: Object.fromEntries(Object.entries(options).map(valuesOfOption)) }];
});
