import type * as api from '../../../public/potluck.d.ts';

/** What every call rejects with; see the declaration. */
export class PotluckError extends Error implements api.PotluckError {
  override readonly name: api.PotluckErrorName;
  readonly step: string;
  readonly expected: string | undefined;
  readonly actual: string | undefined;
  readonly reason: api.EndReason | undefined;

  constructor(message: string, { name, step, expected, actual, reason }: api.PotluckErrorDetails) {
    super(message);
    this.name = name;
    this.step = step;
    this.expected = expected;
    this.actual = actual;
    this.reason = reason;
  }
}
