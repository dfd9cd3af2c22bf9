/** Blocks: names, sources and weights of their layers in the flat model. */
import { expect, test } from "vitest";
import { base, normal, unplacedProblems } from "../../support/read-spec.js";

type Spec = Awaited<ReturnType<typeof normal>>["spec"];

const dense = { layer: "dense", size: 4 };
const withModel = (model: readonly object[], blocks?: object) => ({ ...base, model, ...(blocks && { blocks }) });
/** Layers as `name kind <- sources = owner of the weights`. */
const lines = ({ model }: Spec) =>
  model.map(({ name, layer, from, ...rest }) => {
    const weights = "weights" in rest && rest.weights !== null ? ` = ${rest.weights}` : "";
    return `${name} ${layer} <- ${from.join(" ")}${weights}`;
  });
const flat = async (model: readonly object[], blocks?: object) => lines((await normal(withModel(model, blocks))).spec);

test("the layers of a named block begin with its name, and its output has the name of the block", async () => {
  const block = { block: [dense, dense], name: "pair" };
  expect(await flat([dense, block, { ...dense, from: "pair" }, { layer: "add", from: ["dense", "pair"] }])).toEqual([
    "dense dense <- inputs",
    "pair/dense dense <- dense",
    "pair/dense_2 dense <- pair/dense",
    "dense_2 dense <- pair/dense_2",
    "add add <- dense pair/dense_2",
  ]);
});

test("copies are numbered, read one another, and add their own input", async () => {
  expect(
    await flat([
      { block: [dense], repeat: 2, residual: true, name: "tower" },
      { block: [dense], repeat: 1 },
    ]),
  ).toEqual([
    "tower/0/dense dense <- inputs",
    "tower/0/residual add <- inputs tower/0/dense",
    "tower/1/dense dense <- tower/0/residual",
    "tower/1/residual add <- tower/0/residual tower/1/dense",
    "block/0/dense dense <- tower/1/residual",
  ]);
});

test("a block without a name and without copies shares the names around it", async () => {
  const block = { block: [{ layer: "dropout", rate: 0.1 }, dense], residual: true };
  expect(await flat([dense, { block: [block, block], repeat: 1, name: "t" }, dense])).toEqual([
    "dense dense <- inputs",
    "t/0/dropout dropout <- dense",
    "t/0/dense dense <- t/0/dropout",
    "t/0/residual add <- dense t/0/dense",
    "t/0/dropout_2 dropout <- t/0/residual",
    "t/0/dense_2 dense <- t/0/dropout_2",
    "t/0/residual_2 add <- t/0/residual t/0/dense_2",
    "dense_2 dense <- t/0/residual_2",
  ]);
});

test("names refer to the same block first, then to those around it, then to the data", async () => {
  const inner = {
    block: [
      { ...dense, name: "a" },
      { layer: "add", from: ["a", "block_input", "b", "inputs"] },
    ],
    name: "in",
  };
  const outer = { block: [{ ...dense, name: "a" }, { ...dense, name: "b" }, inner], name: "out" };
  expect(await flat([{ ...dense, name: "a" }, outer, { ...dense, from: "out/in/a" }])).toEqual([
    "a dense <- inputs",
    "out/a dense <- a",
    "out/b dense <- out/a",
    "out/in/a dense <- out/b",
    "out/in/add add <- out/in/a out/b out/b inputs",
    "dense dense <- out/in/a",
  ]);
});

test("a block of several inputs passes them to its first layer, and adds the first", async () => {
  const block = { block: [{ layer: "concat", from: ["a", "b"] }, dense], from: ["a", "b"], residual: true };
  const first = { block: [{ layer: "attention", from: ["a", "b"] }], from: ["a", "b"], residual: true };
  expect(await flat([{ ...dense, name: "a" }, { ...dense, name: "b", from: "inputs" }, block, first])).toEqual([
    "a dense <- inputs",
    "b dense <- inputs",
    "concat concat <- a b",
    "dense dense <- concat",
    "residual add <- a dense",
    "attention attention <- a b",
    "residual_2 add <- a attention",
  ]);
});

