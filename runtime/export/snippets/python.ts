/** A model's use in Python, with onnxruntime and numpy. */
import { type Feed, namesAreVocabulary, type SnippetSpec, type SnippetVocabulary } from "./plan.js";

export function pythonSnippet(snippet: SnippetSpec): string {
  const { model, description, prediction, example } = snippet;
  const readsMetadata = example.type === "text" || prediction.names !== null;
  return [
    `# ${description} It needs: pip install onnxruntime numpy`,
    ...(readsMetadata ? ["import json"] : []),
    "from pathlib import Path",
    "",
    "import numpy as np",
    "import onnxruntime as ort",
    "",
    `session = ort.InferenceSession(Path(__file__).with_name(${quoted(model)}))`,
    ...(readsMetadata ? ["known = session.get_modelmeta().custom_metadata_map"] : []),
    ...exampleLines(snippet),
    "",
    ...runLines(snippet),
    "",
  ].join("\n");
}

function exampleLines({ example }: SnippetSpec): readonly string[] {
  if (example.type === "text") {
    const { vocabulary, text } = example;
    return [
      `vocabulary = json.loads(known[${quoted(vocabulary.metadataKey)}])`,
      `ids = [${idOf(vocabulary)} for unit in ${unitsOf(vocabulary, quoted(text))}]`,
    ];
  }
  const { time, width, row } = example;
  return [`rows = [${row === null ? `[0.0] * ${width}` : JSON.stringify(row)}] * ${time}`];
}

function unitsOf({ unit }: SnippetVocabulary, text: string): string {
  if (unit === "word") return `${text}.split()`;
  return unit === "byte" ? `${text}.encode()` : text;
}

function idOf({ unknown }: SnippetVocabulary): string {
  const lookup = "vocabulary.index(unit)";
  return unknown === null ? lookup : `${lookup} if unit in vocabulary else ${unknown}`;
}

function array({ dtype, value, shape }: Feed, { example }: SnippetSpec, perStep: boolean): string {
  const steps = example.type === "text" ? "len(ids)" : "len(rows)";
  // With an axis of its own behind it, a row of one is a batch of one.
  const make = (data: string) => `np.array(${data}, np.${dtype})`;
  if (typeof value === "number") return make(`${value}`);
  const isFlat = !shape.includes("time") && shape.length === 1;
  switch (value) {
    case "ids":
      return make(perStep ? "[unit]" : "[ids]");
    case "rows":
      return make(perStep ? "[row]" : isFlat ? "rows" : "[rows]");
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

function runLines(snippet: SnippetSpec): readonly string[] {
  const { kind, feeds, states, prediction, decoder, example } = snippet;
  const feedLines = (perStep: boolean, indent: string) =>
    feeds.map((feed) => `${indent}${quoted(feed.name)}: ${array(feed, snippet, perStep)},`);
  const names =
    prediction.names === null
      ? []
      : [
          namesAreVocabulary(snippet)
            ? "names = vocabulary"
            : `names = json.loads(known[${quoted(prediction.names.metadataKey)}])`,
        ];
  const run = (outputs: string, feed: string) => `session.run(${outputs}, ${feed})`;
  switch (kind) {
    case "once":
      return [
        "feeds = {",
        ...feedLines(false, "    "),
        "}",
        `(result,) = ${run(`[${quoted(prediction.output)}]`, "feeds")}`,
        ...names,
        `print(${formatOutput(snippet, "result.ravel()")})`,
      ];
    case "steps":
      return [
        "states = {",
        ...states.map(({ input, shape, initial }) => {
          const initialValues =
            initial === undefined
              ? `np.zeros((1, ${shape.join(", ")}), np.float32)`
              : `np.array([[${initial.join(", ")}]], np.float32)`;
          return `    ${quoted(input)}: ${initialValues},`;
        }),
        "}",
        `following = {${states.map(({ input, output }) => `${quoted(input)}: ${quoted(output)}`).join(", ")}}`,
        `for ${example.type === "text" ? "unit in ids" : "row in rows"}:`,
        "    feeds = {",
        ...feedLines(true, "        "),
        "    }",
        `    result, *last = ${run(`[${quoted(prediction.output)}, *following.values()]`, "feeds | states")}`,
        "    states = dict(zip(following, last))",
        ...names,
        `print(${formatOutput(snippet, "result.ravel()")})`,
      ];
    case "decode":
      return [
        `said = [${decoder.start}]`,
        `while len(said) <= ${decoder.maxLength}:`,
        "    feeds = {",
        ...feedLines(false, "        "),
        "    }",
        `    (result,) = ${run(`[${quoted(prediction.output)}]`, "feeds")}`,
        "    following = int(result[0, -1])",
        `    if following == ${decoder.end}:`,
        "        break",
        "    said.append(following)",
        ...names,
        `print(${formatOutput(snippet, "said[1:]")})`,
      ];
  }
}

function formatOutput({ prediction: { type, names, joinUnit } }: SnippetSpec, values: string): string {
  if (names === null) return type === "classes" ? `${values}.tolist()` : `${values}`;
  // Of a model that says something at every step, what it says last.
  if (type === "numbers") return `dict(zip(names, ${values}[-len(names) :].tolist()))`;
  if (joinUnit === "byte") return `bytes(names[id] for id in ${values}).decode(errors="replace")`;
  return `${quoted(joinUnit === "char" ? "" : " ")}.join(names[id] for id in ${values})`;
}

/** JSON's escapes are Python's too, save for what stands beyond the first plane, which JSON leaves as it is. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
