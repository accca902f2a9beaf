import type { Decode } from '../language/decode.ts';
import { pickTokens } from '../language/pick-tokens.ts';
import { halfToNumber } from '../tensor/half.ts';
import { asFloat32, type Tensor, tensor } from '../tensor/tensor.ts';
import { type Difference, NO_DIFFERENCE } from './difference.ts';

/** The last `picks` rows of a decoder's scores: those from which tokens are chosen. */
export function lastRows(scores: Tensor, picks: number): Tensor {
  const [batch = 1, rows = 0, ...more] = scores.dims;
  const kept = Math.min(rows, picks);
  const bytes = rows === 0 ? 0 : scores.data.byteLength / (batch * rows);
  return tensor(scores.dtype, [batch, kept, ...more], scores.data.slice((rows - kept) * bytes));
}

/**
 * How far the chosen tokens are from what the scores, computed again, would have chosen: of the likeliest token, how
 * much less likely the chosen one is. Null where one was drawn at random and another comes out: the last bits of the
 * scores may decide that.
 */
export function tokenDifference(chosen: Tensor, scores: Tensor, decode: Decode): Difference | null {
  const again = pickTokens(scores, { ...decode, picks: Math.min(decode.picks, scores.dims[1] ?? 0) });
  const [made, wanted] = [tokensOf(chosen), tokensOf(again)];
  if (made.length !== wanted.length)
    return { ...NO_DIFFERENCE, equal: false, relative: Number.POSITIVE_INFINITY };
  const { temperature, repetitionPenalty } = decode.sampling;
  let relative = 0;
  for (const [at, token] of made.entries()) {
    const other = wanted[at];
    if (token === other || other === undefined) continue;
    if (temperature > 0 || repetitionPenalty !== 1) return null;
    relative = Math.max(relative, distance(rowAt(scores, at), token, other));
  }
  return { ...NO_DIFFERENCE, equal: relative === 0, relative };
}

function distance(row: Float32Array, token: number, best: number): number {
  const [score, top] = [row[token], row[best]];
  if (score === undefined || top === undefined) return Number.POSITIVE_INFINITY;
  const size = Math.sqrt(row.reduce((sum, each) => sum + each * each, 0) / row.length);
  const off = (top - score) / (size + Math.abs(top));
  return Number.isNaN(off) ? Number.POSITIVE_INFINITY : off;
}

function rowAt({ dtype, dims, data }: Tensor, row: number): Float32Array {
  const bytes = data.byteLength / (dims[1] ?? 1);
  const own = data.slice(row * bytes, (row + 1) * bytes);
  return dtype === 'float16'
    ? Float32Array.from(new Uint16Array(own.buffer), halfToNumber)
    : asFloat32({ dtype, dims: [own.byteLength / 4], data: own });
}

function tokensOf({ dtype, data }: Tensor): readonly number[] {
  return dtype === 'int32' ? [...new Int32Array(data.slice().buffer)] : [];
}
