/** The C# program of an exported model, with Microsoft.ML.OnnxRuntime. */
import { formatOutput, list, nameLines, outputLines, printLines, quoted } from "./csharp-output.js";
import { columnCode } from "./id-columns.js";
import { encodedExample, type Feed, hasNames, type SnippetSpec, stepsVariable } from "./plan.js";
import type { SnippetPrediction } from "./prediction.js";
import { soundCode } from "./sounds.js";
import { encodedText } from "./text-columns.js";
import type { SnippetVocabulary } from "./vocabulary.js";

export function csharpSnippet(snippet: SnippetSpec): string {
  const { model, description, predictions, example, columns } = snippet;
  const { lines } = columnCode(columns, "csharp");
  const [only, ...others] = predictions;
  const readsMetadata =
    (example.type === "text" && snippet.tokenizer === null) ||
    predictions.some(hasNames) ||
    columns.length > 0 ||
    snippet.texts.length > 0;
  const vocabularies = [example, ...snippet.texts].flatMap((each) => ("vocabulary" in each ? [each.vocabulary] : []));
  return [
    `// ${description} Requires: dotnet add package Microsoft.ML.OnnxRuntime`,
    ...(vocabularies.some(needsEncodings) ? ["using System.Text;"] : []),
    ...(readsMetadata ? ["using System.Text.Json;"] : []),
    "using Microsoft.ML.OnnxRuntime;",
    "using Microsoft.ML.OnnxRuntime.Tensors;",
    "",
    `using var session = new InferenceSession(${quoted(model)});`,
    ...(readsMetadata ? ["var metadata = session.ModelMetadata.CustomMetadataMap;"] : []),
    ...lines,
    ...exampleLines(snippet),
    ...textLines(snippet),
    ...(others.length === 0 ? nameLines(snippet, only) : []),
    "",
    ...runLines(snippet),
    "",
  ].join("\n");
}

function exampleLines(snippet: SnippetSpec): readonly string[] {
  const { idCount } = snippet;
  const check = `if (ids.Any(id => id < 0 || id >= ${idCount})) throw new ArgumentException("An id is outside of the vocabulary.");`;
  return [...inputLines(snippet), ...(idCount === null ? [] : [check])];
}

function inputLines({ example, tokenizer }: SnippetSpec): readonly string[] {
  if (example.type === "text" && tokenizer !== null) {
    const ids = encodedExample(example);
    return [
      `// The tokens of ${quoted(example.text)}, by the tokenizer of ${tokenizer}, which also decodes the output.`,
      `var ids = new[] { ${ids.join(", ")} };`,
    ];
  }
  if (example.type === "text") {
    const { vocabulary, text } = example;
    return [
      list("vocabulary", vocabulary),
      ...normalizationLines(vocabulary, text),
      `var ids = ${numbered(vocabulary, vocabulary.normalization === null ? quoted(text) : "text")}.ToArray();`,
    ];
  }
  if (example.type === "ids") return [`var ids = new[] { ${example.ids.join(", ")} };`];
  if (example.type === "sound") return soundCode(example.sampleRate, "csharp").lines;
  const { time, width, row } = example;
  const rowLiteral = row === null ? `new float[${width}]` : `new[] { ${row.map((value) => `${value}f`).join(", ")} }`;
  return [`var rows = Enumerable.Repeat(${rowLiteral}, ${time}).ToArray();`];
}

/** The ids of the columns of text, by the name of the input. */
function textLines({ texts }: SnippetSpec): readonly string[] {
  if (texts.length === 0) return [];
  return [
    'var texts = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(metadata["rnnx.data.texts"])!;',
    "var textTokens = new Dictionary<string, int[]>();",
    ...texts.flatMap((column) => {
      const { name, text, vocabulary, tokenizer } = column;
      const ids = `textTokens[${quoted(name)}] =`;
      if (tokenizer !== null)
        return [
          `// The tokens of ${quoted(text)}, by the tokenizer of ${tokenizer}.`,
          `${ids} new[] { ${encodedText(column).join(", ")} };`,
        ];
      return [
        "{",
        `    var vocabulary = texts[${quoted(name)}].GetProperty("vocabulary").Deserialize<List<string>>()!;`,
        ...normalizationLines(vocabulary, text).map((line) => `    ${line}`),
        `    ${ids} ${numbered(vocabulary, vocabulary.normalization === null ? quoted(text) : "text")}.DefaultIfEmpty(0).ToArray();`,
        "}",
      ];
    }),
  ];
}

