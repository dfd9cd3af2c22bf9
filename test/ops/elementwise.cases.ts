/** Cases of the elementwise primitives: every rank, broadcasting both ways, every dtype that they take. */
import type { CaseOf, Cases } from "./case.js";
import { below, fixed, flags, normal, offWhole, positive, type Sample, shortBelow } from "./sample.js";

type Unary =
  | "Identity"
  | "Neg"
  | "Exp"
  | "Log"
  | "Sqrt"
  | "Abs"
  | "Sign"
  | "Floor"
  | "Cos"
  | "Tanh"
  | "Sigmoid"
  | "Relu"
  | "Softplus"
  | "Not";
type Binary =
  | "Add"
  | "Sub"
  | "Mul"
  | "Div"
  | "Pow"
  | "Mod"
  | "Min"
  | "Max"
  | "Equal"
  | "Less"
  | "Greater"
  | "And"
  | "Or";

/** Cases without attributes: they fit every primitive that has none. */
type Plain = readonly [CaseOf<"Neg">, ...CaseOf<"Neg">[]];
type Draw = (...shape: readonly (number | string)[]) => Sample;

const one = (title: string, ...operands: readonly Sample[]) => ({ title, operands, attributes: {} });

const unary = (draw: Draw): Plain => [
  one("a matrix", draw(2, 3)),
  one("a scalar", draw()),
  one("symbolic axes", draw("batch", "time", 2)),
];

const binary = (x: Draw, y: Draw): Plain => [
  one("equal shapes", x(2, 3), y(2, 3)),
  one("the second one broadcast", x(2, 3), y(1, 3)),
  one("the first one broadcast", x(2, 1), y(2, 3)),
  one("both broadcast", x(2, 1, 3), y(1, 4, 3)),
  one("a bias", x("batch", "time", 3), y(3)),
  one("a bias on the left", x(3), y("batch", 2, 3)),
  one("a scalar", x(2, 3), y()),
  one("rank differences and ones", x(3, 1), y(2, 1, 4)),
  one("scalars", x(), y()),
];

const whole = (x: Draw, y: Draw): Plain => [
  one("whole numbers", x(2, 3), y(3)),
  one("short whole numbers", shortBelow(4, 2, 1), shortBelow(4, 2, 3)),
];

const some: Draw = (...shape) => below(3, ...shape);

export const elementwise: Cases<Unary | Binary | "Where" | "Cast"> = {
  Identity: [
    ...unary(normal),
    one("whole numbers", below(9, 3)),
    one("short whole numbers", shortBelow(9, 3)),
    one("flags", flags(3)),
  ],
  Neg: [...unary(normal), one("whole numbers", below(9, 3))],
  Exp: unary(normal),
  Log: unary(positive),
  Sqrt: unary(positive),
  Abs: [...unary(offWhole), one("whole numbers", fixed("int64", [3], -2, 0, 3))],
  Sign: unary(offWhole),
  Floor: unary(offWhole),
  Cos: unary(normal),
  Tanh: unary(normal),
  Sigmoid: unary(normal),
  Relu: unary(offWhole),
  Softplus: [...unary(normal), one("far from zero", fixed("float32", [4], -40, -1e3, 40, 1e3))],
  Not: unary(flags),
  Add: [...binary(normal, normal), ...whole(some, some)],
  Sub: [...binary(normal, normal), ...whole(some, some)],
  Mul: [...binary(normal, normal), ...whole(some, some)],
  Div: binary(normal, positive),
  Pow: binary(positive, normal),
  Mod: [
    one("whole numbers", below(9, 2, 3), fixed("int64", [3], 1, 2, 5)),
    one("short whole numbers", shortBelow(9, "batch", 1), fixed("int32", [2], 3, 4)),
    one("of both signs", fixed("int64", [4, 1], -7, -4, 4, 7), fixed("int64", [2], 4, -4)),
    one("far beyond 32 bits", fixed("int64", [2], 2 ** 52 - 1, 2 ** 50), fixed("int64", [], 2 ** 25 - 39)),
  ],
  Min: [...binary(normal, normal), ...whole(some, some)],
  Max: [...binary(normal, normal), ...whole(some, some)],
  Equal: [...binary(normal, normal), ...whole(some, some)],
  Less: [...binary(normal, normal), ...whole(some, some)],
  Greater: [...binary(normal, normal), ...whole(some, some)],
  And: binary(flags, flags),
  Or: binary(flags, flags),
  Where: [
    one("equal shapes", flags(2, 3), normal(2, 3), normal(2, 3)),
    one("a mask of rows", flags("batch", 1), normal("batch", 3), normal("batch", 3)),
    one("all three broadcast", flags(2, 1, 1), normal(3, 1), normal(4)),
    one("a scalar branch", flags("batch", 3), normal("batch", 3), normal()),
    one("a scalar condition", flags(), normal(2), normal(3, 2)),
    one("whole numbers", flags(3), below(5, 3), below(5, 2, 1)),
  ],
  Cast: [
    { title: "flags to floats", operands: [flags(2, 3)], attributes: { to: "float32" } },
    { title: "whole numbers to floats", operands: [below(5, "batch")], attributes: { to: "float32" } },
    { title: "floats to themselves", operands: [normal(2, 3)], attributes: { to: "float32" } },
    { title: "floats to whole numbers", operands: [offWhole(2, 3)], attributes: { to: "int64" } },
    { title: "floats to flags", operands: [fixed("float32", [3], -1, 0, 0.5)], attributes: { to: "bool" } },
    { title: "long to short", operands: [below(5, 2)], attributes: { to: "int32" } },
  ],
};
