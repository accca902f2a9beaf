import { messageOf, PotluckError } from '../../core/errors.ts';
import type { EndReason, PotluckErrorName } from '../../public/potluck.d.ts';
import type { ToldError } from './channel.ts';

/** As a site gets it: the sentence that the page would show, the kind, and what was expected. Never a stack. */
export function toldError(error: unknown): ToldError {
  const message = messageOf(error);
  if (!(error instanceof PotluckError)) return { name: 'Error', message, step: 'answer the page' };
  const { step, expected, actual, reason } = error.data;
  return {
    // Each class of core/errors.ts is in the declaration.
    name: error.name as PotluckErrorName,
    message,
    step,
    expected,
    actual,
    reason: typeof reason === 'string' ? (reason as EndReason) : undefined,
  };
}
