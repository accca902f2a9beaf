/** Milliseconds with a digit after the point where that is still of interest: "0.4 ms", "38 ms", "1.8 s". */
export function inMs(ms: number): string {
  if (ms >= 999.5) return `${(ms / 1000).toFixed(1)} s`;
  return `${ms.toFixed(ms < 9.95 ? 1 : 0)} ms`;
}

/** "2.4 answers a second"; slow ones by the minute: "7.5 answers a minute". */
export function inRate(perSecond: number): string {
  const [count, time] = perSecond < 0.995 ? [perSecond * 60, 'minute'] : [perSecond, 'second'];
  return `${count.toFixed(count < 9.95 ? 1 : 0)} answers a ${time}`;
}

/** Bytes as people count them: "1.8 MB", "38 MB"; small ones as "12 KB", "300 bytes". */
export function megabytes(bytes: number): string {
  if (bytes < 1000) return `${bytes.toFixed(0)} bytes`;
  if (bytes < 50_000) return `${(bytes / 1000).toFixed(bytes < 9950 ? 1 : 0)} KB`;
  return `${(bytes / 1e6).toFixed(bytes < 9.95e6 ? 1 : 0)} MB`;
}

/** Blocks [start, end) as people count them: "layers 1–34", "layer 5". */
export function layers(start: number, end: number): string {
  return end - start === 1 ? `layer ${end}` : `layers ${start + 1}–${end}`;
}
