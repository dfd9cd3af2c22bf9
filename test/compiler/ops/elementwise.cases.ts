/** Cases of the elementwise primitives: every rank, broadcasting both ways, every accepted dtype. */
import type { BinaryOp, UnaryOp } from "../../../compiler/ir/types.js";
import type { CaseOf, Cases } from "./case.js";
import { below, constant, flags, nonInteger, normal, positive, type Sample, skewedBelow } from "./sample.js";

/** Cases without attributes, for every primitive that has none. */
type Plain = readonly [CaseOf<"Neg">, ...CaseOf<"Neg">[]];
type Draw = (...shape: readonly (number | string)[]) => Sample;

const caseOf = (title: string, ...operands: readonly Sample[]) => ({ title, operands, attributes: {} });

const unary = (draw: Draw): Plain => [
  caseOf("a matrix", draw(2, 3)),
  caseOf("a scalar", draw()),
  caseOf("symbolic axes", draw("batch", "time", 2)),
];

const binary = (x: Draw, y: Draw): Plain => [
  caseOf("equal shapes", x(2, 3), y(2, 3)),
  caseOf("the second one broadcast", x(2, 3), y(1, 3)),
  caseOf("the first one broadcast", x(2, 1), y(2, 3)),
  caseOf("both broadcast", x(2, 1, 3), y(1, 4, 3)),
  caseOf("a bias", x("batch", "time", 3), y(3)),
  caseOf("a bias on the left", x(3), y("batch", 2, 3)),
  caseOf("a scalar", x(2, 3), y()),
  caseOf("rank differences and ones", x(3, 1), y(2, 1, 4)),
  caseOf("scalars", x(), y()),
];

const integers = (x: Draw, y: Draw): Plain => [
  caseOf("integers", x(2, 3), y(3)),
  caseOf("int32", skewedBelow(4, 2, 1), skewedBelow(4, 2, 3)),
];

const some: Draw = (...shape) => below(3, ...shape);

export const elementwise: Cases<UnaryOp | BinaryOp | "Where" | "Cast"> = {
  Identity: [
    ...unary(normal),
    caseOf("integers", below(9, 3)),
    caseOf("int32", skewedBelow(9, 3)),
    caseOf("flags", flags(3)),
  ],
  Neg: [...unary(normal), caseOf("integers", below(9, 3))],
  Exp: unary(normal),
  Log: unary(positive),
  Sqrt: unary(positive),
  Abs: [...unary(nonInteger), caseOf("integers", constant("int64", [3], -2, 0, 3))],
  Sign: unary(nonInteger),
  Floor: unary(nonInteger),
  Sin: unary(normal),
  Cos: unary(normal),
  Tanh: unary(normal),
  Sigmoid: unary(normal),
  Relu: unary(nonInteger),
  Softplus: [...unary(normal), caseOf("far from zero", constant("float32", [4], -40, -1e3, 40, 1e3))],
  Erf: [...unary(normal), caseOf("far from zero", constant("float32", [4], -3, -1e3, 5, 1e3))],
  Not: unary(flags),
  Add: [...binary(normal, normal), ...integers(some, some)],
  Sub: [...binary(normal, normal), ...integers(some, some)],
  Mul: [...binary(normal, normal), ...integers(some, some)],
  Div: binary(normal, positive),
  Pow: binary(positive, normal),
  Mod: [
    caseOf("integers", below(9, 2, 3), constant("int64", [3], 1, 2, 5)),
    caseOf("int32", skewedBelow(9, "batch", 1), constant("int32", [2], 3, 4)),
    caseOf("of both signs", constant("int64", [4, 1], -7, -4, 4, 7), constant("int64", [2], 4, -4)),
    caseOf("far beyond 32 bits", constant("int64", [2], 2 ** 52 - 1, 2 ** 50), constant("int64", [], 2 ** 25 - 39)),
  ],
  Min: [...binary(normal, normal), ...integers(some, some)],
  Max: [...binary(normal, normal), ...integers(some, some)],
  Equal: [...binary(normal, normal), ...integers(some, some)],
  Less: [...binary(normal, normal), ...integers(some, some)],
  Greater: [...binary(normal, normal), ...integers(some, some)],
  And: binary(flags, flags),
  Or: binary(flags, flags),
  Where: [
    caseOf("equal shapes", flags(2, 3), normal(2, 3), normal(2, 3)),
    caseOf("a mask of rows", flags("batch", 1), normal("batch", 3), normal("batch", 3)),
    caseOf("all three broadcast", flags(2, 1, 1), normal(3, 1), normal(4)),
    caseOf("a scalar branch", flags("batch", 3), normal("batch", 3), normal()),
    caseOf("a scalar condition", flags(), normal(2), normal(3, 2)),
    caseOf("integers", flags(3), below(5, 3), below(5, 2, 1)),
  ],
  Cast: [
    { title: "flags to floats", operands: [flags(2, 3)], attributes: { to: "float32" } },
    { title: "integers to floats", operands: [below(5, "batch")], attributes: { to: "float32" } },
    { title: "floats to themselves", operands: [normal(2, 3)], attributes: { to: "float32" } },
    { title: "floats to integers", operands: [nonInteger(2, 3)], attributes: { to: "int64" } },
    { title: "floats to flags", operands: [constant("float32", [3], -1, 0, 0.5)], attributes: { to: "bool" } },
    { title: "long to short", operands: [below(5, 2)], attributes: { to: "int32" } },
  ],
};
