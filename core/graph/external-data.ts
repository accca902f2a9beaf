import { ModelFormatError } from '../errors.ts';
import { dtypeFromCode, elementBytes } from '../tensor/dtype.ts';
import { elementCount } from '../tensor/tensor.ts';
import type { ByteRange } from './byte-source.ts';

/**
 * Where the values of an external initialiser lie (TensorProto.external_data: location, offset, length).
 * @throws ModelFormatError for a path that leaves the model's folder, or numbers that are none.
 */
export function readExternalData(
  name: string,
  entries: ReadonlyMap<string, string>,
  { code, dims }: { readonly code: number; readonly dims: readonly number[] },
): ByteRange {
  const file = (entries.get('location') ?? '').replace(/^(\.\/)+/, '');
  const leaves = file === '' || /^([/\\]|[a-z]:)/i.test(file) || file.split(/[/\\]/).includes('..');
  if (leaves) throw wrong(name, 'a file beside the model', `"${file}"`);
  const offset = natural(name, entries.get('offset') ?? '0');
  const length = entries.get('length');
  if (length !== undefined) return { file, offset, length: natural(name, length) };
  const dtype = dtypeFromCode(code);
  if (!dtype) throw wrong(name, 'a length in bytes', 'none');
  return { file, offset, length: elementCount(dims) * elementBytes(dtype) };
}

function natural(name: string, text: string): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value))
    throw wrong(name, 'an offset or length in bytes', `"${text.slice(0, 40)}"`);
  return value;
}

function wrong(name: string, expected: string, actual: string): ModelFormatError {
  return new ModelFormatError(`The weight "${name}" names external data that cannot be used: ${actual}.`, {
    step: 'read the weights',
    expected,
    actual,
  });
}
