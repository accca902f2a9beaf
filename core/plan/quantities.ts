/** Milliseconds with a digit after the point where that is still of interest: "0.4 ms", "38 ms", "1.8 s". */
export function inMs(ms: number): string {
  if (ms >= 999.5) return `${(ms / 1000).toFixed(1)} s`;
  return `${ms.toFixed(ms < 9.95 ? 1 : 0)} ms`;
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 9.95e6 ? 1 : 0)} MB`;
}

/** Blocks [start, end) as people count them: "layers 1–34", "layer 5". */
export function layers(start: number, end: number): string {
  return end - start === 1 ? `layer ${end}` : `layers ${start + 1}–${end}`;
}