/** The ids of the units of a text, by the variable `vocabulary`. */
function numbered(vocabulary: SnippetVocabulary, text: string): string {
  return `${unitsOf(vocabulary, text)}${limit(vocabulary)}.Select(unit => ${idOf(vocabulary)})`;
}

function needsEncodings({ unit, normalization }: SnippetVocabulary): boolean {
  return unit === "byte" || normalization !== null;
}

/**
 * As normalizeText (runtime/data/vocabulary/normalize-text.ts). The invariant culture leaves the dotted capital I, whose
 * lower case is two characters.
 */
function normalizationLines({ normalization, unit }: SnippetVocabulary, text: string): readonly string[] {
  if (normalization === null) return [];
  const { normalize, lowercase, punctuation } = normalization;
  const form = normalize === "NFC" ? "FormC" : "FormKC";
  const mark = punctuation === "split" ? '$" {rune} "' : quoted(unit === "word" ? " " : "");
  const each = (change: string) => `text = string.Concat(text.EnumerateRunes().Select(rune => ${change}));`;
  return [
    `var text = ${quoted(text)};`,
    ...(normalize === "none" ? [] : [`text = text.Normalize(NormalizationForm.${form});`]),
    ...(lowercase ? [each('rune.Value == 0x130 ? "i\\u0307" : Rune.ToLowerInvariant(rune).ToString()')] : []),
    ...(punctuation === "keep"
      ? []
      : [each(`Rune.IsPunctuation(rune) || Rune.IsSymbol(rune) ? ${mark} : rune.ToString()`)]),
  ];
}

function unitsOf({ unit }: SnippetVocabulary, text: string): string {
  if (unit === "word") return `${text}.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)`;
  return unit === "byte"
    ? `Encoding.UTF8.GetBytes(${text})`
    : `${text}.EnumerateRunes().Select(rune => rune.ToString())`;
}

function limit({ maxLength }: SnippetVocabulary): string {
  return maxLength === null ? "" : `.Take(${maxLength})`;
}

function idOf({ unknown }: SnippetVocabulary): string {
  const lookup = "vocabulary.IndexOf(unit)";
  return unknown === null ? lookup : `vocabulary.Contains(unit) ? ${lookup} : ${unknown}`;
}

const types = { float32: "float", int32: "int", int64: "long" } as const;

function tensor(
  { name, dtype, value, shape }: Feed,
  { example, columns, texts }: SnippetSpec,
  perStep: boolean,
): string {
  const steps = `${stepsVariable(example)}.Length`;
  const make = (data: string, time: string) => {
    const dims = [1, ...shape.map((size) => (size === "time" ? time : size))].join(", ");
    return `NamedOnnxValue.CreateFromTensor(${quoted(name)}, new DenseTensor<${types[dtype]}>(${data}, new[] { ${dims} }))`;
  };
  if (typeof value === "number") {
    const data = `new ${types[dtype]}[] { ${value}${dtype === "float32" ? "f" : ""} }`;
    return `NamedOnnxValue.CreateFromTensor(${quoted(name)}, new DenseTensor<${types[dtype]}>(${data}, Array.Empty<int>()))`;
  }
  switch (value) {
    case "ids":
      return perStep ? make("new[] { id }", "1") : make("ids", steps);
    case "rows":
      return perStep ? make("row", "1") : make("rows.SelectMany(row => row).ToArray()", steps);
    case "column": {
      const id = columnCode(columns, "csharp").idOf(name);
      return shape.includes("time")
        ? make(`Enumerable.Repeat(${id}, ${steps}).ToArray()`, steps)
        : make(`new[] { ${id} }`, "1");
    }
    case "text":
    case "textLength": {
      const text = texts.find(({ feed, lengths }) => feed === name || lengths === name);
      const ids = `textTokens[${quoted(text?.name ?? "")}]`;
      return value === "text" ? make(ids, `${ids}.Length`) : make(`new long[] { ${ids}.Length }`, "1");
    }
    case "length":
      return make(`new long[] { ${steps} }`, "1");
    case "decoded":
      return make("tokens.ToArray()", "tokens.Count");
    case "decodedLength":
      return make("new long[] { tokens.Count }", "1");
    case "zeros": {
      const count = shape.map((size) => (size === "time" ? steps : `${size}`)).join(" * ") || "1";
      return make(`new ${types[dtype]}[${count}]`, steps);
    }
  }
}

