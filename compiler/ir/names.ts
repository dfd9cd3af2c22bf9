/** Names for the values of a graph, for whoever prints or writes one: readable, unique, and the same on every run. */

/** A function that gives each hint back as it is when first asked, and with `.1`, `.2`, … on repetition. */
export function uniqueNames(): (hint: string) => string {
  const used = new Set<string>();
  const repetitions = new Map<string, number>();
  return (hint) => {
    let name = hint;
    let repetition = repetitions.get(hint) ?? 0;
    while (used.has(name)) name = `${hint}.${++repetition}`;
    repetitions.set(hint, repetition);
    used.add(name);
    return name;
  };
}

/** The same with a number in place of a point and a number: `t`, `t1`, `t2`, none of which is among `taken`. */
export function numberedNames(reserved: Iterable<string>): (hint: string) => string {
  const used = new Set(reserved);
  return (hint) => {
    let name = hint;
    for (let repetition = 1; used.has(name); repetition++) name = `${hint}${repetition}`;
    used.add(name);
    return name;
  };
}
