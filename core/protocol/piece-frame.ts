import { ProtocolError } from '../errors.ts';

/** The bytes of one piece, in answer to a `want-pieces` ticket. */
export interface PieceFrame {
  readonly ticket: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * Little-endian, 8 bytes, then the whole piece:
 *
 *     0            4            8
 *     +------------+------------+------
 *     | ticket u32 | 0  0  0  0 | bytes
 *     +------------+------------+------
 */
const HEADER_BYTES = 8;

/** The parts of a message to send; the piece's bytes are a view, not a copy. */
export function encodePieceFrame({ ticket, bytes }: PieceFrame): Uint8Array<ArrayBuffer>[] {
  const header = new Uint8Array(HEADER_BYTES);
  new DataView(header.buffer).setUint32(0, ticket, true);
  return [header, bytes];
}

/** The piece's bytes are a view into `message`. @throws ProtocolError */
export function decodePieceFrame(message: Uint8Array<ArrayBuffer>): PieceFrame {
  if (message.byteLength <= HEADER_BYTES) {
    throw malformed('a header and at least one byte', `${message.byteLength} bytes`);
  }
  const header = new DataView(message.buffer, message.byteOffset, HEADER_BYTES);
  const reserved = header.getUint32(4, true);
  // Whoever gives them a meaning one day must not be misread by pages of today.
  if (reserved !== 0) throw malformed('zeros after the ticket', `${reserved}`);
  return { ticket: header.getUint32(0, true), bytes: message.subarray(HEADER_BYTES) };
}

function malformed(expected: string, actual: string): ProtocolError {
  return new ProtocolError(`A piece of weights is malformed: expected ${expected}, got ${actual}.`, {
    step: 'read a piece of weights',
    expected,
    actual,
  });
}
