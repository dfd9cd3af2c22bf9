/** The sequence form on trial: what it says of whole sequences. */
import { difference } from "./compare.js";
import { drawInputs } from "./draw.js";
import { asGiven, feed, type Try } from "./trial.js";

export const trySequence: Try = async ({ run, ports, boundary, subject, reference }, sizes) => {
  const { given, read } = asGiven(drawInputs(reference.ports, subject, sizes), boundary);
  const said = await reference.predict(read, sizes.batch);
  const fed = ports.inputs.filter(({ role }) => role === "data");
  const results = await run(Object.fromEntries(fed.map(({ name }) => [name, feed(given, name)])));
  return difference(results, said, boundary);
};
