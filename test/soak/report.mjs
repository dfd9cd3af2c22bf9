/** Figures of a soak, for people and for `npm run reliability`, which collects the lines of `--json`. */
export function report(name, figures) {
  console.log(JSON.stringify({ soak: name, ...figures }));
}
