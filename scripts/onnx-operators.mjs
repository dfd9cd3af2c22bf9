/**
 * Writes docs/reference/onnx-operators.md: the operators of other models that have a rule, and the reasons of the others.
 *
 *   node scripts/onnx-operators.mjs [FOLDER]
 *
 * FOLDER holds the node tests of the ONNX standard, one folder each with model.onnx, input_N.pb and output_N.pb. Each is read,
 * evaluated and differentiated, and the page states the counts.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { differentiate } from "../dist/compiler/autodiff/reverse.js";
import { graphBuilder } from "../dist/compiler/graph/builder.js";
import { evaluate } from "../dist/compiler/graph/evaluate.js";
import { inline } from "../dist/compiler/graph/rewrite.js";
import { verify } from "../dist/compiler/graph/verify.js";
import { importModel } from "../dist/compiler/importer/index.js";
import { elementType } from "../dist/compiler/importer/operand.js";
import { lowerings, refusedOperators } from "../dist/compiler/importer/operators/index.js";
import { elementCount } from "../dist/compiler/ir/dims.js";
import { tensor } from "../dist/compiler/ir/tensor.js";
import { readProgram } from "../dist/compiler/onnx/read/program.js";
import { readTensorProto } from "../dist/compiler/onnx/read/tensor-values.js";
import { withWeights } from "../dist/compiler/onnx/splice/weights.js";

const page = new URL("../docs/reference/onnx-operators.md", import.meta.url);
const noExternal = () => {
  throw new RangeError("external data");
};

/** Undefined for sequences, and for a type that no model of ours computes. */
function readTensors(folder, kind) {
  const names = readdirSync(folder).filter((name) => name.startsWith(`${kind}_`));
  const protos = names.map((_, index) =>
    readTensorProto(readFileSync(join(folder, `${kind}_${index}.pb`)), noExternal),
  );
  if (protos.some(({ dtype }) => elementType(dtype) === undefined)) return undefined;
  try {
    return protos.map(({ dtype, shape, values }) => ({
      ...tensor(elementType(dtype).dtype, shape, values()),
      stored: dtype,
    }));
  } catch {
    return undefined;
  }
}

/** Relative errors of outputs that the standard computes with fewer digits. */
const tolerances = { float16: 4e-3, bfloat16: 2e-2 };

const isClose = (x, y, relative, absolute) =>
  x === y || (Number.isNaN(x) && Number.isNaN(y)) || Math.abs(x - y) <= absolute + relative * Math.abs(y);

/** The sum of all float outputs, each entry times a fixed number: a scalar whose gradient is compared. */
function scalarOf({ graph, outputs }) {
  const b = graphBuilder("scalar");
  const inputs = graph.inputs.map(({ name, type }) => b.input(name, type));
  const results = inline(b, graph, inputs).slice(0, outputs.length);
  const floats = results.filter(({ type }) => type.dtype === "float32");
  if (floats.length === 0) return undefined;
  const terms = floats.map((value) => {
    const index = b.reshape(b.cast(b.range(elementCount(value.type.shape)), "float32"), value.type.shape);
    return b.sum(b.mul(value, b.add(b.cos(index), 1.5)));
  });
  return b.finish([terms.reduce((sum, term) => b.add(sum, term))]);
}

