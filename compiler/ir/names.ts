/** Unique names for the values of a printed or written graph: readable, and the same on every run. */

/** Returns a function that returns a hint unchanged the first time, then with `.1`, `.2`, … appended. */
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

/** Like `uniqueNames`, with numbers appended without a point: `t`, `t1`, `t2`. No name is one of `reserved`. */
export function numberedNames(reserved: Iterable<string>): (hint: string) => string {
  const used = new Set(reserved);
  return (hint) => {
    let name = hint;
    for (let repetition = 1; used.has(name); repetition++) name = `${hint}${repetition}`;
    used.add(name);
    return name;
  };
}
