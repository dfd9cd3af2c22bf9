/** The Python program of an exported model, with onnxruntime and numpy. */
import { columnCode } from "./id-columns.js";
import { type Feed, hasNames, namesAreVocabulary, type SnippetSpec, stepsVariable } from "./plan.js";
import type { SnippetPrediction } from "./prediction.js";
import { soundCode } from "./sounds.js";
import { blankIds } from "./text-columns.js";
import type { SnippetVocabulary } from "./vocabulary.js";

export function pythonSnippet(snippet: SnippetSpec): string {
  const { model, description, example, columns } = snippet;
  const { imports, lines } = columnCode(columns, "python");
  const sound = example.type === "sound" ? soundCode(example.sampleRate, "python") : null;
  const readsText = example.type === "text" && snippet.tokenizer === null;
  const readsMetadata =
    readsText || snippet.predictions.some(hasNames) || columns.length > 0 || snippet.texts.length > 0;
  const hasTokenizer = snippet.tokenizer !== null || snippet.texts.some(({ tokenizer }) => tokenizer !== null);
  return [
    `# ${description} Requires: pip install onnxruntime numpy${hasTokenizer ? " tokenizers" : ""}`,
    ...(readsMetadata ? ["import json"] : []),
    ...(vocabulariesOf(snippet).some(needsUnicode) ? ["import unicodedata"] : []),
    ...imports,
    ...(sound?.imports ?? []),
    "from pathlib import Path",
    "",
    "import numpy as np",
    "import onnxruntime as ort",
    ...(hasTokenizer ? ["from tokenizers import Tokenizer"] : []),
    "",
    `session = ort.InferenceSession(Path(__file__).with_name(${quoted(model)}))`,
    ...(readsMetadata ? ["metadata = session.get_modelmeta().custom_metadata_map"] : []),
    ...lines,
    ...(snippet.tokenizer === null
      ? []
      : [`tokenizer = Tokenizer.from_file(str(Path(__file__).with_name(${quoted(snippet.tokenizer)})))`]),
    ...exampleLines(snippet),
    ...textLines(snippet),
    "",
    ...runLines(snippet),
    "",
  ].join("\n");
}

function exampleLines(snippet: SnippetSpec): readonly string[] {
  const { idCount } = snippet;
  const check = [
    `if not all(0 <= unit_id < ${idCount} for unit_id in ids):`,
    '    raise ValueError("An id is outside of the vocabulary.")',
  ];
  // A list of units has no index of another unit.
  return [...inputLines(snippet), ...(idCount === null || snippet.example.type === "text" ? [] : check)];
}

function inputLines({ example }: SnippetSpec): readonly string[] {
  if (example.type === "text" && example.vocabulary.unit === "bpe") {
    const { vocabulary, text } = example;
    return [`ids = tokenizer.encode(${quoted(text)}, add_special_tokens=False).ids${limit(vocabulary)}`];
  }
  if (example.type === "text") {
    const { vocabulary, text } = example;
    return [
      `vocabulary = json.loads(metadata[${quoted(vocabulary.metadataKey)}])`,
      ...normalizationLines(vocabulary, text),
      `ids = [${idOf(vocabulary)} for unit in ${unitsOf(vocabulary, textOf(vocabulary, text))}${limit(vocabulary)}]`,
    ];
  }
  if (example.type === "ids") return [`ids = ${JSON.stringify(example.ids)}`];
  if (example.type === "sound") return soundCode(example.sampleRate, "python").lines;
  const { time, width, row } = example;
  return [`rows = [${row === null ? `[0.0] * ${width}` : JSON.stringify(row)}] * ${time}`];
}

/** The ids of the columns of text, by the name of the input. */
function textLines({ texts }: SnippetSpec): readonly string[] {
  if (texts.length === 0) return [];
  return [
    'texts = json.loads(metadata["rnnx.data.texts"])',
    "tokens = {}",
    ...texts.flatMap((column) => {
      const { name, text, vocabulary, tokenizer } = column;
      const ids = `tokens[${quoted(name)}] =`;
      if (tokenizer !== null)
        return [
          `tokenizer = Tokenizer.from_file(str(Path(__file__).with_name(${quoted(tokenizer)})))`,
          `${ids} tokenizer.encode(${quoted(text)}, add_special_tokens=False).ids${limit(vocabulary)} or ${JSON.stringify(blankIds(column))}`,
        ];
      return [
        `vocabulary = texts[${quoted(name)}]["vocabulary"]`,
        ...normalizationLines(vocabulary, text),
        `${ids} [${idOf(vocabulary)} for unit in ${unitsOf(vocabulary, textOf(vocabulary, text))}${limit(vocabulary)}] or [0]`,
      ];
    }),
  ];
}

