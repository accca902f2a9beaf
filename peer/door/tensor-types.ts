import { DoorError } from './door-error.ts';

/** How tensors travel. */
export type TensorType = 'json' | 'safetensors' | 'npy';

/** No registry has names for the last two; these are in use. The first is the one that answers carry. */
const TYPES: Readonly<Record<TensorType, readonly string[]>> = {
  json: ['application/json'],
  safetensors: ['application/vnd.safetensors', 'application/x-safetensors', 'application/safetensors'],
  npy: ['application/x-npy', 'application/npy', 'application/vnd.npy'],
};
const ENTRIES = Object.entries(TYPES) as [TensorType, readonly string[]][];

export function mediaTypeOf(type: TensorType): string {
  return TYPES[type][0] ?? '';
}

/** @throws DoorError 415 */
export function bodyType(contentType: string): TensorType {
  const found = ENTRIES.find(([, names]) => names.includes(contentType));
  if (found) return found[0];
  const message = `The body must be ${ENTRIES.map(([type]) => mediaTypeOf(type)).join(', ')}.`;
  throw new DoorError(415, 'unsupported_media_type', message);
}

/** The first type of the Accept header that is known; without a wish, `usual`. @throws DoorError 406 */
export function answerType(accept: string | undefined, usual: TensorType): TensorType {
  if (accept === undefined || accept.trim() === '') return usual;
  for (const each of accept.slice(0, 1000).split(',')) {
    const name = each.split(';')[0]?.trim().toLowerCase() ?? '';
    if (name === '*/*' || name === 'application/*') return usual;
    const found = ENTRIES.find(([, names]) => names.includes(name));
    if (found) return found[0];
  }
  throw notAcceptable(`Answers come as ${ENTRIES.map(([type]) => mediaTypeOf(type)).join(', ')}.`);
}

export function notAcceptable(message: string): DoorError {
  return new DoorError(406, 'not_acceptable', message);
}
