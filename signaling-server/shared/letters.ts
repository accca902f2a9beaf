import type { PeerId, RoomId } from '../../core/ids.ts';
import type { FromServer } from '../../core/protocol/signaling.ts';
import type { Stored } from './exchange.ts';

/** What one visitor of a room is told: its number in its process, and null for "the connection ends". */
export type Mail = readonly [seat: number, message: FromServer | null];

/** What processes that share rooms say to each other. */
export type Letter =
  /** A room has changed, and what that means for visitors of the process that reads this. */
  | {
      readonly type: 'changed';
      readonly room: RoomId;
      readonly stored: Stored | undefined;
      readonly mail: readonly Mail[];
    }
  /** A relay packet for a visitor, the name of its sender at its head. `from`: the process to be told when it is taken. */
  | { readonly type: 'packet'; readonly from: string; readonly seat: number; readonly packet: Buffer }
  /** A signal likewise. */
  | {
      readonly type: 'signal';
      readonly from: string;
      readonly seat: number;
      readonly sender: PeerId;
      readonly sealed: string;
    }
  /** Of what was sent to this visitor, so many bytes have left towards it. */
  | { readonly type: 'taken'; readonly by: string; readonly seat: number; readonly bytes: number };

/**
 * ```
 * packet   0x01 | length of `from` u8 | `from` | seat u32 BE | packet
 * others   JSON
 * ```
 */
const PACKET = 1;

export function writeLetter(letter: Letter): Buffer {
  if (letter.type !== 'packet') return Buffer.from(JSON.stringify(letter));
  const head = Buffer.alloc(6 + letter.from.length);
  head.writeUInt8(PACKET, 0);
  head.writeUInt8(letter.from.length, 1);
  head.write(letter.from, 2, 'latin1');
  head.writeUInt32BE(letter.seat, 2 + letter.from.length);
  return Buffer.concat([head, letter.packet]);
}

const TYPES: ReadonlySet<unknown> = new Set(['changed', 'signal', 'taken'] satisfies Letter['type'][]);

/**
 * Undefined for what is no letter at all, as somebody may publish who looks around in the Redis. Trusts the rest: only
 * servers may write there, and those of another version use other channels (see `redis-exchange.ts`).
 */
export function readLetter(bytes: Buffer): Letter | undefined {
  if (bytes[0] !== PACKET) return readText(bytes.toString());
  if (bytes.length < 6 || bytes.length < 6 + bytes.readUInt8(1)) return undefined;
  const end = 2 + bytes.readUInt8(1);
  return {
    type: 'packet',
    from: bytes.toString('latin1', 2, end),
    seat: bytes.readUInt32BE(end),
    packet: bytes.subarray(end + 4),
  };
}

function readText(text: string): Letter | undefined {
  try {
    const letter = JSON.parse(text) as Letter | null;
    return TYPES.has(letter?.type) ? (letter as Letter) : undefined;
  } catch {
    return undefined;
  }
}