test("copies with shared weights use those of the first copy, also of weights that it shares", async () => {
  const tied = [
    { ...dense, name: "a" },
    { ...dense, weights: "a" },
    { layer: "rnn", cell: "gru", hidden_size: 4 },
  ];
  expect(await flat([{ block: tied, repeat: 2, share_weights: true, name: "t" }])).toEqual([
    "t/0/a dense <- inputs",
    "t/0/dense dense <- t/0/a = t/0/a",
    "t/0/rnn rnn <- t/0/dense",
    "t/1/a dense <- t/0/rnn = t/0/a",
    "t/1/dense dense <- t/1/a = t/0/a",
    "t/1/rnn rnn <- t/1/dense = t/0/rnn",
  ]);
});

test("blocks of the spec are used by name, and contain others", async () => {
  const blocks = { two: [dense, dense], four: [{ block: "two" }, { block: "two" }] };
  expect(await flat([{ block: "four", name: "a" }, { block: "two" }], blocks)).toEqual([
    "a/dense dense <- inputs",
    "a/dense_2 dense <- a/dense",
    "a/dense_3 dense <- a/dense_2",
    "a/dense_4 dense <- a/dense_3",
    "dense dense <- a/dense_4",
    "dense_2 dense <- dense",
  ]);
});

test("the flat model is a spec that normalizes to itself", async () => {
  const block = { block: [{ layer: "rnn", cell: "rnn", hidden_size: 3 }], repeat: 2, share_weights: true };
  const { spec } = await normal(withModel([{ layer: "one_hot" }, block, { layer: "projection", size: 5 }]));
  expect((await normal(JSON.stringify(spec))).spec).toEqual(spec);
});

const doubling = Object.fromEntries(
  Array.from({ length: 30 }, (_, index) => [
    `b${index}`,
    index === 0 ? [dense] : [{ block: `b${index - 1}` }, { block: `b${index - 1}` }],
  ]),
);
test.each<[string, readonly object[], object | undefined, readonly string[]]>([
  [
    "a name that blocks does not have",
    [{ block: "twoo" }],
    { two: [dense] },
    ['unknown-block /model/0/block | "blocks" has no entry "twoo". | Did you mean "two"?'],
  ],
  [
    "a block that contains itself",
    [{ block: "a", repeat: 3 }],
    { a: [dense, { block: "b" }], b: [{ block: "a", repeat: 2 }] },
    ['recursive-block /blocks/b/0/block | The block "a" contains itself. | Write "repeat" for copies in a row.'],
  ],
  [
    "two members of one name",
    [
      {
        block: [
          { ...dense, name: "a" },
          { block: [dense], name: "a" },
        ],
        repeat: 2,
      },
    ],
    undefined,
    [
      'duplicate-name /model/0/block/1/name | Two layers or blocks are named "a". | The first is model[0].block[0]. Give each of them its own name.',
    ],
  ],
  [
    "a list with a name that is used twice",
    [{ block: "a" }, { block: "a" }],
    { a: [{ ...dense, name: "d" }] },
    [
      'duplicate-name /blocks/a/0/name | Two layers are named "d". | blocks.a[0] is used twice in one scope: give each use of its block a name.',
    ],
  ],
  [
    "a name inside another",
    [
      { ...dense, name: "a" },
      { ...dense, name: "a/b" },
    ],
    undefined,
    [
      'duplicate-name /model/1/name | The tensors of layer "a/b" would have names of layer "a". | Give each layer its own name, without a slash.',
    ],
  ],
  [
    "too many copies",
    [{ block: [{ block: [dense], repeat: 1000 }], repeat: 1000 }],
    undefined,
    [
      'too-many-layers /model | The model has more than 1000 layers after its blocks are repeated. | Make "repeat" smaller.',
    ],
  ],
  [
    "blocks that double at every level",
    [{ block: "b29" }],
    doubling,
    [
      'too-many-layers /model | The model has more than 1000 layers after its blocks are repeated. | Make "repeat" smaller.',
    ],
  ],
])("%s is reported once", async (_, model, blocks, expected) => {
  expect(await unplacedProblems(withModel(model, blocks))).toEqual(expected);
});
