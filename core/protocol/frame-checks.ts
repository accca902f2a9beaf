import { ProtocolError } from '../errors.ts';

/** @throws ProtocolError */
export function atMost(what: string, actual: number, limit: number): void {
  if (actual > limit) throw malformed(`at most ${limit} ${what}`, `${actual}`);
}

/** @throws ProtocolError */
export function atLeast(what: string, actual: number, least: number): void {
  if (actual < least)
    throw malformed(`at least ${least} bytes up to the end of the ${what}`, `${actual} bytes`);
}

/** Why an activation frame is refused. */
export function malformed(expected: string, actual: string): ProtocolError {
  return new ProtocolError(`An activation is malformed: expected ${expected}, got ${actual}.`, {
    step: 'check an activation',
    expected,
    actual,
  });
}
