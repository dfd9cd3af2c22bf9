/**
 * custom: a layer of the user's own, whose equations hold for each row and each time step; parameters
 * `<name>/<parameter>`. In a stream the steps that a shift reads are states, `<name>/shift`, `<name>/shift_2`, ….
 */
import type { Report } from "../../../schema/diagnostics/index.js";
import type { NormalCustom } from "../../../schema/normal/index.js";
import { at, expectDefined } from "../../ir/expect.js";
import { analyze } from "../../language/analyze.js";
import { buildEquations, outputOf } from "../../language/build.js";
import type { Delay } from "../../language/functions/function.js";
import { readsEarlierSteps } from "../../language/functions/time.js";
import { ownValue, resolveDefinition } from "../../language/resolve.js";
import { rowScope } from "../../language/scope.js";
import { declaredShapes } from "../../language/size-expression.js";
import type { LayerDefinition } from "../context.js";
import { openParameters } from "../equation-parameters.js";
import { withHistory } from "../stream-history.js";
import { padWithFirstStep, width } from "../wire.js";
import { checkNumbers, checkNumericSequence } from "./numeric-input.js";

export const custom: LayerDefinition<NormalCustom> = {
  elaborate(layer, input, context) {
    if (!checkNumbers(layer, input, context)) return undefined;
    const { b } = context;
    const source = expectDefined(ownValue(context.layers, layer.type), `the layer ${layer.type}`);
    const path = context.pathOf(source);
    const definition = resolveDefinition(source, layer.options, context.functions, "layer");
    const sizes = { input_size: width(input) };
    // The equations may have no finite gradient at zeros past the lengths.
    const x = input.padding === "zeros" ? padWithFirstStep(b, input.value, input.mask) : input.value;
    const batch = x.type.shape.slice(0, -1);
    /** The definition is valid for some sizes: a problem here is one of these sizes. */
    const report: Report = (problem) =>
      context.report({ ...problem, hint: problem.hint || `In ${layer.name}, input_size is ${sizes.input_size}.` });
    const { equations, shapes } = analyze(definition, rowScope(sizes, batch), path, report);
    const declared = declaredShapes(definition, sizes, path, report);
    if (declared === undefined || equations === undefined || shapes === undefined || shapes.isUndecided)
      return undefined;
    if (!context.soundLayers.has(layer.type)) return undefined;
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
    const sound = { definition, equations, shapes, batchAxes: batch.length, ...(delay && { delay }) };
    const value = outputOf(b, sound, buildEquations(b, sound, { x, ...parameters }));
    return { ...input, value: b.withName(value, layer.name), padding: "first step", logits: null };
  },
};
