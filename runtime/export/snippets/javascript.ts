/** The JavaScript programs of an exported model: for Node with onnxruntime-node, and a page with onnxruntime-web. */
import { columnCode } from "./id-columns.js";
import { labels, printLines } from "./javascript-output.js";
import { type Feed, type SnippetSpec, stepsVariable } from "./plan.js";
import type { SnippetPrediction } from "./prediction.js";
import { soundCode } from "./sounds.js";
import { blankIds } from "./text-columns.js";
import type { SnippetVocabulary } from "./vocabulary.js";

interface Host {
  readonly name: "node" | "browser";
  /** Imports the runtime and opens the model. */
  readonly setup: readonly string[];
  /** Opens the variable `tokenizer`. */
  readonly openTokenizer: (file: string) => readonly string[];
  readonly print: (value: string) => string;
}

export function nodeSnippet(snippet: SnippetSpec): string {
  const hasTokenizer = needsTokenizers(snippet);
  const readsFiles = hasTokenizer || snippet.example.type === "sound";
  const host: Host = {
    name: "node",
    openTokenizer: (file) => [
      `const tokenizerFile = new URL(${JSON.stringify(encodeURIComponent(file))}, import.meta.url);`,
      'const tokenizer = new Tokenizer(JSON.parse(readFileSync(tokenizerFile, "utf8")), {});',
    ],
    setup: [
      ...(readsFiles ? ['import { readFileSync } from "node:fs";'] : []),
      'import { fileURLToPath } from "node:url";',
      ...(hasTokenizer ? ['import { Tokenizer } from "@huggingface/tokenizers";'] : []),
      'import { InferenceSession, Tensor } from "onnxruntime-node";',
      "",
      `const file = fileURLToPath(new URL(${JSON.stringify(encodeURIComponent(snippet.model))}, import.meta.url));`,
      "const session = await InferenceSession.create(file);",
    ],
    print: (value) => `console.log(${value});`,
  };
  return [
    `// ${snippet.description} Requires: npm install onnxruntime-node${hasTokenizer ? " @huggingface/tokenizers" : ""}`,
    ...program(snippet, host),
    "",
  ].join("\n");
}

export function browserSnippet(snippet: SnippetSpec): string {
  const hasTokenizer = needsTokenizers(snippet);
  const host: Host = {
    name: "browser",
    openTokenizer: (file) => [
      `const tokenizerFile = await fetch(${JSON.stringify(encodeURIComponent(file))});`,
      "const tokenizer = new Tokenizer(await tokenizerFile.json(), {});",
    ],
    setup: [
      'import { InferenceSession, Tensor } from "./node_modules/onnxruntime-web/dist/ort.wasm.bundle.min.mjs";',
      ...(hasTokenizer
        ? ['import { Tokenizer } from "./node_modules/@huggingface/tokenizers/dist/tokenizers.min.mjs";']
        : []),
      "",
      `const session = await InferenceSession.create(${JSON.stringify(encodeURIComponent(snippet.model))});`,
    ],
    print: (value) => `document.querySelector("output").textContent = ${value};`,
  };
  return [
    "<!doctype html>",
    `<!-- ${snippet.description} Requires: npm install onnxruntime-web${hasTokenizer ? " @huggingface/tokenizers" : ""} in this folder, and a web server. -->`,
    '<meta charset="utf-8" />',
    "<output>…</output>",
    '<script type="module">',
    // A script ends at the first end tag, even inside a string.
    ...program(snippet, host).map((line) => (line === "" ? "" : `  ${line.replaceAll("</", "<\\/")}`)),
    "</script>",
    "",
  ].join("\n");
}

function needsTokenizers({ tokenizer, texts }: SnippetSpec): boolean {
  return tokenizer !== null || texts.some((text) => text.tokenizer !== null);
}

function program(snippet: SnippetSpec, { name, setup, openTokenizer, print }: Host): readonly string[] {
  const { lines } = columnCode(snippet.columns, "javascript");
  const tokenizer = snippet.tokenizer === null ? [] : openTokenizer(snippet.tokenizer);
  const texts = textLines(snippet, openTokenizer);
  return [...setup, ...tokenizer, ...lines, ...exampleLines(snippet, name), ...texts, "", ...runLines(snippet, print)];
}

