/** The command line cannot be understood; `message` says which part. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Reads a whole number of an option. @throws UsageError that names it */
export function whole(option: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most) {
    throw new UsageError(`${option} must be a whole number from ${least} to ${most}, not "${text}".`);
  }
  return value;
}
