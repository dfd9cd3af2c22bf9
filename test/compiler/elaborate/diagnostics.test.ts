/** Problems of specs that match the schema, in full: path, message and hint. */
import { describe, expect, test } from "vitest";
import { diagnose, problemsOf } from "../../support/check-spec.js";

const text = { type: "text", text: "hihello", window: 6 };
const file = { type: "text", file: "somewhere.txt", window: 6 };
const ids = { layer: "one_hot" };
const rnn = { layer: "rnn", cell: "lstm", hidden_size: 5 };
const sequences = [
  [
    [1, 2],
    [3, 4],
    [5, 6],
  ],
  [
    [1, 2],
    [3, 4],
    [5, 6],
  ],
];
const perStep = [
  [0, 1, 1],
  [0, 1, 0],
];
const perSequence = [0, 1];
const probabilities = sequences.map((steps) => steps.map(() => [0.25, 0.75]));
const arrays = (targets: unknown, extra: object = {}) => ({ type: "arrays", inputs: sequences, targets, ...extra });

/** A spec of these layers; by default of a text, with sequence_loss. */
function spec(model: readonly object[], extra: object = {}): object {
  return { data: text, model, loss: { type: "sequence_loss" }, optimizer: { type: "adam" }, ...extra };
}
const two = { layer: "dense", size: 2 };
const last = { ...rnn, return: "last" };
const loss = (type: string) => ({ type });

describe("the input of a layer", () => {
  test.each<[string, object, string]>([
    [
      "numbers, not ids: dense",
      spec([{ layer: "dense", size: 3 }]),
      'needs-numbers, /model/0 {"layer":"dense": The layer dense reads numbers, but its input is token ids [batch, time]. Put a one_hot or an embedding layer before dense.',
    ],
    [
      "numbers, not ids: rnn",
      spec([rnn]),
      'needs-numbers, /model/0 {"layer":"rnn": The layer rnn reads sequences of numbers [batch, time, features], but its input is token ids [batch, time]. Put a one_hot or an embedding layer before rnn.',
    ],
    [
      "numbers, not ids: activation",
      spec([{ layer: "activation", activation: "gelu" }]),
      'needs-numbers, /model/0 {"layer":"activation": The layer activation reads numbers, but its input is token ids [batch, time]. Put a one_hot or an embedding layer before activation.',
    ],
    [
      "numbers, not ids: layer_norm",
      spec([{ layer: "layer_norm" }]),
      'needs-numbers, /model/0 {"layer":"layer_norm": The layer layer_norm reads numbers, but its input is token ids [batch, time]. Put a one_hot or an embedding layer before layer_norm.',
    ],
    [
      "batch statistics of micro-batches",
      spec([ids, rnn, { layer: "batch_norm" }], { train: { batch_size: 4, accumulate: 2 } }),
      'accumulate-batch-norm, /train/accumulate 2: batch_norm normalizes over the whole batch, whose statistics micro-batches do not know. Remove "accumulate", or use layer_norm or group_norm, whose statistics are those of one sequence.',
    ],
    [
      "batches of one row",
      spec([{ ...rnn, return: "last" }, { layer: "batch_norm" }, { ...two, size: 2 }], {
        data: arrays(perSequence),
        loss: loss("cross_entropy"),
        train: { batch_size: 1 },
      }),
      'batch-norm-row, /train/batch_size 1: batch_norm normalizes over the rows of a batch, but batches have one row, whose variance is 0. Set "batch_size" to 2 or more, or use layer_norm or group_norm, whose statistics are those of one sequence.',
    ],
    [
      "features that do not divide into groups",
      spec([ids, rnn, { layer: "group_norm", groups: 3 }]),
      'group-size, /model/2/groups 3: The 5 features of the input of group_norm do not divide into 3 equal groups. Set "groups" to a divisor of 5.',
    ],
    [
      "an odd width, to be halved",
      spec([ids, { ...rnn, hidden_size: 3 }, { layer: "activation", activation: "glu" }]),
      'odd-width, /model/2/activation "glu": glu halves its input, but the input of activation has 3 features, an odd number. Give the layer before it an even size.',
    ],
    [
      "ids, not numbers: embedding",
      spec([ids, rnn, { layer: "embedding", size: 3 }]),
      'needs-ids, /model/2 {"layer":"embedding": An embedding layer reads token ids, but the input of embedding is numbers [batch, time, 5]. Use a dense layer to project numbers.',
    ],
    [
      "ids, not numbers: one_hot",
      spec([ids, rnn, ids]),
      'needs-ids, /model/2 {"layer":"one_hot": A one_hot layer reads token ids, but the input of one_hot_2 is numbers [batch, time, 5]. Remove the layer: numbers need no encoding.',
    ],
    [
      "sequences, not a final state",
      spec([ids, { ...rnn, return: "state" }, rnn]),
      'needs-sequence, /model/2 {"layer":"rnn": The layer rnn_2 reads sequences of numbers [batch, time, features], but its input is numbers [batch, 5]. Write "return": "sequence" in the layer before it.',
    ],
    [
      "sequences, not rows of data",
      spec([rnn, two], { data: { ...arrays(perSequence), inputs: [[1], [2]] }, loss: loss("cross_entropy") }),
      'needs-sequence, /model/0 {"layer":"rnn": The layer rnn reads sequences of numbers [batch, time, features], but its input is numbers [batch, 1]. Provide inputs of shape [examples, time, features]; a table has them with a "window".',
    ],
  ])("%s", async (_, invalid, expected) => {
    expect(await problemsOf(invalid)).toEqual([expected]);
  });
});