/** The ids of the columns of text, by the name of the input. */
function textLines({ texts }: SnippetSpec, openTokenizer: Host["openTokenizer"]): readonly string[] {
  if (texts.length === 0) return [];
  return [
    "const tokens = {};",
    ...texts.flatMap((column) => {
      const { name, text, vocabulary, tokenizer } = column;
      const own = `tokens[${JSON.stringify(name)}]`;
      const ids = `${own} =`;
      const lines =
        tokenizer === null
          ? [
              `const vocabulary = ${JSON.stringify(vocabulary.list)};`,
              `${ids} ${numbered(vocabulary, text)};`,
              `if (${own}.length === 0) ${own}.push(0);`,
            ]
          : [
              ...openTokenizer(tokenizer),
              `${ids} tokenizer.encode(${JSON.stringify(text)}, { add_special_tokens: false }).ids${limit(vocabulary)};`,
              `if (${own}.length === 0) ${own}.push(${blankIds(column).join(", ")});`,
            ];
      return ["{", ...lines.map((line) => `  ${line}`), "}"];
    }),
  ];
}

/** The ids of the units of a text, by the variable `vocabulary`. */
function numbered(vocabulary: SnippetVocabulary, text: string): string {
  const units = unitsOf(vocabulary, normalized(vocabulary, JSON.stringify(text)));
  return `${units}${limit(vocabulary)}.map((unit) => ${idOf(vocabulary)})`;
}

function exampleLines(snippet: SnippetSpec, host: Host["name"]): readonly string[] {
  const { idCount } = snippet;
  const check = `if (!ids.every((id) => id >= 0 && id < ${idCount})) throw new RangeError("An id is outside of the vocabulary.");`;
  return [...inputLines(snippet, host), ...(idCount === null ? [] : [check])];
}

function inputLines({ example }: SnippetSpec, host: Host["name"]): readonly string[] {
  if (example.type === "text" && example.vocabulary.unit === "bpe") {
    const { vocabulary, text } = example;
    const encoded = `tokenizer.encode(${JSON.stringify(text)}, { add_special_tokens: false }).ids`;
    return [`const ids = ${encoded}${limit(vocabulary)};`];
  }
  if (example.type === "text") {
    const { vocabulary, text } = example;
    return [`const vocabulary = ${JSON.stringify(vocabulary.list)};`, `const ids = ${numbered(vocabulary, text)};`];
  }
  if (example.type === "ids") return [`const ids = ${JSON.stringify(example.ids)};`];
  if (example.type === "sound") return soundCode(example.sampleRate, host).lines;
  const { time, width, row } = example;
  const rowLiteral = row === null ? `Array(${width}).fill(0)` : JSON.stringify(row);
  return [`const rows = Array(${time}).fill(${rowLiteral});`];
}

/** As normalizeText (runtime/data/vocabulary/normalize-text.ts). */
function normalized({ normalization, unit }: SnippetVocabulary, text: string): string {
  if (normalization === null) return text;
  const { normalize, lowercase, punctuation } = normalization;
  const mark = punctuation === "split" ? '" $& "' : JSON.stringify(unit === "word" ? " " : "");
  return [
    text,
    ...(normalize === "none" ? [] : [`.normalize(${JSON.stringify(normalize)})`]),
    ...(lowercase ? [".replace(/./gsu, (character) => character.toLowerCase())"] : []),
    ...(punctuation === "keep" ? [] : [`.replace(/[\\p{P}\\p{S}]/gu, ${mark})`]),
  ].join("");
}

function unitsOf({ unit }: SnippetVocabulary, text: string): string {
  if (unit === "word") return `(${text}.match(/\\S+/g) ?? [])`;
  return unit === "byte" ? `[...new TextEncoder().encode(${text})]` : `[...${text}]`;
}

function limit({ maxLength }: SnippetVocabulary): string {
  return maxLength === null ? "" : `.slice(0, ${maxLength})`;
}

function idOf({ unknown }: SnippetVocabulary): string {
  const lookup = "vocabulary.indexOf(unit)";
  // indexOf returns -1 for an unknown unit, which is not an id.
  return unknown === null ? lookup : `vocabulary.includes(unit) ? ${lookup} : ${unknown}`;
}

