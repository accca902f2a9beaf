import { FetchError } from '../errors.ts';
import type { StagePieces } from './stage-pieces.ts';

/** The step that fails where weights cannot be had. */
export const GATHERING = 'gather its layers';

/** Pieces that the error names. */
const MOST_NAMED = 8;

/** The error for pieces that no source is left for. `why` is a sentence. */
export function missingPieces(
  { all, missing }: StagePieces,
  step: string,
  why: string,
  cause: unknown,
): FetchError {
  const bytes = missing.reduce((sum, { length }) => sum + length, 0);
  const names = missing.slice(0, MOST_NAMED).map(({ id }) => id);
  const more = missing.length > MOST_NAMED ? ' and more' : '';
  return new FetchError(
    `${missing.length} of ${all.length} pieces of these layers (${bytes} bytes) could not be had. ${why} Open the model again.`,
    {
      step,
      expected: `${all.length} pieces`,
      actual: `${all.length - missing.length}, without ${names.join(', ')}${more}`,
    },
    { cause },
  );
}
