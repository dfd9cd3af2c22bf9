/** Figures of a soak as a line of JSON, which reliability.mjs collects. */
export function report(name, figures) {
  console.log(JSON.stringify({ soak: name, ...figures }));
}