const arrays = { float32: "Float32Array", int32: "Int32Array", int64: "BigInt64Array" } as const;

/** @param perStep feeds one step of the example, in a loop over steps. */
function tensor({ name, dtype, value, shape }: Feed, snippet: SnippetSpec, perStep: boolean): string {
  const steps = `${stepsVariable(snippet.example)}.length`;
  const dims = (time: string) => `[${[1, ...shape.map((size) => (size === "time" ? time : size))].join(", ")}]`;
  const make = (data: string, time: string) => `new Tensor("${dtype}", ${data}, ${dims(time)})`;
  if (typeof value === "number")
    return `new Tensor("${dtype}", ${arrays[dtype]}.of(${value}${dtype === "int64" ? "n" : ""}), [])`;
  switch (value) {
    case "ids":
      return perStep ? make("Int32Array.of(id)", "1") : make("Int32Array.from(ids)", steps);
    case "rows":
      return perStep ? make("Float32Array.from(row)", "1") : make("Float32Array.from(rows.flat())", steps);
    case "column": {
      const id = columnCode(snippet.columns, "javascript").idOf(name);
      return shape.includes("time")
        ? make(`new Int32Array(${steps}).fill(${id})`, steps)
        : make(`Int32Array.of(${id})`, "1");
    }
    case "text":
    case "textLength": {
      const text = snippet.texts.find(({ feed, lengths }) => feed === name || lengths === name);
      const ids = `tokens[${JSON.stringify(text?.name)}]`;
      return value === "text"
        ? make(`Int32Array.from(${ids})`, `${ids}.length`)
        : make(`BigInt64Array.of(BigInt(${ids}.length))`, "1");
    }
    case "length":
      return make(`BigInt64Array.of(BigInt(${steps}))`, "1");
    case "decoded":
      return make("Int32Array.from(tokens)", "tokens.length");
    case "decodedLength":
      return make("BigInt64Array.of(BigInt(tokens.length))", "1");
    case "zeros": {
      const count = shape.map((size) => (size === "time" ? steps : `${size}`)).join(" * ") || "1";
      return make(`new ${arrays[dtype]}(${count})`, steps);
    }
  }
}

function runLines(snippet: SnippetSpec, print: Host["print"]): readonly string[] {
  const { kind, feeds, states, predictions, decoder } = snippet;
  const [prediction] = predictions;
  const feedLines = (perStep: boolean, indent: string) =>
    feeds.map((feed) => `${indent}${key(feed.name)}: ${tensor(feed, snippet, perStep)},`);
  const valuesOf = ({ output }: SnippetPrediction) => `Array.from(results${member(output)}.data, Number)`;
  switch (kind) {
    case "once":
      return [
        "const results = await session.run({",
        ...feedLines(false, "  "),
        "});",
        ...printLines(snippet, (each) => labels(valuesOf(each), each.blank), print),
      ];
    case "steps": {
      return [
        "const states = {",
        ...states.map(({ input, shape, initial }) => {
          const size = shape.join(" * ");
          const initialValues =
            initial === undefined ? `new Float32Array(${size})` : `Float32Array.of(${initial.join(", ")})`;
          return `  ${key(input)}: new Tensor("float32", ${initialValues}, [1, ${shape.join(", ")}]),`;
        }),
        "};",
        "let results;",
        `for (const ${stepsVariable(snippet.example) === "ids" ? "id of ids" : "row of rows"}) {`,
        "  results = await session.run({",
        "    ...states,",
        ...feedLines(true, "    "),
        "  });",
        ...states.map(
          ({ input, output }) => `  states[${JSON.stringify(input)}] = results[${JSON.stringify(output)}];`,
        ),
        "}",
        ...printLines(snippet, valuesOf, print),
      ];
    }
    case "decode":
      return [
        `const tokens = [${decoder.start}];`,
        `while (tokens.length <= ${decoder.maxLength}) {`,
        "  const results = await session.run({",
        ...feedLines(false, "    "),
        "  });",
        `  const next = ${valuesOf(prediction)}.at(-1);`,
        `  if (next === ${decoder.end}) break;`,
        "  tokens.push(next);",
        "}",
        ...printLines(snippet, () => "tokens.slice(1)", print),
      ];
  }
}

function key(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name);
}

function member(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}