describe("sizes that do not agree", () => {
  test.each<[string, object, string]>([
    [
      "a residual connection",
      spec([ids, { ...rnn, residual: true }, { ...rnn, hidden_size: 6, residual: true }]),
      'residual-width, /model/2/residual true: A residual connection needs an input and an output of equal width, but they have widths 5 and 6. Set the cell\'s hidden_size to 5, or remove "residual".',
    ],
    [
      "a residual connection in both directions",
      spec([ids, { ...rnn, residual: true, bidirectional: "concat" }]),
      'residual-width, /model/1/residual true: A residual connection needs an input and an output of equal width, but they have widths 5 and 10. Choose sizes so that both directions together have width 5, or remove "residual".',
    ],
    [
      "cells that share weights",
      spec([ids, { ...rnn, hidden_size: 6, layers: 2, share_weights: true }]),
      'shared-widths, /model/1/share_weights true: The cells share their weights, but cell 0 reads 5 features and cell 1 reads 6. Give every cell outputs of width 5, the width of the layer\'s input (hidden_size, "bidirectional"), or remove "share_weights".',
    ],
    [
      "layers that share weights",
      spec([ids, { ...rnn, name: "a" }, { ...rnn, name: "b", hidden_size: 6, weights: "a" }]),
      'shared-weights, /model/2/weights "a": a/0/W has shape [5, 20], but b needs [5, 24]. Give both layers the same sizes, or remove "weights".',
    ],
    [
      "an embedding's table as a projection",
      spec([{ layer: "embedding", size: 4 }, rnn, { layer: "projection", weights: "embedding" }]),
      'shared-weights, /model/2/weights "embedding": embedding/W has shape [5, 4], but projection needs [5, 5]. Give both layers the same sizes, or remove "weights".',
    ],
    [
      "weights of a layer without parameters",
      spec([ids, { ...rnn, weights: "one_hot" }]),
      'shared-weights, /model/1/weights "one_hot": No rnn layer before rnn is named "one_hot". Remove the key.',
    ],
    [
      "initial states in the data",
      spec([rnn, two], { data: arrays(perStep, { initial_states: { "rnn/0/h": [[1], [2]] } }) }),
      "state-shape, /data/initial_states/rnn~10~1h [[1: The state rnn/0/h has shape [batch, 5], but the data has [batch, 1]. Provide an array of shape [batch, 5].",
    ],
    [
      "a state with two initial values",
      spec([{ ...rnn, initial_state: "learned" }, two], {
        data: arrays(perStep, { initial_states: { "rnn/0/h": [1, 2].map(() => [1, 2, 3, 4, 5]) } }),
      }),
      'two-initial-states, /data/initial_states/rnn~10~1h "rnn/0/h": The state rnn/0/h starts at the data\'s values, but rnn has the initial_state "learned". Remove "initial_state" from rnn, or its states from "initial_states".',
    ],
    [
      "more parameters than a file holds",
      spec([ids, { ...rnn, hidden_size: 1_000_000 }]),
      'too-many-parameters, /model/1 {"layer":"rnn": With rnn/0/U, [1000000, 4000000], the model has 4,000,020,000,000 parameters, but an ONNX file holds at most 536,870,912. Choose smaller sizes.',
    ],
  ])("%s", async (_, invalid, expected) => {
    expect(await problemsOf(invalid)).toEqual([expected]);
  });
});

