/** A model's use in C#, with Microsoft.ML.OnnxRuntime. */
import { type Feed, namesAreWords, type Plan, type Words } from "./plan.js";

export function csharpSnippet(plan: Plan): string {
  const { model, about, answer, example } = plan;
  const reads = example.type === "text" || answer.names !== null;
  return [
    `// ${about} It needs: dotnet add package Microsoft.ML.OnnxRuntime`,
    ...(example.type === "text" && example.words.unit === "byte" ? ["using System.Text;"] : []),
    ...(reads ? ["using System.Text.Json;"] : []),
    "using Microsoft.ML.OnnxRuntime;",
    "using Microsoft.ML.OnnxRuntime.Tensors;",
    "",
    `using var session = new InferenceSession(${quoted(model)});`,
    ...(reads ? ["var known = session.ModelMetadata.CustomMetadataMap;"] : []),
    ...exampleLines(plan),
    ...(answer.names === null ? [] : [namesAreWords(plan) ? "var names = vocabulary;" : list("names", answer.names)]),
    "",
    ...runLines(plan),
    "",
  ].join("\n");
}

function list(
  name: string,
  { list: entries, key }: { readonly list: readonly unknown[]; readonly key: string },
): string {
  const type = typeof entries[0] === "number" ? "int" : "string";
  return `var ${name} = JsonSerializer.Deserialize<List<${type}>>(known[${quoted(key)}])!;`;
}

function exampleLines({ example }: Plan): readonly string[] {
  if (example.type === "text") {
    const { words, text } = example;
    return [
      list("vocabulary", words),
      `var ids = ${unitsOf(words, quoted(text))}.Select(unit => ${idOf(words)}).ToArray();`,
    ];
  }
  const { time, width, row } = example;
  const one = row === null ? `new float[${width}]` : `new[] { ${row.map((value) => `${value}f`).join(", ")} }`;
  return [`var rows = Enumerable.Repeat(${one}, ${time}).ToArray();`];
}

function unitsOf({ unit }: Words, text: string): string {
  if (unit === "word") return `${text}.Split(' ', StringSplitOptions.RemoveEmptyEntries)`;
  return unit === "byte"
    ? `Encoding.UTF8.GetBytes(${text})`
    : `${text}.EnumerateRunes().Select(rune => rune.ToString())`;
}

function idOf({ unknown }: Words): string {
  const found = "vocabulary.IndexOf(unit)";
  return unknown === null ? found : `vocabulary.Contains(unit) ? ${found} : ${unknown}`;
}

const types = { float32: "float", int32: "int", int64: "long" } as const;

function tensor({ name, dtype, value, shape }: Feed, { example }: Plan, step: boolean): string {
  const steps = example.type === "text" ? "ids.Length" : "rows.Length";
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
      return step ? make("new[] { id }", "1") : make("ids", steps);
    case "rows":
      return step ? make("row", "1") : make("rows.SelectMany(row => row).ToArray()", steps);
    case "length":
      return make(`new long[] { ${steps} }`, "1");
    case "said":
      return make("said.ToArray()", "said.Count");
    case "saidLength":
      return make("new long[] { said.Count }", "1");
    case "zeros": {
      const count = shape.map((size) => (size === "time" ? steps : `${size}`)).join(" * ") || "1";
      return make(`new ${types[dtype]}[${count}]`, steps);
    }
  }
}

function runLines(plan: Plan): readonly string[] {
  const { kind, feeds, states, answer, decoder, example } = plan;
  const fed = (step: boolean, indent: string) => feeds.map((feed) => `${indent}${tensor(feed, plan, step)},`);
  const element = types[answer.dtype];
  const taken = `results.First(value => value.Name == ${quoted(answer.output)}).AsEnumerable<${element}>()`;
  switch (kind) {
    case "once":
      return [
        "using var results = session.Run(new List<NamedOnnxValue>",
        "{",
        ...fed(false, "    "),
        "});",
        `var said = ${taken};`,
        shown(plan, "said"),
      ];
    case "steps":
      return [
        "var states = new Dictionary<string, DenseTensor<float>>",
        "{",
        ...states.map(({ input, shape, initial }) => {
          const first =
            initial === undefined
              ? `new float[${shape.join(" * ")}]`
              : `new[] { ${initial.map((value) => `${value}f`).join(", ")} }`;
          return `    [${quoted(input)}] = new DenseTensor<float>(${first}, new[] { 1, ${shape.join(", ")} }),`;
        }),
        "};",
        `var said = Array.Empty<${element}>();`,
        `foreach (var ${example.type === "text" ? "id in ids" : "row in rows"})`,
        "{",
        "    var feeds = states.Select(state => NamedOnnxValue.CreateFromTensor(state.Key, state.Value)).ToList();",
        ...feeds.map((feed) => `    feeds.Add(${tensor(feed, plan, true)});`),
        "    using var results = session.Run(feeds);",
        `    said = ${taken}.ToArray();`,
        ...states.map(
          ({ input, output }) =>
            `    states[${quoted(input)}] = results.First(value => value.Name == ${quoted(output)}).AsTensor<float>().ToDenseTensor();`,
        ),
        "}",
        shown(plan, "said"),
      ];
    case "decode":
      return [
        `var said = new List<int> { ${decoder.start} };`,
        `while (said.Count <= ${decoder.longest})`,
        "{",
        "    using var results = session.Run(new List<NamedOnnxValue>",
        "    {",
        ...fed(false, "        "),
        "    });",
        `    var next = (int)${taken}.Last();`,
        `    if (next == ${decoder.end}) break;`,
        "    said.Add(next);",
        "}",
        shown(plan, "said.Skip(1)"),
      ];
  }
}

function shown({ answer: { type, names, joined } }: Plan, all: string): string {
  const say = (value: string) => `Console.WriteLine(${value});`;
  if (names === null) return say(`string.Join(" ", ${all})`);
  // Of a model that says something at every step, what it says last.
  if (type === "numbers") {
    return say(`string.Join("\\n", ${all}.TakeLast(names.Count).Zip(names, (value, name) => $"{name}: {value}"))`);
  }
  if (joined === "byte") return say(`Encoding.UTF8.GetString(${all}.Select(id => (byte)names[(int)id]).ToArray())`);
  return say(`string.Join(${quoted(joined === "char" ? "" : " ")}, ${all}.Select(id => names[(int)id]))`);
}

/** JSON's escapes are those of C# too. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