/** "agrees", "zero", or a message, for the entries of the float inputs. */
function checkGradients(model, inputs) {
  const graph = scalarOf(model);
  if (graph === undefined) return "zero";
  const wrt = graph.inputs.flatMap(({ type }, index) => (type.dtype === "float32" ? [index] : []));
  if (wrt.length === 0) return "zero";
  const gradients = evaluate(verify(differentiate(graph, 0, wrt), "gradient"), inputs).slice(1);
  let hasGradient = false;
  for (const [position, index] of wrt.entries()) {
    const { data } = inputs[index];
    const picked = Array.from({ length: Math.min(data.length, 6) }, (_, n) => Math.floor((n * data.length) / 6));
    for (const entry of new Set(picked)) {
      const at = (delta) => {
        const moved = Float64Array.from(data);
        moved[entry] += delta;
        return evaluate(graph, inputs.with(index, { ...inputs[index], data: moved }))[0].data[0];
      };
      const step = 1e-5 * Math.max(1, Math.abs(data[entry]));
      const [forward, backward, here] = [at(step), at(-step), at(0)];
      const difference = (forward - backward) / (2 * step);
      const gradient = gradients[position].data[entry];
      if (gradient !== 0) hasGradient = true;
      // At a step there is no derivative.
      if (Math.abs(forward - backward) > 1e4 * step) continue;
      // A kink: both one-sided derivatives are right.
      const oneSided = [(forward - here) / step, (here - backward) / step];
      const isKink = !isClose(oneSided[0], oneSided[1], 1e-3, 1e-3);
      if (isKink || !Number.isFinite(difference)) continue;
      if (!isClose(gradient, difference, 1e-3, 1e-5))
        return `gradient ${gradient} is not ${difference} (input ${index}, entry ${entry})`;
    }
  }
  return hasGradient ? "agrees" : "zero";
}

const integers = { int64: BigInt64Array, int32: Int32Array, bool: Uint8Array };

/** The model with the inputs of integers as initializers. */
function withIntegers(bytes, ports, inputs) {
  const constants = inputs.flatMap(({ stored, shape, data }, index) => {
    const array = integers[stored];
    if (array === undefined || ports[index] === undefined) return [];
    const values = array.from(data, stored === "int64" ? BigInt : Number);
    return [{ name: ports[index].name, dtype: stored, shape, data: new Uint8Array(values.buffer) }];
  });
  return withWeights(bytes, constants);
}

/** The result of one test: an operator, and "agrees", "zero", "refused" or "wrong" with a message. */
function runTest(folder) {
  const files = readdirSync(folder);
  if (files.includes("skip")) return undefined;
  const [inputs, outputs] = [readTensors(folder, "input"), readTensors(folder, "output")];
  if (inputs === undefined || outputs === undefined) return { kind: "refused", message: "tensors of another type" };
  const bytes = readFileSync(join(folder, "model.onnx"));
  const isMissing = (result) => result.ok && result.model.outputs.some(({ value }) => value === undefined);
  const first = importModel(bytes);
  // Axes, sizes and indices are inputs of the tests, where models have constants.
  const imported = isMissing(first) ? importModel(withIntegers(bytes, first.model.inputs, inputs)) : first;
  if (!imported.ok) return { kind: "refused", message: imported.problem.message };
  const { model } = imported;
  if (isMissing(imported))
    return {
      kind: "refused",
      message: model.refused.map(({ operator, reason }) => `${operator} ${reason}`).join("; "),
    };
  const fed = imported === first ? inputs : inputs.filter(({ stored }) => !(stored in integers));
  const results = evaluate(verify(model.graph, "import"), fed).slice(0, outputs.length);
  for (const [index, expected] of outputs.entries()) {
    const actual = results[index];
    if (actual.shape.join() !== expected.shape.join())
      return { kind: "wrong", message: `output ${index} is [${actual.shape}], not [${expected.shape}]` };
    const tolerance = tolerances[expected.stored] ?? 1e-3;
    const entry = actual.data.findIndex((x, n) => !isClose(x, expected.data[n], tolerance, tolerance / 100));
    if (entry >= 0)
      return { kind: "wrong", message: `output ${index}: ${actual.data[entry]} is not ${expected.data[entry]}` };
  }
  const gradient = checkGradients(model, fed);
  return gradient === "agrees" || gradient === "zero" ? { kind: gradient } : { kind: "wrong", message: gradient };
}