describe("missing names", () => {
  test.each<[string, object, string]>([
    [
      "an unknown size",
      spec([{ layer: "one_hot", size: "features" }, rnn]),
      'unknown-size, /model/0/size "features": The data defines no size "features". Write an integer, or one of "vocabulary", "classes".',
    ],
    [
      "an unknown state",
      spec([rnn, two], { data: arrays(perStep, { initial_states: { "rnn/0/g": [[1], [2]] } }) }),
      'unknown-state, /data/initial_states/rnn~10~1g "rnn/0/g": The model has no state "rnn/0/g". Did you mean "rnn/0/h"?',
    ],
    [
      "an unknown layer",
      spec([ids, { ...rnn, from: "onehot" }]),
      'unknown-layer, /model/1/from "onehot": No layer or input before rnn is named "onehot". Did you mean "one_hot"?',
    ],
    [
      "a misspelled layer in initial_state",
      spec([ids, { ...rnn, name: "encoder" }, { ...rnn, initial_state: "encodr" }]),
      'initial-state, /model/2/initial_state "encodr": No layer before rnn is named "encodr". Did you mean "encoder"?',
    ],
    [
      "a misspelled layer in weights",
      spec([ids, { ...rnn, name: "encoder" }, { ...rnn, weights: "Encoder" }]),
      'shared-weights, /model/2/weights "Encoder": No rnn layer before rnn is named "Encoder". Did you mean "encoder"?',
    ],
    [
      "weights of a layer that uses those of another",
      spec([
        ids,
        { ...rnn, name: "a" },
        { ...rnn, name: "b", from: "one_hot", weights: "a" },
        { ...rnn, name: "c", from: "one_hot", weights: "b" },
        { layer: "concat", from: ["a", "b", "c"] },
        { layer: "projection" },
      ]),
      'shared-weights, /model/3/weights "b": No rnn layer before c is named "b". b uses the weights of "a": name that layer.',
    ],
    [
      "a layer that comes later",
      spec([ids, { ...rnn, initial_state: "late" }, { ...rnn, name: "late" }]),
      'initial-state, /model/1/initial_state "late": No layer before rnn is named "late". "late" comes later: move it before rnn.',
    ],
    [
      "the state of a gru in an lstm",
      spec([ids, { ...rnn, cell: "gru", name: "encoder" }, { ...rnn, initial_state: "encoder" }]),
      'initial-state, /model/2/initial_state "encoder": Cell 0 of rnn has the states h, c, but that of "encoder" has the state h. Use the same cell in both layers. To start only the state h, name a "pool" layer with "mode": "last" that reads "encoder".',
    ],
    [
      "the states of an lstm in a gru",
      spec([ids, { ...rnn, name: "encoder" }, { ...rnn, cell: "gru", initial_state: "encoder" }]),
      'initial-state, /model/2/initial_state "encoder": Cell 0 of rnn has the state h, but that of "encoder" has the states h, c. Use the same cell in both layers. To start only the state h, name a "pool" layer with "mode": "last" that reads "encoder".',
    ],
    [
      "a layer without a reader",
      spec([ids, { ...rnn, name: "a" }, { ...rnn, name: "b", from: "one_hot" }]),
      'unread-layer, /model/1 {"layer":"rnn": No layer and no loss reads the output of a. Name it in the "from" of a later layer or of an entry of "losses", or remove it.',
    ],
    [
      "nothing to train",
      spec([ids]),
      'nothing-to-train, /model [{"layer":"one_hot": The model has no parameters, so there is nothing to train. Add a layer with parameters, for example { "layer": "projection" }.',
    ],
  ])("%s", async (_, invalid, expected) => {
    expect(await problemsOf(invalid)).toEqual([expected]);
  });
});

