/** A model's use in Python, with onnxruntime and numpy. */
import { type Feed, namesAreWords, type Plan, type Words } from "./plan.js";

export function pythonSnippet(plan: Plan): string {
  const { model, about, answer, example } = plan;
  const reads = example.type === "text" || answer.names !== null;
  return [
    `# ${about} It needs: pip install onnxruntime numpy`,
    ...(reads ? ["import json"] : []),
    "from pathlib import Path",
    "",
    "import numpy as np",
    "import onnxruntime as ort",
    "",
    `session = ort.InferenceSession(Path(__file__).with_name(${quoted(model)}))`,
    ...(reads ? ["known = session.get_modelmeta().custom_metadata_map"] : []),
    ...exampleLines(plan),
    "",
    ...runLines(plan),
    "",
  ].join("\n");
}

function exampleLines({ example }: Plan): readonly string[] {
  if (example.type === "text") {
    const { words, text } = example;
    return [
      `vocabulary = json.loads(known[${quoted(words.key)}])`,
      `ids = [${idOf(words)} for unit in ${unitsOf(words, quoted(text))}]`,
    ];
  }
  const { time, width, row } = example;
  return [`rows = [${row === null ? `[0.0] * ${width}` : JSON.stringify(row)}] * ${time}`];
}

function unitsOf({ unit }: Words, text: string): string {
  if (unit === "word") return `${text}.split()`;
  return unit === "byte" ? `${text}.encode()` : text;
}

function idOf({ unknown }: Words): string {
  const found = "vocabulary.index(unit)";
  return unknown === null ? found : `${found} if unit in vocabulary else ${unknown}`;
}

function array({ dtype, value, shape }: Feed, { example }: Plan, step: boolean): string {
  const steps = example.type === "text" ? "len(ids)" : "len(rows)";
  // With an axis of its own behind it, a row of one is a batch of one.
  const make = (data: string) => `np.array(${data}, np.${dtype})`;
  if (typeof value === "number") return make(`${value}`);
  const flat = !shape.includes("time") && shape.length === 1;
  switch (value) {
    case "ids":
      return make(step ? "[unit]" : "[ids]");
    case "rows":
      return make(step ? "[row]" : flat ? "rows" : "[rows]");
    case "length":
      return make(`[${steps}]`);
    case "said":
      return make("[said]");
    case "saidLength":
      return make("[len(said)]");
    case "zeros":
      return `np.zeros((${[1, ...shape.map((size) => (size === "time" ? steps : size))].join(", ")},), np.${dtype})`;
  }
}

function runLines(plan: Plan): readonly string[] {
  const { kind, feeds, states, answer, decoder, example } = plan;
  const fed = (step: boolean, indent: string) =>
    feeds.map((feed) => `${indent}${quoted(feed.name)}: ${array(feed, plan, step)},`);
  const names =
    answer.names === null
      ? []
      : [namesAreWords(plan) ? "names = vocabulary" : `names = json.loads(known[${quoted(answer.names.key)}])`];
  const run = (outputs: string, feed: string) => `session.run(${outputs}, ${feed})`;
  switch (kind) {
    case "once":
      return [
        "feeds = {",
        ...fed(false, "    "),
        "}",
        `(result,) = ${run(`[${quoted(answer.output)}]`, "feeds")}`,
        ...names,
        `print(${shown(plan, "result.ravel()")})`,
      ];
    case "steps":
      return [
        "states = {",
        ...states.map(({ input, shape, initial }) => {
          const first =
            initial === undefined
              ? `np.zeros((1, ${shape.join(", ")}), np.float32)`
              : `np.array([[${initial.join(", ")}]], np.float32)`;
          return `    ${quoted(input)}: ${first},`;
        }),
        "}",
        `following = {${states.map(({ input, output }) => `${quoted(input)}: ${quoted(output)}`).join(", ")}}`,
        `for ${example.type === "text" ? "unit in ids" : "row in rows"}:`,
        "    feeds = {",
        ...fed(true, "        "),
        "    }",
        `    result, *last = ${run(`[${quoted(answer.output)}, *following.values()]`, "feeds | states")}`,
        "    states = dict(zip(following, last))",
        ...names,
        `print(${shown(plan, "result.ravel()")})`,
      ];
    case "decode":
      return [
        `said = [${decoder.start}]`,
        `while len(said) <= ${decoder.longest}:`,
        "    feeds = {",
        ...fed(false, "        "),
        "    }",
        `    (result,) = ${run(`[${quoted(answer.output)}]`, "feeds")}`,
        "    following = int(result[0, -1])",
        `    if following == ${decoder.end}:`,
        "        break",
        "    said.append(following)",
        ...names,
        `print(${shown(plan, "said[1:]")})`,
      ];
  }
}

function shown({ answer: { type, names, joined } }: Plan, all: string): string {
  if (names === null) return type === "classes" ? `${all}.tolist()` : `${all}`;
  // Of a model that says something at every step, what it says last.
  if (type === "numbers") return `dict(zip(names, ${all}[-len(names) :].tolist()))`;
  if (joined === "byte") return `bytes(names[id] for id in ${all}).decode(errors="replace")`;
  return `${quoted(joined === "char" ? "" : " ")}.join(names[id] for id in ${all})`;
}

/** JSON's escapes are Python's too, save for what stands beyond the first plane, which JSON leaves as it is. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
