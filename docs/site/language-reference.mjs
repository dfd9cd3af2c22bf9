/** The page of the equation language: its functions and activations with equation, derivative and ONNX operators. */
import { readdirSync, readFileSync } from "node:fs";
import { activationSources } from "./sources.mjs";

const folder = new URL("../../specs/activations/", import.meta.url);
const descriptionOf = (name) => JSON.parse(readFileSync(new URL(`${name}.json`, folder), "utf8")).description;
const activations = readdirSync(folder)
  .map((file) => file.replace(".json", ""))
  .sort();

/** Groups of functions in code. */
const groups = [
  {
    title: "Functions of each entry",
    text: "Of several arguments, shapes are broadcast: sizes are compared from the last axis, and a size of 1 repeats. Of a number, a call is a number.",
    names: [
      ...[
        "tanh",
        "sigmoid",
        "relu",
        "softplus",
        "erf",
        "exp",
        "log",
        "lgamma",
        "sqrt",
        "abs",
        "sin",
        "cos",
        "sign",
        "floor",
      ],
      ...["min", "max", "pow", "clip", "where"],
    ],
  },
  {
    title: "Functions along an axis",
    text: "They use the last axis. Those with an argument `axis` use another one instead, counted from the last: `sum(a, -2)`. A reduced axis keeps the size 1. The batch and the time are no axes of an equation.",
    names: [
      ...["softmax", "log_softmax", "sum", "mean", "amax", "logsumexp", "l2_norm", "argmax", "gather"],
      ...["cumsum", "cummax"],
      ...["layer_norm", "concat", "split", "shift_in", "unsqueeze", "squeeze"],
    ],
  },
  {
    title: "Vectors and matrices of each row",
    text: "A row of the batch may have a matrix, or several: a state or a product of heads. The formula of `einsum` has a letter for each axis of a row of each operand, and of the result; the batch and the time have none. A letter that the result lacks is summed over; one of several operands is the same axis. In JSON its quotes are escaped, or single: `einsum('hd,hde->he', q, C)`.",
    names: ["outer", "transpose", "einsum", "split_heads", "merge_heads", "one_hot"],
  },
  {
    title: "Earlier time steps",
    text: "In the equations of a layer, whose input is then a sequence; a cell has states. No step reads a later one, so a model streams: an export that reads a sequence in pieces keeps the last steps as a state.",
    names: ["shift"],
  },
];

const cell = (text) => text.replaceAll("|", "\\|");
const code = (text) => `\`${text}\``;

/** One function as an item of a list. */
const operatorLine = (operators) => `  ONNX: ${[...new Set(operators)].join(", ")}.`;

function item(called, { gradient, operators }, equation) {
  return [
    `- **${code(called.notation)}**: ${equation}.`,
    `  Derivative: ${gradient.length === 0 ? "0, everywhere" : gradient.map(code).join("; ")}.`,
    operatorLine(operators),
  ].join("\\\n");
}

const operatorRows = [
  [
    "`a ^ b`",
    "power: of the right operand first, `a ^ b ^ c` is `a ^ (b ^ c)`, and before a minus sign, `-a ^ 2` is `-(a ^ 2)`",
    "Pow; Mul for 2, 3 and 4",
  ],
  ["`-a`", "negation", "Neg"],
  ["`a * b`, `a / b`", "entry by entry", "Mul, Div"],
  [
    "`a @ b`",
    "product of each row's vector or matrix with a matrix; with as many leading axes, matrix by matrix",
    "MatMul",
  ],
  ["`a + b`, `a - b`", "entry by entry", "Add, Sub"],
  ["`a > b`, `<`, `>=`, `<=`, `==`, `!=`", "a condition, for `where`", "Greater, Less, Equal, Not"],
];

const scopeRows = [
  [
    "[cell](spec/cells.md#cells-of-your-own)",
    "`x` [input_size], each state, each parameter, numeric options, sizes (`hidden_size`, `input_size`, `head_size`)",
    "`h'` for each state, and the output",
  ],
  [
    "[layer](spec/layers.md#layer-definition)",
    "`x` [input_size], each further input, each parameter, numeric options, sizes (`input_size`, those of `inputs`)",
    "the output, `y` unless `output` names another",
  ],
  [
    "[activation](spec/layers.md#activation-definition)",
    "`x`, whose last axis is that of the features",
    "the output, `y` unless `output` names another",
  ],
  [
    "[loss](spec/losses.md#loss-definition)",
    "`y` [output_size], the outputs, `t`, the targets, numbers and lists of options, the numbers `output_size` and `target_size`; of a whole batch also `valid` and `index`",
    "`loss`",
  ],
  [
    "[metric](spec/metrics.md#custom-metric)",
    "`y`, the outputs as the loss reads them, `t`, its targets, numbers and lists of options, the numbers `output_size` and `target_size`",
    "`metric`",
  ],
  [
    "[optimizer](spec/optimizers.md#optimizer-definition)",
    "the parameter `p`, its gradient `g`, each slot, `rate`, `t`, numeric options, the numbers `rank`, `size`, `rows`, `columns`",
    "`p'`, and `m'` for each slot `m`",
  ],
  [
    "[schedule](spec/optimizers.md#schedule-definition)",
    "`n`, numeric options, `pi`, `total_steps`, the updates of the run after the warmup",
    "`factor`",
  ],
];