describe("sizes below the text's vocabulary", () => {
  test.each<[string, object, string]>([
    [
      "one_hot",
      spec([{ layer: "one_hot", size: 3 }, rnn]),
      'vocabulary-size, /model/0/size 3: The layer one_hot encodes 3 symbols, but the text has 5. Write "vocabulary", or at least 5.',
    ],
    [
      "embedding",
      spec([{ layer: "embedding", size: 2, vocabulary_size: 4 }, rnn]),
      'vocabulary-size, /model/0/vocabulary_size 4: The layer embedding encodes 4 symbols, but the text has 5. Write "vocabulary", or at least 5.',
    ],
    [
      "the scores of a cell",
      spec([ids, { ...rnn, hidden_size: 4 }]),
      'vocabulary-size, /model/1 {"layer":"rnn": The model outputs 4 scores, but the text has 5 symbols. Add { "layer": "projection" } as the last layer.',
    ],
    [
      "the scores of a projection",
      spec([ids, rnn, { layer: "projection", size: 4 }]),
      'vocabulary-size, /model/2/size 4: The model outputs 4 scores, but the text has 5 symbols. Write "vocabulary", or at least 5.',
    ],
  ])("%s", async (_, invalid, expected) => {
    expect(await problemsOf(invalid)).toEqual([expected]);
  });
});

describe("outputs, targets and weights of a loss", () => {
  test.each<[string, object, string]>([
    [
      "one target per sequence, one output per step",
      spec([rnn, two], { data: arrays(perSequence), loss: loss("cross_entropy") }),
      'target-shape, /loss/type "cross_entropy": The model has one output per step, but one target per sequence, [batch]. Write "return": "last" in the last rnn layer.',
    ],
    [
      "the same without an rnn layer",
      spec([two], { data: arrays(perSequence), loss: loss("cross_entropy") }),
      'target-shape, /loss/type "cross_entropy": The model has one output per step, but one target per sequence, [batch]. Add a "pool" layer.',
    ],
    [
      "one target per step, one output per sequence",
      spec([ids, last], { loss: loss("cross_entropy") }),
      'target-shape, /loss/type "cross_entropy": cross_entropy needs one class id per output [batch, 5], but the targets are class ids [batch, time]. Write "return": "sequence" in the last rnn layer: the data has one target per step.',
    ],
    [
      "sequence_loss of one output per sequence",
      spec([ids, last]),
      'needs-sequence, /loss/type "sequence_loss": sequence_loss needs a sequence of outputs, but the model outputs numbers [batch, 5]. Write "return": "sequence" in the last rnn layer, or use cross_entropy.',
    ],
    [
      "numbers where classes are needed",
      spec([rnn, two], { data: arrays(perStep.map((row) => row.map((id) => id + 0.5))) }),
      'target-shape, /loss/type "sequence_loss": sequence_loss needs one class id per output [batch, time, 2], but the targets are numbers [batch, time]. Provide one integer per output, from 0.',
    ],
    [
      "rows of another width",
      spec([rnn, { ...two, size: 3 }], { data: arrays(probabilities), loss: loss("cross_entropy") }),
      'target-shape, /loss/type "cross_entropy": cross_entropy needs one class id per output [batch, time, 3], or a row of that width, but the targets are numbers [batch, time, 2]. Set the last layer\'s size to 2, or provide one integer per output.',
    ],
    [
      "a column of numbers where classes are needed",
      spec([last, { ...two, size: 3 }], { data: arrays([[0], [1.5]]), loss: loss("cross_entropy") }),
      'target-shape, /loss/type "cross_entropy": cross_entropy needs one class id per output [batch, 3], but the targets are numbers [batch, 1]. Provide one integer per output, from 0.',
    ],
    ...["cross_entropy", "sequence_loss", "ctc"].map((type): [string, object, string] => [
      `${type} of a single class`,
      spec([rnn, { ...two, size: 1 }], {
        data: arrays([
          [0, 0, 0],
          [0, 0, 0],
        ]),
        loss: loss(type),
      }),
      `single-class, /loss/type "${type}": ${type} needs at least 2 classes, but the model has one output. Give the last layer one output per class, from data with at least 2 classes. For one probability per output use binary_cross_entropy.`,
    ]),
    [
      "sampled_softmax of a single class",
      spec([rnn, { ...two, size: "classes" }], {
        data: arrays([
          [0, 0, 0],
          [0, 0, 0],
        ]),
        loss: { type: "sampled_softmax", samples: 1 },
      }),
      'single-class, /loss/type "sampled_softmax": sampled_softmax needs at least 2 classes, but the model has one output. Give the last layer one output per class, from data with at least 2 classes. For one probability per output use binary_cross_entropy.',
    ],
    [
      "numbers of another width",
      spec([rnn, { ...two, size: 3 }], { data: arrays(sequences), loss: loss("huber") }),
      'target-shape, /loss/type "huber": The targets have shape [batch, time, 2], but the outputs [batch, time, 3]. Set the last layer\'s size to 2.',
    ],
    [
      "one number per step, several outputs",
      spec([rnn, two], { data: arrays(perStep), loss: loss("absolute_error") }),
      'target-shape, /loss/type "absolute_error": The targets have shape [batch, time], but the outputs [batch, time, 2]. Set the last layer\'s size to 1.',
    ],
    [
      "classes where numbers are needed",
      spec([ids, rnn, { ...two, size: 1 }], { loss: loss("squared_error") }),
      'needs-numbers, /loss/type "squared_error": squared_error needs numbers as targets, but the targets are class ids [batch, time]. Use sequence_loss or cross_entropy.',
    ],
    [
      "a sigmoid before softmax",
      spec([rnn, { ...two, activation: "sigmoid" }], { data: arrays(perStep), loss: loss("cross_entropy") }),
      'activation, /loss/type "cross_entropy": cross_entropy includes a softmax, but the activation of the last layer is sigmoid. Write "activation": "softmax" in the last layer, or remove its activation.',
    ],
    [
      "a softmax before sigmoid",
      spec([rnn, { ...two, activation: "softmax" }], {
        data: arrays(probabilities),
        loss: loss("binary_cross_entropy"),
      }),
      'activation, /loss/type "binary_cross_entropy": binary_cross_entropy includes a sigmoid, but the activation of the last layer is softmax. Write "activation": "sigmoid" in the last layer, or remove its activation.',
    ],
    [
      "weights of each sequence, a loss of each step",
      spec([rnn, two], { data: arrays(perStep, { weights: perSequence }) }),
      "weight-shape, /data/weights [0: The weights have shape [batch], but the loss has one entry per step. Provide weights of shape [batch, time].",
    ],
    [
      "weights of each step, a loss of each sequence",
      spec([last, two], { data: arrays(perSequence, { weights: perStep }), loss: loss("cross_entropy") }),
      "weight-shape, /data/weights [[0: The weights have shape [batch, time], but the loss has one entry per sequence. Provide weights of shape [batch].",
    ],
  ])("%s", async (_, invalid, expected) => {
    expect(await problemsOf(invalid)).toEqual([expected]);
  });
});

