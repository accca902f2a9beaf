import type { Member } from '../../../core/runtime/member.ts';
import type { OpenLanguage } from './open-language.ts';
import { RoomChat } from './room-chat.ts';

/** A talk with an open model. */
export function openChat({ turns }: Member, language: OpenLanguage): RoomChat {
  return new RoomChat({
    ...language,
    turns,
    now: () => performance.now(),
    seed: () => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0,
  });
}
