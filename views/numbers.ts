/** Numbers as people read them. */

/** 10850 → 10,850 */
export function count(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 0 });
}

/** Four significant digits: 0.7531, 12.04, 1.3e-5. */
export function decimal(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(2);
  return String(Number(value.toPrecision(4)));
}

/** 95_600_000_000 → 95.6 G */
export function magnitude(value: number): string {
  return scaled(value, 1000, ["", " k", " M", " G", " T", " P"]);
}

/** 65536 → 64 KiB */
export function bytes(value: number): string {
  return scaled(value, 1024, [" B", " KiB", " MiB", " GiB", " TiB", " PiB"]);
}

function scaled(value: number, base: number, units: readonly string[]): string {
  let rest = value;
  let unit = 0;
  // A number that would round up to the base belongs to the next unit.
  while (Math.abs(rest) >= base - 0.5 && unit < units.length - 1) {
    rest /= base;
    unit += 1;
  }
  const digits = unit === 0 || Math.abs(rest) >= 100 ? 0 : 1;
  return `${rest.toLocaleString("en-US", { maximumFractionDigits: digits })}${units[unit] ?? ""}`;
}

/** 95 → 1 min 35 s */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "–";
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${count(Math.floor(whole / 3600))} h ${Math.floor((whole % 3600) / 60)} min`;
}