/** The vocabularies of the texts of a program. */
function vocabulariesOf({ example, texts }: SnippetSpec): readonly SnippetVocabulary[] {
  return [...(example.type === "text" ? [example.vocabulary] : []), ...texts.map(({ vocabulary }) => vocabulary)];
}

function needsUnicode({ normalization, unit }: SnippetVocabulary): boolean {
  if (normalization === null || unit === "bpe") return false;
  const { normalize, punctuation } = normalization;
  return normalize !== "none" || punctuation !== "keep";
}

/** The variable of a text that is normalized, or the text. */
function textOf({ normalization }: SnippetVocabulary, text: string): string {
  return normalization === null ? quoted(text) : "text";
}

/** As normalizeText (runtime/data/vocabulary/normalize-text.ts). */
function normalizationLines({ normalization, unit }: SnippetVocabulary, text: string): readonly string[] {
  if (normalization === null) return [];
  const { normalize, lowercase, punctuation } = normalization;
  const mark = punctuation === "split" ? 'f" {char} "' : quoted(unit === "word" ? " " : "");
  return [
    `text = ${quoted(text)}`,
    ...(normalize === "none" ? [] : [`text = unicodedata.normalize(${quoted(normalize)}, text)`]),
    ...(lowercase ? ['text = "".join(char.lower() for char in text)'] : []),
    ...(punctuation === "keep"
      ? []
      : [`text = "".join(${mark} if unicodedata.category(char)[0] in "PS" else char for char in text)`]),
  ];
}

function unitsOf({ unit }: SnippetVocabulary, text: string): string {
  if (unit === "word") return `${text}.split()`;
  return unit === "byte" ? `${text}.encode()` : text;
}

function limit({ maxLength }: SnippetVocabulary): string {
  return maxLength === null ? "" : `[:${maxLength}]`;
}

function idOf({ unknown }: SnippetVocabulary): string {
  const lookup = "vocabulary.index(unit)";
  return unknown === null ? lookup : `${lookup} if unit in vocabulary else ${unknown}`;
}

function array(
  { name, dtype, value, shape }: Feed,
  { example, columns, texts }: SnippetSpec,
  perStep: boolean,
): string {
  const steps = `len(${stepsVariable(example)})`;
  // Lists add the batch axis.
  const make = (data: string) => `np.array(${data}, np.${dtype})`;
  if (typeof value === "number") return make(`${value}`);
  const isFlat = !shape.includes("time") && shape.length === 1;
  switch (value) {
    case "ids":
      return make(perStep ? "[unit_id]" : "[ids]");
    case "rows":
      return make(perStep ? "[row]" : isFlat ? "rows" : "[rows]");
    case "column": {
      const id = columnCode(columns, "python").idOf(name);
      return make(shape.includes("time") ? `[[${id}] * ${steps}]` : `[${id}]`);
    }
    case "text":
    case "textLength": {
      const text = texts.find(({ feed, lengths }) => feed === name || lengths === name);
      const ids = `tokens[${quoted(text?.name ?? "")}]`;
      return make(value === "text" ? `[${ids}]` : `[len(${ids})]`);
    }
    case "length":
      return make(`[${steps}]`);
    case "decoded":
      return make("[tokens]");
    case "decodedLength":
      return make("[len(tokens)]");
    case "zeros":
      return `np.zeros((${[1, ...shape.map((size) => (size === "time" ? steps : size))].join(", ")},), np.${dtype})`;
  }
}

