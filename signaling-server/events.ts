import type { RefusalReason } from '../core/protocol/signaling.ts';

/** What the server tells of itself. Only numbers and fixed words: no names, keys, secrets or addresses can be in it. */
export type ServerEvent =
  | { readonly event: 'room-opened' | 'room-closed'; readonly rooms: number }
  | { readonly event: 'leader-returned' }
  | { readonly event: 'arrived' | 'connection-ended'; readonly inRoom: number }
  | { readonly event: 'refused'; readonly reason: RefusalReason }
  | { readonly event: 'redis-connected' | 'redis-lost' }
  | { readonly event: 'process-lost'; readonly rooms: number }
  | { readonly event: 'draining' | 'drained'; readonly connections: number };

/** One short sentence for people. */
export function sentenceOf(event: ServerEvent): string {
  switch (event.event) {
    case 'room-opened':
      return `A room was opened (${event.rooms} in all).`;
    case 'room-closed':
      return `A room was closed (${event.rooms} left).`;
    case 'leader-returned':
      return 'A leader came back.';
    case 'arrived':
      return `A device came to the door (${event.inRoom} in its room).`;
    case 'connection-ended':
      return `A connection ended (${event.inRoom} in its room).`;
    case 'refused':
      return `A device was refused: ${event.reason}.`;
    case 'redis-connected':
      return 'Redis answers: rooms are shared with the other servers.';
    case 'redis-lost':
      return 'Redis does not answer: those inside go on, newcomers are told to try again.';
    case 'process-lost':
      return `A connection of another server to Redis is gone (it had members of ${event.rooms} rooms here).`;
    case 'draining':
      return `Going down: ${event.connections} connections are asked to come again elsewhere.`;
    case 'drained':
      return `Going down now (${event.connections} connections left).`;
  }
}
