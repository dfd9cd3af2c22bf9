/** A model's use in JavaScript: in Node with onnxruntime-node, and in a page with onnxruntime-web. */
import { type Feed, namesAreWords, type Plan, type Words } from "./plan.js";

interface Host {
  /** How the runtime comes in, and how the model is found. */
  readonly opening: readonly string[];
  readonly say: (value: string) => string;
}

export function nodeSnippet(plan: Plan): string {
  const host: Host = {
    opening: [
      'import { fileURLToPath } from "node:url";',
      'import { InferenceSession, Tensor } from "onnxruntime-node";',
      "",
      `const file = fileURLToPath(new URL(${JSON.stringify(encodeURIComponent(plan.model))}, import.meta.url));`,
      "const session = await InferenceSession.create(file);",
    ],
    say: (value) => `console.log(${value});`,
  };
  return [`// ${plan.about} It needs: npm install onnxruntime-node`, ...program(plan, host), ""].join("\n");
}

export function browserSnippet(plan: Plan): string {
  const host: Host = {
    opening: [
      'import { InferenceSession, Tensor } from "./node_modules/onnxruntime-web/dist/ort.wasm.bundle.min.mjs";',
      "",
      `const session = await InferenceSession.create(${JSON.stringify(encodeURIComponent(plan.model))});`,
    ],
    say: (value) => `document.querySelector("output").textContent = ${value};`,
  };
  return [
    "<!doctype html>",
    `<!-- ${plan.about} It needs, beside it: npm install onnxruntime-web, and a server of this folder. -->`,
    '<meta charset="utf-8" />',
    "<output>…</output>",
    '<script type="module">',
    // A script ends at its first end tag, wherever that stands.
    ...program(plan, host).map((line) => (line === "" ? "" : `  ${line.replaceAll("</", "<\\/")}`)),
    "</script>",
    "",
  ].join("\n");
}

function program(plan: Plan, { opening, say }: Host): readonly string[] {
  return [...opening, ...exampleLines(plan), "", ...runLines(plan, say)];
}

function exampleLines({ example }: Plan): readonly string[] {
  if (example.type === "text") {
    const { words, text } = example;
    return [
      `const vocabulary = ${JSON.stringify(words.list)};`,
      `const ids = ${unitsOf(words, JSON.stringify(text))}.map((unit) => ${idOf(words)});`,
    ];
  }
  const { time, width, row } = example;
  const one = row === null ? `Array(${width}).fill(0)` : JSON.stringify(row);
  return [`const rows = Array(${time}).fill(${one});`];
}

function unitsOf({ unit }: Words, text: string): string {
  if (unit === "word") return `${text}.split(/\\s+/)`;
  return unit === "byte" ? `[...new TextEncoder().encode(${text})]` : `[...${text}]`;
}

function idOf({ unknown }: Words): string {
  const found = "vocabulary.indexOf(unit)";
  // indexOf says -1 of a unit that is not there, and no model has such an id.
  return unknown === null ? found : `vocabulary.includes(unit) ? ${found} : ${unknown}`;
}

const arrays = { float32: "Float32Array", int32: "Int32Array", int64: "BigInt64Array" } as const;

/** @param step in a loop over steps, the example's part that is fed. */
function tensor({ dtype, value, shape }: Feed, plan: Plan, step: boolean): string {
  const steps = plan.example.type === "text" ? "ids.length" : "rows.length";
  const dims = (time: string) => `[${[1, ...shape.map((size) => (size === "time" ? time : size))].join(", ")}]`;
  const make = (data: string, time: string) => `new Tensor("${dtype}", ${data}, ${dims(time)})`;
  if (typeof value === "number")
    return `new Tensor("${dtype}", ${arrays[dtype]}.of(${value}${dtype === "int64" ? "n" : ""}), [])`;
  switch (value) {
    case "ids":
      return step ? make("Int32Array.of(id)", "1") : make("Int32Array.from(ids)", steps);
    case "rows":
      return step ? make("Float32Array.from(row)", "1") : make("Float32Array.from(rows.flat())", steps);
    case "length":
      return make(`BigInt64Array.of(BigInt(${steps}))`, "1");
    case "said":
      return make("Int32Array.from(said)", "said.length");
    case "saidLength":
      return make("BigInt64Array.of(BigInt(said.length))", "1");
    case "zeros": {
      const count = shape.map((size) => (size === "time" ? steps : `${size}`)).join(" * ") || "1";
      return make(`new ${arrays[dtype]}(${count})`, steps);
    }
  }
}

function runLines(plan: Plan, say: Host["say"]): readonly string[] {
  const { kind, feeds, states, answer, decoder } = plan;
  const fed = (step: boolean, indent: string) =>
    feeds.map((feed) => `${indent}${key(feed.name)}: ${tensor(feed, plan, step)},`);
  const names =
    answer.names === null
      ? []
      : [`const names = ${namesAreWords(plan) ? "vocabulary" : JSON.stringify(answer.names.list)};`];
  const all = `Array.from(results${member(answer.output)}.data, Number)`;
  switch (kind) {
    case "once":
      return ["const results = await session.run({", ...fed(false, "  "), "});", ...names, say(shown(plan, all))];
    case "steps": {
      const text = plan.example.type === "text";
      return [
        "const states = {",
        ...states.map(({ input, shape, initial }) => {
          const size = shape.join(" * ");
          const first = initial === undefined ? `new Float32Array(${size})` : `Float32Array.of(${initial.join(", ")})`;
          return `  ${key(input)}: new Tensor("float32", ${first}, [1, ${shape.join(", ")}]),`;
        }),
        "};",
        "let results;",
        `for (const ${text ? "id of ids" : "row of rows"}) {`,
        "  results = await session.run({",
        "    ...states,",
        ...fed(true, "    "),
        "  });",
        ...states.map(
          ({ input, output }) => `  states[${JSON.stringify(input)}] = results[${JSON.stringify(output)}];`,
        ),
        "}",
        ...names,
        say(shown(plan, all)),
      ];
    }
    case "decode":
      return [
        `const said = [${decoder.start}];`,
        `while (said.length <= ${decoder.longest}) {`,
        "  const results = await session.run({",
        ...fed(false, "    "),
        "  });",
        `  const next = ${all}.at(-1);`,
        `  if (next === ${decoder.end}) break;`,
        "  said.push(next);",
        "}",
        ...names,
        say(shown(plan, "said.slice(1)")),
      ];
  }
}

/** Text, a list of names, or numbers. */
function shown({ answer: { type, names, joined } }: Plan, all: string): string {
  if (names === null) return all;
  // Of a model that says something at every step, what it says last.
  if (type === "numbers") {
    return `${all}.slice(-names.length).map((value, place) => \`\${names[place]}: \${value}\`).join("\\n")`;
  }
  if (joined === "byte") return `new TextDecoder().decode(Uint8Array.from(${all}, (id) => names[id]))`;
  return `${all}.map((id) => names[id]).join(${JSON.stringify(joined === "char" ? "" : " ")})`;
}

function key(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name);
}

function member(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}