/** Functions that only optimizers have. */
const updateGroup = {
  title: "Functions of optimizers",
  text: "A parameter is one tensor without a batch: functions along an axis name the axis, `mean(g, -1)`, and these take all entries, or a matrix. No gradient of an update is taken, so none has a derivative.",
  names: ["norm", "sum_all", "mean_all", "one_minus_power", "newton_schulz", "and"],
};

const table = (head, rows) =>
  [
    `| ${head.join(" | ")} |`,
    `|${head.map(() => "---").join("|")}|`,
    ...rows.map((row) => `| ${row.map(cell).join(" | ")} |`),
  ].join("\n");

/**
 * The text of docs/reference/language.md.
 *
 * @param functions the built-in functions: `get(name)`.
 * @param updateFunctions those of optimizers.
 * @param explain from a function to its equations, gradient and operators.
 * @param operatorsOf from a function of optimizers to its operators.
 */
export function languageReference(functions, updateFunctions, explain, operatorsOf) {
  const explained = (name) => explain(functions.get(name), { expected: new Map() });
  const documented = new Set([...groups.flatMap(({ names }) => names), ...activations]);
  const missing = functions.names.filter((name) => !documented.has(name));
  if (missing.length > 0) throw new Error(`no group of language-reference.mjs has ${missing.join(", ")}`);
  const updateNames = updateFunctions.names.filter((name) => functions.get(name) === undefined);
  const unlisted = updateNames.filter((name) => !updateGroup.names.includes(name));
  if (unlisted.length > 0) throw new Error(`the functions of optimizers lack ${unlisted.join(", ")}`);
  const updateItems = updateGroup.names.map((name) => {
    const called = updateFunctions.get(name);
    return `- **${code(called.notation)}**: ${called.equation}.\\\n${operatorLine(operatorsOf(called))}`;
  });
  const sections = groups.flatMap(({ title, text, names }) => [
    `## ${title}`,
    text,
    names.map((name) => item(functions.get(name), explained(name), functions.get(name).equation)).join("\n"),
  ]);
  const activationItems = activations.map((name) => {
    const { equations, ...rest } = explained(name);
    const source = activationSources[name] === undefined ? "" : ` Source: ${activationSources[name]}`;
    const text = `${descriptionOf(name).replace(/\.$/, "")}: ${equations.map(code).join(", ")}.${source}`;
    return item(functions.get(name), rest, text.replace(/\.$/, ""));
  });
  const lines = [
    "# The equation language",
    "<!-- Generated by `npm run reference` from compiler/language/functions/, specs/activations/ and docs/site/sources.mjs. -->",
    "[Cells](spec/cells.md), [layers](spec/layers.md#layer-definition), [activations](spec/layers.md#activation-definition), [losses](spec/losses.md#loss-definition), [metrics](spec/metrics.md#custom-metric), [optimizers](spec/optimizers.md#optimizer-definition) and [schedules](spec/optimizers.md#schedule-definition) of a spec are equations. Each line sets a name, `t = sigmoid(x @ W + b)`, or several, `i, f = split(e, 2)`; a line reads what the lines before it set. The compiler derives the gradient, by the derivatives below. `rnnx inspect SPEC --explain NAME` prints it for a cell, a layer, a loss or a function.",
    "An equation of a cell, a layer, an activation, a loss or a metric holds for each row of the batch and each time step: the batch and the time have no axis in it. Messages print the batch before the shape, `[batch, 4]`. An equation of an optimizer holds for each parameter.",
    "## Names",
    table(["equations of", "may read", "set"], scopeRows),
    "## Operators",
    "From the strongest to the weakest; those of one row, and `*`, `/` and `@` among each other, from left to right. Parentheses group.",
    table(["operator", "result", "ONNX"], operatorRows),
    ...sections,
    "## Activations",
    "Each is a file of `specs/activations/`, but `softmax`, `sigmoid`, `tanh`, `relu` and `softplus`, which are operators. In equations they are functions; in layers, and in the cells `rnn`, `layer_norm_rnn` and `indrnn`, values of `activation`. An activation of `activations` is used alike.",
    activationItems.join("\n"),
    `## ${updateGroup.title}`,
    updateGroup.text,
    updateItems.join("\n"),
  ];
  return `${lines.join("\n\n")}\n`;
}