/** Results of all tests, by operator. Tests of an operator as other operators (`_expanded`) count for it too. */
function measure(folder) {
  const byOperator = new Map();
  const counts = { agrees: 0, zero: 0, refused: 0, wrong: 0 };
  const disagree = [];
  for (const name of readdirSync(folder).sort()) {
    let result;
    try {
      result = runTest(join(folder, name));
    } catch (error) {
      result = { kind: "wrong", message: error.stack };
    }
    if (result === undefined) continue;
    counts[result.kind]++;
    if (result.kind === "wrong") disagree.push(name);
    console.log(name, result.kind, result.message ?? "");
    const operator = operatorOf(join(folder, name));
    const kinds = byOperator.get(operator) ?? { agrees: 0, zero: 0, refused: 0, wrong: 0 };
    kinds[result.kind]++;
    byOperator.set(operator, kinds);
  }
  return { byOperator, counts, disagree };
}

/** The operator of a test: that of its node; of an expanded one, the operator whose name the test has. */
function operatorOf(folder) {
  const { graph } = readProgram(readFileSync(join(folder, "model.onnx")), noExternal);
  return graph.nodes.length === 1 ? graph.nodes[0].operator : "(several)";
}

const gradients = { exact: "exact", zero: "zero: integers, comparisons or steps", shape: "constants and shapes" };

function pageText(measured) {
  const rules = [...lowerings.values()].sort((a, b) => (a.operator < b.operator ? -1 : 1));
  const row = ({ operator, opsets = [7, 26], gradient = "exact" }) => {
    const kinds = measured?.byOperator.get(operator);
    const tests =
      kinds === undefined
        ? ""
        : `${kinds.agrees + kinds.zero} of ${kinds.agrees + kinds.zero + kinds.refused + kinds.wrong}`;
    return `| ${operator} | ${opsets.join(" to ")} | ${gradients[gradient]} | ${tests} |`;
  };
  const differentiated = [...(measured?.byOperator ?? [])].filter(
    ([name, { agrees }]) => agrees > 0 && lowerings.has(name),
  );
  const reasons = [...new Set(refusedOperators.values())];
  const operatorsOf = (reason) =>
    [...refusedOperators].flatMap(([name, other]) => (other === reason ? [name] : [])).sort();
  return [
    "# Operators of other models",
    "",
    "`rnnx inspect` and `rnnx grad` read models that other programs wrote. Every operator of the standard domain has a rule, which",
    "states it as primitives with a gradient, or a reason why it has none. A node beyond its rule is refused by name, with the reason.",
    "",
    ...(measured === undefined
      ? []
      : [
          "The ONNX standard has tests of single nodes with inputs and outputs. Each was read, evaluated in float64, compared with its",
          "outputs to 1e-3, and its gradient compared with central differences to 1e-3. Axes, sizes and indices, which the tests feed, are",
          "constants where the operator needs them:",
          "",
          `- ${differentiated.length} operators have a gradient that agrees.`,
          `- ${measured.counts.agrees} tests have a gradient that agrees, ${measured.counts.zero} more have outputs that agree and no gradient.`,
          `- ${measured.counts.refused} tests are refused, ${measured.counts.wrong} disagree${measured.disagree.length === 0 ? "" : `: ${measured.disagree.join(", ")}`}.`,
          "",
          "A test is refused for its opset (the tests are of opsets up to 28), for another element type (text, 8-bit floats, bytes), for sequences as inputs or outputs,",
          "for outputs beyond the rule, or for an operator without a rule. Where a later node may replace the NaN of a softmax over nothing (a row of",
          "-∞, as in attention that may read no step), its derivative is 0.",
          "",
        ]),
    "## Operators with a rule",
    "",
    "| operator | opsets | gradient | tests that agree |",
    "|---|---|---|---|",
    ...rules.map(row),
    "",
    "## Operators without a rule",
    "",
    "| reason | operators |",
    "|---|---|",
    ...reasons.map((reason) => `| ${reason} | ${operatorsOf(reason).join(", ")} |`),
    "",
  ].join("\n");
}

const [folder] = process.argv.slice(2);
const measured = folder === undefined ? undefined : measure(folder);
if (measured !== undefined) console.log(measured.counts);
writeFileSync(page, pageText(measured));
