import { isPeerId, type PeerId } from '../ids.ts';

const PEER_ID_BYTES = 8;

/** A relay packet as the server takes it: the name of the recipient in 8 bytes, then the packet. */
export function addressTo(to: PeerId, packet: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(PEER_ID_BYTES + packet.byteLength);
  for (let i = 0; i < PEER_ID_BYTES; i++) bytes[i] = Number.parseInt(to.slice(2 * i, 2 * i + 2), 16);
  bytes.set(packet, PEER_ID_BYTES);
  return bytes;
}

/** The sender of what came from the server, and a view of the packet; undefined when too short. */
export function openEnvelope(
  bytes: Uint8Array<ArrayBuffer>,
): { readonly from: PeerId; readonly packet: Uint8Array<ArrayBuffer> } | undefined {
  const head = bytes.subarray(0, PEER_ID_BYTES);
  const from = Array.from(head, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return isPeerId(from) ? { from, packet: bytes.subarray(PEER_ID_BYTES) } : undefined;
}
