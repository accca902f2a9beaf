import { ModelFormatError } from '../errors.ts';
import type { ByteRange } from './byte-source.ts';

/** A drive or a scheme: what makes an address absolute. */
const ABSOLUTE = /^([/\\]|[a-z][a-z0-9+.-]*:)/i;
/** One folder up, also as addresses spell it. */
const UP = /^(\.|%2e){2}$/i;

/**
 * Where the values of an external initialiser lie (TensorProto.external_data: location, offset, length); `size`
 * is what its type and shape take, null where that is not known.
 * @throws ModelFormatError for a path that leaves the model's folder, numbers that are none, a length that is not `size`.
 */
export function readExternalData(
  name: string,
  entries: ReadonlyMap<string, string>,
  size: number | null,
): ByteRange {
  const file = (entries.get('location') ?? '').replace(/^(\.\/)+/, '');
  const leaves = ABSOLUTE.test(file) || file.split(/[/\\]/).some((part) => UP.test(part));
  // Addresses drop control characters and spaces around them, so "\t//host" would leave, too.
  const odd = file.trim() !== file || [...file].some((character) => character < ' ');
  if (file === '' || leaves || odd) throw wrong(name, 'a file beside the model', `"${file.slice(0, 100)}"`);
  const offset = natural(name, entries.get('offset') ?? '0');
  const told = entries.get('length');
  const length = told === undefined ? size : natural(name, told);
  if (length === null) throw wrong(name, 'a length in bytes', 'none');
  if (size !== null && length !== size) {
    throw wrong(name, `${size} bytes, which its shape takes`, `${length} bytes`);
  }
  return { file, offset, length };
}

function natural(name: string, text: string): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value))
    throw wrong(name, 'an offset or length in bytes', `"${text.slice(0, 40)}"`);
  return value;
}

function wrong(name: string, expected: string, actual: string): ModelFormatError {
  return new ModelFormatError(
    `The weight "${name.slice(0, 100)}" names external data that cannot be used: ${actual}.`,
    {
      step: 'read the weights',
      expected,
      actual,
    },
  );
}
