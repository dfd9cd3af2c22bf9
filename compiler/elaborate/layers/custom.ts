/**
 * custom: a layer of the user's own, whose equations hold for each row and each time step; parameters
 * `<name>/<parameter>`. In a stream the steps that a shift reads are states, `<name>/shift`, `<name>/shift_2`, ….
 */
import type { Report } from "../../../schema/diagnostics/index.js";
import { joinWithAnd, quote } from "../../../schema/diagnostics/suggest.js";
import { child } from "../../../schema/json-pointer.js";
import type { NormalCustom } from "../../../schema/normal/index.js";
import { at, expectDefined } from "../../ir/expect.js";
import type { Dim, Value } from "../../ir/types.js";
import { analyze } from "../../language/analyze.js";
import { buildEquations, nameValues, outputOf } from "../../language/build.js";
import type { Delay } from "../../language/functions/function.js";
import { readsEarlierSteps } from "../../language/functions/time.js";
import { withInputSizes } from "../../language/inputs.js";
import { ownValue, type ResolvedDefinition, reportAtUse, resolveDefinition } from "../../language/resolve.js";
import { rowScope } from "../../language/scope.js";
import { declaredShapes } from "../../language/size-expression.js";
import { shapesAgree, sizesAgree } from "../compare-sizes.js";
import type { Context, LayerDefinition } from "../context.js";
import { openParameters } from "../equation-parameters.js";
import { withHistory } from "../stream-history.js";
import { describeWire, padWithFirstStep, type Wire, width } from "../wire.js";
import { checkNumbers, checkNumericSequence } from "./numeric-input.js";

export const custom: LayerDefinition<NormalCustom> = {
  maxInputs: ({ type }, { layers }) => 1 + Object.keys(ownValue(layers, type)?.inputs ?? {}).length,
  elaborate(layer, input, context, others) {
    const { b } = context;
    const source = expectDefined(ownValue(context.layers, layer.type), `the layer ${layer.type}`);
    const path = context.pathOf(source);
    const definition = resolveDefinition(source, layer.options, context.functions, "layer");
    const names = Object.keys(definition.inputs);
    if (!checkNumbers(layer, input, context) || !checkInputs(layer, names, input, others, context)) return undefined;
    const aligned = others.map((other) => alignedWith(input, other, context));
    const inputs = Object.fromEntries(names.map((name, index) => [name, at(aligned, index)]));
    const widths = Object.fromEntries(names.map((name, index) => [name, width(at(others, index))]));
    const sizes = withInputSizes(definition, { input_size: width(input) }, widths);
    const x = alignedWith(input, input, context);
    const batch = x.type.shape.slice(0, -1);
    /** The definition is valid for some sizes: a problem here is one of these sizes. */
    const withSizes: Report = (problem) =>
      context.report({ ...problem, hint: problem.hint || `In ${layer.name}, input_size is ${sizes.input_size}.` });
    const optionPath = (name: string) => child(context.pathOf(layer.options), name);
    const report = reportAtUse(source, layer.options, path, optionPath, withSizes);
    const { equations, shapes } = analyze(definition, rowScope(sizes, batch), path, report);
    const declared = declaredShapes(definition, sizes, path, report);
    if (declared === undefined || equations === undefined || shapes === undefined || shapes.isUndecided)
      return undefined;
    if (!context.soundLayers.has(layer.type)) return undefined;
    if (!checkWidths(layer, definition, declared.inputs, widths, path, context)) return undefined;
    const prefix = layer.weights ?? layer.name;
    const parameters = openParameters({ definition, path, sizes, prefix }, declared.parameters, report, context);
    if (readsEarlierSteps(equations) && !checkNumericSequence(layer, input, context)) return undefined;
    let delays = 0;
    const delay: Delay | undefined =
      context.mode === "stream"
        ? (_, value, steps) => {
            const name = `${layer.name}/shift${delays++ === 0 ? "" : `_${delays}`}`;
            const history = withHistory({ value, mask: input.mask }, name, steps, context);
            return b.slice(history, 0, 0, at(value.type.shape, 0));
          }
        : undefined;
    const own = { kind: "layer", name: layer.type } as const;
    const sound = { definition, equations, shapes, batchAxes: batch.length, own, ...(delay && { delay }) };
    const values = buildEquations(b, sound, { x, ...inputs, ...parameters });
    const value = b.withName(outputOf(b, sound, values), layer.name);
    nameValues(b, equations, values, `${layer.name}/`);
    return { ...input, value, padding: "first step", logits: null };
  },
};

/** True where each name has a layer, whose rows or steps are those of x; otherwise reports the problem. */
function checkInputs(
  layer: NormalCustom,
  names: readonly string[],
  x: Wire,
  others: readonly Wire[],
  context: Context,
): boolean {
  const fail = (code: string, message: string, hint: string) =>
    context.problem({ part: layer, key: "from", code, message, hint });
  if (others.length < names.length) {
    const from = [...layer.from, ...names.slice(others.length)].map(quote).join(", ");
    fail(
      "input-count",
      `${layer.name} reads ${joinWithAnd(["x", ...names])}, but "from" names ${1 + others.length} of them.`,
      `Name layers or inputs of the data for all of them: "from": [${from}].`,
    );
    return false;
  }
  if (!others.every((other) => checkNumbers(layer, other, context))) return false;
  return others.every((other, index) => {
    const axes = ({ value }: Wire) => value.type.shape.slice(0, -1);
    const agrees = (x.sequence && !other.sequence) || shapesAgree(axes(other), axes(x));
    if (agrees === false)
      fail(
        "unlike-inputs",
        `${layer.name} reads ${describeWire(x)} as x, with ${describeWire(other)} (${layer.from[index + 1]}) as ${names[index]}.`,
        "Give inputs of as many time steps as x, or without time steps.",
      );
    return agrees === true;
  });
}

/** True where each input has its declared size; otherwise reports the problem. */
function checkWidths(
  layer: NormalCustom,
  { inputs }: ResolvedDefinition,
  declared: Readonly<Record<string, Dim>>,
  widths: Readonly<Record<string, Dim>>,
  path: string,
  context: Context,
): boolean {
  return Object.entries(widths).every(([name, actual], index) => {
    const expected = declared[name] ?? actual;
    const agrees = sizesAgree(actual, expected);
    if (agrees === false) {
      const size = String(inputs[name]);
      const wanted = size === String(expected) ? size : `${size} = ${expected}`;
      context.report({
        code: "shape-mismatch",
        path: child(`${path}/inputs`, name),
        message: `${name} has ${wanted} features, but in ${layer.name} it is ${layer.from[index + 1]}, which has ${actual}`,
        hint: `Name another layer in "from", or declare its size by a new name: "${name}": "${name}_size".`,
      });
    }
    return agrees === true;
  });
}

/** The value of an input for each step of the first one, finite past the lengths. */
function alignedWith(first: Wire, { value, sequence, padding, mask }: Wire, { b }: Context): Value {
  if (first.sequence && !sequence)
    return b.expand(b.unsqueeze(value, [0]), [at(first.value.type.shape, 0), ...value.type.shape]);
  // The equations may have no finite gradient at zeros past the lengths.
  return padding === "zeros" ? padWithFirstStep(b, value, mask) : value;
}
