import * as v from 'valibot';
import { FetchError } from '../errors.ts';
import { isSha256, type Sha256 } from '../ids.ts';

/** A piece of a published model, with the hash that its publisher vouches for. */
export interface PublishedPiece {
  /** A file beside the model, by its location. */
  readonly file: string;
  readonly offset: number;
  readonly length: number;
  readonly sha256: Sha256;
}

/** What `npm run split -- --out` writes for pages that fetch the model: the `origin` of manifest.json. */
export interface PublishedOrigin {
  /** The whole model's graph; its weights are in the packs of the stages. */
  readonly model: string;
  readonly pieces: readonly PublishedPiece[];
}

/** 4096 pieces with long names stay well below. */
const MAX_TEXT = 4 * 1024 ** 2;
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const name = v.pipe(v.string(), v.minLength(1), v.maxLength(1024));
const manifest = v.object({
  origin: v.object({
    model: name,
    pieces: v.pipe(
      v.array(
        v.object({
          file: name,
          offset: count,
          length: count,
          sha256: v.custom<Sha256>((text) => typeof text === 'string' && isSha256(text)),
        }),
      ),
      v.maxLength(4096),
    ),
  }),
});

/** The only door for a manifest. @throws FetchError that says what is wrong with it. */
export function parsePublished(text: string): PublishedOrigin {
  if (text.length > MAX_TEXT) throw refused(`at most ${MAX_TEXT} characters`, `${text.length}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refused('JSON', `"${text.slice(0, 40)}"`);
  }
  const result = v.safeParse(manifest, value, { abortEarly: true });
  if (result.success) return result.output.origin;
  const [issue] = result.issues;
  throw refused(`${v.getDotPath(issue) ?? 'manifest'}: ${issue.expected ?? issue.message}`, issue.received);
}

function refused(expected: string, actual: string): FetchError {
  return new FetchError('The manifest at this address is not one that "npm run split -- --out" wrote.', {
    step: 'read the manifest',
    expected: expected.slice(0, 200),
    actual: actual.slice(0, 200),
    retry: false,
  });
}
