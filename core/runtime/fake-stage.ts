import { RuntimeFailedError } from '../errors.ts';

/** One element-wise operation; `addWeight` adds the float at that index of the weight pack. */
export type FakeOp = { readonly add: number } | { readonly mul: number } | { readonly addWeight: number };

/** Writes a fake stage model: JSON bytes such as `{"ops":[{"add":1},{"mul":2}]}`. */
export function fakeStage(ops: readonly FakeOp[]): Uint8Array<ArrayBuffer> {
  // Only ASCII, so that no encoder is needed, which core's library does not have everywhere.
  return Uint8Array.from(JSON.stringify({ ops }), (letter) => letter.charCodeAt(0));
}

/** Reads a fake stage model. @throws RuntimeFailedError for anything else, as a runtime does for a broken model. */
export function parseFakeStage(model: Uint8Array): readonly FakeOp[] {
  const text = Array.from(model, (byte) => String.fromCharCode(byte)).join('');
  try {
    const { ops } = JSON.parse(text) as { ops?: unknown };
    if (Array.isArray(ops) && ops.every(isOp)) return ops;
  } catch {
    // Falls through: no JSON is no stage.
  }
  const data = { step: 'create', expected: '{"ops":[…]}', actual: text.slice(0, 40) };
  throw new RuntimeFailedError('This is not a fake stage.', data);
}

function isOp(op: unknown): op is FakeOp {
  if (typeof op !== 'object' || op === null) return false;
  const [[name, value] = [], ...more] = Object.entries(op);
  return more.length === 0 && ['add', 'mul', 'addWeight'].includes(name ?? '') && typeof value === 'number';
}
