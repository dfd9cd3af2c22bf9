/** A histogram on one line. */

const levels = "▁▂▃▄▅▆▇█";

/** The tallest bin is full, an empty one is blank. */
export function histogramText(shares: readonly number[]): string {
  const most = Math.max(...shares);
  return shares
    .map((share) => (share === 0 ? " " : (levels[Math.min(7, Math.floor((share / most) * 8))] ?? " ")))
    .join("");
}
