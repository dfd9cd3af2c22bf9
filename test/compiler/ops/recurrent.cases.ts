/**
 * Cases of the recurrent operators; test/compiler/onnx compares them with onnxruntime, test/compiler/export with cells.
 */
import type { Cases } from "./case.js";
import { normal, type Sample, skewedBelow } from "./sample.js";

const HIDDEN = 3;

const noOptions = { hidden: HIDDEN, reverse: false, lengths: false, initial: false } as const;
const allOptions = { hidden: HIDDEN, reverse: true, lengths: true, initial: true } as const;

/** X, W, R and B of an operator with `gates` gates. */
function weights(gates: number): readonly Sample[] {
  const rows = gates * HIDDEN;
  return [normal("time", "batch", 2), normal(1, rows, 2), normal(1, rows, HIDDEN), normal(1, 2 * rows)];
}

const state = () => normal(1, "batch", HIDDEN);
const lengths = skewedBelow(3, "batch");

export const recurrent: Cases<"RNN" | "GRU" | "LSTM"> = {
  RNN: [
    { title: "plain", operands: weights(1), attributes: { ...noOptions, activations: ["Tanh"] } },
    {
      title: "whole",
      operands: [...weights(1), lengths, state()],
      attributes: { ...allOptions, activations: ["Relu"] },
    },
  ],
  GRU: [
    {
      title: "plain",
      operands: weights(3),
      attributes: { ...noOptions, activations: ["Sigmoid", "Tanh"], linearBeforeReset: false },
    },
    {
      title: "whole",
      operands: [...weights(3), lengths, state()],
      attributes: { ...allOptions, activations: ["Sigmoid", "Relu"], linearBeforeReset: true },
    },
  ],
  LSTM: [
    {
      title: "plain",
      operands: weights(4),
      attributes: { ...noOptions, activations: ["Sigmoid", "Tanh", "Tanh"], peepholes: false },
    },
    {
      title: "whole",
      operands: [...weights(4), lengths, state(), state(), normal(1, 3 * HIDDEN)],
      attributes: { ...allOptions, activations: ["Sigmoid", "Tanh", "Tanh"], peepholes: true },
    },
  ],
};