describe("custom cells", () => {
  const cell = (equations: readonly string[], extra: object = {}) => ({
    state: { h: "hidden_size" },
    parameters: { W: ["input_size", "hidden_size"] },
    equations,
    output: "h'",
    ...extra,
  });
  const mine = { layer: "rnn", cell: "mine", hidden_size: 5 };

  test("an error in an equation has its line and column", async () => {
    const invalid = spec([ids, mine], { cells: { mine: cell(["y = x @ W", "h' = tanh(y @ W) + hh"]) } });
    const [diagnostics = []] = await diagnose(JSON.stringify(invalid, null, 2));
    expect(diagnostics.map(({ line, column, path, message }) => [line, column, path, message])).toEqual([
      [36, 29, "/cells/mine/equations/1", 'unknown name "hh"'],
    ]);
  });

  test("unused parameters are reported together with other problems", async () => {
    const invalid = spec([two, mine], {
      cells: { mine: cell(["h' = tanh(x @ W) + h"], { parameters: { W: ["input_size", "hidden_size"], V: [2] } }) },
    });
    expect(await problemsOf(invalid)).toEqual([
      'unused-parameter, /cells/mine/parameters/V "V": no equation reads the parameter "V" Remove it, or read it in an equation.',
      'needs-numbers, /model/0 {"layer":"dense": The layer dense reads numbers, but its input is token ids [batch, time]. Put a one_hot or an embedding layer before dense.',
    ]);
  });

  test.each<[string, readonly string[], readonly string[]]>([
    [
      "equations without an effect, also those that only such equations read",
      ["q = x @ W", "r, s = split(q, 2)", "h' = tanh(x @ W) + h"],
      [
        'unused-equation, /cells/mine/equations/0 q = x @ W": this equation has no effect: the output and the next states do not depend on "q" Remove it, or read "q" in an equation that has one.',
        'unused-equation, /cells/mine/equations/1 r: this equation has no effect: the output and the next states do not depend on "r" and "s" Remove it, or read "r" and "s" in an equation that has one.',
      ],
    ],
    [
      "an input that no equation reads",
      ["h' = tanh(W) + h"],
      [
        "unused-input, /cells/mine/equations [\"h' = tanh(W) + h\": no equation reads x, the input: the cell gives the same for every input Read x in an equation that h' depends on.",
      ],
    ],
  ])("%s", async (_, equations, expected) => {
    const parameters = { W: expected.length === 1 ? ["hidden_size"] : ["input_size", "hidden_size"] };
    const own = cell(equations, { parameters });
    expect(
      await problemsOf(spec([ids, { ...mine, hidden_size: 4 }, { layer: "projection" }], { cells: { mine: own } })),
    ).toEqual(expected);
  });

  test("a half of a split may be unread, and an equation that one variant alone reads", async () => {
    const own = cell(["q = x @ W", "r, s = split(q, 2)", "u = 2 * r", "h' = concat(r, r) + h"], {
      options: { wide: false },
      variants: { wide: { true: { equations: { "h'": "h' = concat(u, r) + h" } }, false: {} } },
    });
    expect(
      await problemsOf(spec([ids, { ...mine, hidden_size: 4 }, { layer: "projection" }], { cells: { mine: own } })),
    ).toEqual([]);
  });

  test("a state that nothing reads, and one that feeds the output through another", async () => {
    const states = { state: { h: "hidden_size", s: "hidden_size", q: "hidden_size" } };
    const own = cell(["h' = tanh(x @ W) + q", "s' = s + h'", "q' = q + x @ W"], states);
    expect(
      await problemsOf(spec([ids, { ...mine, hidden_size: 4 }, { layer: "projection" }], { cells: { mine: own } })),
    ).toEqual([
      'unused-state, /cells/mine/state/s "s": the output and the first state do not depend on the state "s" Remove it with its equation, or read it in an equation that the output depends on.',
    ]);
  });

  test("a wrong value of an option is reported where a layer gives it", async () => {
    const heads = cell(["h' = split_heads(x @ W, heads) + h", "y = merge_heads(h')"], {
      options: { heads: 1 },
      state: { h: ["heads", "head_size"] },
      output: "y",
    });
    expect(await problemsOf(spec([ids, { ...mine, heads: 2 }], { cells: { mine: heads } }))).toEqual([
      "size, /model/1/heads 2: hidden_size 5 is not a multiple of heads 2 Choose a hidden_size that is one, or another number of heads.",
    ]);
  });

  test("a mismatch at the sizes of a layer is reported with these sizes, once for all uses", async () => {
    const invalid = spec([ids, { ...mine, hidden_size: 4 }, { ...mine, hidden_size: 3, from: "one_hot" }], {
      cells: { mine: cell(["h' = tanh(x @ W) + x"]) },
    });
    expect(await problemsOf(invalid)).toEqual([
      'shape-mismatch, /cells/mine/equations/0 + x": tanh(x @ W) + x: [batch, 4] and [batch, 5]: the sizes 4 and 5 differ In rnn/0, input_size is 5 and hidden_size is 4.',
    ]);
  });

  test.each<[string, string, readonly string[]]>([
    [
      "a name in place of another",
      "h' = tanh(x @ W + h @ W)",
      [
        'unused-parameter, /cells/mine/parameters/U "U": no equation reads the parameter "U" Remove it, or read it in an equation.',
        'shape-mismatch, /cells/mine/equations/0 @ W)": h @ W: [batch, 4] times [5, 4]: the inner sizes 4 and 5 differ W is declared [input_size, hidden_size]; make its first size 4, or write "hidden_size".',
      ],
    ],
    [
      "an unknown name",
      "h' = tanh(x @ U + h @ V)",
      [
        'unknown-name, /cells/mine/equations/0 V)": unknown name "V" Names: x, h, W, U.',
        'shape-mismatch, /cells/mine/equations/0 @ U + h @ V)": x @ U: [batch, 5] times [4, 4]: the inner sizes 5 and 4 differ U is declared [hidden_size, hidden_size]; make its first size 5, or write "input_size".',
      ],
    ],
    [
      "an output that is not set, twice used",
      "g = tanh(x @ W + h @ W)",
      [
        'state-not-set, /cells/mine/equations ["g = tanh(x @ W + h @ W)": no equation sets h\', the next value of the state h Add one: "h\' = …".',
        'unknown-name, /cells/mine/output "h\'": the output "h\'" is not a name that an equation sets Names: g.',
        'shape-mismatch, /cells/mine/equations/0 @ W)": h @ W: [batch, 4] times [5, 4]: the inner sizes 4 and 5 differ W is declared [input_size, hidden_size]; make its first size 4, or write "hidden_size".',
      ],
    ],
  ])("%s does not hide a mismatch at the sizes of a layer", async (_, equation, expected) => {
    const parameters = { W: ["input_size", "hidden_size"], U: ["hidden_size", "hidden_size"] };
    const invalid = spec([ids, { ...mine, hidden_size: 4 }], { cells: { mine: cell([equation], { parameters }) } });
    expect(await problemsOf(invalid)).toEqual(expected);
  });

  test("a problem of a cell at all sizes is reported once for all uses", async () => {
    const invalid = spec([ids, { ...mine, layers: 3 }, { ...mine, bidirectional: "sum" }], {
      cells: { mine: cell(["h' = tanh(x @ W) @ W + (h"]) },
    });
    expect(await problemsOf(invalid)).toHaveLength(1);
  });
});

