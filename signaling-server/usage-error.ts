/** A mistake that a person can correct: told without a stack. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