function runLines(snippet: SnippetSpec): readonly string[] {
  const { kind, feeds, states, predictions, decoder, example } = snippet;
  const [prediction, ...others] = predictions;
  const isOnly = others.length === 0;
  const feedLines = (perStep: boolean, indent: string) =>
    feeds.map((feed) => `${indent}${quoted(feed.name)}: ${array(feed, snippet, perStep)},`);
  const outputs = `[${predictions.map(({ output }) => quoted(output)).join(", ")}]`;
  const run = (names: string, feed: string) => `session.run(${names}, ${feed})`;
  const prints = predictions.flatMap((each) =>
    printLines(snippet, each, isOnly ? "result.ravel()" : `results[${quoted(each.output)}].ravel()`),
  );
  switch (kind) {
    case "once":
      return [
        "feeds = {",
        ...feedLines(false, "    "),
        "}",
        ...(isOnly
          ? [`(result,) = ${run(outputs, "feeds")}`]
          : [`outputs = ${outputs}`, `results = dict(zip(outputs, ${run("outputs", "feeds")}))`]),
        ...prints,
      ];
    case "steps":
      return [
        "states = {",
        ...states.map(({ input, shape, initial }) => {
          const initialValues =
            initial === undefined
              ? `np.zeros((1, ${shape.join(", ")}), np.float32)`
              : `np.array([[${initial.join(", ")}]], np.float32)${shape.length > 1 ? `.reshape(1, ${shape.join(", ")})` : ""}`;
          return `    ${quoted(input)}: ${initialValues},`;
        }),
        "}",
        `next_states = {${states.map(({ input, output }) => `${quoted(input)}: ${quoted(output)}`).join(", ")}}`,
        ...(isOnly ? [] : [`outputs = ${outputs}`]),
        `for ${stepsVariable(example) === "ids" ? "unit_id in ids" : "row in rows"}:`,
        "    feeds = {",
        ...feedLines(true, "        "),
        "    }",
        ...(isOnly
          ? [`    result, *values = ${run(`[${quoted(prediction.output)}, *next_states.values()]`, "feeds | states")}`]
          : [
              `    values = ${run("[*outputs, *next_states.values()]", "feeds | states")}`,
              "    results = dict(zip(outputs, values))",
            ]),
        `    states = dict(zip(next_states, ${isOnly ? "values" : "values[len(outputs) :]"}))`,
        ...prints,
      ];
    case "decode":
      return [
        `tokens = [${decoder.start}]`,
        `while len(tokens) <= ${decoder.maxLength}:`,
        "    feeds = {",
        ...feedLines(false, "        "),
        "    }",
        `    (result,) = ${run(outputs, "feeds")}`,
        "    next_id = int(result[0, -1])",
        `    if next_id == ${decoder.end}:`,
        "        break",
        "    tokens.append(next_id)",
        ...printLines(snippet, prediction, "tokens[1:]"),
      ];
  }
}

/** Prints the values of one prediction, of several after its name. */
function printLines(snippet: SnippetSpec, prediction: SnippetPrediction, values: string): readonly string[] {
  const { name, names, blank } = prediction;
  const label = name === null ? "" : `${quoted(`${name}:`)}, `;
  const path = names?.path.map((member) => `[${quoted(member)}]`).join("") ?? "";
  const list = namesAreVocabulary(snippet, prediction)
    ? "vocabulary"
    : `json.loads(metadata[${quoted(names?.metadataKey ?? "")}])${path}`;
  return [
    ...(hasNames(prediction) ? [`names = ${list}`] : []),
    ...(blank === null
      ? [`print(${label}${formatOutput(prediction, values)})`]
      : [
          `classes = ${values}.tolist()`,
          "# Repeated classes are one label, and blanks separate labels.",
          `print(${label}[label for label, before in zip(classes, [None, *classes]) if label not in (before, ${blank})])`,
        ]),
  ];
}

function formatOutput({ type, names, joinUnit }: SnippetPrediction, values: string): string {
  if (names === null) return type === "classes" ? `${values}.tolist()` : `${values}`;
  // Of a prediction per step, the last one.
  if (type === "numbers") return `dict(zip(names, ${values}[-len(names) :].tolist()))`;
  if (joinUnit === "bpe") return `tokenizer.decode([int(token) for token in ${values}])`;
  if (joinUnit === "byte") return `bytes(names[id] for id in ${values}).decode(errors="replace")`;
  return `${quoted(joinUnit === "char" ? "" : " ")}.join(names[id] for id in ${values})`;
}

/** JSON's escapes are valid in Python; characters beyond the basic plane are not escaped. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