function runLines(snippet: SnippetSpec): readonly string[] {
  const { kind, feeds, states, predictions, decoder, example } = snippet;
  const [prediction, ...others] = predictions;
  const feedLines = (perStep: boolean, indent: string) =>
    feeds.map((feed) => `${indent}${tensor(feed, snippet, perStep)},`);
  const valuesOf = ({ output, dtype }: SnippetPrediction) =>
    `results.First(value => value.Name == ${quoted(output)}).AsEnumerable<${types[dtype]}>()`;
  /** The variable of a prediction after the last step. */
  const variable = (place: number) => (others.length === 0 ? "output" : `output${place + 1}`);
  switch (kind) {
    case "once":
      return [
        "using var results = session.Run(new List<NamedOnnxValue>",
        "{",
        ...feedLines(false, "    "),
        "});",
        ...(others.length === 0
          ? [...outputLines(valuesOf(prediction), prediction.blank), formatOutput(prediction, "output")]
          : printLines(snippet, (each) => outputLines(valuesOf(each), each.blank))),
      ];
    case "steps":
      return [
        "var states = new Dictionary<string, DenseTensor<float>>",
        "{",
        ...states.map(({ input, shape, initial }) => {
          const initialValues =
            initial === undefined
              ? `new float[${shape.join(" * ")}]`
              : `new[] { ${initial.map((value) => `${value}f`).join(", ")} }`;
          return `    [${quoted(input)}] = new DenseTensor<float>(${initialValues}, new[] { 1, ${shape.join(", ")} }),`;
        }),
        "};",
        ...predictions.map(({ dtype }, place) => `var ${variable(place)} = Array.Empty<${types[dtype]}>();`),
        `foreach (var ${stepsVariable(example) === "ids" ? "id in ids" : "row in rows"})`,
        "{",
        "    var feeds = states.Select(state => NamedOnnxValue.CreateFromTensor(state.Key, state.Value)).ToList();",
        ...feeds.map((feed) => `    feeds.Add(${tensor(feed, snippet, true)});`),
        "    using var results = session.Run(feeds);",
        ...predictions.map((each, place) => `    ${variable(place)} = ${valuesOf(each)}.ToArray();`),
        ...states.map(
          ({ input, output }) =>
            `    states[${quoted(input)}] = results.First(value => value.Name == ${quoted(output)}).AsTensor<float>().ToDenseTensor();`,
        ),
        "}",
        ...(others.length === 0
          ? [formatOutput(prediction, "output")]
          : printLines(snippet, (_, place) => [`var output = ${variable(place)};`])),
      ];
    case "decode":
      return [
        `var tokens = new List<int> { ${decoder.start} };`,
        `while (tokens.Count <= ${decoder.maxLength})`,
        "{",
        "    using var results = session.Run(new List<NamedOnnxValue>",
        "    {",
        ...feedLines(false, "        "),
        "    });",
        `    var next = (int)${valuesOf(prediction)}.Last();`,
        `    if (next == ${decoder.end}) break;`,
        "    tokens.Add(next);",
        "}",
        formatOutput(prediction, "tokens.Skip(1)"),
      ];
  }
}
