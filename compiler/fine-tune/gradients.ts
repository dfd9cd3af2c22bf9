/** Trained parameters whose derivative of the loss is 0 for any data. */
import { differentiate } from "../autodiff/reverse.js";
import { isParameter, type Program } from "../elaborate/program.js";
import { producersOf, splatValue } from "../graph/def-use.js";
import { at } from "../ir/expect.js";

/** The names of parameters that no chain of derivatives leads to from the loss, the first output. */
export function untrainedParameters({ graph, inputs }: Program): readonly string[] {
  const trained = inputs.flatMap((port, index) => (isParameter(port) ? [index] : []));
  const differentiated = differentiate(graph, 0, trained);
  const producers = producersOf(differentiated);
  return trained.flatMap((input, position) => {
    const gradient = at(differentiated.outputs, graph.outputs.length + position);
    return splatValue(gradient, (value) => producers.get(value)) === 0 ? [at(inputs, input).name] : [];
  });
}
