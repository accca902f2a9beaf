import type { PeerId, RequestId } from '../ids.ts';
import type { JoinedRun } from './frame.types.ts';
import { atLeast, malformed } from './frame-checks.ts';
import { readDecode, writeDecode } from './frame-decode.ts';

/**
 * A further text of a run, within an activation's frame; little-endian, its decode follows:
 *
 *     0   origin, 8 bytes of the peer id       8   request u32
 *     12  sequence u32      16  step u32       20  0 u32
 */
export const JOINED_BYTES: number = 24;
const REQUEST = 8;
const SEQUENCE = REQUEST + 4;
const STEP = SEQUENCE + 4;

/** Where what follows it begins. @throws ProtocolError when it breaks a limit of the layout. */
export function writeJoined(view: DataView, at: number, run: JoinedRun): number {
  writePeer(view, at, run.origin);
  view.setUint32(at + REQUEST, run.request, true);
  view.setUint32(at + SEQUENCE, run.sequence, true);
  view.setUint32(at + STEP, run.step, true);
  return writeDecode(view, at + JOINED_BYTES, run.decode);
}

/** @throws ProtocolError */
export function readJoined(view: DataView, at: number): JoinedRun {
  atLeast('further text', view.byteLength, at + JOINED_BYTES);
  const sequence = view.getUint32(at + SEQUENCE, true);
  if (sequence === 0) throw malformed('a sequence where a decoder runs', 'none');
  return {
    origin: readPeer(view, at),
    request: view.getUint32(at + REQUEST, true) as RequestId,
    sequence,
    step: view.getUint32(at + STEP, true),
    decode: readDecode(view, at + JOINED_BYTES),
  };
}

export function writePeer(view: DataView, at: number, peer: PeerId): void {
  view.setBigUint64(at, BigInt(`0x${peer}`));
}

export function readPeer(view: DataView, at: number): PeerId {
  return view.getBigUint64(at).toString(16).padStart(16, '0') as PeerId;
}
