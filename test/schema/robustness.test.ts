/** Mutated specs: reading gives a normal spec or diagnostics, and never throws. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { child, isList, isObject, type Json, valueAt } from "../../schema/json-pointer.js";
import { readSpec } from "../../schema/read.js";

const spec: Json = {
  name: "all",
  seed: 1,
  data: { type: "arrays", inputs: [[[1, 2]]], targets: [[0.5]], lengths: [1], initial_states: { "rnn/0/h": [[0]] } },
  cells: {
    mine: {
      options: { rate: 0.5, kind: "a", on: true },
      state: { h: "hidden_size" },
      parameters: { W: ["input_size", "hidden_size"] },
      initializers: { W: "orthogonal" },
      equations: ["h' = tanh(x @ W) * rate"],
      output: "h'",
      variants: { kind: { a: {}, b: { equations: ["h' = x @ W"] } } },
    },
  },
  model: [
    { layer: "embedding", vocabulary_size: 3, size: 2 },
    { layer: "rnn", cell: "mine", hidden_size: 3, layers: 2, share_weights: true, kind: "b" },
    { layer: "rnn", cells: [{ cell: "lstm", hidden_size: 3, residual: true, forget_bias: 2 }], return: "last" },
    { layer: "dense", size: 1, activation: "relu", bias: false },
  ],
  loss: { type: "huber", delta: 2 },
  optimizer: {
    type: "rmsprop",
    variant: "torch",
    clip: { global_norm: 1 },
    schedule: { type: "cosine_decay", decay_steps: 5 },
  },
  train: { steps: 5, batch_size: "all" },
};

function pathsIn(value: Json, path = ""): readonly string[] {
  const inner = isList(value) ? value.entries() : isObject(value) ? Object.entries(value) : [];
  return [path, ...[...inner].flatMap(([key, entry]) => pathsIn(entry, child(path, key)))];
}

/** The value with the entry at a path replaced, removed or renamed. */
function mutate(
  value: Json,
  keys: readonly string[],
  change: (entry: Json) => readonly (readonly [string, Json])[],
): Json {
  const [key, ...remaining] = keys;
  if (key === undefined) return change(value)[0]?.[1] ?? null;
  const entries = isList(value)
    ? [...value.entries()].map(([index, entry]) => [String(index), entry] as const)
    : Object.entries(value ?? {});
  const changed = entries.flatMap(([name, entry]) => {
    if (name !== key) return [[name, entry] as const];
    return remaining.length === 0
      ? change(entry).map(([suffix, next]) => [name + suffix, next] as const)
      : [[name, mutate(entry, remaining, change)] as const];
  });
  return isList(value) ? changed.map(([, entry]) => entry) : Object.fromEntries(changed);
}

const words = [
  "",
  "x",
  "rnn",
  "lstm",
  "mine",
  "text",
  "sgd",
  "hidden_size",
  "1",
  "null",
  "__proto__",
  "toString",
  "a/b~c",
  "\u202e",
];
const anyJson: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json>(
    null,
    true,
    0,
    -1,
    0.5,
    1e9,
    1e300,
    [],
    {},
    [[]],
    [{}],
    { type: "adam" },
    { layer: "rnn", cell: "mine" },
  ),
  fc.constantFrom(...words),
  fc.dictionary(
    fc.constantFrom(...words.filter((word) => word !== "__proto__")),
    fc.constantFrom<Json>(1, "x", null, {}),
  ),
);
const mutation = fc.record({
  path: fc.constantFrom(...pathsIn(spec)),
  kind: fc.constantFrom("replace", "remove", "rename", "double"),
  value: anyJson,
  suffix: fc.constantFrom("x", "_", "s", "S"),
});

test("mutated specs", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 4 }), async (mutations) => {
      const mutated = mutations.reduce<Json>((value, { path, kind, value: next, suffix }) => {
        if (valueAt(value, path) === undefined) return value;
        return mutate(value, path.split("/").slice(1), (entry) => {
          if (kind === "replace") return [["", next]];
          if (kind === "remove") return [];
          return kind === "rename"
            ? [[suffix, entry]]
            : [
                ["", entry],
                [suffix, entry],
              ];
        });
      }, spec);
      const text = JSON.stringify(mutated, null, 1);
      const result = await readSpec(text);
      if (result.ok) {
        const again = await readSpec(JSON.stringify(result.spec));
        expect(again.ok && again.spec).toEqual(result.spec);
      } else {
        expect(result.diagnostics.length).toBeGreaterThan(0);
        for (const { line, column, message } of result.diagnostics) {
          expect(line).toBeGreaterThan(0);
          expect(column).toBeGreaterThan(0);
          expect(message).toMatch(/[.?]$/);
        }
      }
    }),
    { numRuns: 250 },
  );
});

test("the unmutated spec is valid", async () => {
  expect(await readSpec(JSON.stringify(spec))).toMatchObject({ ok: true });
});

test("truncated and scrambled text", async () => {
  const text = JSON.stringify(spec, null, 1);
  const edit = fc.record({
    from: fc.nat(text.length),
    length: fc.nat(5),
    insert: fc.constantFrom("", '"', "{", "]", ",", "\\", "\n", "9e9"),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 3 }), async (edits) => {
      const edited = edits.reduce(
        (document, { from, length, insert }) => document.slice(0, from) + insert + document.slice(from + length),
        text,
      );
      const result = await readSpec(edited);
      if (!result.ok) expect(result.diagnostics.length).toBeGreaterThan(0);
    }),
    { numRuns: 500 },
  );
});

test("a default without a variant is an error, even if unused", async () => {
  const renamed = mutate(spec, ["cells", "mine", "variants", "kind"], () => [["", { ax: {}, b: {} }]]);
  const result = await readSpec(JSON.stringify(renamed));
  expect(!result.ok && result.diagnostics.map(({ path, message }) => `${path}: ${message}`)).toEqual([
    '/cells/mine/options/kind: "kind" must be "ax" or "b", but is "a".',
  ]);
});
