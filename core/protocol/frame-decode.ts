import { type Decode, MAX_PICKS } from '../language/decode.ts';
import { atLeast, atMost, malformed } from './frame-checks.ts';

/**
 * What a run of a decoder asks, within an activation's frame; little-endian:
 *
 *     0   from u32          4   keep u32           8   count u32        12  picks u32
 *     16  temperature f32   20  topK u32           24  topP f32         28  repetition penalty f32
 *     32  seed u32          36  number of tokens before u32
 *     40  1 where it is to run alone, else 0, u32
 *     44  the tokens before: u32 each
 */
const FROM = 0;
const KEEP = FROM + 4;
const COUNT = KEEP + 4;
const PICKS = COUNT + 4;
const TEMPERATURE = PICKS + 4;
const TOP_K = TEMPERATURE + 4;
const TOP_P = TOP_K + 4;
const PENALTY = TOP_P + 4;
const SEED = PENALTY + 4;
const BEFORE = SEED + 4;
const ALONE = BEFORE + 4;
const FIXED_BYTES = ALONE + 4;
const TOKEN_BYTES = 4;

/** The words of the largest vocabularies in use. */
const MAX_BEFORE = 262_144;
/** Texts are bounded by memory long before this. */
const MAX_TOKENS = 1 << 24;

export function decodeBytes({ before }: Decode): number {
  return FIXED_BYTES + before.length * TOKEN_BYTES;
}

/** Where what follows it begins. @throws ProtocolError when it breaks a limit of the layout. */
export function writeDecode(view: DataView, at: number, decode: Decode): number {
  checkLimits(decode);
  const { sampling, before } = decode;
  view.setUint32(at + FROM, decode.from, true);
  view.setUint32(at + KEEP, decode.keep, true);
  view.setUint32(at + COUNT, decode.count, true);
  view.setUint32(at + PICKS, decode.picks, true);
  view.setFloat32(at + TEMPERATURE, sampling.temperature, true);
  view.setUint32(at + TOP_K, sampling.topK, true);
  view.setFloat32(at + TOP_P, sampling.topP, true);
  view.setFloat32(at + PENALTY, sampling.repetitionPenalty, true);
  view.setUint32(at + SEED, sampling.seed, true);
  view.setUint32(at + BEFORE, before.length, true);
  view.setUint32(at + ALONE, decode.alone ? 1 : 0, true);
  for (const [index, token] of before.entries()) {
    view.setUint32(at + FIXED_BYTES + index * TOKEN_BYTES, token, true);
  }
  return at + decodeBytes(decode);
}

/** @throws ProtocolError */
export function readDecode(view: DataView, at: number): Decode {
  atLeast("decoder's part", view.byteLength, at + FIXED_BYTES);
  const alone = view.getUint32(at + ALONE, true);
  if (alone > 1) throw malformed('0 or 1 for a run that is alone', `${alone}`);
  const tokens = view.getUint32(at + BEFORE, true);
  atMost('tokens before', tokens, MAX_BEFORE);
  atLeast('tokens before', view.byteLength, at + FIXED_BYTES + tokens * TOKEN_BYTES);
  const decode: Decode = {
    from: view.getUint32(at + FROM, true),
    keep: view.getUint32(at + KEEP, true),
    count: view.getUint32(at + COUNT, true),
    picks: view.getUint32(at + PICKS, true),
    before: Array.from({ length: tokens }, (_, index) =>
      view.getUint32(at + FIXED_BYTES + index * TOKEN_BYTES, true),
    ),
    sampling: {
      temperature: view.getFloat32(at + TEMPERATURE, true),
      topK: view.getUint32(at + TOP_K, true),
      topP: view.getFloat32(at + TOP_P, true),
      repetitionPenalty: view.getFloat32(at + PENALTY, true),
      seed: view.getUint32(at + SEED, true),
    },
    ...(alone === 1 && { alone: true }),
  };
  checkLimits(decode);
  return decode;
}

function checkLimits({ keep, count, picks, before, sampling }: Decode): void {
  atMost('tokens before', before.length, MAX_BEFORE);
  atMost('tokens of the past', keep, MAX_TOKENS);
  atMost('tokens', count, MAX_TOKENS);
  atMost('tokens to choose', picks, Math.min(MAX_PICKS, count));
  const { temperature, topP, repetitionPenalty } = sampling;
  const sound = temperature >= 0 && temperature < 1e6 && topP >= 0 && topP <= 1 && repetitionPenalty > 0;
  if (sound && repetitionPenalty < 1e6) return;
  const actual = `${temperature}, ${topP} and ${repetitionPenalty}`;
  throw malformed('a temperature of 0 or more, a share of 0 to 1 and a penalty above 0', actual);
}
