import { ProtocolError } from '../errors.ts';
import type { PeerId } from '../ids.ts';
import { decodeActivation, encodeActivation } from './frame.ts';
import type { Activation } from './frame.types.ts';
import { readPeer, writePeer } from './frame-joined.ts';

/** An activation that is not on its way through the stages: a copy for an audit, a stage to be run again, or its result. */
export interface AuditFrame {
  /** `entered`: what `holder` was sent; `left`: what came from it; `task`: to be run by the receiver; `made`: the result. */
  readonly kind: 'entered' | 'left' | 'task' | 'made';
  /** The leader's number for a task; 0 in copies. */
  readonly ticket: number;
  /** Whose stage it is about. */
  readonly holder: PeerId;
  readonly activation: Activation;
}

/**
 * Travels beside pieces of weights, whose frames have 0 where these have their mark; little-endian:
 *
 *     0          4                    8            16
 *     +----------+--------------------+------------+-----------------
 *     | ticket   | mark + kind, u32   | holder     | activation frame
 *     +----------+--------------------+------------+-----------------
 */
const HEADER_BYTES = 16;
const MARK = 0x41554400;
const KINDS = ['entered', 'left', 'task', 'made'] as const;

/** The parts of a message to send; tensors are views, not copies. @throws ProtocolError */
export function encodeAuditFrame(frame: AuditFrame): Uint8Array<ArrayBuffer>[] {
  const header = new Uint8Array(HEADER_BYTES);
  const view = new DataView(header.buffer);
  view.setUint32(0, frame.ticket, true);
  view.setUint32(4, MARK + KINDS.indexOf(frame.kind), true);
  writePeer(view, 8, frame.holder);
  return [header, ...encodeActivation(frame.activation)];
}

/** True for a message that is one of these, and no piece of weights. */
export function isAuditFrame(message: Uint8Array<ArrayBuffer>): boolean {
  if (message.byteLength < HEADER_BYTES) return false;
  return new DataView(message.buffer, message.byteOffset).getUint32(4, true) >>> 8 === MARK >>> 8;
}

/** The tensors are views into `message`. @throws ProtocolError */
export function decodeAuditFrame(message: Uint8Array<ArrayBuffer>): AuditFrame {
  const view = new DataView(message.buffer, message.byteOffset, HEADER_BYTES);
  const code = view.getUint32(4, true) - MARK;
  const kind = KINDS[code];
  if (!kind) {
    const data = { step: 'read a copy for an audit', expected: 'a kind below 4', actual: `${code}` };
    throw new ProtocolError(`A copy for an audit is malformed: it is of the kind ${code}.`, data);
  }
  return {
    kind,
    ticket: view.getUint32(0, true),
    holder: readPeer(view, 8),
    activation: decodeActivation(message.subarray(HEADER_BYTES)),
  };
}
