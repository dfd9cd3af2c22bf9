import { describe, expect, test } from "vitest";
import { printGraph } from "../../../compiler/ir/print/text.js";
import { builtIn, stepGraph } from "../../support/cell-definition.js";

describe("the nodes of a step", () => {
  test("values have their names in the equations", () => {
    expect(printGraph(stepGraph(builtIn("lstm")))).toMatchInlineSnapshot(`
      "graph step
        input x: f32[batch, 3]
        input h: f32[batch, 4]
        input c: f32[batch, 4]
        input W: f32[3, 16]
        input U: f32[4, 16]
        input b: f32[16]
        matmul: f32[batch, 16] = MatMul(x, W)
        add: f32[batch, 16] = Add(matmul, b)
        matmul.1: f32[batch, 16] = MatMul(h, U)
        add.1: f32[batch, 16] = Add(add, matmul.1)
        i: f32[batch, 4], f: f32[batch, 4], g: f32[batch, 4], o: f32[batch, 4] = Split(add.1, axis=1, sizes=[4, 4, 4, 4])
        sigmoid: f32[batch, 4] = Sigmoid(f)
        mul: f32[batch, 4] = Mul(sigmoid, c)
        sigmoid.1: f32[batch, 4] = Sigmoid(i)
        tanh: f32[batch, 4] = Tanh(g)
        mul.1: f32[batch, 4] = Mul(sigmoid.1, tanh)
        c': f32[batch, 4] = Add(mul, mul.1)
        sigmoid.2: f32[batch, 4] = Sigmoid(o)
        tanh.1: f32[batch, 4] = Tanh(c')
        h': f32[batch, 4] = Mul(sigmoid.2, tanh.1)
        output h'
        output h'
        output c'
      "
    `);
  });

  test("an output that names a next state is the same value", () => {
    const { outputs } = stepGraph(builtIn("gru"));
    expect(outputs[0]).toBe(outputs[1]);
  });

  test("the deepest possible expression", () => {
    const nested = `${"tanh(".repeat(300)}h${")".repeat(300)}`;
    const long = `h${" + h".repeat(450)}`;
    const written = { state: { h: 4 }, equations: [`a = ${nested}`, `h' = ${long} + a`] };
    expect(stepGraph(written).nodes.length).toBe(751);
  });

  test("constants are folded, and values that do not depend on the batch are not expanded", () => {
    const { nodes } = stepGraph({
      options: { rate: 0.5 },
      state: { h: 4 },
      parameters: { leak: [4] },
      equations: ["y = sigmoid(leak)", "scale = 2 * 3 - rate", "h' = y * h + scale * (1 - y)"],
    });
    expect(nodes.map(({ op, outputs: [value] }) => `${op} [${value?.type.shape}]`)).toEqual([
      "Sigmoid [4]",
      "Mul [batch,4]",
      "Constant []",
      "Sub [4]",
      "Constant []",
      "Mul [4]",
      "Add [batch,4]",
    ]);
  });
});