describe("a size that depends on the data is no problem", () => {
  test.each<[string, object]>([
    ["a residual connection", spec([ids, { ...rnn, residual: true }], { data: file })],
    ["cells that share weights", spec([ids, { ...rnn, layers: 2, share_weights: true }], { data: file })],
    ["a sum", spec([ids, { ...rnn, name: "a" }, { layer: "add", from: ["one_hot", "a"] }], { data: file })],
    ["a dot score", spec([ids, { ...rnn, name: "a" }, { layer: "attention", from: ["a", "one_hot"] }], { data: file })],
    [
      "a vector as an initial state",
      spec([ids, { layer: "pool", mode: "max" }, { ...rnn, from: "one_hot", initial_state: "pool" }], { data: file }),
    ],
    [
      "weights of classes",
      spec([ids, rnn, { layer: "projection" }], {
        data: file,
        loss: { type: "sequence_loss", class_weights: [1, 2, 3] },
      }),
    ],
    [
      "classes to sample from",
      spec([ids, rnn, { layer: "projection" }], { data: file, loss: { type: "sampled_softmax", samples: 40 } }),
    ],
    [
      "the blank among classes",
      spec([rnn, { layer: "projection", size: "classes" }], {
        data: { type: "arrays", inputs: "x.npy", targets: "y.npy" },
        loss: { type: "ctc", blank: 7 },
      }),
    ],
    ["scores for a vocabulary", spec([{ layer: "one_hot", size: 3 }, rnn], { data: file })],
    [
      "a cell whose input and state must agree",
      spec([ids, { layer: "rnn", cell: "mine", hidden_size: 5 }], {
        data: file,
        cells: {
          mine: { state: { h: "hidden_size" }, parameters: { b: [1] }, equations: ["h' = h + b * x"], output: "h'" },
        },
      }),
    ],
    [
      "rows of targets",
      spec([rnn, two], { data: { type: "arrays", inputs: "x.npy", targets: "y.npy" }, loss: loss("squared_error") }),
    ],
  ])("%s", async (_, ambiguous) => {
    expect(await problemsOf(ambiguous)).toEqual([]);
  });
});

test("a cell with an error hides no wrong name of a layer, and is reported once", async () => {
  const cells = { mine: { state: { h: "hidden_size" }, parameters: {}, equations: ["h' = k"], output: "h'" } };
  const model = [
    ids,
    { ...rnn, cell: "mine", name: "encoder" },
    { ...rnn, name: "decoder", initial_state: "encoder" },
    { ...rnn, initial_state: "decodr" },
  ];
  expect(await problemsOf(spec(model, { cells }))).toEqual([
    'unknown-name, /cells/mine/equations/0 k": unknown name "k" Names: x, h. Tensors that are trained are declared in "parameters", numbers in "options".',
    'initial-state, /model/3/initial_state "decodr": No layer before rnn is named "decodr". Did you mean "decoder"?',
  ]);
});
